package powershell

import (
	"errors"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// switchOver runs a switch statement: each element against each clause.
func (s *Session) switchOver(st *syntax.Switch, out sink) error {
	v, err := s.valueOf(st.Over)
	if err != nil {
		return err
	}
	if _, none := v.(noValue); none {
		return nil
	}
	one := func(it Value) error {
		if err := s.step(); err != nil {
			return err
		}
		restore := s.shadow("_", it)
		defer restore()
		err := s.switchOne(st, it, out)
		var f *flow
		if errors.As(err, &f) && f.kind <= flowContinue && f.meant(st.Label) {
			if f.kind == flowContinue {
				return nil
			}
			return errLoopDone
		}
		return err
	}
	if err = enumerate(v, one); err == errLoopDone {
		return nil
	}
	return err
}

func (s *Session) switchOne(st *syntax.Switch, it Value, out sink) error {
	hit := false
	for _, c := range st.Clauses {
		ok, err := s.clauseHolds(st, c.Cond, it)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		hit = true
		if err := s.block(c.Body, out); err != nil {
			return err
		}
	}
	if !hit && st.Default != nil {
		return s.block(st.Default, out)
	}
	return nil
}

func (s *Session) clauseHolds(st *syntax.Switch, cond syntax.Expr, it Value) (bool, error) {
	if b, ok := cond.(*syntax.BlockExpr); ok {
		c := collector{s: s}
		if b.Block.End != nil {
			if err := s.block(b.Block.End, c.add); err != nil {
				return false, err
			}
		}
		return truth(settle(c.value())), nil
	}
	v, err := s.eval(cond)
	if err != nil {
		return false, err
	}
	switch st.Mode {
	case "wildcard":
		return NewWildcard(s.toString(v), st.CaseSensitive).Match(s.toString(it)), nil
	case "regex":
		test, err := s.matcher("match", st.CaseSensitive, v)
		if err != nil {
			return false, err
		}
		return test(s.toString(it), true)
	}
	if _, ok := v.(string); ok && it != nil {
		if _, isText := it.(string); !isText {
			if _, isEnum := it.(Enum); !isEnum {
				return s.equal(it, v, st.CaseSensitive) || s.equal(v, it, st.CaseSensitive), nil
			}
		}
	}
	return s.equal(it, v, st.CaseSensitive), nil
}
