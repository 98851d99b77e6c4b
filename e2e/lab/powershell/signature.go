package powershell

import (
	"fmt"
	"sort"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// maxSets is how many parameter sets a command may have.
const maxSets = 64

// signature is what a command takes, ready for the binder.
type signature struct {
	name      string // the command as messages call it
	errorName string // behind the comma of FullyQualifiedErrorId
	params    []*param
	byName    map[string]*param
	sets      []string
	all       uint64 // mask of all sets
	def       int    // default set, or -1
	advanced  bool   // cmdlet or function with CmdletBinding: no $args
	script    bool   // function: other errors for values that do not fit
	should    bool
	impact    Impact
	pipeline  bool // some parameter takes pipeline input
}

// param is one parameter of a signature.
type param struct {
	name     string
	aliases  []string
	typ      *Type
	in       uint64    // the sets it is in
	settings []Setting // by set
	checks   []validator
	def      syntax.Expr // default of a function's parameter
	// what a mandatory parameter may be in spite of that
	allowNull, allowEmptyString, allowEmptyCollection bool
	common                                            bool
}

func (p *param) isSwitch() bool { return p.typ.kind == kindSwitch }

func (p *param) any(mask uint64, is func(Setting) bool) bool {
	for i, st := range p.settings {
		if mask&p.in&(1<<i) != 0 && is(st) {
			return true
		}
	}
	return false
}

func mandatory(st Setting) bool { return st.Mandatory }

// setIndex finds or adds a set.
func (g *signature) setIndex(name string) (int, error) {
	for i, s := range g.sets {
		if strings.EqualFold(s, name) {
			return i, nil
		}
	}
	if len(g.sets) == maxSets {
		return 0, fmt.Errorf("more than %d parameter sets", maxSets)
	}
	g.sets = append(g.sets, name)
	return len(g.sets) - 1, nil
}

// allSetsName is what a command without sets of its own reports.
const allSetsName = "__AllParameterSets"

// complete computes what follows from the parameters.
func (g *signature) complete(defaultSet string) error {
	if len(g.sets) == 0 {
		g.sets = []string{allSetsName}
	}
	g.all = 1<<len(g.sets) - 1
	if len(g.sets) == maxSets {
		g.all = ^uint64(0)
	}
	g.def = -1
	if defaultSet != "" {
		for i, s := range g.sets {
			if strings.EqualFold(s, defaultSet) {
				g.def = i
			}
		}
	} else if len(g.sets) == 1 {
		g.def = 0
	}
	g.byName = map[string]*param{}
	for _, p := range g.params {
		for _, n := range append([]string{p.name}, p.aliases...) {
			key := strings.ToLower(n)
			if other := g.byName[key]; other != nil && other != p {
				return fmt.Errorf("parameter name %s is there twice", n)
			}
			g.byName[key] = p
		}
		if p.any(g.all, func(st Setting) bool { return st.ByValue || st.ByPropertyName }) {
			g.pipeline = true
		}
	}
	return nil
}

// spread gives a parameter its settings by set: sets has them by name, with ""
// for all.
func (g *signature) spread(p *param, sets map[string]Setting) {
	p.settings = make([]Setting, len(g.sets))
	if sets == nil {
		sets = map[string]Setting{"": {}}
	}
	for i, name := range g.sets {
		for key, st := range sets {
			if strings.EqualFold(key, name) {
				p.settings[i] = st
				p.in |= 1 << i
			}
		}
		if st, ok := sets[""]; ok && p.in&(1<<i) == 0 {
			p.settings[i] = st
			p.in |= 1 << i
		}
	}
}

// signature compiles a cmdlet's parameters.
func (r *Registry) signature(c *Cmdlet) (*signature, error) {
	g := &signature{name: c.Name, errorName: c.ErrorName, advanced: true, should: c.SupportsShouldProcess, impact: c.ConfirmImpact}
	if g.errorName == "" {
		g.errorName = c.Name
	}
	if g.impact == ImpactNone {
		g.impact = ImpactMedium
	}
	if err := g.collectSets(c); err != nil {
		return nil, err
	}
	for _, p := range c.Parameters {
		n := &param{name: p.Name, aliases: p.Aliases, allowNull: p.AllowNull, allowEmptyString: p.AllowEmpty, allowEmptyCollection: p.AllowEmpty}
		if n.typ = r.typeNamed(p.Type); n.typ == nil {
			n.typ = r.undeclared(c, p)
		}
		if len(p.ValidValues) > 0 && elemOf(n.typ).kind != kindEnum {
			n.checks = append(n.checks, validateSet{values: p.ValidValues})
		}
		for _, text := range p.Validation {
			v, err := parseValidation(text)
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
			}
			if v != nil {
				n.checks = append(n.checks, v)
			}
		}
		g.spread(n, p.Sets)
		g.params = append(g.params, n)
	}
	return g, g.complete(c.DefaultSet)
}

func (g *signature) collectSets(c *Cmdlet) error {
	var names []string
	for _, p := range c.Parameters {
		for s := range p.Sets {
			if s != "" {
				names = append(names, s)
			}
		}
	}
	sort.Strings(names)
	if c.DefaultSet != "" {
		names = append([]string{c.DefaultSet}, names...)
	}
	for _, n := range names {
		if _, err := g.setIndex(n); err != nil {
			return err
		}
	}
	if len(g.sets) == 0 {
		g.sets = []string{allSetsName}
	}
	return nil
}

// undeclared makes a type for a parameter whose type no module describes: an
// enumeration when its values are listed, otherwise a name objects must bear.
func (r *Registry) undeclared(c *Cmdlet, p *Parameter) *Type {
	if len(p.ValidValues) == 0 {
		return foreignType(p.Type)
	}
	elem, many := strings.CutSuffix(p.Type, "[]")
	e := &EnumType{Name: elem}
	for i, v := range p.ValidValues {
		e.Members = append(e.Members, EnumMember{v, int64(i)})
	}
	t := &Type{Name: elem, kind: kindEnum, Enum: e}
	if many {
		return arrayOf(t)
	}
	return t
}

func elemOf(t *Type) *Type {
	if t.Elem != nil {
		return t.Elem
	}
	return t
}

// commonParams are the parameters every cmdlet and advanced function has.
var commonParams = func() []*param {
	var list []*param
	add := func(typ *Type, name string, aliases ...string) {
		list = append(list, &param{name: name, aliases: aliases, typ: typ, common: true})
	}
	add(typeSwitch, "Verbose", "vb")
	add(typeSwitch, "Debug", "db")
	for n, a := range map[string]string{"ErrorAction": "ea", "WarningAction": "wa", "InformationAction": "infa"} {
		add(typeObject, n, a)
	}
	for n, a := range map[string]string{"ErrorVariable": "ev", "WarningVariable": "wv", "InformationVariable": "iv", "OutVariable": "ov", "PipelineVariable": "pv"} {
		add(typeString, n, a)
	}
	add(typeInt32, "OutBuffer", "ob")
	return list
}()

var shouldParams = []*param{
	{name: "WhatIf", aliases: []string{"wi"}, typ: typeSwitch, common: true},
	{name: "Confirm", aliases: []string{"cf"}, typ: typeSwitch, common: true},
}

// extras are the common parameters of a signature.
func (g *signature) extras() []*param {
	if !g.advanced {
		return nil
	}
	if g.should {
		return append(append([]*param(nil), commonParams...), shouldParams...)
	}
	return commonParams
}
