package powershell

import (
	"strings"

	"github.com/dlclark/regexp2"
)

// defineRegex gives Regex its methods, each for an instance and as a static one.
func defineRegex() {
	t := define("System.Text.RegularExpressions.Regex", kindClass, "regex")
	t.Class = classRegex
	t.statics = &statics{methods: methodTable(
		regexMethod("IsMatch", 2, func(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
			ok, err := re.MatchString(s.toString(a[0]))
			if err != nil {
				return nil, s.regexFailed(err)
			}
			return ok, nil
		}),
		regexMethod("Match", 2, func(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
			m, err := re.FindStringMatch(s.toString(a[0]))
			if err != nil {
				return nil, s.regexFailed(err)
			}
			return matchObject(m), nil
		}),
		regexMethod("Matches", 2, allMatches),
		regexMethod("Replace", 3, func(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
			if by, ok := a[1].(*ScriptBlock); ok {
				return s.replaceBy(re, s.toString(a[0]), by)
			}
			out, err := re.Replace(s.toString(a[0]), s.toString(a[1]), -1, -1)
			if err != nil {
				return nil, s.regexFailed(err)
			}
			return out, s.limitString(len(out))
		}),
		regexMethod("Split", 2, func(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
			parts, err := splitText(re, s.toString(a[0]), 0)
			if err != nil {
				return nil, s.regexFailed(err)
			}
			return &Array{Items: parts, Elem: typeString}, nil
		}),
		fn("Escape", 1, 1, func(s *Session, a []Value) (Value, error) { return regexp2.Escape(s.toString(a[0])), nil }),
		fn("Unescape", 1, 1, func(s *Session, a []Value) (Value, error) { return regexp2.Unescape(s.toString(a[0])) }),
	), construct: &staticMethod{name: ".ctor", min: 1, max: 2, call: func(s *Session, a []Value) (Value, error) {
		re, err := s.regexWith(a[0], a[1:])
		if err != nil {
			return nil, err
		}
		return NewInstance(classRegex, re), nil
	}}}
	matchMembers()
}

// regexMethod makes a method of Regex instances, and gives the static one that
// takes the pattern behind the text, and options last. n counts text and pattern.
func regexMethod(name string, n int, f func(s *Session, re *regexp2.Regexp, a []Value) (Value, error)) staticMethod {
	classRegex.Methods = append(classRegex.Methods, method(name, n-1, n-1, func(s *Session, v Value, a []Value) (Value, error) {
		return f(s, v.(*regexp2.Regexp), a)
	}))
	return fn(name, n, n+1, func(s *Session, a []Value) (Value, error) {
		re, err := s.regexWith(a[1], a[n:])
		if err != nil {
			return nil, err
		}
		return f(s, re, append([]Value{a[0]}, a[2:n]...))
	})
}

// regexWith compiles a pattern with RegexOptions.
func (s *Session) regexWith(pattern Value, options []Value) (*regexp2.Regexp, error) {
	var opt regexp2.RegexOptions
	cased := true
	for _, o := range options {
		for name := range strings.SplitSeq(strings.ToLower(s.toString(o)), ",") {
			switch strings.TrimSpace(name) {
			case "ignorecase":
				cased = false
			case "multiline":
				opt |= regexp2.Multiline
			case "singleline":
				opt |= regexp2.Singleline
			}
		}
	}
	return s.regex(s.toString(pattern), cased, opt)
}

// replaceBy replaces every match by what a block makes of it: a script block
// stands for a MatchEvaluator.
func (s *Session) replaceBy(re *regexp2.Regexp, text string, by *ScriptBlock) (Value, error) {
	units, done := []rune(text), 0
	var sb strings.Builder
	m, err := re.FindStringMatch(text)
	for ; m != nil && err == nil; m, err = re.FindNextMatch(m) {
		v, err := s.callBlock(by, []Value{matchObject(m)})
		if err != nil {
			return nil, err
		}
		piece := string(units[done:m.Index]) + s.toString(settle(v))
		sb.WriteString(piece)
		done = m.Index + m.Length
		if err := s.limitAppended(sb.Len(), len(piece)); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, s.regexFailed(err)
	}
	return sb.String() + string(units[done:]), nil
}

func allMatches(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
	var out []Value
	m, err := re.FindStringMatch(s.toString(a[0]))
	for ; m != nil && err == nil; m, err = re.FindNextMatch(m) {
		out = append(out, matchObject(m))
		if err := s.limitGrowth(len(out)); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, s.regexFailed(err)
	}
	return NewArray(out...), nil
}

var classMatch = &Class{Name: "System.Text.RegularExpressions.Match", String: func(v Value) string {
	if m := v.(*regexp2.Match); m != nil {
		return m.String()
	}
	return ""
}}

var classGroup = &Class{Name: "System.Text.RegularExpressions.Group", String: func(v Value) string { return v.(*regexp2.Group).String() }, Properties: []Property{
	get("Success", tBoolean, func(v Value) Value { return len(v.(*regexp2.Group).Captures) > 0 }),
	get("Index", tInt32, func(v Value) Value { return int32(v.(*regexp2.Group).Index) }),
	get("Length", tInt32, func(v Value) Value { return int32(v.(*regexp2.Group).Length) }),
	get("Value", tString, func(v Value) Value { return v.(*regexp2.Group).String() }),
}}

func matchObject(m *regexp2.Match) Value { return NewInstance(classMatch, m) }

// matchMembers gives matches their properties; one that found nothing is empty.
func matchMembers() {
	on := func(f func(m *regexp2.Match) Value, none Value) func(v Value) Value {
		return func(v Value) Value {
			if m := v.(*regexp2.Match); m != nil {
				return f(m)
			}
			return none
		}
	}
	classMatch.Properties = []Property{
		get("Groups", "", on(func(m *regexp2.Match) Value {
			h := NewOrdered()
			for i, g := range m.Groups() {
				var key Value = int32(i)
				if g.Name != "" && g.Name[0] > '9' {
					key = g.Name
				}
				h.Set(key, NewInstance(classGroup, &g))
			}
			return h
		}, NewOrdered())),
		get("Success", tBoolean, on(func(*regexp2.Match) Value { return true }, false)),
		get("Index", tInt32, on(func(m *regexp2.Match) Value { return int32(m.Index) }, int32(0))),
		get("Length", tInt32, on(func(m *regexp2.Match) Value { return int32(m.Length) }, int32(0))),
		get("Value", tString, on(func(m *regexp2.Match) Value { return m.String() }, "")),
	}
}
