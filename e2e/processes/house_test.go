package processes

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lifeboat.io/e2e/programs"
)

var (
	seed   = flag.Int64("seed", 0, "seed of the random kills; 0 draws one")
	rounds = flag.Int("rounds", 16, "how many processes are killed")
)

// folder is where the programs are built, once.
var folder string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "lifeboat-programs-")
	if err == nil {
		folder = dir
		err = programs.Build(context.Background(), dir, "lab", "lifeboat", "ticket-intake", "failover-executor")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// house is the programs, each a process of its own.
type house struct {
	t   *testing.T
	dir string
	lab *programs.Lab
	url string

	waves map[string]int // failovers asked of each VM

	mu    sync.Mutex
	procs map[string]*programs.Program
}

// The processes that are killed.
const (
	busProcess    = "bus"
	intakeProcess = "ticket-intake"
	executorA     = "executor-a"
	executorB     = "executor-b"
)

var victims = []string{busProcess, intakeProcess, executorA, executorB}

func newHouse(t *testing.T, address string) *house {
	t.Helper()
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, dir: t.TempDir(), url: fmt.Sprintf("nats://127.0.0.1:%d", port), procs: map[string]*programs.Program{}, waves: map[string]int{}}
	h.lab, err = programs.StartLab(t.Context(), folder, nil, "--dir", h.dir, "--address", address, "--nats", h.url, "--time-scale", "20", "--ps-start", "50ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.end)
	h.write("ticket-intake.yaml", `intake:
  listen: 127.0.0.1:0
  callers: [{name: desk, systems: [desk], accounts: ["*"], bearer: {file: secrets/desk-bearer}}]
`)
	for _, name := range []string{executorA, executorB} {
		h.write(name+".yaml", fmt.Sprintf("executor: {instance: %s, leaseSeconds: 10, sweepSeconds: 2}\nsecrets: %q\n", name, h.dir))
	}
	for _, name := range victims {
		h.start(name)
	}
	return h
}

// write writes a program's configuration, with what all of them share.
func (h *house) write(name, text string) {
	h.t.Helper()
	text += fmt.Sprintf("bus: {url: %q, replicas: 1, connectWait: 30s}\nhealth: 127.0.0.1:0\n", h.url)
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// startWithin bounds how long a killed program may take to come back, the bus
// it needs being away as well perhaps.
const startWithin = 60 * time.Second

// start starts a process, again and again until it is ready: what it needs may
// have been killed as well.
func (h *house) start(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	program, args := name, []string{"-config", filepath.Join(h.dir, name+".yaml")}
	switch name {
	case busProcess:
		program, args = "lifeboat", []string{"serve", "--config", h.lab.Config, "--services", "none"}
	case executorA, executorB:
		program = "failover-executor"
	}
	var ready struct{ Ready bool }
	for {
		p, err := programs.Start(ctx, folder, program, args, nil, nil, &ready)
		if err == nil {
			h.mu.Lock()
			h.procs[name] = p
			h.mu.Unlock()
			return
		}
		if ctx.Err() != nil {
			h.t.Errorf("%s does not come back: %v", name, err)
			return
		}
	}
}

// kill kills a process and starts it again.
func (h *house) kill(name string) {
	h.mu.Lock()
	p := h.procs[name]
	h.mu.Unlock()
	p.Kill()
	h.start(name)
}

// end stops everything.
func (h *house) end() {
	for _, name := range []string{executorA, executorB, intakeProcess, busProcess} {
		if p := h.procs[name]; p != nil && !p.Ended() {
			if err := p.Stop(); err != nil && !h.t.Failed() {
				h.t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := h.lab.Stop(); err != nil {
		h.t.Error(err)
	}
}
