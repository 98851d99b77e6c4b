package simulation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/services/failover-executor/run"
)

// Play plays a scenario and returns what happened, line by line: what was
// recorded, what changed on the hosts, and what the script asked to see. The
// same script always gives the same trace.
//
// A script has one verb a line; # begins a comment. The world is hypersim's
// Pair: vm1 runs on p1 and is replicated to r1 every five minutes.
//
//	ticket <id> <action> [key=value …]  an accepted ticket arrives. Keys: times=<n> (delivered so often), of=<id> (which
//	                                    ticket's run it steers), choice=, reason=, override=<name>, shutdown=yes, point=
//	wait <event> [<step>]               go on until it is recorded
//	rest                                go on until nobody has anything to do
//	pass <duration>                     let time pass, whatever happens
//	crash <moment> <what> [<step>]      kill the executor once: moment before, during or after; what is look, act or an event
//	host <name> <action>                something befalls a host: kill, start, freeze, unfreeze, cut-winrm, restore-winrm …
//	fault <kind> <host> [<verb>] [skip=<n>] [delay=<duration>]  a call goes wrong
//	hand <what>                         a person does something on a host behind lifeboat's back
//	rival                               a second executor starts, without any lease
//	truth                               show what the copies really are
//	fold <n>                            show the state as of the nth event, folded from the log alone
func Play(script string) (string, error) {
	st, err := newStory(Schedule{}, scriptWorld())
	if err != nil {
		return "", err
	}
	p := &play{st: st, runs: map[string]string{}}
	p.procs = []*process{st.spawn("a")}
	st.kills = p.kill
	for n, line := range strings.Split(script, "\n") {
		words, err := split(line)
		if err == nil && len(words) > 0 {
			fmt.Fprintf(&p.out, "> %s\n", strings.TrimSpace(line))
			err = p.verb(words)
			p.show()
		}
		if err != nil {
			return p.out.String(), fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return p.out.String(), nil
}

// scriptWorld is the world of scenarios.
func scriptWorld() hypersim.Spec {
	spec := hypersim.Pair(1)
	spec.Seed = 1
	return spec
}

// play is a script being played.
type play struct {
	st      *Story
	procs   []*process
	runs    map[string]string // run of each ticket
	crashes []crash
	out     strings.Builder
	events  int // shown so far
	journal int
}

// crash kills a process once.
type crash struct {
	at   moment
	what string // look, act, or the short name of an event
	step string // empty for any
}

// kill implements the script's crashes.
func (p *play) kill(_ *process, m moment, ask run.Ask) bool {
	for i, c := range p.crashes {
		if c.at == m && c.fits(ask) {
			p.crashes = append(p.crashes[:i], p.crashes[i+1:]...)
			p.show()
			fmt.Fprintf(&p.out, "%s    ! the executor is killed %s %s\n", clock(p.st, p.st.World.Now()), m, describe(ask))
			return true
		}
	}
	return false
}

func (c crash) fits(ask run.Ask) bool {
	what, step := describeParts(ask)
	return c.what == what && (c.step == "" || c.step == step)
}

func describe(ask run.Ask) string {
	what, step := describeParts(ask)
	return strings.TrimSpace(what + " " + step)
}

// describeParts names what an ask is about, and its step.
func describeParts(ask run.Ask) (what, step string) {
	switch ask.Do {
	case run.DoAct:
		return "act", string(ask.Act.Step)
	case run.DoRecord:
		entry, _ := events.EntryOf(ask.Data)
		return entry.Event, stepOf(ask.Data)
	default:
		return string(ask.Do), ""
	}
}

func stepOf(data any) string {
	switch d := data.(type) {
	case *events.StepStarted:
		return string(d.Step)
	case *events.StepDone:
		return string(d.Step)
	case *events.StepFailed:
		return string(d.Step)
	case *events.FailoverHeld:
		return string(d.Step)
	default:
		return ""
	}
}

// needs is how many words each verb takes at least.
var needs = map[string]int{"ticket": 2, "wait": 1, "pass": 1, "crash": 2, "host": 2, "fault": 2, "hand": 1, "fold": 1}

// verb carries one line out.
func (p *play) verb(words []string) error {
	args := words[1:]
	if n := needs[words[0]]; len(args) < n {
		return fmt.Errorf("%s: %d words are missing", words[0], n-len(args))
	}
	switch words[0] {
	case "ticket":
		return p.ticket(args)
	case "wait":
		return p.wait(args)
	case "rest":
		return p.goOn(func() bool { return false }, true)
	case "pass":
		return p.pass(args)
	case "crash":
		p.crashes = append(p.crashes, crash{moment(args[0]), args[1], strings.Join(args[2:], "")})
		return nil
	case "host":
		return p.st.World.Do(hypersim.Action{Do: hypersim.ActionKind(args[1]), Host: args[0]})
	case "fault":
		return p.fault(args)
	case "hand":
		p.st.hands = append(p.st.hands, hand{what: strings.Join(args, " ")})
		if handiwork[p.st.hands[0].what] == nil {
			return fmt.Errorf("hand: %q: one of %s", p.st.hands[0].what, strings.Join(slices.Sorted(maps.Keys(handiwork)), ", "))
		}
		p.st.lendHands()
		return nil
	case "rival":
		p.procs = append(p.procs, p.st.spawn("b"))
		return nil
	case "truth":
		p.truth()
		return nil
	case "fold":
		return p.fold(args)
	default:
		return fmt.Errorf("%q is no verb", words[0])
	}
}

// ticket delivers a ticket.
func (p *play) ticket(args []string) error {
	st := p.st
	id, q := args[0], events.Request{Action: events.Action(args[1])}
	keys, err := pairs(args[2:])
	if err != nil {
		return err
	}
	if u := (events.UnplannedOptions{ShutDownPrimary: keys["shutdown"] == "yes"}); q.Action == events.ActionUnplanned {
		if name := keys["override"]; name != "" {
			u.Override = &events.Override{Person: events.Person{Name: name}, Reason: keys["reason"]}
		}
		q.Unplanned = &u
	}
	q.Choice, q.Reason, q.RecoveryPoint = events.Choice(keys["choice"]), keys["reason"], keys["point"]
	q.TicketRef = events.TicketRef{System: "desk", Ticket: id, Revision: 1}
	q.Account, q.Requester = "acme", someone
	runID := events.RunID(q.TicketRef, string(st.VM))
	if of := keys["of"]; of != "" {
		runID = p.runs[of]
	}
	p.runs[id] = runID
	times := 1
	if n := keys["times"]; n != "" {
		if times, err = strconv.Atoi(n); err != nil {
			return fmt.Errorf("times: %w", err)
		}
	}
	for i := range times {
		st.post = append(st.post, letter{st.World.Now(), run.Order{
			ID: fmt.Sprintf("%s delivery %d", id, i+1), Ticket: events.TicketAccepted{Request: q, SubmittedAt: st.World.Now()},
			Run: runID, AcceptedAt: st.World.Now(), Protection: st.protection(),
		}})
	}
	return nil
}

// wait goes on until an event is recorded that was not before.
func (p *play) wait(args []string) error {
	from := len(p.st.Log)
	step := strings.Join(args[1:], "")
	err := p.goOn(func() bool {
		for _, e := range p.st.Log[from:] {
			entry, _ := events.EntryOf(e.Data)
			if entry.Event == args[0] && (step == "" || stepOf(e.Data) == step) {
				return true
			}
		}
		return false
	}, false)
	return err
}

// goOn lets the processes work until done says so, or until they rest.
func (p *play) goOn(done func() bool, restIsEnough bool) error {
	st := p.st
	for range maxSteps {
		if done() {
			return nil
		}
		for _, each := range p.procs {
			each.wake()
		}
		proc := ready(p.procs, st.World.Now())
		if proc == nil {
			if until := earliest(p.procs, st.next()); !until.IsZero() && (!restIsEnough || until.Sub(st.World.Now()) < time.Hour) {
				if until.After(st.World.Now()) {
					st.World.AdvanceTo(until)
				}
				continue
			}
			if restIsEnough {
				return nil
			}
			return errors.New("nothing more happens")
		}
		alive, err := proc.step()
		if err != nil {
			return err
		}
		if !alive {
			*proc = *st.spawn(proc.name)
			proc.until = st.World.Now().Add(5 * time.Second)
		}
	}
	return errEndless
}

// earliest is when the first of the processes, or an order, wakes somebody.
func earliest(procs []*process, post time.Time) time.Time {
	next := post
	for _, each := range procs {
		if !each.until.IsZero() && (next.IsZero() || each.until.Before(next)) {
			next = each.until
		}
	}
	return next
}

// pass lets time pass.
func (p *play) pass(args []string) error {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	end := p.st.World.Now().Add(d)
	err = p.goOn(func() bool {
		return !p.st.World.Now().Before(end) || earliest(p.procs, p.st.next()).After(end) && ready(p.procs, p.st.World.Now()) == nil
	}, true)
	if p.st.World.Now().Before(end) {
		p.st.World.AdvanceTo(end)
	}
	for _, each := range p.procs {
		each.wake()
	}
	return err
}

// fault makes a call go wrong.
func (p *play) fault(args []string) error {
	f := hypersim.Fault{Kind: hypersim.FaultKind(args[0]), Host: args[1]}
	rest := args[2:]
	if len(rest) > 0 && !strings.Contains(rest[0], "=") {
		f.Verb, rest = rest[0], rest[1:]
	}
	keys, err := pairs(rest)
	if err != nil {
		return err
	}
	for key, to := range map[string]*int{"skip": &f.Skip, "times": &f.Times} {
		if keys[key] != "" {
			if *to, err = strconv.Atoi(keys[key]); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	}
	if keys["delay"] != "" {
		if err := f.Delay.UnmarshalText([]byte(keys["delay"])); err != nil {
			return err
		}
	}
	return p.st.World.Inject(f)
}

// show adds what has happened since it was last called.
func (p *play) show() {
	st := p.st
	entries, _ := st.World.Journal()
	for p.events < len(st.Log) || p.journal < len(entries) {
		if p.journal < len(entries) && (p.events >= len(st.Log) || entries[p.journal].Time.Before(st.Log[p.events].At)) {
			p.entry(entries[p.journal])
			p.journal++
			continue
		}
		e := st.Log[p.events]
		entry, _ := events.EntryOf(e.Data)
		fmt.Fprintf(&p.out, "%s  %-17s %s\n", clock(st, e.At), entry.Event, entry.Sentence(e.Data))
		p.events++
	}
}

// entry shows one line of the hosts' journal.
func (p *play) entry(e hypersim.Entry) {
	if e.Cmdlet != "" && !e.Changed && e.ErrorID == "" {
		return
	}
	failed := ""
	if e.ErrorID != "" {
		failed = " fails: " + e.ErrorID
	}
	fmt.Fprintf(&p.out, "%s    * %s on %s%s\n", clock(p.st, e.Time), e.Cmdlet+e.Effect, e.Host, failed)
}

// truth shows what the copies really are.
func (p *play) truth() {
	p.show()
	t := p.st.World.Truth()
	for _, c := range t.Copies {
		holds := "holds every write"
		if c.Lost > 0 {
			holds = fmt.Sprintf("lacks %d writes", c.Lost)
		}
		name := c.Name
		fmt.Fprintf(&p.out, "            %s on %s: %s, %s, %s; %s\n", name, c.Host, c.Power, c.Mode, c.State, holds)
	}
	fmt.Fprintf(&p.out, "            running copies now: %d; times two ran at once: %d\n", len(p.st.World.Running(p.st.VM)), len(t.Overlaps))
}

// fold shows the state as of the nth event.
func (p *play) fold(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 1 || n > len(p.st.Log) {
		return fmt.Errorf("fold %s: a number from 1 to %d", args[0], len(p.st.Log))
	}
	s, err := run.Fold(p.st.Log[:n])
	if err != nil {
		return err
	}
	step := "no step"
	if s.Run.Next < len(s.Run.Program) {
		step = string(s.Run.Program[s.Run.Next].Step)
	}
	fmt.Fprintf(&p.out, "            as of event %d, %s: %s failover, %s, at %s, %d steps done\n", n, clock(p.st, s.At), s.Run.Kind, s.Run.Phase, step, len(s.Run.Done))
	return nil
}

// clock is a time since the beginning, in seconds.
func clock(st *Story, at time.Time) string {
	return fmt.Sprintf("%10.3fs", at.Sub(st.Begun).Seconds())
}

// pairs reads key=value words.
func pairs(words []string) (map[string]string, error) {
	m := map[string]string{}
	for _, w := range words {
		key, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, fmt.Errorf("%q: want key=value", w)
		}
		m[key] = value
	}
	return m, nil
}

// split cuts a line into words; double quotes hold words together.
func split(line string) ([]string, error) {
	line, _, _ = strings.Cut(line, "#")
	var words []string
	var word strings.Builder
	quoted, any := false, false
	for _, r := range line + " " {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case r == ' ' && !quoted:
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
			any = true
		}
	}
	if quoted {
		return nil, errors.New("a quote is not closed")
	}
	return words, nil
}
