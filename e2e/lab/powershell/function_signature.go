package powershell

import (
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// signatureOf compiles the parameters of a script block, once.
func (s *Session) signatureOf(b *ScriptBlock, name string) (*signature, error) {
	if b.sig != nil {
		if b.sig.name == name {
			return b.sig, nil
		}
		c := *b.sig
		c.name, c.errorName = name, name
		return &c, nil
	}
	g := &signature{name: name, errorName: name, script: true, impact: ImpactMedium}
	decl := b.Block.Param
	if decl == nil {
		if err := g.complete(""); err != nil {
			return nil, err
		}
		b.sig = g
		return g, nil
	}
	def, positional := "", true
	for _, a := range decl.Attributes {
		if err := s.bindingAttribute(g, a, &def, &positional); err != nil {
			return nil, s.at(err, a)
		}
	}
	if def != "" {
		if _, err := g.setIndex(def); err != nil {
			return nil, err
		}
	}
	declared := make([]map[string]Setting, len(decl.Params))
	explicit := false
	for i, p := range decl.Params {
		n, sets, pos, err := s.declaredParameter(g, p)
		if err != nil {
			return nil, s.at(err, p)
		}
		g.params = append(g.params, n)
		declared[i] = sets
		explicit = explicit || pos
	}
	if len(g.sets) == 0 {
		g.sets = []string{allSetsName}
	}
	for i, p := range g.params {
		g.spread(p, declared[i])
	}
	if positional && !explicit {
		g.numberPositions()
	}
	if err := g.complete(def); err != nil {
		return nil, runtimeError("DuplicateParameterDefinition", "%s", err)
	}
	b.sig = g
	return g, nil
}

// numberPositions gives every parameter but switches its place in the list.
func (g *signature) numberPositions() {
	n := 0
	for _, p := range g.params {
		if p.isSwitch() {
			continue
		}
		for i := range p.settings {
			p.settings[i].Positional, p.settings[i].Position = true, n
		}
		n++
	}
}

// bindingAttribute reads [CmdletBinding()] and ignores what only describes.
func (s *Session) bindingAttribute(g *signature, a *syntax.Attribute, def *string, positional *bool) error {
	switch attributeName(a) {
	case "cmdletbinding":
		g.advanced = true
	case "outputtype", "alias", "diagnostics.codeanalysis.suppressmessage", "system.diagnostics.codeanalysis.suppressmessage":
		return nil
	default:
		return newError("System.Management.Automation.RuntimeException", "TypeNotFound", InvalidOperation, "Unable to find type ["+a.Type.Name+"].").target(a.Type.Name)
	}
	for _, n := range a.Named {
		v, err := s.argumentValue(n)
		if err != nil {
			return err
		}
		switch strings.ToLower(n.Name) {
		case "supportsshouldprocess":
			g.should = truth(v)
		case "defaultparametersetname":
			*def = s.toString(v)
		case "positionalbinding":
			*positional = truth(v)
		case "confirmimpact":
			switch strings.ToLower(s.toString(v)) {
			case "none":
				g.impact = ImpactNone
			case "low":
				g.impact = ImpactLow
			case "medium":
				g.impact = ImpactMedium
			case "high":
				g.impact = ImpactHigh
			}
		case "helpuri", "supportspaging":
		default:
			return propertyMissing(n.Name, "CmdletBinding")
		}
	}
	return nil
}

func propertyMissing(name, attribute string) error {
	return runtimeError("PropertyNotFoundForAttribute", "Property '%s' cannot be found for type '%s'.", name, attribute)
}

func attributeName(a *syntax.Attribute) string {
	n := strings.ToLower(a.Type.Name)
	n = strings.TrimPrefix(n, "system.management.automation.")
	return strings.TrimSuffix(n, "attribute")
}

func (s *Session) argumentValue(n syntax.NamedArgument) (Value, error) {
	if n.Value == nil {
		return true, nil
	}
	return s.eval(n.Value)
}

// declaredParameter reads one parameter of param( ); pos tells that a position
// was given.
func (s *Session) declaredParameter(g *signature, p *syntax.Parameter) (n *param, sets map[string]Setting, pos bool, err error) {
	n = &param{name: p.Name, typ: typeObject, def: p.Default}
	if p.Type != nil {
		if n.typ, err = s.resolveType(p.Type); err != nil {
			return nil, nil, false, err
		}
	}
	for _, a := range p.Attributes {
		switch attributeName(a) {
		case "parameter":
			g.advanced = true
			if sets == nil {
				sets = map[string]Setting{}
			}
			set, st, err := s.parameterAttribute(a)
			if err != nil {
				return nil, nil, false, err
			}
			if set != "" {
				if _, err := g.setIndex(set); err != nil {
					return nil, nil, false, err
				}
			}
			sets[set] = st
			pos = pos || st.Positional
		case "alias":
			names, err := s.evalAll(a.Positional)
			if err != nil {
				return nil, nil, false, err
			}
			for _, v := range names {
				n.aliases = append(n.aliases, s.toString(v))
			}
		case "allownull":
			n.allowNull = true
		case "allowemptystring":
			n.allowEmptyString = true
		case "allowemptycollection":
			n.allowEmptyCollection = true
		default:
			check, err := s.validatorOf(a)
			if err != nil {
				return nil, nil, false, err
			}
			if check == nil && !known[attributeName(a)] {
				return nil, nil, false, newError("System.Management.Automation.RuntimeException", "TypeNotFound", InvalidOperation, "Unable to find type ["+a.Type.Name+"].").target(a.Type.Name)
			}
			if check != nil {
				n.checks = append(n.checks, check)
			}
		}
	}
	return n, sets, pos, nil
}

// known are attributes that change nothing here.
var known = map[string]bool{"psdefaultvalue": true, "supportswildcards": true, "pstypename": true, "psobject": true, "argumentcompleter": true, "system.management.automation.credential": true, "credential": true}

// parameterAttribute reads [Parameter( )].
func (s *Session) parameterAttribute(a *syntax.Attribute) (set string, st Setting, err error) {
	for _, n := range a.Named {
		v, err := s.argumentValue(n)
		if err != nil {
			return "", st, err
		}
		switch strings.ToLower(n.Name) {
		case "mandatory":
			st.Mandatory = truth(v)
		case "position":
			c, err := s.convert(v, typeInt32)
			if err != nil {
				return "", st, s.castRuntime(err)
			}
			st.Positional, st.Position = true, int(c.(int32))
		case "parametersetname":
			set = s.toString(v)
		case "valuefrompipeline":
			st.ByValue = truth(v)
		case "valuefrompipelinebypropertyname":
			st.ByPropertyName = truth(v)
		case "valuefromremainingarguments":
			st.Remaining = truth(v)
		case "helpmessage", "dontshow", "helpmessagebasename", "helpmessageresourceid":
		default:
			return "", st, propertyMissing(n.Name, "Parameter")
		}
	}
	if strings.EqualFold(set, allSetsName) {
		set = ""
	}
	return set, st, nil
}
