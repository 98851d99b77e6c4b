package powershell

import (
	"math/bits"
	"strings"
)

// bindObject binds a pipeline object. What the object before it bound is taken
// back first. It gives an error record, not an error, when the object fits no
// parameter: the command goes on with the next one.
func (b *binding) bindObject(v Value) (*ErrorRecord, error) {
	for _, p := range b.piped {
		delete(b.values, strings.ToLower(p.name))
	}
	b.piped = b.piped[:0]
	mask := b.mask
	bound := false
	for p, d := range b.delayed {
		if err := b.runDelayed(p, d, v); err != nil {
			return nil, err
		}
		bound = true
	}
	var failure error
	def := uint64(0)
	if b.sig.def >= 0 {
		def = 1 << b.sig.def & mask
	}
	for _, try := range []struct{ byName, exact bool }{{false, true}, {true, true}, {false, false}, {true, false}} {
		for _, scope := range []uint64{def, mask} {
			for _, p := range b.sig.params {
				ok, err := b.bindFrom(p, v, scope&mask, try.byName, try.exact)
				if err != nil {
					failure = err
				}
				if ok {
					bound = true
					mask &= p.in
				}
			}
		}
	}
	if !bound {
		if t, ok := failure.(*Terminating); ok {
			return t.Record, nil
		}
		return b.notBound("InputObjectNotBound", "The input object cannot be bound to any parameters for the command either because the command does not take pipeline input or the input and its properties do not match any of the parameters that take pipeline input.", v), nil
	}
	return b.settle(mask, v)
}

// settle chooses the parameter set once an object is bound.
func (b *binding) settle(mask uint64, v Value) (*ErrorRecord, error) {
	ok := b.satisfied(mask, false)
	switch {
	case b.sig.def >= 0 && ok&(1<<b.sig.def) != 0:
		b.set = b.sig.def
	case bits.OnesCount64(ok) == 1:
		b.set = bits.TrailingZeros64(ok)
	case ok != 0:
		return nil, b.ambiguousSet()
	default:
		set := bits.TrailingZeros64(mask)
		if b.sig.def >= 0 && mask&(1<<b.sig.def) != 0 {
			set = b.sig.def
		}
		var names strings.Builder
		for _, p := range b.missing(set, false) {
			names.WriteString(" " + p.name)
		}
		return b.notBound("InputObjectMissingMandatory", "The input object cannot be bound because it did not contain the information required to bind all mandatory parameters: "+names.String(), v), nil
	}
	return nil, nil
}

func (b *binding) notBound(id, message string, v Value) *ErrorRecord {
	t := b.fail(id, InvalidArgument, "%s", message)
	t.Record.Target = v
	return t.Record
}

// bindFrom binds one parameter from an object: the whole of it, or its
// property of the parameter's name.
func (b *binding) bindFrom(p *param, v Value, mask uint64, byName, exact bool) (bool, error) {
	key := strings.ToLower(p.name)
	if _, there := b.values[key]; there || b.byLine[p] || mask&p.in == 0 {
		return false, nil
	}
	if !p.any(mask, func(st Setting) bool { return !byName && st.ByValue || byName && st.ByPropertyName }) {
		return false, nil
	}
	if byName {
		found := false
		for _, n := range append([]string{p.name}, p.aliases...) {
			val, ok, err := b.s.property(v, n)
			if err == nil && ok && !intrinsic(v, n) {
				v, found = val, true
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	if exact && !exactFit(v, p.typ) {
		return false, nil
	}
	c, err := b.coerce(p, v)
	if err != nil {
		return false, err
	}
	b.values[key] = c
	b.piped = append(b.piped, p)
	return true, nil
}

// intrinsic tells whether a property is one PowerShell adds to everything.
func intrinsic(v Value, name string) bool {
	if !strings.EqualFold(name, "count") && !strings.EqualFold(name, "length") {
		return false
	}
	switch v.(type) {
	case string, *Object, *Hashtable:
		return false
	}
	return true
}

// runDelayed computes a parameter given as a script block from the object.
func (b *binding) runDelayed(p *param, d *ScriptBlock, v Value) error {
	restore := b.s.shadow("_", v)
	defer restore()
	r, err := b.s.callBlock(d, nil)
	if err != nil {
		return err
	}
	c, err := b.coerce(p, settle(r))
	if err != nil {
		return err
	}
	b.values[strings.ToLower(p.name)] = c
	b.piped = append(b.piped, p)
	return nil
}
