package winrm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestConfigsThatCannotWork(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*Config)
	}{
		{"Config.Name", func(c *Config) { c.Name = "" }},
		{"Config.Run", func(c *Config) { c.Run = nil }},
		{"Config.Keytab", func(c *Config) { c.Auth.Kerberos = true }},
		{"Config.ClientCAs", func(c *Config) { c.Auth.Certificate = true }},
		{"Config.Language", func(c *Config) { c.Language = "xx" }},
		{"Quotas.MaxShellsPerUser", func(c *Config) { c.Quotas.MaxShellsPerUser = -1 }},
		{"Quotas.MaxEnvelopeSizeKB", func(c *Config) { c.Quotas.MaxEnvelopeSizeKB = 1 }},
		{"twice", func(c *Config) { c.Users = append(c.Users, User{Name: "ADMINISTRATOR"}) }},
		{"without a domain", func(c *Config) { c.Users = []User{{Name: `LAB\x`}} }},
	} {
		cfg := testConfig()
		c.change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want an error about %s", err, c.want)
		}
	}
	s, err := New(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, addresses := range [][2]string{{"", ""}, {"", "127.0.0.1:0"}, {"256.0.0.1:1", ""}} {
		if err := s.Start(addresses[0], addresses[1]); err == nil {
			t.Errorf("started at %q", addresses)
		}
	}
	if err := s.Start("127.0.0.1:0", ""); err != nil {
		t.Errorf("after failures: %v", err)
	}
	if s.Start("127.0.0.1:0", "") == nil || s.Resume() == nil {
		t.Error("started twice")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if s.Resume() == nil {
		t.Error("a closed host listens again")
	}
}

func TestPasswordsAreNotPrinted(t *testing.T) {
	cfg := testConfig()
	text, err := json.Marshal(cfg.Users)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{string(text), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg.Users)} {
		if strings.Contains(printed, "Pass-") {
			t.Errorf("a password in %s", printed)
		}
	}
}

func TestFreezeAndThaw(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	shell := c.create()
	s.Freeze()
	s.Freeze() // once is enough
	if !s.Frozen() {
		t.Fatal("not frozen")
	}
	waits := c.later(actionCommand, shell, commandBody("echo kept"))
	fresh := newClient(t, s)
	fresh.http.Timeout = 50 * time.Millisecond
	if _, err := fresh.post(fresh.message(actionCreate, resourceCmd, "", createBody)); !timedOut(err) {
		t.Errorf("a new connection gets %v, want a time-out", err)
	}
	select {
	case a := <-waits:
		t.Fatalf("a frozen host answered HTTP %d", a.status)
	default:
	}
	if n := s.Stats().ProcessesTotal; n != 0 {
		t.Errorf("a frozen host started %d processes", n)
	}
	s.Thaw()
	s.Thaw()
	if a := <-waits; a.status != http.StatusOK {
		t.Errorf("after the thaw: HTTP %d: %s", a.status, a.raw)
	}
}

// TestCutPower: nobody is told that a host has no power, and nothing of before
// is there when it is back.
func TestCutPower(t *testing.T) {
	var cut atomic.Int32
	s := startHost(t, func(c *Config) { c.PowerCut = func() { cut.Add(1) } })
	c := newClient(t, s)
	c.http.Timeout = 0
	shell := c.create()
	s.CutPower()
	s.CutPower()
	s.Thaw()    // is no power
	s.Restart() // nor is anything there that could do this
	s.Stop()
	if n := cut.Load(); n != 1 || !s.Powerless() {
		t.Fatalf("the rest of the machine was told %d times", n)
	}
	if n := len(s.Shells()); n != 0 {
		t.Errorf("%d shells are left", n)
	}
	goesOn := make(chan error, 1)
	message := c.message(actionCommand, resourceCmd, shell, commandBody("echo lost"))
	go func() {
		_, err := c.post(message)
		goesOn <- err
	}()
	fresh := newClient(t, s)
	fresh.http.Timeout = 50 * time.Millisecond
	if _, err := fresh.post(fresh.message(actionCreate, resourceCmd, "", createBody)); !timedOut(err) {
		t.Errorf("a new connection gets %v, want a time-out", err)
	}
	select {
	case err := <-goesOn:
		t.Fatalf("a connection of before ended: %v", err)
	default:
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-goesOn; !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("after the boot a connection of before gets %v, want a reset", err)
	}
	if a, err := c.post(message); err != nil || a.status == http.StatusOK {
		t.Errorf("a shell of before: HTTP %d, %v", a.status, err)
	}
	newClient(t, s).create()
}

