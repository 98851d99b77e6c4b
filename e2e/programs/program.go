package programs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// packages are the programs there are and where they come from.
var packages = map[string]string{
	"lifeboat":          "lifeboat.io/services/lifeboat/cmd/lifeboat",
	"ticket-intake":     "lifeboat.io/services/ticket-intake/cmd/ticket-intake",
	"failover-executor": "lifeboat.io/services/failover-executor/cmd/failover-executor",
	"lab":               "lifeboat.io/e2e/lab/cmd/lab",
	"hypertest":         "lifeboat.io/pkg/hyperv/hypertest/cmd/hypertest",
	"nats-server":       "github.com/nats-io/nats-server/v2",
}

// Build builds programs into a folder. It must run inside the repository.
func Build(ctx context.Context, folder string, names ...string) error {
	for _, name := range names {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(folder, name+suffix()), packages[name])
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

func suffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// Program is a process of ours that runs.
type Program struct {
	// Name is its name.
	Name string

	cmd   *exec.Cmd
	ended chan struct{}
	err   error
	last  *tail
}

const (
	// readyWithin bounds how long a program may take to say that it is ready.
	readyWithin = 60 * time.Second
	// stopWithin bounds how long it may take to stop when asked.
	stopWithin = 45 * time.Second
)

// Start starts a program and, when ready is not nil, waits for its line of JSON
// on standard output and decodes it into ready. log, when not nil, gets its
// standard error.
func Start(ctx context.Context, folder, name string, args []string, env []string, log io.Writer, ready any) (*Program, error) {
	p := &Program{Name: name, ended: make(chan struct{}), last: &tail{to: log}}
	p.cmd = exec.Command(filepath.Join(folder, name+suffix()), args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = p.last
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	lines := make(chan string, 1)
	go p.wait(out, lines)
	if ready == nil {
		return p, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	select {
	case line := <-lines:
		if err := json.Unmarshal([]byte(line), ready); err != nil {
			p.Kill()
			return nil, fmt.Errorf("%s said %q instead of a line of JSON: %w", name, line, err)
		}
		return p, nil
	case <-p.ended:
		return nil, fmt.Errorf("%s ended before it was ready: %w\n%s", name, p.err, p.last)
	case <-ctx.Done():
		p.Kill()
		return nil, fmt.Errorf("%s is not ready: %w\n%s", name, ctx.Err(), p.last)
	}
}

// wait reads the first line of output, and the end.
func (p *Program) wait(out io.Reader, lines chan<- string) {
	r := bufio.NewReader(out)
	if line, err := r.ReadString('\n'); err == nil {
		lines <- line
	}
	_, _ = io.Copy(io.Discard, r)
	p.err = p.cmd.Wait()
	close(p.ended)
}

// Kill ends the process at once, as kill -9 does, and waits until it is gone.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// Stop asks the process to end and waits for it. A process that does not is
// killed, which is an error; so is an exit code other than zero.
func (p *Program) Stop() error {
	select {
	case <-p.ended:
		return p.err
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		if p.err != nil {
			return fmt.Errorf("%s: %w\n%s", p.Name, p.err, p.last)
		}
		return nil
	case <-time.After(stopWithin):
		p.Kill()
		return fmt.Errorf("%s did not stop within %s\n%s", p.Name, stopWithin, p.last)
	}
}

// Ended reports whether the process is gone.
func (p *Program) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Pid is the process's number.
func (p *Program) Pid() int { return p.cmd.Process.Pid }

// Log is the end of what the program wrote to standard error.
func (p *Program) Log() string { return p.last.String() }

// tailBytes is how much of a program's log is kept.
const tailBytes = 64 << 10

// tail keeps the end of what is written, and passes it on.
type tail struct {
	to  io.Writer
	mu  sync.Mutex
	buf []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if len(t.buf) > tailBytes {
		t.buf = append([]byte(nil), t.buf[len(t.buf)-tailBytes:]...)
	}
	if t.to != nil {
		_, _ = t.to.Write(b)
	}
	return len(b), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

// FreePort finds a TCP port of the loopback that is free at the moment.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
