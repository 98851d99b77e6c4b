package inventory

import "lifeboat.io/events"

// Right is something a contact may ask for.
//
// The rights to start a kind of failover carry the rights to steer runs of
// that kind:
//
//	asked for                            right needed
//	test                                 test
//	planned                              planned
//	unplanned                            unplanned
//	cleanup of a test                    test
//	commit of an unplanned failover      unplanned
//	cancel or resume of a run            the one its kind needs
//	resume with the choice override      override as well
//	override in an unplanned failover    override, for the person named in it
type Right string

const (
	// MayTest allows test failovers.
	MayTest Right = "test"
	// MayPlanned allows planned failovers.
	MayPlanned Right = "planned"
	// MayUnplanned allows unplanned failovers.
	MayUnplanned Right = "unplanned"
	// MayOverride allows answering for a primary that is silent.
	MayOverride Right = "override"
)

// Values implements events.Enum.
func (Right) Values() []events.Value {
	return []events.Value{
		{Name: string(MayTest), Doc: "Ask for test failovers, and clean up, cancel and resume them."},
		{Name: string(MayPlanned), Doc: "Ask for planned failovers, and cancel and resume them."},
		{Name: string(MayUnplanned), Doc: "Ask for unplanned failovers, and commit, cancel and resume them."},
		{Name: string(MayOverride), Doc: "Take the responsibility that a silent primary is down."},
	}
}

// rightOf is the right each kind of failover needs.
var rightOf = map[events.Kind]Right{
	events.KindTest:      MayTest,
	events.KindPlanned:   MayPlanned,
	events.KindUnplanned: MayUnplanned,
}

// RightTo is the right needed to start or to steer a run of the kind. It is ""
// for a kind that is not known, which no contact has.
func RightTo(kind events.Kind) Right { return rightOf[kind] }
