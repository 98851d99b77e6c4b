package powershell

import "strings"

// The parameters ErrorVariable, WarningVariable, InformationVariable, OutVariable
// and PipelineVariable name variables of whoever calls. A function's variables
// also get what the commands in it write.

// caller is a function that the commands of a stream are run by, and whoever
// runs that.
type caller struct {
	ctl *control
	up  *caller
}

func (c *control) errorList() *List   { return c.errors }
func (c *control) warningList() *List { return c.warnings }
func (c *control) infoList() *List    { return c.infos }

// gathers tells whether what a function's commands write is wanted.
func (c *control) gathers() bool { return c.errors != nil || c.warnings != nil || c.infos != nil }

// startGathering makes the variables, in the present scope.
func (s *Session) startGathering(ctl *control) {
	ctl.errors, ctl.warnings = s.gathered(ctl.errorVar), s.gathered(ctl.warningVar)
	ctl.infos, ctl.outs = s.gathered(ctl.infoVar), s.gathered(ctl.outVar)
}

// gathered is the list in a variable: a new one, or with + in front of the name
// the one that is there.
func (s *Session) gathered(name string) *List {
	plain := strings.TrimPrefix(name, "+")
	if plain == "" {
		return nil
	}
	list := &List{Type: typeArrayList}
	if old := s.scope.get(strings.ToLower(plain)); plain != name && old != nil && old.value != nil {
		if l, ok := old.value.(*List); ok && l.Type == typeArrayList {
			return l
		}
		_ = enumerate(old.value, func(v Value) error { // the function does not fail
			list.Items = append(list.Items, v)
			return nil
		})
	}
	s.setVariable(plain, list)
	return list
}

// gather keeps what a command writes in its own list and in those of the
// functions it is run by.
func (s *Session) gather(ctl *control, list func(*control) *List, v Value) {
	last := list(ctl)
	if last != nil {
		last.Items = append(last.Items, v)
	}
	for c := s.streams.caller; c != nil; c = c.up {
		if l := list(c.ctl); l != nil && l != last {
			l.Items = append(l.Items, v)
			last = l
		}
	}
}

// gatherOutput is out with what -OutVariable and -PipelineVariable want of it.
func (p *place) gatherOutput(ctl *control, out sink) sink {
	if ctl.outVar == "" && ctl.pipelineVar == "" {
		return out
	}
	return func(v Value) error {
		if ctl.outs != nil {
			ctl.outs.Items = append(ctl.outs.Items, v)
		}
		if ctl.pipelineVar != "" {
			p.scope.put(ctl.pipelineVar, v)
		}
		return out(v)
	}
}
