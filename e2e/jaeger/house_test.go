package jaeger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/e2e/jaeger"
	"lifeboat.io/e2e/programs"
	"lifeboat.io/events"
	"lifeboat.io/pkg/bus/binding"
)

// folder is where the programs are built, once.
var folder string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lifeboat-programs-")
	if err == nil {
		folder = dir
		err = programs.Build(context.Background(), dir, "lab", "lifeboat", "failover-executor")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// house is the programs with traces on: bus and ticket-intake in one process,
// the executor in another that can be killed.
type house struct {
	t        *testing.T
	dir      string
	env      []string
	lab      *programs.Lab
	lifeboat *programs.Lifeboat
	executor *programs.Program
	// intakeLog and executorLog are what they logged.
	intakeLog, executorLog *lockedBuffer
}

func newHouse(t *testing.T, collector string) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), env: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector}, intakeLog: &lockedBuffer{}, executorLog: &lockedBuffer{}}
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	h.lab, err = programs.StartLab(t.Context(), folder, nil, "--dir", h.dir, "--address", "127.0.47.1",
		"--nats", fmt.Sprintf("nats://127.0.0.1:%d", port), "--time-scale", "20", "--ps-start", "50ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.lab.Stop(); err != nil {
			t.Error(err)
		}
	})
	h.lifeboat, err = programs.StartLifeboat(t.Context(), folder, h.lab.Config, h.env, h.intakeLog, "--services", "ticket-intake")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.end(h.lifeboat.Program) })
	config := fmt.Sprintf("bus: {url: %q, replicas: 1}\nexecutor: {instance: one, sweepSeconds: 1}\nsecrets: %q\nhealth: 127.0.0.1:0\n", h.lifeboat.NATS, h.dir)
	if err := os.WriteFile(h.executorConfig(), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	h.startExecutor()
	t.Cleanup(func() { h.end(h.executor) })
	h.connected()
	return h
}

