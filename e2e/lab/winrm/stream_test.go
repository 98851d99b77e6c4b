package winrm

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// later posts in the background and delivers the answer.
func (c *client) later(action, shell, body string) <-chan answer {
	done := make(chan answer, 1)
	message := c.message(action, resourceCmd, shellSelector(shell), body)
	go func() {
		a, err := c.post(message)
		if err != nil {
			a.raw = err.Error()
		}
		done <- a
	}()
	return done
}

// waiting waits until a Receive or Send is under way in a shell.
func waiting(t *testing.T, s *Server, n int) {
	t.Helper()
	eventually(t, "request under way", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		sum := 0
		for _, v := range s.underWay {
			sum += v
		}
		return sum >= n
	})
}

func TestPendingReceive(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(c *client, s *Server, shell, command string)
		code uint32 // fault; 0: done
		exit string
	}{
		{"terminated", func(c *client, _ *Server, shell, command string) { c.signal(shell, command, "terminate") }, codeAborted, ""},
		{"interrupted", func(c *client, _ *Server, shell, command string) { c.signal(shell, command, "ctrl_c") }, 0, "3221225786"},
		{"broken off", func(c *client, _ *Server, shell, command string) { c.signal(shell, command, "CTRL_BREAK") }, 0, "3221225786"},
		{"shell deleted", func(c *client, _ *Server, shell, _ string) { c.delete(shell) }, codeAborted, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, nil)
			cl := newClient(t, s)
			shell := cl.create()
			command := cl.run(shell, "sleep")
			pending := cl.later(actionReceive, shell, receiveBody(command))
			waiting(t, s, 1)
			c.end(cl, s, shell, command)
			a := <-pending
			if a.code() != c.code {
				t.Fatalf("fault %d, want %d: %s", a.code(), c.code, a.raw)
			}
			if c.code == 0 {
				if o := readOutput(t, a); !o.done || o.code != c.exit {
					t.Errorf("%+v", o)
				}
			}
			eventually(t, "the process is gone", func() bool { return s.Stats().Processes == 0 })
		})
	}
}

func TestReceiveWaitsForItsTime(t *testing.T) {
	s := startHost(t, func(c *Config) { c.Quotas.MaxTimeoutMillis = 100 })
	c := newClient(t, s)
	shell := c.create()
	command := c.run(shell, "sleep")
	c.timeout, c.http.Timeout = "PT60S", 30*time.Second // the service's limit counts, not the client's wish
	begun := time.Now()
	c.fault(codeTimedOut, actionReceive, resourceCmd, shellSelector(shell), receiveBody(command))
	if waited := time.Since(begun); waited < 100*time.Millisecond {
		t.Errorf("answered after %s, the service's limit is 100 ms", waited)
	}
	if s.Stats().Processes != 1 {
		t.Error("the process did not survive the time-out of a Receive")
	}
}

func TestOutputSurvivesALostReceive(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	shell := c.create()
	command := c.run(shell, "lines")
	gone := newClient(t, s)
	gone.http.Timeout = 50 * time.Millisecond
	if _, err := gone.post(gone.message(actionReceive, resourceCmd, shellSelector(shell), receiveBody(command))); err == nil {
		t.Fatal("a Receive without output was answered")
	}
	eventually(t, "the lost Receive is over", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.underWay) == 0 })
	c.send(shell, command, "hello\n", false)
	if o := c.receive(shell, command); o.stdout != "got hello\r\n" {
		t.Errorf("%+v", o)
	}
}

func TestOneStreamOnly(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	shell := c.create()
	command := c.run(shell, "err oops")
	body := strings.Replace(receiveBody(command), "stdout stderr", "stdout", 1)
	o := readOutput(t, c.must(actionReceive, resourceCmd, shellSelector(shell), body))
	if !o.done || o.stderr != "" || o.ends != 1 {
		t.Errorf("stdout only: %+v", o)
	}
	if o = c.receive(shell, command); o.stderr != "oops\r\n" || o.code != "1" {
		t.Errorf("the rest: %+v", o)
	}
}

