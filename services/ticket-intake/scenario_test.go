package intake_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifeboat.io/events"
)

var rewrite = flag.Bool("rewrite", false, "write what the scenarios say anew")

// TestScenarios plays the files in testdata/scenarios. A line that begins with
// ">" is a command, one with "#" a comment; the lines under a command are the
// ticket events it leads to.
//
//	> submit T-1/2 alex test bank-db,bank-web refers=T-0 choice=retry from=30m until=60m
//	> run T-1/2 test bank-db planned
//	> run T-1/2 test bank-db instructed cancel by=T-2/1
//	> again bank-db        (the last event of the VM is delivered once more)
//	> wait 30m
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(raw))
			if *rewrite {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(raw) {
				t.Errorf("got:\n%s\nwant:\n%s", got, raw)
			}
		})
	}
}

// play runs the commands of a scenario and writes what they led to under them.
func play(t *testing.T, script string) string {
	d := newDesk(t)
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "> "):
			told := len(d.said)
			out.WriteString(line + "\n")
			if err := d.command(t, strings.Fields(line[2:])); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			for _, s := range d.said[told:] {
				out.WriteString(s + "\n")
			}
		case line == "" || strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

func (d *desk) command(t *testing.T, words []string) error {
	var plain []string
	options := map[string]string{}
	for _, w := range words {
		if key, value, ok := strings.Cut(w, "="); ok {
			options[key] = value
			continue
		}
		plain = append(plain, w)
	}
	switch {
	case plain[0] == "submit" && len(plain) >= 4:
		r, err := d.request(plain[1:], options)
		if err != nil {
			return err
		}
		d.submit(t, r)
	case plain[0] == "run" && len(plain) >= 5:
		data, err := d.failover(plain[1:], options)
		if err != nil {
			return err
		}
		d.executor(t, data)
	case plain[0] == "again" && len(plain) == 2:
		id := deskVMs[plain[1]]
		d.passOn(t, id, len(d.vms[id])-1)
	case plain[0] == "wait" && len(plain) == 2:
		wait, err := time.ParseDuration(plain[1])
		if err != nil {
			return err
		}
		d.now = d.now.Add(wait)
	default:
		return fmt.Errorf("no such command")
	}
	return nil
}

func (d *desk) request(words []string, options map[string]string) (events.Request, error) {
	ref, err := deskRef(words[0])
	r := events.Request{
		TicketRef: ref, Account: "acme", Action: events.Action(words[2]),
		Requester: events.Person{Name: words[1], Email: words[1] + "@acme.example"},
		Refers:    options["refers"], Choice: events.Choice(options["choice"]), Reason: options["reason"],
	}
	if len(words) > 3 {
		for name := range strings.SplitSeq(words[3], ",") {
			r.VMs = append(r.VMs, events.VMRef{Name: name})
		}
	}
	for key, field := range map[string]func(*time.Time){
		"from":  func(t *time.Time) { r.Window.NotBefore = t },
		"until": func(t *time.Time) { r.Window.NotAfter = t },
	} {
		if options[key] == "" {
			continue
		}
		offset, err := time.ParseDuration(options[key])
		if err != nil {
			return r, err
		}
		if r.Window == nil {
			r.Window = &events.Window{}
		}
		at := d.now.Add(offset)
		field(&at)
	}
	return r, err
}

func (d *desk) failover(words []string, options map[string]string) (any, error) {
	ref, err := deskRef(words[0])
	if err != nil {
		return nil, err
	}
	run := d.run(ref, words[2], events.Kind(words[1]))
	by, err := deskRef(options["by"])
	if err != nil {
		return nil, err
	}
	alex := events.Person{Name: "Alex Example", Email: "alex@acme.example"}
	action := events.Action(words[1])
	if len(words) > 4 {
		action = events.Action(words[4])
	}
	switch words[3] {
	case "refused":
		refused := &events.FailoverRefused{RunRef: run, Action: action, By: by, Reasons: []events.Reason{events.NewReason("some-rule", "action", string(action), "does not go", "try later")}}
		if options["by"] == "" {
			refused.By = ref
		}
		return refused, nil
	case "planned":
		return &events.FailoverPlanned{RunRef: run, Primary: "hv01", Replica: "hv02", AtStake: events.DataLoss{Bound: events.LossNone}}, nil
	case "held":
		return &events.FailoverHeld{RunRef: run, Why: "The outcome is not known.", Decider: "the operator", Choices: []events.Choice{events.ChoiceRetry, events.ChoiceCancel}}, nil
	case "resumed":
		return &events.FailoverResumed{RunRef: run, By: by, Person: alex, Choice: events.Choice(action), Reason: "looked"}, nil
	case "instructed":
		return &events.FailoverInstructed{RunRef: run, Action: action, By: &by, Person: &alex}, nil
	case "awaiting-cleanup":
		return &events.FailoverAwaitingCleanup{RunRef: run, TestVM: events.VMRef{Name: words[2] + " - Test"}, Until: d.now.Add(4 * time.Hour)}, nil
	case "awaiting-commit":
		return &events.FailoverAwaitingCommit{RunRef: run, Until: d.now.Add(4 * time.Hour)}, nil
	case "committed":
		return &events.FailoverCommitted{RunRef: run}, nil
	case "cancelled":
		return &events.FailoverCancelled{RunRef: run, By: alex}, nil
	case "succeeded":
		return &events.FailoverSucceeded{RunRef: run, RTO: events.RTO{Millis: 61000}, DataLoss: events.DataLoss{Bound: events.LossNone, Basis: "measured"}}, nil
	case "failed":
		return &events.FailoverFailed{RunRef: run, Why: "It did not work.", State: "The primary runs."}, nil
	}
	return nil, fmt.Errorf("no event %q", words[3])
}