// connected waits until the lab's ticket system has found the bus.
func (h *house) connected() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	for {
		var desk struct{ Connected bool }
		err := h.lab.Get(ctx, "/v1/tickets", &desk)
		if err == nil && desk.Connected {
			return
		}
		select {
		case <-ctx.Done():
			h.t.Fatalf("the ticket system finds no bus: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (h *house) executorConfig() string { return filepath.Join(h.dir, "failover-executor.yaml") }

// startExecutor starts the executor, with settings besides.
func (h *house) startExecutor(env ...string) {
	h.t.Helper()
	var ready struct{ Ready bool }
	var err error
	h.executor, err = programs.Start(h.t.Context(), folder, "failover-executor", []string{"-config", h.executorConfig()}, append(env, h.env...), h.executorLog, &ready)
	if err != nil {
		h.t.Fatal(err)
	}
}

// end stops a program, which sends its last spans before it ends.
func (h *house) end(p *programs.Program) {
	if p.Ended() {
		return
	}
	if err := p.Stop(); err != nil {
		h.t.Error(err)
	}
}

// submit submits a ticket of Acme Bank over HTTP, or over the bus, and returns
// its number.
func (h *house) submit(ctx context.Context, overHTTP bool, request map[string]any) string {
	h.t.Helper()
	request["account"] = "acme"
	request["requester"] = map[string]string{"name": "Alex Example", "email": "alex@acme.example"}
	path := "/v1/tickets"
	if overHTTP {
		path += "?intake=" + url.QueryEscape(h.lifeboat.HTTP)
	}
	var answer struct{ Ticket string }
	if err := h.lab.Post(ctx, path, request, &answer); err != nil {
		h.t.Fatal(err)
	}
	return answer.Ticket
}

// succeeded waits until a ticket is closed with success.
func (h *house) succeeded(ctx context.Context, id string) {
	h.t.Helper()
	t, err := h.lab.Await(ctx, id, func(t programs.Ticket) bool { return t.Outcome() != "" })
	if err != nil || t.Outcome() != string(events.OutcomeSucceeded) {
		h.t.Fatalf("ticket %s: %v: %s", id, err, t.Said())
	}
}

// killAfter kills the executor as soon as a cmdlet has changed a VM.
func (h *house) killAfter(ctx context.Context, vm, cmdlet string) time.Time {
	h.t.Helper()
	truth, err := h.lab.Truth(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	is := func(c programs.Copy) bool { return c.Name == vm && !c.Test }
	id := truth.Copies[slices.IndexFunc(truth.Copies, is)].VM
	for {
		changes, err := h.lab.Changes(ctx)
		if err != nil {
			h.t.Fatal(err)
		}
		if slices.ContainsFunc(changes, func(c programs.Entry) bool { return c.VM == id && c.Cmdlet == cmdlet }) {
			h.executor.Kill()
			return time.Now()
		}
		select {
		case <-ctx.Done():
			h.t.Fatalf("%s has not run: %v\n%s", cmdlet, ctx.Err(), h.executor.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// story is what the log says of one run.
type story struct {
	vm        string // its id
	kind      events.Kind
	steps     []step
	succeeded *events.FailoverSucceeded
}

// step is a step that was done.
type step struct {
	*events.StepDone
	from, to time.Time
}

// stories reads the log as any consumer could, and tells the runs by ticket.
func (h *house) stories(ctx context.Context) map[string]*story {
	h.t.Helper()
	out := map[string]*story{}
	before := map[string]time.Time{} // the last event of each VM
	err := h.read(ctx, func(agg events.Aggregate, at time.Time, data any) {
		switch d := data.(type) {
		case *events.FailoverPlanned:
			out[d.Ticket.Ticket] = &story{vm: agg.ID, kind: d.Kind}
		case *events.StepDone:
			if s := out[d.Ticket.Ticket]; s != nil {
				s.steps = append(s.steps, step{d, before[agg.ID], at})
			}
		case *events.FailoverSucceeded:
			out[d.Ticket.Ticket].succeeded = d
		}
		before[agg.ID] = at
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// read reads every event of the failover family.
func (h *house) read(ctx context.Context, take func(agg events.Aggregate, at time.Time, data any)) error {
	nc, err := nats.Connect(h.lifeboat.NATS)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	c, err := js.OrderedConsumer(ctx, "EVENTS", jetstream.OrderedConsumerConfig{FilterSubjects: []string{events.FamilyFilter(events.FamilyFailover)}})
	if err != nil {
		return err
	}
	info, err := c.Info(ctx)
	if err != nil || info.NumPending == 0 {
		return errors.Join(err, errors.New("the log can be read and has events"))
	}
	for range info.NumPending {
		m, err := c.Next(jetstream.FetchMaxWait(10 * time.Second))
		if err != nil {
			return err
		}
		e, err := binding.Decode(m.Headers(), m.Data())
		if err != nil {
			return err
		}
		agg, _, err := events.ParseSubject(m.Subject())
		if err != nil {
			return err
		}
		data, err := events.Decode(e)
		if err != nil {
			return err
		}
		take(agg, e.Time(), data)
	}
	return nil
}

// jaegerToAsk starts the Jaeger that was built, if one was; nil when there is none.
func jaegerToAsk(t *testing.T) *jaeger.Server {
	t.Helper()
	binary := os.Getenv(jaeger.Variable)
	if binary == "" {
		binary = jaeger.Binary(filepath.Join("..", "..", "bin"))
	}
	if _, err := os.Stat(binary); err != nil {
		if os.Getenv("LIFEBOAT_REQUIRE_FOREIGN") == "1" {
			t.Fatalf("there is no Jaeger: %v; build it with go run ./e2e/jaeger/cmd/jaeger --build-only", err)
		}
		return nil
	}
	s, err := jaeger.Start(t.Context(), binary, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() }) // it keeps nothing
	return s
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is what was written.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
