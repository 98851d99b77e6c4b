package powershell

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
)

// regexTimeout bounds one match of a regular expression: nothing else a script
// can do takes longer between two looks at the context.
const regexTimeout = 100 * time.Millisecond

// slowRegexes is how many matches may run into the time limit before the limit
// of steps ends the script.
const slowRegexes = 20

// maxCachedRegexes bounds the compiled expressions a session keeps.
const maxCachedRegexes = 64

// regex compiles a .NET regular expression.
func (s *Session) regex(pattern string, cased bool, extra regexp2.RegexOptions) (*regexp2.Regexp, error) {
	opt := extra
	if !cased {
		opt |= regexp2.IgnoreCase
	}
	key := fmt.Sprintf("%d:%s", opt, pattern)
	if re := s.regexes[key]; re != nil {
		return re, nil
	}
	re, err := regexp2.Compile(pattern, opt)
	if err != nil {
		why := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		return nil, newError("System.Management.Automation.RuntimeException", "InvalidRegularExpression", InvalidOperation,
			fmt.Sprintf("The regular expression pattern %s is not valid.", pattern)).because("System.ArgumentException", why).target(pattern)
	}
	re.MatchTimeout = regexTimeout
	if s.regexes == nil || len(s.regexes) >= maxCachedRegexes {
		s.regexes = map[string]*regexp2.Regexp{}
	}
	s.regexes[key] = re
	return re, nil
}

func (t *Terminating) because(typ, message string) *Terminating {
	t.Record.Exception.Inner = &Exception{Type: typ, Message: message, HResult: defaultHResult(typ)}
	return t
}

// regexFailed reports a match that took too long, and counts the time as steps.
func (s *Session) regexFailed(err error) error {
	s.steps += s.limits.Steps / slowRegexes
	return newError("System.Text.RegularExpressions.RegexMatchTimeoutException", "RegexMatchTimeoutException", OperationStopped, err.Error())
}

// matching is -like and -match with their negations.
func (s *Session) matching(op string, cased bool, l, r Value) (Value, error) {
	test, err := s.matcher(strings.TrimPrefix(op, "not"), cased, r)
	if err != nil {
		return nil, err
	}
	negate := strings.HasPrefix(op, "not")
	a, ok := l.(indexed)
	if !ok {
		hit, err := test(s.toString(l), true)
		return hit != negate, err
	}
	var out []Value
	for i := range a.Len() {
		hit, err := test(s.toString(a.At(i)), false)
		if err != nil {
			return nil, err
		}
		if hit != negate {
			out = append(out, a.At(i))
		}
	}
	return NewArray(out...), nil
}

// matcher gives the test for one text; with set it fills $Matches.
func (s *Session) matcher(op string, cased bool, r Value) (func(text string, set bool) (bool, error), error) {
	if op == "like" {
		w := NewWildcard(s.toString(r), cased)
		return func(text string, _ bool) (bool, error) { return w.Match(text), nil }, nil
	}
	re, err := s.regexOf(r, cased)
	if err != nil {
		return nil, err
	}
	return func(text string, set bool) (bool, error) {
		m, err := re.FindStringMatch(text)
		if err != nil {
			return false, s.regexFailed(err)
		}
		if m != nil && set {
			s.setMatches(m)
		}
		return m != nil, nil
	}, nil
}

func (s *Session) regexOf(v Value, cased bool) (*regexp2.Regexp, error) {
	if o, ok := v.(*Object); ok && o.Class == classRegex {
		return o.Data.(*regexp2.Regexp), nil
	}
	return s.regex(s.toString(v), cased, 0)
}

func (s *Session) setMatches(m *regexp2.Match) {
	h := NewHashtable()
	for i, g := range m.Groups() {
		if len(g.Captures) == 0 {
			continue
		}
		var key Value = int32(i)
		if g.Name != "" && g.Name != fmt.Sprint(i) {
			key = g.Name
		}
		h.Set(key, g.String())
	}
	s.setVariable("Matches", h)
}

