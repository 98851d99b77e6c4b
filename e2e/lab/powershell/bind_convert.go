package powershell

import (
	"errors"
	"fmt"
)

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
