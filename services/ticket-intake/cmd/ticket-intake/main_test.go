package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/daemon"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/inventory/revisions"
)

// asProgram makes the test binary be the program, so that tests can kill it.
const asProgram = "LIFEBOAT_TEST_AS_PROGRAM"

// patience bounds how long a test waits for something that should be there in a moment.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestTheSamplesAreValid(t *testing.T) {
	for _, path := range []string{"testdata/ticket-intake.yaml", "../../../../deploy/external/ticket-intake.yaml"} {
		var c config
		if err := daemon.Load(path, &c); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{c.Bus.Validate(), c.Intake.Validate(), c.Telemetry.Validate()} {
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

func TestWrongConfigurationsEndTheProgram(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"typo":    {"intake: {listn: x}", "did you mean listen"},
		"no bus":  {"{}", "bus: dir"},
		"intake":  {"bus: {dir: %s}\nintake: {listen: x}", "intake: listen"},
		"log":     {"log: {level: loud}", "log: level"},
		"traces":  {"telemetry: {protocol: smoke}", "telemetry: protocol"},
		"secrets": {"bus: {dir: %s}\nintake: {callers: [{name: a, systems: [a], accounts: [a], bearer: {env: LIFEBOAT_TEST_NOTHING}}]}", "is empty or not set"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(tt.text, "%s", t.TempDir())), 0o600); err != nil {
				t.Fatal(err)
			}
			err := run(t.Context(), []string{"-config", path}, t.Output(), t.Output())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// world is a bus that other processes reach, and a configuration for them.
func world(t *testing.T) (*bus.Bus, string) {
	t.Helper()
	b := bustest.Open(t, func(c *bus.Config) { c.Listen = "127.0.0.1:0" })
	inv, err := inventory.Parse("inventory", []byte(`
systems: [{name: desk, accounts: ["*"]}]
accounts: [{id: acme, kind: managed, contacts: [{name: Alex, email: alex@acme.example, may: [planned]}]}]
sites: [{name: north}]
credentials: [{name: hyperv, user: svc, password: {env: X}}]
hosts:
  - {name: hv01, site: north, address: 192.0.2.1, fqdn: hv01.lab.test, winrm: {credential: hyperv}}
  - {name: hv02, site: north, address: 192.0.2.2, fqdn: hv02.lab.test, winrm: {credential: hyperv}}
vms: [{id: 00000000-0000-4000-8000-000000000001, name: bank-db, account: acme, primary: hv01, replica: hv02}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := revisions.Store(t.Context(), b, inv); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ticket-intake.yaml")
	text := fmt.Sprintf("bus: {url: %q, replicas: 1}\nintake: {listen: \"127.0.0.1:0\"}\nlog: {level: warn}\n", b.URL())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return b, path
}

// start starts the program in a process of its own and waits until it is ready.
func start(t *testing.T, config string) (*exec.Cmd, map[string]any) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-config", config)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the program did not become ready: %v", err)
	}
	var ready map[string]any
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return cmd, ready
}

func TestTheProgramStartsAndStopsInOrder(t *testing.T) {
	_, config := world(t)
	cmd, ready := start(t, config)
	if ready["ready"] != true || !strings.HasPrefix(fmt.Sprint(ready["http"]), "http://127.0.0.1:") {
		t.Errorf("ready line %v", ready)
	}
	bustest.Eventually(t, patience, "it is healthy", func() bool {
		answer, err := http.Get(fmt.Sprint(ready["health"]) + "/readyz")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

// TestKilledAtAnyMoment: the program is killed again and again while tickets,
// each in two revisions and in copies, come in. In the end every revision has
// exactly one answer, and the newest is the one that holds. A death may have
// the newer revision delivered first; the older one is stale then.
func TestKilledAtAnyMoment(t *testing.T) {
	const tickets, lives = 30, 2
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	b, config := world(t)
	for i := range tickets {
		for revision := 1; revision <= 2; revision++ {
			for copy := range 2 {
				submit(t, b, i, revision, copy)
			}
		}
	}
	answers := 0
	for range lives {
		cmd, _ := start(t, config)
		until := answers + 1 + random.IntN(2*tickets/lives)
		bustest.Eventually(t, patience, "more answers come", func() bool {
			answers = count(t, b)
			return answers >= min(until, 2*tickets)
		})
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
	}
	start(t, config)
	bustest.Eventually(t, 4*patience, "all is answered", func() bool { return count(t, b) >= 2*tickets })
	for i := range tickets {
		got := strings.Join(said(t, b, i), " ")
		if got != "1 accepted 1 superseded 2 accepted" && got != "2 accepted 1 refused" {
			t.Errorf("ticket %d has events %q", i, got)
		}
	}
}

func submit(t *testing.T, b *bus.Bus, number, revision, copy int) {
	t.Helper()
	r := events.Request{
		TicketRef: events.TicketRef{System: "desk", Ticket: fmt.Sprintf("T-%d", number), Revision: revision}, Account: "acme", Action: events.ActionPlanned,
		Requester: events.Person{Name: "Alex", Email: "alex@acme.example"}, VMs: []events.VMRef{{Name: "bank-db"}},
	}
	e := event.New()
	e.SetID(fmt.Sprintf("%d-%d-%d", number, revision, copy))
	e.SetSource("/desk")
	e.SetType("io.lifeboat.ticket.submitted.v1")
	if err := e.SetData(event.ApplicationJSON, r); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(t.Context(), "acme", e); err != nil {
		t.Fatal(err)
	}
}

// count is how many revisions were answered.
func count(t *testing.T, b *bus.Bus) int {
	t.Helper()
	answered := 0
	err := b.Watch(caughtUp(t, b, func(r bus.Recorded) {
		if events.ShortName(r.Event.Type()) != "superseded" {
			answered++
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	return answered
}

// caughtUp are the arguments of a Watch that ends with what is stored.
func caughtUp(t *testing.T, b *bus.Bus, each func(bus.Recorded)) (context.Context, bus.Watch, func(bus.Recorded) error) {
	ctx, cancel := context.WithCancel(t.Context())
	return ctx, bus.Watch{Filters: []string{events.FamilyFilter(events.FamilyTicket)}, CaughtUp: cancel}, func(r bus.Recorded) error {
		each(r)
		return nil
	}
}

// said is the events of a ticket, each as revision and short name.
func said(t *testing.T, b *bus.Bus, number int) []string {
	t.Helper()
	history, err := b.History(t.Context(), events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: events.TicketID("desk", fmt.Sprintf("T-%d", number))})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range history {
		var ref events.TicketRef
		if err := r.Event.DataAs(&ref); err != nil {
			t.Fatal(err)
		}
		names = append(names, fmt.Sprint(ref.Revision, " ", events.ShortName(r.Event.Type())))
	}
	return names
}
