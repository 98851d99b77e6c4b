package deployment

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nats-io/nats.go"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/inventory/revisions"
	"lifeboat.io/services/lifeboat/command"
	"lifeboat.io/services/lifeboat/internal/house"
	"lifeboat.io/services/lifeboat/internal/story"
)

// open connects as the sample of a service says.
func (s site) open(t *testing.T, name string, changes ...func(*bus.Config)) *bus.Bus {
	t.Helper()
	path := s.sample(t, name)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var part struct {
		Bus bus.Config `yaml:"bus"`
	}
	if err := yaml.Unmarshal(raw, &part); err != nil {
		t.Fatal(err)
	}
	c := part.Bus
	c.Folder, c.Check = filepath.Dir(path), contract.Validate
	c.Logger = slog.New(slog.NewTextHandler(noDenial{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return bustest.OpenConfig(t, c, changes...)
}

// noDenial is a log in which nothing may be said to have been denied: what a
// service needs it may do.
type noDenial struct{ t *testing.T }

func (n noDenial) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("the bus denied something")) {
		n.t.Errorf("%s", line)
	}
	return n.t.Output().Write(line)
}

// attach is how the command line opens the bus.
func attach(c *bus.Config) { c.Attach = true }

// operator types a command line as the operator's sample says, and returns what
// it prints.
func (s site) operator(t *testing.T, config string, want int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	env := map[string]string{"LIFEBOAT_CONFIG": config, "LIFEBOAT_REQUESTER": story.Ada.Email}
	p := command.Program{In: strings.NewReader(""), Out: &out, Err: &out, Env: func(name string) string { return env[name] }, Now: time.Now}
	if code := p.Run(ctx, args); code != want {
		t.Fatalf("lifeboat %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, out.String())
	}
	return out.String()
}

// TestATicketThroughThePermissions: with no more than the sample allows, a
// ticket of the desk is judged, carried out and cleaned up, and the operator
// sees it.
func TestATicketThroughThePermissions(t *testing.T) {
	t.Run("one server", func(t *testing.T) { throughThePermissions(t, startServer(t)) })
	t.Run("three servers", func(t *testing.T) { throughThePermissions(t, startCluster(t)) })
}

func throughThePermissions(t *testing.T, s site) {
	control := s.open(t, "lifeboat.yaml")
	if _, _, err := revisions.Store(t.Context(), control, story.Inventory()); err != nil {
		t.Fatal(err)
	}
	house.StartServices(t, s.open(t, "ticket-intake.yaml"), s.open(t, "failover-executor.yaml"), house.StartWorld(t))
	config := s.sample(t, "operator.yaml")

	news := make(chan string, 64)
	desk, denied := s.connect(t, "desk")
	heard, err := desk.Subscribe("lifeboat.ticket.acme.>", func(m *nats.Msg) { news <- m.Subject })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = heard.Unsubscribe() })
	submit(t, desk, events.Request{
		TicketRef: story.Desk("DR-1", 1), Account: story.Account, Requester: story.Ada, Action: events.ActionTest, VMs: []events.VMRef{story.Web01},
	})
	awaitNews(t, news, "lifeboat.ticket.acme.desk~DR-1.accepted")
	s.operator(t, config, command.ExitOK, "ticket", "wait", "DR-1", "--timeout", "20s")
	s.operator(t, config, command.ExitOK, "ticket", "cleanup", "DR-1", "--wait", "--timeout", "20s")
	awaitNews(t, news, "lifeboat.ticket.acme.desk~DR-1.closed")

	s.operator(t, config, command.ExitOK, "ticket", "submit", "--ticket", "OP-1", "--action", "planned", "--vm", "db01", "--wait", "--timeout", "20s")
	for see, want := range map[string]string{
		"get tickets": "desk~DR-1", "get runs": "succeeded", "get vms": "fra-hv1", "get hosts": "ams-hv1", "events --since 1h": "succeeded",
		"describe vm db01": "fra-hv1", "describe ticket OP-1": "succeeded", "deadletter list": "No dead letters",
	} {
		if out := s.operator(t, config, command.ExitOK, strings.Fields(see)...); !strings.Contains(out, want) || strings.Contains(out, "denied") {
			t.Errorf("lifeboat %s does not tell %q:\n%s", see, want, out)
		}
	}
	if len(denied) > 0 {
		t.Errorf("the desk was denied something: %v", <-denied)
	}
}