func TestInputNobodyReads(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	c.timeout = "PT0.05S"
	shell := c.create()
	deaf := c.run(shell, "deaf")
	big := strings.Repeat("x", stdinPipe+1)
	c.fault(codeTimedOut, actionSend, resourceCmd, shellSelector(shell), sendBody(deaf, big, false))
	c.fault(codeBusy, actionSend, resourceCmd, shellSelector(shell), sendBody(deaf, "more", false))
	c.timeout = "PT20S"
	pending := c.later(actionReceive, shell, receiveBody(deaf))
	waiting(t, s, 1)
	c.signal(shell, deaf, "terminate")
	<-pending
}

func TestInputToAFinishedProcess(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	shell := c.create()
	done := c.run(shell, "exit 0")
	eventually(t, "the pipe is closed", func() bool {
		a, err := c.post(c.message(actionSend, resourceCmd, shellSelector(shell), sendBody(done, "x", false)))
		return err == nil && a.code() == codePipeEnded
	})
	cat := c.run(shell, "cat")
	c.send(shell, cat, "x", true)
	c.fault(codePipeEnded, actionSend, resourceCmd, shellSelector(shell), sendBody(cat, "y", false))
	c.fault(codeSchema, actionSend, resourceCmd, shellSelector(shell),
		`<rsp:Send><rsp:Stream Name="stdin" CommandId="`+cat+`">***</rsp:Stream></rsp:Send>`)
	c.fault(codeInvalidParameter, actionSend, resourceCmd, shellSelector(shell),
		`<rsp:Send><rsp:Stream Name="other" CommandId="`+cat+`">eA==</rsp:Stream></rsp:Send>`)
}

// TestWriterIsHeldBack: a process that nobody listens to does not fill the memory.
func TestWriterIsHeldBack(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	shell := c.create()
	command := c.run(shell, "flood 10000000")
	s.mu.Lock()
	p := s.shells[shell].commands[command].pipes
	s.mu.Unlock()
	eventually(t, "the limit is reached", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.outBytes == outputLimit })
	c.signal(shell, command, "terminate")
	eventually(t, "the writer is let go", func() bool { return s.Stats().Processes == 0 })
}

// TestTakeOutputLosesNothing: whatever is asked for in whatever portions, each
// stream arrives whole and in order, within the budget.
func TestTakeOutputLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out []chunk
		sent := map[string][]byte{}
		for range rapid.IntRange(0, 20).Draw(t, "chunks") {
			stream := rapid.SampledFrom([]string{"stdout", "stderr"}).Draw(t, "stream")
			data := rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "data")
			out = append(out, chunk{stream, data})
			sent[stream] = append(sent[stream], data...)
		}
		got := map[string][]byte{}
		for range 10000 {
			if len(out) == 0 {
				break
			}
			want := rapid.SampledFrom([]map[string]bool{{"stdout": true}, {"stderr": true}, {"stdout": true, "stderr": true}}).Draw(t, "want")
			budget := rapid.IntRange(11, 100).Draw(t, "budget")
			var taken []chunk
			taken, out = takeOutput(out, want, budget, 10)
			cost := 0
			for _, c := range taken {
				if !want[c.stream] {
					t.Fatalf("%s was not asked for", c.stream)
				}
				cost += len(c.data) + 10
				got[c.stream] = append(got[c.stream], c.data...)
			}
			if cost > budget {
				t.Fatalf("took %d of %d", cost, budget)
			}
		}
		for stream, data := range sent {
			if !bytes.Equal(got[stream], data) {
				t.Fatalf("%s: %q arrived as %q", stream, data, got[stream])
			}
		}
	})
}

func TestReaderEndsWithTheProcess(t *testing.T) {
	p := newPipes()
	p.in = []byte("abc")
	buf := make([]byte, 2)
	if n, err := (reader{p}).Read(buf); n != 2 || err != nil {
		t.Fatalf("read %d, %v", n, err)
	}
	if n, err := (reader{p}).Read(nil); n != 0 || err != nil {
		t.Fatalf("an empty read gives %d, %v", n, err)
	}
	p.kill(nil)
	rest, err := io.ReadAll(reader{p})
	if string(rest) != "c" || err != nil {
		t.Errorf("after the end: %q, %v", rest, err)
	}
	if _, err := (writer{p, "stdout"}).Write([]byte("x")); err != io.ErrClosedPipe {
		t.Errorf("writing after the end gives %v", err)
	}
}
