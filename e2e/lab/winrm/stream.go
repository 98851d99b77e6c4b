package winrm

import (
	"io"
	"sync"
	"time"
)

// Bounds of a command's pipes, in bytes.
const (
	// outputLimit is how much a process may write before somebody fetches it.
	outputLimit = 256 << 10
	// stdinPipe is how much input a Send leaves behind without waiting for the process to read it.
	stdinPipe = 64 << 10
	// joinAfter is how many pieces of output are kept apart; further ones are joined to the last.
	joinAfter = 64
)

// chunk is a piece of output, in the order it was written.
type chunk struct {
	stream string // stdout or stderr
	data   []byte
}

// pipes are the streams and the state of one command. Waiters wait on a
// channel that is closed and replaced at each change.
type pipes struct {
	mu       sync.Mutex
	changed  chan struct{}
	out      []chunk
	outBytes int
	in       []byte
	inEnd    bool
	killed   bool       // no more input or output
	abort    *soapFault // what pending and later requests get; nil unless killed by a client
	done     bool
	exitCode int
}

func newPipes() *pipes { return &pipes{changed: make(chan struct{})} }

// notify wakes every waiter; mu must be held.
func (p *pipes) notify() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// writer is one of the process's output streams.
type writer struct {
	p      *pipes
	stream string
}

// Write blocks while the output limit is reached.
func (w writer) Write(data []byte) (int, error) {
	written := 0
	for len(data) > 0 {
		w.p.mu.Lock()
		for w.p.outBytes >= outputLimit && !w.p.killed {
			changed := w.p.changed
			w.p.mu.Unlock()
			<-changed
			w.p.mu.Lock()
		}
		if w.p.killed {
			w.p.mu.Unlock()
			return written, io.ErrClosedPipe
		}
		n := min(len(data), outputLimit-w.p.outBytes)
		w.p.append(w.stream, data[:n])
		w.p.notify()
		w.p.mu.Unlock()
		written, data = written+n, data[n:]
	}
	return written, nil
}

// append adds output; mu must be held.
func (p *pipes) append(stream string, data []byte) {
	p.outBytes += len(data)
	if last := len(p.out) - 1; last >= joinAfter && p.out[last].stream == stream {
		p.out[last].data = append(p.out[last].data, data...)
		return
	}
	p.out = append(p.out, chunk{stream, append([]byte(nil), data...)})
}

// reader is the process's standard input.
type reader struct{ p *pipes }

// Read blocks until there is input, its end, or the end of the process.
func (r reader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	for len(r.p.in) == 0 {
		if r.p.inEnd || r.p.killed {
			return 0, io.EOF
		}
		changed := r.p.changed
		r.p.mu.Unlock()
		<-changed
		r.p.mu.Lock()
	}
	n := copy(b, r.p.in)
	r.p.in = r.p.in[n:]
	if len(r.p.in) == 0 {
		r.p.in = nil // let the array go
	}
	r.p.notify()
	return n, nil
}

// kill ends both directions. abort, when given, is what clients get from now
// on; without it they can still fetch what there is and the exit code.
func (p *pipes) kill(abort *soapFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.abort == nil {
		p.abort = abort
	}
	p.notify()
}

// interrupt ends the input only, as Ctrl+C does: what the process still says is heard.
func (p *pipes) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.in, p.inEnd = nil, true
	p.notify()
}

// finish records the exit code. The input ends: whoever still reads it is no
// part of the process any more.
func (p *pipes) finish(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.exitCode, p.inEnd = true, code, true
	p.notify()
}

// waitUntil waits until ready says so, called with mu held; it returns with mu
// held. It gives up, and returns false, when the time is over or stop is closed.
func (p *pipes) waitUntil(ready func() bool, timeout time.Duration, stop <-chan struct{}) bool {
	var timer *time.Timer
	for !ready() {
		if timer == nil {
			timer = time.NewTimer(timeout)
			defer timer.Stop()
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
			p.mu.Lock()
		case <-timer.C:
			p.mu.Lock()
			return ready()
		case <-stop:
			p.mu.Lock()
			return false
		}
	}
	return true
}

// takeOutput splits output into what fits the budget, in bytes of raw data,
// of the streams wanted, and what stays. Each piece costs overhead besides.
func takeOutput(out []chunk, want map[string]bool, budget, overhead int) (taken, rest []chunk) {
	for i, c := range out {
		if !want[c.stream] {
			rest = append(rest, c)
			continue
		}
		if budget <= overhead {
			return taken, append(rest, out[i:]...)
		}
		n := min(len(c.data), budget-overhead)
		taken = append(taken, chunk{c.stream, c.data[:n]})
		budget -= n + overhead
		if n < len(c.data) {
			rest = append(rest, chunk{c.stream, c.data[n:]})
			return taken, append(rest, out[i+1:]...)
		}
	}
	return taken, rest
}
