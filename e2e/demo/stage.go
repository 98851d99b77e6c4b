package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lifeboat.io/e2e/programs"
)

// Options say how the demonstration is given.
type Options struct {
	// Programs is the folder with the built programs.
	Programs string
	// Out gets the story.
	Out io.Writer
	// Env is added to the programs' environment, such as OTEL_EXPORTER_OTLP_ENDPOINT.
	Env []string
	// Keep leaves the logs in this folder; empty keeps them nowhere.
	Keep string
}

// timeScale is how many times faster than real time the world goes: a guest
// boots in a second and a half instead of half a minute.
const timeScale = "20"

// labAddress gives the lab's hosts free ports instead of addresses of their own,
// so that a lab that runs already is not in the way.
const labAddress = "127.0.0.1"

// stage is the running world, and the voice that tells of it.
type stage struct {
	Options
	began    time.Time
	folder   string
	lab      *programs.Lab
	lifeboat *programs.Lifeboat
	executor *programs.Program
	logs     []io.Closer

	mu     sync.Mutex
	checks []check
}

// check is one thing that must have happened.
type check struct {
	what string
	err  error
}

// Run gives the demonstration. It fails unless everything it tells of really
// happened.
func Run(ctx context.Context, o Options) error {
	s := &stage{Options: o, began: time.Now()}
	folder, err := os.MkdirTemp("", "lifeboat-demo-")
	if err != nil {
		return err
	}
	s.folder = folder
	defer func() { _ = os.RemoveAll(folder) }()
	defer s.strike()
	if err := s.set(ctx); err != nil {
		return err
	}
	telling, stop := context.WithCancel(ctx)
	var narrator sync.WaitGroup
	narrator.Go(func() { s.narrate(telling) })
	err = s.play(ctx)
	stop()
	narrator.Wait()
	return errors.Join(err, s.verdict())
}

// set starts the lab and lifeboat: the bus and ticket-intake in one process,
// the executor in another, so that it can be killed by itself.
func (s *stage) set(ctx context.Context) error {
	port, err := programs.FreePort()
	if err != nil {
		return err
	}
	s.say("Starting the lab: two sites, four Hyper-V hosts, eight VMs that replicate, at %s times real time.", timeScale)
	s.lab, err = programs.StartLab(ctx, s.Programs, s.log("lab"), "--dir", s.folder, "--nats", fmt.Sprintf("nats://127.0.0.1:%d", port),
		"--address", labAddress, "--time-scale", timeScale, "--ps-start", "100ms")
	if err != nil {
		return err
	}
	for _, h := range s.lab.Hosts {
		s.detail("host %s answers WinRM at %s and %s", h.Name, h.HTTPS, h.HTTP)
	}
	s.say("Starting lifeboat on an embedded bus, and its executor as a process of its own.")
	s.lifeboat, err = programs.StartLifeboat(ctx, s.Programs, s.lab.Config, s.Env, s.log("lifeboat"), "--services", "ticket-intake")
	if err != nil {
		return err
	}
	if err := s.configureExecutor(); err != nil {
		return err
	}
	if err := s.startExecutor(ctx); err != nil {
		return err
	}
	s.detail("bus %s, tickets over HTTP %s/v1/tickets", s.lifeboat.NATS, s.lifeboat.HTTP)
	return nil
}

// executorConfig is the file the executor is started with.
const executorConfig = "failover-executor.yaml"

// configureExecutor writes it: where the bus is, and where the host keys are.
func (s *stage) configureExecutor() error {
	text := fmt.Sprintf("bus: {url: %q, replicas: 1}\nexecutor: {instance: demo}\nsecrets: %q\nhealth: 127.0.0.1:0\n", s.lifeboat.NATS, s.folder)
	return os.WriteFile(filepath.Join(s.folder, executorConfig), []byte(text), 0o600)
}

// startExecutor starts failover-executor and waits until it is ready.
func (s *stage) startExecutor(ctx context.Context) error {
	var ready struct {
		Ready bool `json:"ready"`
	}
	var err error
	s.executor, err = programs.Start(ctx, s.Programs, "failover-executor", []string{"-config", filepath.Join(s.folder, executorConfig)}, s.Env, s.log("failover-executor"), &ready)
	return err
}

// log is where a program's log goes; nil when logs are not kept.
func (s *stage) log(name string) io.Writer {
	if s.Keep == "" {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(s.Keep, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil
	}
	s.logs = append(s.logs, f)
	return f
}

// strike ends everything that runs.
func (s *stage) strike() {
	for _, p := range []*programs.Program{s.executor, program(s.lifeboat), labProgram(s.lab)} {
		if p != nil && !p.Ended() {
			_ = p.Stop() // what matters was checked before
		}
	}
	for _, l := range s.logs {
		_ = l.Close()
	}
}

func program(l *programs.Lifeboat) *programs.Program {
	if l == nil {
		return nil
	}
	return l.Program
}

func labProgram(l *programs.Lab) *programs.Program {
	if l == nil {
		return nil
	}
	return l.Program
}

// say tells something, with the seconds since the beginning.
func (s *stage) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.Out, "%5.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// detail tells something less important.
func (s *stage) detail(format string, args ...any) { s.say("    "+format, args...) }

// scene begins a part of the story.
func (s *stage) scene(title string) {
	s.say("")
	s.say("== %s", title)
}

// note keeps a check for the end, and tells it.
func (s *stage) note(what string, err error) {
	s.mu.Lock()
	s.checks = append(s.checks, check{what, err})
	s.mu.Unlock()
	if err != nil {
		s.say("FAILED: %s: %v", what, err)
	}
}

// verdict tells what was checked, and where to look next.
func (s *stage) verdict() error {
	s.say("")
	var failed []string
	for _, c := range s.checks {
		mark := "ok    "
		if c.err != nil {
			mark = "FAILED"
			failed = append(failed, c.what)
		}
		s.say("%s %s", mark, c.what)
	}
	if len(failed) > 0 {
		return fmt.Errorf("this did not happen: %s", strings.Join(failed, "; "))
	}
	s.say("")
	s.say("All of it really happened. Next: README.md, docs/failover.md, bin/lab --help, bin/lifeboat --help.")
	return nil
}
