package powershell

import "strings"

// bindDefaults binds what $PSDefaultParameterValues says of parameters that the
// command line leaves open. Values that cannot be bound are left out, as those
// of another parameter set are.
func (b *binding) bindDefaults() error {
	v := b.s.scope.get("psdefaultparametervalues")
	if v == nil || !b.sig.advanced {
		return nil
	}
	table, ok := v.value.(*Hashtable)
	if !ok || table.Len() == 0 {
		return nil
	}
	if off, _ := table.Get("Disabled"); truth(off) {
		return nil
	}
	for i := range table.Len() {
		k, value := table.Entry(i)
		key := plainString(k)
		colon := strings.LastIndexByte(key, ':')
		if colon < 0 || !NewWildcard(strings.Trim(key[:colon], `'" `), false).Match(b.sig.name) {
			continue
		}
		for _, p := range b.defaulted(strings.Trim(key[colon+1:], `'" `)) {
			if err := b.bindDefault(p, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// defaulted are the parameters a key names that may still be bound.
func (b *binding) defaulted(pattern string) []*param {
	var found []*param
	w := NewWildcard(pattern, false)
	for _, p := range append(append([]*param(nil), b.sig.params...), b.sig.extras()...) {
		names := append([]string{p.name}, p.aliases...)
		for _, n := range names {
			if w.Match(n) {
				_, common := b.common[strings.ToLower(p.name)]
				if !common && !b.byLine[p] && (p.common || b.mask&p.in != 0) {
					found = append(found, p)
				}
				break
			}
		}
	}
	return found
}

func (b *binding) bindDefault(p *param, v Value) error {
	if script, ok := v.(*ScriptBlock); ok && elemOf(p.typ).kind != kindScriptBlock {
		made, err := b.s.callBlock(script, nil)
		if err != nil {
			return err
		}
		v = settle(made)
	}
	mask := b.mask
	if b.bindOne(p, v) != nil {
		b.mask = mask
	}
	return nil
}
