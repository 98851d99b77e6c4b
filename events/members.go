package events

// member is a member of a submitted ticket that goes with some actions only.
type member struct {
	name    string
	actions []Action
}

// members says which actions a member goes with. Where it has no effect it is
// refused rather than ignored: who writes a window on a cleanup expects it to
// wait.
var members = []member{
	{"window", []Action{ActionTest, ActionPlanned, ActionUnplanned}},
	{"test", []Action{ActionTest}},
	{"unplanned", []Action{ActionUnplanned}},
	{"recoveryPoint", []Action{ActionTest, ActionPlanned, ActionUnplanned}},
	{"refers", []Action{ActionCleanup, ActionCommit, ActionCancel, ActionResume}},
	{"choice", []Action{ActionResume}},
}

// Members lists the members of a submitted ticket that go with some actions
// only, in the order a reader should meet them.
func Members() []string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.name
	}
	return names
}

// ActionsOf lists the actions a member of a submitted ticket goes with; nil
// when it goes with all.
func ActionsOf(name string) []Action {
	for _, m := range members {
		if m.name == name {
			return append([]Action(nil), m.actions...)
		}
	}
	return nil
}

// needed says which members an action cannot do without, beside those that
// every ticket has.
var needed = map[Action][]string{
	ActionTest:      {"vms"},
	ActionPlanned:   {"vms"},
	ActionUnplanned: {"vms"},
	ActionResume:    {"choice", "reason"},
}

// Needed lists the members that a ticket with this action cannot do without,
// beside those that every ticket has.
func (a Action) Needed() []string { return append([]string(nil), needed[a]...) }
