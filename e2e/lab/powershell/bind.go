package powershell

import (
	"errors"
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

// coerce converts and validates a value for a parameter.
func (b *binding) coerce(p *param, v Value) (Value, error) {
	c, err := b.convertFor(p, v)
	if err != nil {
		return nil, err
	}
	if p.any(b.mask|p.in, mandatory) {
		if err := b.notEmpty(p, c); err != nil {
			return nil, err
		}
	}
	for _, check := range p.checks {
		if c == nil && p.allowNull {
			break
		}
		if err := check.check(b.s, c); err != nil {
			var t *Terminating
			if errors.As(err, &t) {
				err = errors.New(t.Record.Message())
			}
			return nil, b.failAs("ParameterBindingValidationException", "ParameterArgumentValidationError", InvalidData, "Cannot validate argument on parameter '%s'. %s", p.name, err)
		}
	}
	return c, nil
}

// notEmpty refuses null and empty values of mandatory parameters.
func (b *binding) notEmpty(p *param, v Value) error {
	const typ = "ParameterBindingValidationException"
	switch x := v.(type) {
	case nil:
		if !p.allowNull {
			return b.failAs(typ, "ParameterArgumentValidationErrorNullNotAllowed", InvalidData, "Cannot bind argument to parameter '%s' because it is null.", p.name)
		}
	case string:
		if x == "" && !p.allowEmptyString {
			return b.failAs(typ, "ParameterArgumentValidationErrorEmptyStringNotAllowed", InvalidData, "Cannot bind argument to parameter '%s' because it is an empty string.", p.name)
		}
	case *Array:
		if len(x.Items) == 0 && !p.allowEmptyCollection {
			return b.failAs(typ, "ParameterArgumentValidationErrorEmptyArrayNotAllowed", InvalidData, "Cannot bind argument to parameter '%s' because it is an empty array.", p.name)
		}
		for _, it := range x.Items {
			if text, ok := it.(string); ok && text == "" && !p.allowEmptyString {
				return b.failAs(typ, "ParameterArgumentValidationErrorEmptyStringNotAllowed", InvalidData, "Cannot bind argument to parameter '%s' because it is an empty string.", p.name)
			}
			if it == nil && !p.allowNull {
				return b.failAs(typ, "ParameterArgumentValidationErrorNullNotAllowed", InvalidData, "Cannot bind argument to parameter '%s' because it is null.", p.name)
			}
		}
	}
	return nil
}

// convertFor converts a value to a parameter's type with the binder's own rules.
func (b *binding) convertFor(p *param, v Value) (Value, error) {
	t := p.typ
	switch {
	case fits(v, t):
		return v, nil
	case t.kind == kindArray && t.Elem.kind == kindClass:
		return b.objects(p, v)
	case v == nil && t.kind == kindString && !b.sig.script && p.any(p.in, mandatory):
		return nil, nil
	case v == nil && (t.kind == kindClass || t.kind == kindObject):
		return nil, nil
	case t.kind == kindBool && b.sig.script || t.kind == kindBool:
		if _, isNumber := numberAsFloat(v); !isNumber {
			if _, isBool := v.(bool); !isBool {
				if sw, ok := v.(Switch); ok {
					return bool(sw), nil
				}
				if b.sig.script && v == nil {
					return nil, b.cannotConvert(p, &castError{"", `Cannot convert value "" to type "System.Boolean". Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0.`})
				}
				return nil, b.cannotConvert(p, &castError{"", fmt.Sprintf(`Cannot convert value "%s" to type "System.Boolean". Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0.`, plainOrType(v))})
			}
		}
	case t.kind == kindString:
		if a, ok := v.(indexed); ok {
			if b.sig.script {
				return nil, b.cannotConvert(p, &castError{"", "Cannot convert value to type System.String."})
			}
			return nil, b.fail("CannotConvertArgument", InvalidArgument, "Cannot convert '%s' to the type 'System.String' required by parameter '%s'. Specified method is not supported.", typeOf(a).Name, p.name)
		}
	}
	c, err := b.s.convert(v, t)
	if err != nil {
		return nil, b.cannotConvert(p, err)
	}
	return c, nil
}

func plainOrType(v Value) string {
	switch v.(type) {
	case nil, string:
		return plainString(v)
	}
	return typeOf(v).Name
}

// objects fills an array parameter of a module's class.
func (b *binding) objects(p *param, v Value) (Value, error) {
	if v == nil {
		return nil, nil
	}
	out := &Array{Elem: p.typ.Elem}
	err := eachElement(v, func(it Value) error {
		if !fits(it, p.typ.Elem) {
			c, err := b.s.convert(it, p.typ.Elem)
			if err != nil {
				return err
			}
			it = c
		}
		out.Items = append(out.Items, it)
		return nil
	})
	if err != nil {
		return nil, b.cannotConvert(p, err)
	}
	return out, nil
}

func (b *binding) cannotConvert(p *param, err error) error {
	var c *castError
	if !errors.As(err, &c) {
		return err
	}
	if b.sig.script {
		return b.failAs("ParameterBindingArgumentTransformationException", "ParameterArgumentTransformationError", InvalidData, "Cannot process argument transformation on parameter '%s'. %s", p.name, c.message)
	}
	return b.fail("CannotConvertArgumentNoMessage", InvalidArgument, "Cannot bind parameter '%s'. %s", p.name, c.message)
}