// TestDeadLettersThroughThePermissions: what ticket-intake cannot read becomes a
// dead letter, and an operator sees it, hands it back and discards it.
func TestDeadLettersThroughThePermissions(t *testing.T) {
	s := startServer(t)
	control := s.open(t, "lifeboat.yaml")
	if _, _, err := revisions.Store(t.Context(), control, story.Inventory()); err != nil {
		t.Fatal(err)
	}
	house.StartServices(t, s.open(t, "ticket-intake.yaml"), s.open(t, "failover-executor.yaml"), house.StartWorld(t))
	config := s.sample(t, "operator.yaml")

	desk, _ := s.connect(t, "desk")
	for range 2 {
		if _, err := desk.Request(events.InboxSubject(story.Account), []byte("no CloudEvent"), 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	eventually(t, "two dead letters", func() bool {
		ids = strings.Fields(s.operator(t, config, command.ExitOK, "deadletter", "list", "-o", "name"))
		return len(ids) == 2
	})
	s.operator(t, config, command.ExitOK, "deadletter", "show", ids[0])
	s.operator(t, config, command.ExitOK, "deadletter", "discard", ids[0], "--by", "Ada Example", "--reason", "a test")
	s.operator(t, config, command.ExitOK, "deadletter", "replay", ids[1], "--by", "Ada Example", "--reason", "a test")
	eventually(t, "the replayed letter comes back as a new one", func() bool {
		left := strings.Fields(s.operator(t, config, command.ExitOK, "deadletter", "list", "-o", "name"))
		return len(left) == 1 && left[0] != ids[0] && left[0] != ids[1]
	})
}

// TestWhatNobodyMay: publishing what another service owns, or touching how the
// bus is made, is denied, and nothing comes of it.
func TestWhatNobodyMay(t *testing.T) {
	s := startServer(t)
	s.open(t, "lifeboat.yaml")
	for user, subjects := range map[string][]string{
		"ticket-intake": {
			"lifeboat.failover.acme.3b5c1d9e-7f24-4a60-9c1b-52d0e8a7f611.planned", "lifeboat.cloud.acme.x.y", "$KV.leases.x", "$KV.inventory.inventory",
			"lifeboat.timer.armed.failover-executor.x", "lifeboat.dead.letter.EVENTS.failover-executor",
			"$JS.API.CONSUMER.MSG.NEXT.EVENTS.failover-executor", "$JS.API.CONSUMER.CREATE.EVENTS.failover-executor",
			"$JS.API.CONSUMER.DELETE.EVENTS.failover-executor", "$JS.ACK.EVENTS.failover-executor.1.1.1.1.0",
			"$JS.API.STREAM.PURGE.INBOX", "$JS.API.STREAM.CREATE.X", "$JS.API.STREAM.UPDATE.EVENTS", "$JS.API.STREAM.DELETE.EVENTS",
		},
		"failover-executor": {
			"lifeboat.ticket.acme.desk~DR-1.accepted", "lifeboat.ticket.acme.desk~DR-1.closed", "lifeboat.inbox.acme", "lifeboat.alert.acme.x.y",
			"$KV.seen.x", "$KV.inventory.inventory", "lifeboat.dead.letter.INBOX.ticket-intake", "lifeboat.dead.replay.EVENTS.failover-executor",
			"$JS.API.CONSUMER.MSG.NEXT.EVENTS.ticket-intake-progress", "$JS.API.CONSUMER.CREATE.EVENTS.ticket-intake-progress",
			"$JS.API.CONSUMER.CREATE.INBOX.ticket-intake", "$JS.API.CONSUMER.MSG.NEXT.INBOX.ticket-intake",
			"$JS.API.STREAM.DELETE.EVENTS", "$JS.API.STREAM.UPDATE.EVENTS",
		},
		"lifeboat": {
			"lifeboat.ticket.acme.desk~DR-1.accepted", "lifeboat.failover.acme.x.planned", "lifeboat.inbox.acme",
			"$JS.API.STREAM.DELETE.EVENTS", "$JS.API.STREAM.UPDATE.EVENTS", "$JS.API.STREAM.PURGE.EVENTS",
		},
		"operator": {
			"lifeboat.ticket.acme.desk~DR-1.accepted", "lifeboat.failover.acme.x.resumed", "$KV.inventory.inventory", "$KV.leases.x",
			"lifeboat.dead.letter.EVENTS.failover-executor", "$JS.API.CONSUMER.DELETE.EVENTS.failover-executor",
			"$JS.API.CONSUMER.MSG.NEXT.EVENTS.failover-executor", "$JS.API.CONSUMER.CREATE.DLQ.failover-executor-replay",
			"$JS.API.STREAM.MSG.DELETE.EVENTS", "$JS.API.STREAM.DELETE.EVENTS",
		},
		"desk": {
			"lifeboat.inbox.globex", "lifeboat.ticket.acme.desk~DR-1.accepted", "lifeboat.failover.acme.x.planned", "$JS.API.STREAM.INFO.EVENTS",
		},
	} {
		t.Run(user, func(t *testing.T) {
			nc, denied := s.connect(t, user)
			for _, subject := range subjects {
				if err := nc.Publish(subject, []byte("{}")); err != nil {
					t.Fatal(err)
				}
				expect(t, denied, "Publish", subject)
			}
			for _, subject := range []string{"lifeboat.failover.>", "_INBOX.>", "$JS.ACK.>", "lifeboat.ticket.globex.>"} {
				if _, err := nc.SubscribeSync(subject); err != nil {
					t.Fatal(err)
				}
				expect(t, denied, "Subscription", subject)
			}
		})
	}
	if count, err := s.open(t, "operator.yaml", attach).VerifyChains(t.Context()); count != 0 || err != nil {
		t.Errorf("the log has %d events, %v; want none", count, err)
	}
}

// connect connects as a user with a client of no program of ours. What the
// server denies it comes out of the channel.
func (s site) connect(t *testing.T, user string) (*nats.Conn, <-chan error) {
	t.Helper()
	login, err := nats.NkeyOptionFromSeed(filepath.Join(s.seeds, user+".nk"))
	if err != nil {
		t.Fatal(err)
	}
	denied := make(chan error, 64)
	nc, err := nats.Connect(s.url(), login, nats.RootCAs(s.ca), nats.CustomInboxPrefix("_INBOX."+user),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, denied
}

// expect waits until the server denies a subject.
func expect(t *testing.T, denied <-chan error, what, subject string) {
	t.Helper()
	select {
	case err := <-denied:
		if want := fmt.Sprintf("Permissions Violation for %s to %q", what, subject); !strings.Contains(err.Error(), want) {
			t.Errorf("%q, want %q", err, want)
		}
	case <-time.After(5 * time.Second):
		t.Errorf("%s to %q is allowed", what, subject)
	}
}

// submit puts a ticket into the inbox as a ticket system does.
func submit(t *testing.T, desk *nats.Conn, r events.Request) {
	t.Helper()
	agg := events.Aggregate{Family: events.FamilyTicket, Account: r.Account, ID: r.Aggregate()}
	e, err := events.New(agg, events.Meta{ID: "desk-1", Source: "https://desk.example", Time: time.Now()}, events.TicketSubmitted{Request: r})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	m := nats.NewMsg(events.InboxSubject(r.Account))
	m.Header.Set("Content-Type", "application/cloudevents+json")
	m.Data = raw
	ack, err := desk.RequestMsg(m, 5*time.Second)
	if err != nil || !strings.Contains(string(ack.Data), `"stream":"INBOX"`) {
		t.Fatalf("submitting: %s, %v", ack.Data, err)
	}
}

// awaitNews waits for a message on a subject.
func awaitNews(t *testing.T, news <-chan string, subject string) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case got := <-news:
			if got == subject {
				return
			}
		case <-limit:
			t.Fatalf("no message on %s", subject)
		}
	}
}