// replace is -replace with one or two operands on the right.
func (s *Session) replace(l, r Value, cased bool) (Value, error) {
	pattern, with := r, Value("")
	if a, ok := r.(indexed); ok {
		switch a.Len() {
		case 1:
			pattern = a.At(0)
		case 2:
			pattern, with = a.At(0), a.At(1)
		default:
			return nil, runtimeError("BadReplaceArgument", "The -replace operator allows only two elements to follow it, not %d.", a.Len())
		}
	}
	re, err := s.regexOf(pattern, cased)
	if err != nil {
		return nil, err
	}
	replacement := s.toString(with)
	one := func(v Value) (Value, error) {
		out, err := re.Replace(s.toString(v), replacement, -1, -1)
		if err != nil {
			return nil, s.regexFailed(err)
		}
		return out, s.limitString(len(out))
	}
	return mapElements(l, one)
}

func mapElements(l Value, one func(Value) (Value, error)) (Value, error) {
	a, ok := l.(indexed)
	if !ok {
		return one(l)
	}
	out := make([]Value, a.Len())
	for i := range out {
		v, err := one(a.At(i))
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return NewArray(out...), nil
}

// split is -split: pattern, limit and options, or a script block.
func (s *Session) split(l, r Value, cased bool) (Value, error) {
	args := []Value{r}
	if a, ok := r.(indexed); ok {
		args = args[:0]
		for i := range a.Len() {
			args = append(args, a.At(i))
		}
	}
	limit, simple := 0, false
	if len(args) > 1 {
		n, err := s.convert(args[1], typeInt32)
		if err != nil {
			return nil, s.castRuntime(err)
		}
		limit = int(n.(int32))
	}
	if len(args) > 2 {
		for o := range strings.SplitSeq(strings.ToLower(s.toString(args[2])), ",") {
			switch strings.TrimSpace(o) {
			case "simplematch":
				simple = true
			case "ignorecase":
				cased = false
			case "regexmatch":
			default:
				return nil, runtimeError("UnsupportedConstruct", "The option %q of -split is not supported by the PowerShell subset of this host.", o)
			}
		}
	}
	if _, ok := args[0].(*ScriptBlock); ok {
		return nil, runtimeError("UnsupportedConstruct", "-split with a script block is not supported by the PowerShell subset of this host.")
	}
	pattern := s.toString(args[0])
	if simple {
		pattern = regexp2.Escape(pattern)
	}
	return s.splitBy(l, pattern, limit, cased)
}

func (s *Session) splitBy(l Value, pattern string, limit int, cased bool) (Value, error) {
	re, err := s.regex(pattern, cased, 0)
	if err != nil {
		return nil, err
	}
	texts := []Value{l}
	if a, ok := l.(indexed); ok {
		texts = texts[:0]
		for i := range a.Len() {
			texts = append(texts, a.At(i))
		}
	}
	var out []Value
	for _, t := range texts {
		parts, err := splitText(re, s.toString(t), limit)
		if err != nil {
			return nil, s.regexFailed(err)
		}
		out = append(out, parts...)
		if err := cmp.Or(s.limitItems(len(parts)), s.limitGrowth(len(out))); err != nil {
			return nil, err
		}
	}
	return &Array{Items: out, Elem: typeString}, nil
}

// splitText cuts a text at the matches; what groups capture stays, as in .NET.
func splitText(re *regexp2.Regexp, text string, limit int) ([]Value, error) {
	r := []rune(text)
	var out []Value
	last := 0
	m, err := re.FindStringMatch(text)
	for m != nil && err == nil && (limit <= 0 || len(out) < limit-1) {
		if m.Length == 0 && (m.Index == 0 || m.Index == len(r)) && len(r) > 0 {
			// an empty match at either end still cuts an empty string off, as .NET does
			if m.Index == 0 {
				out = append(out, "")
			} else {
				break
			}
		} else {
			out = append(out, string(r[last:m.Index]))
		}
		for _, g := range m.Groups()[1:] {
			if len(g.Captures) > 0 {
				out = append(out, g.String())
			}
		}
		last = m.Index + m.Length
		m, err = re.FindNextMatch(m)
	}
	if err != nil {
		return nil, err
	}
	out = append(out, string(r[last:]))
	if m != nil && m.Length == 0 && m.Index == len(r) && len(r) > 0 {
		out = append(out, "")
	}
	return out, nil
}
