package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// Schedule is one story. Everything in it follows from Seed.
type Schedule struct {
	// Seed makes the story again.
	Seed uint64
	// Kind is the failover asked for.
	Kind events.Kind
	// Crashes are the points at which the process is killed: how many points
	// each of its lives sees. The last life is not killed.
	Crashes []int
	// Deliveries is how often the ticket is delivered.
	Deliveries int
	// Faults are injected at the start.
	Faults []hypersim.Fault
	// Fate befalls hosts and links.
	Fate []Blow
	// ShutDownPrimary, Override and Older go into an unplanned request.
	ShutDownPrimary, Override, Older bool
	// Answer is what is done when the run rests in a window: one of the answers.
	Answer Answer
	// CancelAfter cancels the run after so many of its events; 0 never.
	CancelAfter int
	// Hands are what people do on the hosts behind lifeboat's back.
	Hands []hand
	// Rival runs a second executor on the same VM, without any lease.
	Rival bool
}

// Blow is something that befalls the world some time after the story begins.
type Blow struct {
	After time.Duration
	hypersim.Action
}

// Answer is how a window ends.
type Answer string

// The ways a window ends.
const (
	AnswerTicket   Answer = "ticket"   // a cleanup or commit ticket
	AnswerDeadline Answer = "deadline" // nobody says anything
	AnswerCancel   Answer = "cancel"   // a cancel ticket
)

const (
	// horizon is when fate has done its worst: faults are taken back and hosts
	// repaired, so that every story must come to an end.
	horizon = 90 * time.Minute
	// maxPoints is past the last point a story without trouble sees.
	maxPoints = 110
)

// Plan makes the schedule of a seed. Kinds and first crash points are walked
// through in order, so that any run of consecutive seeds longer than
// 3 × maxPoints covers every kind with a crash at every point; the rest is
// drawn.
func Plan(seed uint64) Schedule {
	r := rand.New(rand.NewPCG(seed, 0x6c69666562))
	kinds := []events.Kind{events.KindTest, events.KindPlanned, events.KindUnplanned}
	s := Schedule{
		Seed:       seed,
		Kind:       kinds[seed%3],
		Deliveries: 1 + r.IntN(3),
		Answer:     []Answer{AnswerTicket, AnswerTicket, AnswerDeadline, AnswerCancel}[r.IntN(4)],
		Rival:      r.IntN(8) == 0,
	}
	if first := int(seed/3) % (maxPoints + 1); first < maxPoints {
		s.Crashes = append(s.Crashes, first)
		for len(s.Crashes) < 4 && r.IntN(3) > 0 {
			s.Crashes = append(s.Crashes, r.IntN(40))
		}
	}
	if r.IntN(4) == 0 {
		s.CancelAfter = 1 + r.IntN(20)
	}
	if s.Kind == events.KindUnplanned {
		s.ShutDownPrimary = r.IntN(2) == 0
		s.Override = r.IntN(2) == 0
		s.Older = r.IntN(4) == 0
	}
	s.Faults = faults(r)
	s.Fate = fate(r, s.Kind)
	s.Hands = hands(r)
	return s
}

// verbs are the host verbs a fault may be aimed at; "" is any.
var verbs = []string{"", "", "Read", "ReadState", "Stop", "Start", "StartTestFailover", "StopTestFailover", "Prepare", "FailOver", "Reverse", "Complete", "CancelFailover", "SetAutoStart", "BecomeReplica"}

// faults draws up to four faults of calls.
func faults(r *rand.Rand) []hypersim.Fault {
	kinds := []hypersim.FaultKind{
		hypersim.FaultUnreachable, hypersim.FaultTimeout, hypersim.FaultReplyLost, hypersim.FaultReplyLost,
		hypersim.FaultNoReply, hypersim.FaultLate, hypersim.FaultBusy, hypersim.FaultGarbage,
		hypersim.FaultGarbageBefore, hypersim.FaultAccessDenied, hypersim.FaultCmdletFails,
	}
	var out []hypersim.Fault
	for range r.IntN(5) {
		f := hypersim.Fault{
			Kind:  kinds[r.IntN(len(kinds))],
			Host:  []string{"p1", "r1"}[r.IntN(2)],
			Verb:  verbs[r.IntN(len(verbs))],
			Times: 1 + r.IntN(2),
		}
		if f.Kind == hypersim.FaultCmdletFails {
			f.Verb = "" // any cmdlet
		}
		if f.Verb == "" || f.Verb == "Read" || f.Verb == "ReadState" {
			f.Skip = r.IntN(12)
		}
		if f.Kind == hypersim.FaultLate {
			f.Delay = hypersim.Duration(r.Int64N(int64([]time.Duration{20 * time.Second, 20 * time.Minute}[r.IntN(2)])))
		}
		out = append(out, f)
	}
	return out
}

// fate draws what befalls the hosts. An unplanned failover begins with a
// primary that is lost, cut off or, sometimes, quite well.
func fate(r *rand.Rand, kind events.Kind) []Blow {
	some := func(most time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))) }
	var out []Blow
	if kind == events.KindUnplanned {
		switch r.IntN(5) {
		case 0, 1:
			out = append(out, Blow{0, hypersim.Action{Do: hypersim.DoKill, Host: "p1"}})
		case 2:
			out = append(out, Blow{0, hypersim.Action{Do: hypersim.DoCutWinRM, Host: "p1"}})
		case 3:
			out = append(out, Blow{some(2 * time.Minute), hypersim.Action{Do: hypersim.DoKill, Host: "p1"}})
		}
		if r.IntN(2) == 0 {
			out = append(out,
				Blow{some(10 * time.Minute), hypersim.Action{Do: hypersim.DoStart, Host: "p1"}},
				Blow{some(10 * time.Minute), hypersim.Action{Do: hypersim.DoRestoreWinRM, Host: "p1"}})
		}
	}
	if r.IntN(4) == 0 {
		host := []string{"p1", "r1"}[r.IntN(2)]
		at := some(5 * time.Minute)
		pairs := [][2]hypersim.ActionKind{
			{hypersim.DoFreeze, hypersim.DoUnfreeze}, {hypersim.DoCutWinRM, hypersim.DoRestoreWinRM}, {hypersim.DoKill, hypersim.DoStart},
		}
		pair := pairs[r.IntN(len(pairs))]
		out = append(out,
			Blow{at, hypersim.Action{Do: pair[0], Host: host}},
			Blow{at + some(10*time.Minute), hypersim.Action{Do: pair[1], Host: host}})
	}
	if r.IntN(8) == 0 {
		at := some(3 * time.Minute)
		out = append(out,
			Blow{at, hypersim.Action{Do: hypersim.DoSetLink, From: "p1", To: "r1", Link: &hypersim.Link{Down: true}}},
			Blow{at + some(5*time.Minute), hypersim.Action{Do: hypersim.DoSetLink, From: "p1", To: "r1", Link: &hypersim.Link{}}})
	}
	return out
}

// String is the story in one line.
func (s Schedule) String() string {
	return fmt.Sprintf("seed %d: %s, crashes %v, %d deliveries, answer %s, cancel after %d, override %v, shut down %v, rival %v, %d faults, %d blows, hands %v",
		s.Seed, s.Kind, s.Crashes, s.Deliveries, s.Answer, s.CancelAfter, s.Override, s.ShutDownPrimary, s.Rival, len(s.Faults), len(s.Fate), s.Hands)
}
