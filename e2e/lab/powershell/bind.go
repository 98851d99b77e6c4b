package powershell

import (
	"fmt"
	"math/bits"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// argument is one argument of a call, evaluated.
type argument struct {
	name     string // without dash; "" for one without name
	value    Value
	hasValue bool // a value came with the name: -Name:value or from splatting
	node     syntax.Node
	text     string      // as written, for $args
	at       syntax.Span // the value
	nameAt   syntax.Span // the name
}

// binding is the parameters of one call.
type binding struct {
	s      *Session
	sig    *signature
	values map[string]Value // by the parameter's name in lower case
	byLine map[*param]bool  // bound on the command line
	common map[string]Value // common parameters by lower-case name
	mask   uint64           // sets still possible
	set    int              // the one chosen, or -1
	rest   []Value          // $args
	where  *position
	spot   syntax.Span // the argument at fault, if one is
	piped  []*param    // bound from the present pipeline object
	input  bool        // pipeline input is expected
	// delayed are script blocks that compute a parameter for each object
	delayed map[*param]*ScriptBlock
}

func newBinding(s *Session, g *signature, where *position) *binding {
	return &binding{s: s, sig: g, values: map[string]Value{}, byLine: map[*param]bool{}, mask: g.all, set: -1, where: where}
}

// fail makes a parameter binding error.
func (b *binding) fail(id string, c Category, format string, args ...any) *Terminating {
	return b.failAs("ParameterBindingException", id, c, format, args...)
}

func (b *binding) failAs(typ, id string, c Category, format string, args ...any) *Terminating {
	t := newError("System.Management.Automation."+typ, id, c, fmt.Sprintf(format, args...))
	t.Record.Command = b.sig.errorName
	t.Record.Activity = b.sig.name
	if b.where != nil {
		p := *b.where
		if b.spot.End > b.spot.Start {
			p.span = b.spot
		}
		t.Record.position = &p
	}
	return t
}

// lookup finds a parameter by name, alias or the unique beginning of one.
func (b *binding) lookup(name string) (*param, error) {
	key := strings.ToLower(name)
	if p := b.sig.byName[key]; p != nil {
		return p, nil
	}
	var found []*param
	extras := b.sig.extras()
	for _, p := range extras {
		for _, n := range append([]string{p.name}, p.aliases...) {
			if strings.EqualFold(n, name) {
				return p, nil
			}
		}
	}
	for _, p := range b.sig.params {
		for _, n := range append([]string{p.name}, p.aliases...) {
			if hasPrefixFold(n, key) {
				found = append(found, p)
				break
			}
		}
	}
	if len(found) == 0 || key == "" {
		for _, p := range extras {
			if hasPrefixFold(p.name, key) {
				found = append(found, p)
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	var names strings.Builder
	for _, p := range found {
		names.WriteString(" -" + p.name)
	}
	return nil, b.fail("AmbiguousParameter", InvalidArgument, "Parameter cannot be processed because the parameter name '%s' is ambiguous. Possible matches include:%s.", name, names.String())
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// bindLine binds the arguments of the command line.
func (b *binding) bindLine(args []argument, input bool) error {
	b.input = input
	rest, err := b.bindNamed(args)
	if err != nil {
		return err
	}
	if rest, err = b.bindPositional(rest); err != nil {
		return err
	}
	if rest, err = b.bindRemaining(rest); err != nil {
		return err
	}
	if len(rest) > 0 {
		if b.sig.advanced {
			return b.fail("PositionalParameterNotFound", InvalidArgument, "A positional parameter cannot be found that accepts argument '%s'.", b.s.toString(rest[0].value))
		}
		for _, a := range rest {
			if a.name != "" {
				b.rest = append(b.rest, a.text)
				if !a.hasValue {
					continue
				}
			}
			b.rest = append(b.rest, a.value)
		}
	}
	if err := b.bindDefaults(); err != nil {
		return err
	}
	return b.chooseSet(input && b.sig.pipeline)
}

// bindNamed takes the named arguments and gives back the rest.
func (b *binding) bindNamed(args []argument) ([]argument, error) {
	var rest []argument
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a.name == "" {
			rest = append(rest, a)
			continue
		}
		b.spot = a.nameAt
		p, err := b.lookup(a.name)
		if err != nil {
			return nil, err
		}
		if p == nil {
			if b.sig.advanced {
				return nil, b.fail("NamedParameterNotFound", InvalidArgument, "A parameter cannot be found that matches parameter name '%s'.", a.name)
			}
			rest = append(rest, a)
			continue
		}
		v := a.value
		switch {
		case a.hasValue:
			b.spot = a.at
		case p.isSwitch():
			v = Switch(true)
		case i+1 < len(args) && args[i+1].name == "":
			i++
			v, b.spot = args[i].value, args[i].at
		default:
			return nil, b.fail("MissingArgument", InvalidArgument, "Missing an argument for parameter '%s'. Specify a parameter of type '%s' and try again.", p.name, p.typ.Name)
		}
		if err := b.bindOne(p, v); err != nil {
			return nil, err
		}
	}
	b.spot = syntax.Span{}
	return rest, nil
}

// bindOne binds a value given by name.
func (b *binding) bindOne(p *param, v Value) error {
	if p.common {
		return b.bindCommon(p, v)
	}
	if b.byLine[p] {
		return b.fail("ParameterAlreadyBound", InvalidArgument, "Cannot bind parameter because parameter '%s' is specified more than once. To provide multiple values to parameters that can accept multiple values, use the array syntax. For example, \"-parameter value1,value2,value3\".", p.name)
	}
	if b.mask&p.in == 0 {
		return b.ambiguousSet()
	}
	b.mask &= p.in
	if script, ok := v.(*ScriptBlock); ok && b.delays(p) {
		if b.delayed == nil {
			b.delayed = map[*param]*ScriptBlock{}
		}
		b.delayed[p] = script
		b.byLine[p] = true
		return nil
	}
	c, err := b.coerce(p, v)
	if err != nil {
		return err
	}
	b.values[strings.ToLower(p.name)] = c
	b.byLine[p] = true
	return nil
}

// delays tells whether a script block for a parameter is run for each object.
func (b *binding) delays(p *param) bool {
	return b.input && elemOf(p.typ).kind != kindScriptBlock && elemOf(p.typ) != typeObject && elemOf(p.typ) != typePSObject &&
		p.any(b.mask, func(st Setting) bool { return st.ByValue || st.ByPropertyName })
}

func (b *binding) bindCommon(p *param, v Value) error {
	if b.common == nil {
		b.common = map[string]Value{}
	}
	key := strings.ToLower(p.name)
	if _, there := b.common[key]; there {
		return b.fail("ParameterAlreadyBound", InvalidArgument, "Cannot bind parameter because parameter '%s' is specified more than once. To provide multiple values to parameters that can accept multiple values, use the array syntax. For example, \"-parameter value1,value2,value3\".", p.name)
	}
	if p.isSwitch() {
		c, err := b.coerce(p, v)
		if err != nil {
			return err
		}
		v = c
	}
	if strings.HasSuffix(key, "action") {
		e, err := b.s.convert(v, typeActionPreference)
		if err != nil {
			return b.fail("CannotConvertArgumentNoMessage", InvalidArgument, "Cannot bind parameter '%s'. %s", p.name, err.Error())
		}
		v = strings.ToLower(e.(Enum).String())
	}
	b.common[key] = v
	return nil
}

func (b *binding) ambiguousSet() error {
	b.spot = syntax.Span{}
	return b.fail("AmbiguousParameterSet", InvalidArgument, "Parameter set cannot be resolved using the specified named parameters.")
}

// bindPositional gives unnamed arguments to positional parameters: exact types
// before converted ones, the default set before others.
func (b *binding) bindPositional(rest []argument) ([]argument, error) {
	var left []argument
	pos := 0
	for i, a := range rest {
		if a.name != "" {
			left = append(left, a)
			continue
		}
		b.spot = a.at
		p, v, err := b.positional(&pos, a.value)
		b.spot = syntax.Span{}
		if err != nil {
			return nil, err
		}
		if p == nil {
			left = append(left, rest[i:]...)
			break
		}
		b.mask &= p.in
		b.values[strings.ToLower(p.name)] = v
		b.byLine[p] = true
	}
	return left, nil
}

// positional finds the parameter for the next unnamed argument.
func (b *binding) positional(pos *int, v Value) (*param, Value, error) {
	next := -1
	for _, p := range b.sig.params {
		if b.byLine[p] {
			continue
		}
		for i, st := range p.settings {
			if b.mask&p.in&(1<<i) != 0 && st.Positional && !st.Remaining && st.Position >= *pos && (next < 0 || st.Position < next) {
				next = st.Position
			}
		}
	}
	if next < 0 {
		return nil, nil, nil
	}
	*pos = next
	def := uint64(0)
	if b.sig.def >= 0 {
		def = 1 << b.sig.def & b.mask
	}
	var firstErr error
	for _, try := range []struct {
		mask  uint64
		exact bool
	}{{def, true}, {b.mask, true}, {def, false}, {b.mask, false}} {
		for _, p := range b.sig.params {
			if b.byLine[p] || !b.atPosition(p, next, try.mask) || try.exact && !exactFit(v, p.typ) {
				continue
			}
			c, err := b.coerce(p, v)
			if err == nil {
				return p, c, nil
			}
			if firstErr == nil || !try.exact && try.mask == def {
				firstErr = err
			}
		}
	}
	return nil, nil, firstErr
}

func (b *binding) atPosition(p *param, n int, mask uint64) bool {
	for i, st := range p.settings {
		if mask&p.in&(1<<i) != 0 && st.Positional && !st.Remaining && st.Position == n {
			return true
		}
	}
	return false
}

// exactFit tells whether a value needs no conversion to a parameter's type.
func exactFit(v Value, t *Type) bool {
	if v == nil {
		return t.kind == kindObject
	}
	if fits(v, t) {
		return true
	}
	if t.kind != kindArray {
		return false
	}
	if a, ok := v.(indexed); ok {
		for i := range a.Len() {
			if !fits(a.At(i), t.Elem) {
				return false
			}
		}
		return true
	}
	return fits(v, t.Elem)
}

// fits is isInstance, and for types only known by their short name that name.
func fits(v Value, t *Type) bool {
	if isInstance(v, t) {
		return true
	}
	o, ok := v.(*Object)
	if !ok || t.kind != kindClass {
		return false
	}
	for _, n := range o.typeNames() {
		if strings.EqualFold(n, t.Name) || strings.EqualFold(n[strings.LastIndexByte(n, '.')+1:], t.Name) {
			return true
		}
	}
	return false
}

// bindRemaining gives what is left to the parameter that takes it.
func (b *binding) bindRemaining(rest []argument) ([]argument, error) {
	for _, p := range b.sig.params {
		if b.byLine[p] || len(rest) == 0 || !p.any(b.mask, func(st Setting) bool { return st.Remaining }) {
			continue
		}
		var list []Value
		for _, a := range rest {
			if a.name != "" {
				list = append(list, a.text)
				if !a.hasValue {
					continue
				}
			}
			list = append(list, a.value)
		}
		return nil, b.bindOne(p, NewArray(list...))
	}
	return rest, nil
}

// satisfied gives the sets of a mask whose mandatory parameters are all there,
// or, with piped, may still come from the pipeline.
func (b *binding) satisfied(mask uint64, piped bool) uint64 {
	var ok uint64
	for i := range b.sig.sets {
		bit := uint64(1) << i
		if mask&bit != 0 && len(b.missing(i, piped)) == 0 {
			ok |= bit
		}
	}
	return ok
}

// missing gives the mandatory parameters of a set that have no value.
func (b *binding) missing(set int, piped bool) []*param {
	var list []*param
	for _, p := range b.sig.params {
		if p.in&(1<<set) == 0 {
			continue
		}
		st := p.settings[set]
		if _, bound := b.values[strings.ToLower(p.name)]; bound || b.delayed[p] != nil || !st.Mandatory || piped && (st.ByValue || st.ByPropertyName) {
			continue
		}
		list = append(list, p)
	}
	return list
}

// chooseSet settles the parameter set, as far as it can before pipeline input.
func (b *binding) chooseSet(piped bool) error {
	ok := b.satisfied(b.mask, piped)
	def := uint64(0)
	if b.sig.def >= 0 {
		def = 1 << b.sig.def
	}
	switch {
	case piped && bits.OnesCount64(ok) > 0:
		// a set that needs nothing of the input does not decide before it came
		return nil
	case ok&def != 0:
		b.set = b.sig.def
	case bits.OnesCount64(ok) == 1:
		b.set = bits.TrailingZeros64(ok)
	case bits.OnesCount64(ok) > 1:
		return b.ambiguousSet()
	case b.mask&def != 0:
		return b.missingMandatory(b.sig.def, piped)
	case bits.OnesCount64(b.mask) == 1:
		return b.missingMandatory(bits.TrailingZeros64(b.mask), piped)
	default:
		return b.ambiguousSet()
	}
	return nil
}

func (b *binding) missingMandatory(set int, piped bool) error {
	var names strings.Builder
	for _, p := range b.missing(set, piped) {
		names.WriteString(" " + p.name)
	}
	return b.fail("MissingMandatoryParameter", InvalidArgument, "Cannot process command because of one or more missing mandatory parameters:%s.", names.String())
}
