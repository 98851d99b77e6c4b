package powershell

import (
	"fmt"
	"strconv"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// validator checks a parameter's value; its error is the reason alone.
type validator interface {
	check(s *Session, v Value) error
}

type (
	validateSet struct {
		values []string
		cased  bool
	}
	validateRange   struct{ min, max Value }
	validateLength  struct{ min, max int }
	validateCount   struct{ min, max int }
	validatePattern struct{ pattern string }
	validateScript  struct{ block *ScriptBlock }
	validateNotNull struct{ empty bool } // empty: also not empty
)

// eachElement applies a check to the elements of a collection.
func eachElement(v Value, one func(Value) error) error {
	a, ok := v.(indexed)
	if !ok {
		return one(v)
	}
	for i := range a.Len() {
		if err := one(a.At(i)); err != nil {
			return err
		}
	}
	return nil
}

func (c validateSet) check(s *Session, v Value) error {
	return eachElement(v, func(v Value) error {
		text := s.toString(v)
		for _, ok := range c.values {
			if text == ok || !c.cased && strings.EqualFold(text, ok) {
				return nil
			}
		}
		return fmt.Errorf("The argument \"%s\" does not belong to the set \"%s\" specified by the ValidateSet attribute. Supply an argument that is in the set and then try the command again.", text, strings.Join(c.values, ","))
	})
}

func (c validateRange) check(s *Session, v Value) error {
	return eachElement(v, func(v Value) error {
		if n, err := s.order(v, c.min, false); err != nil || n < 0 {
			return fmt.Errorf("The %s argument is less than the minimum allowed range of %s. Supply an argument that is greater than or equal to %[2]s and then try the command again.", s.toString(v), plainString(c.min))
		}
		if n, err := s.order(v, c.max, false); err != nil || n > 0 {
			return fmt.Errorf("The %s argument is greater than the maximum allowed range of %s. Supply an argument that is less than or equal to %[2]s and then try the command again.", s.toString(v), plainString(c.max))
		}
		return nil
	})
}

func (c validateLength) check(s *Session, v Value) error {
	return eachElement(v, func(v Value) error {
		n := utf16Len(s.toString(v))
		if n < c.min {
			return fmt.Errorf("The character length (%d) of the argument is too short. Specify an argument with a length that is greater than or equal to \"%d\", and then try the command again.", n, c.min)
		}
		if n > c.max {
			return fmt.Errorf("The character length of the %d argument is too long. Shorten the character length of the argument so it is fewer than or equal to \"%d\" characters, and then try the command again.", n, c.max)
		}
		return nil
	})
}

func (c validateCount) check(_ *Session, v Value) error {
	n := 1
	if a, ok := v.(indexed); ok {
		n = a.Len()
	}
	if n < c.min {
		return fmt.Errorf("The parameter requires at least %d value(s) and no more than %d value(s) - %d value(s) were provided.", c.min, c.max, n)
	}
	if n > c.max {
		return fmt.Errorf("The number of provided arguments (%d) exceeds the maximum number of allowed arguments (%d). Provide fewer than %[2]d arguments, and then try the command again.", n, c.max)
	}
	return nil
}

func (c validatePattern) check(s *Session, v Value) error {
	re, err := s.regex(c.pattern, false, 0)
	if err != nil {
		return err
	}
	return eachElement(v, func(v Value) error {
		if ok, err := re.MatchString(s.toString(v)); err != nil || !ok {
			return fmt.Errorf("The argument \"%s\" does not match the \"%s\" pattern. Supply an argument that matches \"%[2]s\" and try the command again.", s.toString(v), c.pattern)
		}
		return nil
	})
}

func (c validateScript) check(s *Session, v Value) error {
	return eachElement(v, func(v Value) error {
		restore := s.shadow("_", v)
		defer restore()
		r, err := s.callBlock(c.block, nil)
		if err != nil {
			return err
		}
		if !truth(settle(r)) {
			return fmt.Errorf("The \"%s\" validation script for the argument with value \"%s\" did not return a result of True. Determine why the validation script failed, and then try the command again.", c.block.Text(), s.toString(v))
		}
		return nil
	})
}

func (c validateNotNull) check(_ *Session, v Value) error {
	isEmpty := func(v Value) bool {
		text, ok := v.(string)
		return c.empty && ok && text == ""
	}
	if v == nil {
		if c.empty {
			return fmt.Errorf("The argument is null or empty. Provide an argument that is not null or empty, and then try the command again.")
		}
		return fmt.Errorf("The argument is null. Provide a valid value for the argument, and then try running the command again.")
	}
	a, many := v.(indexed)
	if !many {
		if isEmpty(v) {
			return fmt.Errorf("The argument is null or empty. Provide an argument that is not null or empty, and then try the command again.")
		}
		return nil
	}
	if c.empty && a.Len() == 0 {
		return fmt.Errorf("The argument is null, empty, or an element of the argument collection contains a null value. Supply a collection that does not contain any null values and then try the command again.")
	}
	for i := range a.Len() {
		if a.At(i) == nil || isEmpty(a.At(i)) {
			return fmt.Errorf("The argument is null, empty, or an element of the argument collection contains a null value. Supply a collection that does not contain any null values and then try the command again.")
		}
	}
	return nil
}

// parseValidation reads a validation attribute written as in a metadata file:
// Name(arguments). Attributes that say nothing about a value give nil.
func parseValidation(text string) (validator, error) {
	block, err := syntax.Parse("", "param(["+text+"]$x)")
	if err != nil {
		return nil, fmt.Errorf("validation %q: %w", text, err)
	}
	attributes := block.Param.Params[0].Attributes
	if len(attributes) == 0 {
		if strings.HasPrefix(text, "Validate") {
			return (&Session{}).validatorOf(&syntax.Attribute{Type: block.Param.Params[0].Type})
		}
		return nil, nil
	}
	return NewSession(Options{Modules: &Registry{}, Seed: 1}).validatorOf(attributes[0])
}

// validatorOf makes a validator of an attribute, or nil for one of another kind.
func (s *Session) validatorOf(a *syntax.Attribute) (validator, error) {
	args, err := s.evalAll(a.Positional)
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(strings.TrimSuffix(a.Type.Name[strings.LastIndexByte(a.Type.Name, '.')+1:], "Attribute"))
	number := func(i int) int {
		if i >= len(args) {
			return 0
		}
		n, _ := strconv.Atoi(s.toString(args[i]))
		return n
	}
	need := func(n int) error {
		if len(args) != n {
			return runtimeError("MethodCountCouldNotFindBest", "Cannot find an overload for \"%s\" and the argument count: \"%d\".", a.Type.Name, len(args))
		}
		return nil
	}
	switch name {
	case "validateset":
		v := validateSet{}
		for _, x := range args {
			v.values = append(v.values, s.toString(x))
		}
		for _, n := range a.Named {
			if strings.EqualFold(n.Name, "IgnoreCase") {
				val, err := s.eval(n.Value)
				if err != nil {
					return nil, err
				}
				v.cased = !truth(val)
			}
		}
		return v, nil
	case "validaterange":
		if err := need(2); err != nil {
			return nil, err
		}
		return validateRange{args[0], args[1]}, nil
	case "validatelength":
		return validateLength{number(0), number(1)}, need(2)
	case "validatecount":
		return validateCount{number(0), number(1)}, need(2)
	case "validatepattern":
		if err := need(1); err != nil {
			return nil, err
		}
		return validatePattern{s.toString(args[0])}, nil
	case "validatescript":
		if err := need(1); err != nil {
			return nil, err
		}
		if b, ok := args[0].(*ScriptBlock); ok {
			return validateScript{b}, nil
		}
	case "validatenotnull":
		return validateNotNull{}, nil
	case "validatenotnullorempty":
		return validateNotNull{empty: true}, nil
	}
	if strings.HasPrefix(name, "validate") {
		return nil, runtimeError("UnsupportedConstruct", "The PowerShell subset of this host does not support the attribute [%s].", a.Type.Name)
	}
	return nil, nil
}

func (s *Session) evalAll(list []syntax.Expr) ([]Value, error) {
	out := make([]Value, len(list))
	for i, e := range list {
		v, err := s.eval(e)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}
