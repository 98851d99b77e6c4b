package winrm

import (
	"strings"
	"testing"
)

// BenchmarkPersistentProcess is one command of the pattern a careful client
// uses: a line sent to a process that is there, and its answer fetched; two
// requests. The client's own cost is in it.
func BenchmarkPersistentProcess(b *testing.B) {
	line := strings.Repeat("x", 500) + "\n"
	b.Run("basic", func(b *testing.B) {
		c := newClient(b, startHost(b, nil))
		shell := c.create()
		command := c.run(shell, "lines")
		for b.Loop() {
			c.send(shell, command, line, false)
			c.receive(shell, command)
		}
		b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	})
	b.Run("ntlm-sealed", func(b *testing.B) {
		c := newSealedClient(b, startHost(b, func(c *Config) { c.Auth.AllowUnencrypted = false }), "Administrator", "Pass-1")
		c.logOn()
		a := c.exchange(c.message(actionCreate, resourceCmd, "", createBody))
		selector := shellSelector(a.root.child(nsSOAP, "Body").children[1].child(nsShell, "ShellId").value())
		a = c.exchange(c.message(actionCommand, resourceCmd, selector, commandBody("lines")))
		command := a.body().child(nsShell, "CommandId").value()
		send := c.message(actionSend, resourceCmd, selector, sendBody(command, line, false))
		receive := c.message(actionReceive, resourceCmd, selector, receiveBody(command))
		for b.Loop() {
			if c.exchange(send).status != 200 || c.exchange(receive).status != 200 {
				b.Fatal("not answered")
			}
		}
		b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	})
}

// BenchmarkNewProcess is one command of the pattern of most other clients: a
// shell of its own for each; five requests.
func BenchmarkNewProcess(b *testing.B) {
	c := newClient(b, startHost(b, nil))
	for b.Loop() {
		shell := c.create()
		command := c.run(shell, "echo hello")
		c.all(shell, command)
		c.signal(shell, command, "terminate")
		c.delete(shell)
	}
}

// BenchmarkHost is what one idle host costs.
func BenchmarkHost(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s, err := New(testConfig())
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Start("127.0.0.1:0", ""); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
