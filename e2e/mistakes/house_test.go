package mistakes

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/e2e/programs"
	"lifeboat.io/pkg/secret"
)

// folder is where the programs are built, once.
var folder string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lifeboat-programs-")
	if err == nil {
		folder = dir
		err = programs.Build(context.Background(), dir, "lab", "lifeboat")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// sayWithin bounds how long lifeboat may take to say what is wrong, and a good
// ticket to be answered. Nothing here waits that long when all is well.
const sayWithin = time.Minute

// house is a lab and lifeboat, started once for all mistakes.
type house struct {
	t        *testing.T // of the mistake being made
	dir      string
	lab      *programs.Lab
	lifeboat *programs.Lifeboat
	log      *lockedBuffer
	js       jetstream.JetStream
	// bearer and hmac are the desk's secrets.
	bearer, hmac secret.Text
	good         int // good tickets so far
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), log: &lockedBuffer{}}
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
	h.lab, err = programs.StartLab(t.Context(), folder, nil, "--dir", h.dir, "--address", "127.0.53.1", "--nats", url,
		"--world", filepath.Join("testdata", "world.json"), "--time-scale", "60", "--ps-start", "20ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.lab.Stop(); err != nil {
			t.Error(err)
		}
	})
	// A host that answers nothing of use is given up sooner than usual.
	h.edit(h.lab.Config, "instance: lab", "instance: lab\n  lookPatienceSeconds: 1")
	h.lifeboat, err = programs.StartLifeboat(t.Context(), folder, h.lab.Config, nil, h.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.lifeboat.Stop(); err != nil {
			t.Error(err)
		}
	})
	for file, to := range map[string]*secret.Text{"desk-bearer": &h.bearer, "desk-hmac": &h.hmac} {
		if *to, err = (secret.Ref{File: filepath.Join("secrets", file)}).Read(h.dir); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := nats.Connect(h.lifeboat.NATS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if h.js, err = jetstream.New(conn); err != nil {
		t.Fatal(err)
	}
	return h
}

// edit replaces something in a file that must be there.
func (h *house) edit(path, replace, by string) {
	h.t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	if !strings.Contains(string(raw), replace) {
		h.t.Fatalf("%s has no %q:\n%s", path, replace, raw)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(raw), replace, by, 1)), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// until asks until there is an answer, and fails when the time is over.
func (h *house) until(what string, ask func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), sayWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-ctx.Done():
			h.t.Fatalf("%s: not within %s\n%s", what, sayWithin, h.lifeboat.Log())
		case <-tick.C:
		}
	}
}

// await waits until a ticket of the desk is as asked.
func (h *house) await(id string, as func(programs.Ticket) bool) programs.Ticket {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), sayWithin)
	defer cancel()
	t, err := h.lab.Await(ctx, id, as)
	if err != nil {
		h.t.Fatalf("%v: %s", err, t.Said())
	}
	return t
}

// acceptsGood submits a ticket that is good, for tomorrow, and waits until it
// is accepted.
func (h *house) acceptsGood() {
	h.t.Helper()
	h.good++
	window := fields{"notBefore": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)}
	id, err := h.lab.Submit(h.t.Context(), ticket(fields{"window": window, "ticket": fmt.Sprintf("GOOD-%d", h.good)}), 1)
	if err != nil {
		h.t.Fatal(err)
	}
	if t := h.await(id, answered); !t.Has("accepted") {
		h.t.Errorf("a good ticket is not accepted any more: %s", t.Said())
	}
}

func answered(t programs.Ticket) bool { return len(t.Answers) > 0 }

// runsGood runs a whole test failover.
func (h *house) runsGood() {
	h.t.Helper()
	id, err := h.lab.Submit(h.t.Context(), ticket(fields{"vms": []fields{{"name": "app"}}}), 1)
	if err != nil {
		h.t.Fatal(err)
	}
	h.await(id, func(t programs.Ticket) bool { return t.Progressed("awaiting-cleanup") || t.Outcome() != "" })
	if _, err := h.lab.Submit(h.t.Context(), ticket(fields{"action": "cleanup", "refers": id, "vms": nil}), 1); err != nil {
		h.t.Fatal(err)
	}
	if t := h.await(id, func(t programs.Ticket) bool { return t.Outcome() != "" }); t.Outcome() != "succeeded" {
		h.t.Errorf("a good test failover ends otherwise: %s", t.Said())
	}
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