// A host that never gets its power back is closed like any other.
func TestCloseWithoutPower(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	c.create()
	s.CutPower()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestFrozenAnswer: an answer on its way stands still too, and arrives.
func TestFrozenAnswer(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	if _, err := s.Arm(Fault{Kind: FaultFreeze, When: After}); err != nil {
		t.Fatal(err)
	}
	done := make(chan answer, 1)
	go func() {
		a, _ := c.post(c.message(actionCreate, resourceCmd, "", createBody))
		done <- a
	}()
	eventually(t, "frozen with the effect there", func() bool { return s.Frozen() && len(s.Shells()) == 1 })
	s.Thaw()
	if a := <-done; a.status != 200 {
		t.Errorf("HTTP %d", a.status)
	}
}

// TestFrozenTLS: the handshake stands still as well.
func TestFrozenTLS(t *testing.T) {
	ca, cert := testPKI(t)
	s := startHost(t, func(c *Config) { c.Certificate = &cert })
	s.Freeze()
	c := secureClient(t, s, ca.Pool())
	c.http.Timeout = 50 * time.Millisecond
	if _, err := c.post(c.message(actionCreate, resourceCmd, "", createBody)); !timedOut(err) {
		t.Errorf("%v, want a time-out", err)
	}
	s.Thaw()
	c.http.Timeout = 5 * time.Second
	c.create()
}

func TestRestart(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	shell := c.create()
	command := c.run(shell, "sleep")
	pending := c.later(actionReceive, shell, receiveBody(command))
	waiting(t, s, 1)
	s.Restart()
	if a := <-pending; a.status != 0 {
		t.Errorf("a pending Receive got HTTP %d, want a broken connection", a.status)
	}
	eventually(t, "the process is gone", func() bool { return s.Stats().Processes == 0 })
	c.fault(codeSelectorsUnexpected, actionReceive, resourceCmd, shellSelector(shell), receiveBody(command))
	c.create()
}

func TestStopAndResume(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	c.run(c.create(), "sleep")
	s.Stop()
	s.Stop()
	if s.Listening() {
		t.Error("still listening")
	}
	if _, err := c.post(c.message(actionCreate, resourceCmd, "", createBody)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a stopped host gives %v, want refusal", err)
	}
	eventually(t, "nothing runs", func() bool { st := s.Stats(); return st.Processes == 0 && st.Shells == 0 })
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	c.create()
}

func TestAnonymousIdentifyNeedsItsHeader(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	c.user = ""
	create := c.message(actionCreate, resourceCmd, "", createBody)
	a, err := c.post(create, func(r *http.Request) { r.Header.Set("WSMANIDENTIFY", "unauthenticated") })
	if err != nil || a.status != 401 {
		t.Errorf("Create passed off as Identify: HTTP %d, %v", a.status, err)
	}
}

func TestObserve(t *testing.T) {
	var mu sync.Mutex
	var seen []Exchange
	s := startHost(t, func(c *Config) {
		c.Observe = func(e Exchange) { mu.Lock(); defer mu.Unlock(); seen = append(seen, e) }
	})
	c := newClient(t, s)
	if _, err := s.Arm(Fault{Kind: FaultQuota}); err != nil {
		t.Fatal(err)
	}
	c.fault(codeQuotaShells, actionCreate, resourceCmd, "", createBody)
	eventually(t, "seen", func() bool { mu.Lock(); defer mu.Unlock(); return len(seen) == 1 })
	e := seen[0]
	if e.Action != ActionCreate || e.Status != 500 || e.Fault != codeQuotaShells || e.User != `HV1\Administrator` || e.Injected != string(FaultQuota) || e.Duration <= 0 {
		t.Errorf("%+v", e)
	}
}

// TestClockOfTheHost: the host's clock is in its answers.
func TestClockOfTheHost(t *testing.T) {
	then := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	c := newClient(t, startHost(t, func(c *Config) { c.Now = func() time.Time { return then } }))
	a := c.must(actionCreate, resourceCmd, "", createBody)
	if got := a.header.Get("Date"); got != then.Format(http.TimeFormat) {
		t.Errorf("Date is %s", got)
	}
}

func TestCloseTellsOfProcessesThatStay(t *testing.T) {
	let := make(chan struct{})
	cfg := testConfig()
	cfg.Run = func(context.Context, Process) int { <-let; return 0 }
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.grace = 10 * time.Millisecond
	if err := s.Start("127.0.0.1:0", ""); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, s)
	c.run(c.create(), "stubborn")
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "did not end") {
		t.Errorf("Close says %v", err)
	}
	close(let)
}

// TestManyHosts: hosts are cheap, and leave nothing behind.
func TestManyHosts(t *testing.T) {
	before := runtime.NumGoroutine()
	const n = 200
	hosts := make([]*Server, n)
	for i := range hosts {
		s, err := New(testConfig())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start("127.0.0.1:0", ""); err != nil {
			t.Fatal(err)
		}
		hosts[i] = s
	}
	if each := float64(runtime.NumGoroutine()-before) / n; each > 1.5 {
		t.Errorf("%.1f goroutines per idle host", each)
	}
	transport := &http.Transport{}
	for _, s := range hosts {
		c := newClient(t, s)
		c.http.Transport = transport
		shell := c.create()
		c.run(shell, "sleep")
	}
	transport.CloseIdleConnections()
	var wait sync.WaitGroup
	for _, s := range hosts {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	wait.Wait()
	eventually(t, "all goroutines are gone", func() bool { return runtime.NumGoroutine() <= before+5 })
}

// TestConnectionsAreCounted and let go.
func TestConnectionsAreCounted(t *testing.T) {
	s := startHost(t, nil)
	address, _ := s.Addresses()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "one connection", func() bool { return s.Stats().Connections == 1 })
	if _, err := conn.Write([]byte("nonsense\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	var answer bytes.Buffer
	_, _ = answer.ReadFrom(conn)
	if !strings.HasPrefix(answer.String(), "HTTP/1.1 400") {
		t.Errorf("nonsense gets %q", answer.String())
	}
	_ = conn.Close()
	eventually(t, "no connection", func() bool { return s.Stats().Connections == 0 })
}
