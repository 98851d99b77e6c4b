package winrm

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFaultKinds: what a client sees of each fault, and whether the request
// had its effect (a shell was opened).
func TestFaultKinds(t *testing.T) {
	reset := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) }
	for _, c := range []struct {
		name   string
		fault  Fault
		seen   func(a answer, err error) bool
		effect int // shells afterwards
	}{
		{"pass", Fault{Kind: FaultPass}, func(a answer, _ error) bool { return a.status == 200 }, 1},
		{"delay", Fault{Kind: FaultDelay, DelayMillis: 1}, func(a answer, _ error) bool { return a.status == 200 }, 1},
		{"reset before", Fault{Kind: FaultReset}, func(_ answer, err error) bool { return reset(err) }, 0},
		{"reset after", Fault{Kind: FaultReset, When: After}, func(_ answer, err error) bool { return reset(err) }, 1},
		{"half-open before", Fault{Kind: FaultHalfOpen}, func(_ answer, err error) bool { return timedOut(err) }, 0},
		{"half-open after", Fault{Kind: FaultHalfOpen, When: After}, func(_ answer, err error) bool { return timedOut(err) }, 1},
		{"status before", Fault{Kind: FaultStatus}, func(a answer, _ error) bool { return a.status == 503 && a.raw == "" }, 0},
		{"status after", Fault{Kind: FaultStatus, When: After, Status: 502}, func(a answer, _ error) bool { return a.status == 502 }, 1},
		{"soap fault before", Fault{Kind: FaultSOAP, Code: 1234, Text: "Something"}, func(a answer, _ error) bool {
			return a.status == 500 && a.code() == 1234 && strings.Contains(a.raw, "Something")
		}, 0},
		{"soap fault after", Fault{Kind: FaultSOAP, Code: codeTimedOut, When: After}, func(a answer, _ error) bool { return a.code() == codeTimedOut }, 1},
		{"quota", Fault{Kind: FaultQuota}, func(a answer, _ error) bool { return a.code() == codeQuotaShells }, 0},
		{"access denied", Fault{Kind: FaultAccessDenied}, func(a answer, _ error) bool { return a.code() == codeAccessDenied }, 0},
		{"reset within the body", Fault{Kind: FaultResetBody}, func(_ answer, err error) bool {
			return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF)
		}, 1},
		{"empty body", Fault{Kind: FaultEmptyBody}, func(a answer, err error) bool { return err == nil && a.status == 200 && a.raw == "" }, 1},
		{"truncated", Fault{Kind: FaultTruncated}, func(a answer, err error) bool {
			return err == nil && a.status == 200 && a.root == nil && strings.HasPrefix(a.raw, "<s:Envelope")
		}, 1},
		{"garbage", Fault{Kind: FaultGarbage}, func(a answer, err error) bool {
			return err == nil && a.status == 200 && a.root == nil && len(a.raw) > 500 && !strings.HasPrefix(a.raw, "<")
		}, 1},
		{"slow", Fault{Kind: FaultSlow, BytesPerSecond: 1e6}, func(a answer, err error) bool { return err == nil && a.root != nil }, 1},
		{"too slow", Fault{Kind: FaultSlow, BytesPerSecond: 10}, func(_ answer, err error) bool { return timedOut(err) }, 1},
		{"restart before", Fault{Kind: FaultRestart}, func(_ answer, err error) bool { return reset(err) }, 0},
		{"restart after", Fault{Kind: FaultRestart, When: After}, func(_ answer, err error) bool { return reset(err) }, 0},
		{"power cut before", Fault{Kind: FaultPowerCut}, func(_ answer, err error) bool { return timedOut(err) }, 0},
		{"power cut after", Fault{Kind: FaultPowerCut, When: After}, func(_ answer, err error) bool { return timedOut(err) }, 0},
		{"stop", Fault{Kind: FaultStop}, func(_ answer, err error) bool { return reset(err) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, nil)
			cl := newClient(t, s)
			cl.http.Timeout = 2 * time.Second
			if c.fault.Kind == FaultHalfOpen || c.fault.Kind == FaultPowerCut || c.fault.BytesPerSecond == 10 {
				cl.http.Timeout = 100 * time.Millisecond
			}
			if _, err := s.Arm(c.fault); err != nil {
				t.Fatal(err)
			}
			a, err := cl.post(cl.message(actionCreate, resourceCmd, "", createBody))
			if !c.seen(a, err) {
				t.Errorf("HTTP %d, %v: %q", a.status, err, a.raw)
			}
			eventually(t, "the effect", func() bool { return len(s.Shells()) == c.effect })
			if n := s.Stats().Injected[c.fault.Kind]; n != 1 && c.fault.Kind != FaultDelay {
				t.Errorf("counted %d", n)
			}
			if left := s.Faults(); len(left) != 0 {
				t.Errorf("still armed: %+v", left)
			}
			if c.fault.Kind == FaultStop || c.fault.Kind == FaultPowerCut {
				if err := s.Resume(); err != nil {
					t.Fatal(err)
				}
			}
			fresh := newClient(t, s)
			fresh.create() // the host is well again
		})
	}
}

func timedOut(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestFaultsOnSealedConnections(t *testing.T) {
	s := startHost(t, func(c *Config) { c.Auth.AllowUnencrypted = false })
	c := newSealedClient(t, s, "Administrator", "Pass-1")
	c.logOn()
	create := c.message(actionCreate, resourceCmd, "", createBody)
	if _, err := s.Arm(Fault{Kind: FaultTruncated}, Fault{Kind: FaultEmptyBody}, Fault{Kind: FaultSOAP, Code: codeBusy}); err != nil {
		t.Fatal(err)
	}
	if a := c.exchange(create); a.root != nil || !strings.HasPrefix(a.raw, "<s:Envelope") {
		t.Errorf("truncated inside the seal: %q", a.raw)
	}
	if a := c.exchange(create); a.raw != "" {
		t.Errorf("empty inside the seal: %q", a.raw)
	}
	if a := c.exchange(create); a.code() != codeBusy {
		t.Errorf("fault %d", a.code())
	}
	if _, err := s.Arm(Fault{Kind: FaultTruncated, Layer: LayerHTTP}); err != nil {
		t.Fatal(err)
	}
	a, err := c.post(c.sealMessages(create), func(r *http.Request) { r.Header.Set("Content-Type", sealedContentType) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := splitSealed([]byte(a.raw), "Encrypted Boundary"); err == nil {
		t.Error("the sealed body is whole")
	}
}

// TestFaultQueue: order, filters, skips, counts and scripts.
func TestFaultQueue(t *testing.T) {
	in := newInjector(1)
	s := &Server{faults: in}
	arm := func(f ...Fault) []string {
		t.Helper()
		ids, err := s.Arm(f...)
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	next := func(action string) FaultKind {
		v := in.pick(action)
		if v.fault == nil {
			return ""
		}
		return v.fault.Kind
	}
	expect := func(name string, got, want FaultKind) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	arm(Fault{Kind: FaultPass}, Fault{Kind: FaultReset}, Fault{Kind: FaultStatus})
	expect("script 1", next(ActionCreate), FaultPass)
	expect("script 2", next(ActionSend), FaultReset)
	expect("script 3", next(ActionSend), FaultStatus)
	expect("script over", next(ActionSend), "")

	arm(Fault{Kind: FaultReset, Action: ActionReceive, Skip: 2, Count: 2}, Fault{Kind: FaultStatus, Action: ActionSend})
	expect("another action", next(ActionCreate), "")
	expect("skipped once", next(ActionReceive), "")
	expect("its own filter", next(ActionSend), FaultStatus)
	expect("skipped twice", next(ActionReceive), "")
	expect("first", next(ActionReceive), FaultReset)
	if f := s.Faults(); len(f) != 1 || f[0].Hits != 1 || f[0].Count != 1 {
		t.Errorf("armed: %+v", f)
	}
	expect("second", next(ActionReceive), FaultReset)
	expect("used up", next(ActionReceive), "")

	ids := arm(Fault{Kind: FaultReset, Count: -1})
	for range 5 {
		expect("for ever", next(ActionGet), FaultReset)
	}
	if !s.Disarm(ids[0]) || s.Disarm(ids[0]) {
		t.Error("disarming works once")
	}
	expect("disarmed", next(ActionGet), "")

	arm(Fault{Kind: FaultDelay, DelayMillis: 5, Count: -1}, Fault{Kind: FaultLocalized, Language: "de-DE", Count: -1}, Fault{Kind: FaultReset})
	if v := in.pick(ActionGet); v.delay != 5*time.Millisecond || v.language != "de-DE" || v.fault == nil || v.fault.Kind != FaultReset {
		t.Errorf("delay and language beside a fault: %+v", v)
	}
	if v := in.pick(ActionGet); v.delay != 5*time.Millisecond || v.fault != nil {
		t.Errorf("delay alone: %+v", v)
	}
	s.DisarmAll()
	if len(s.Faults()) != 0 {
		t.Error("faults are left")
	}
}

func TestProbabilityAndDelays(t *testing.T) {
	in := newInjector(7)
	s := &Server{faults: in}
	if _, err := s.Arm(Fault{Kind: FaultReset, Probability: 0.25, Count: -1}); err != nil {
		t.Fatal(err)
	}
	hits := 0
	for range 4000 {
		if in.pick(ActionGet).fault != nil {
			hits++
		}
	}
	if hits < 850 || hits > 1150 {
		t.Errorf("%d of 4000 at 0.25", hits)
	}
	s.DisarmAll()
	if _, err := s.Arm(Fault{Kind: FaultDelay, DelayMillis: 10, DelayMaxMillis: 20, Distribution: DelayUniform, Count: -1}); err != nil {
		t.Fatal(err)
	}
	var sum time.Duration
	for range 1000 {
		d := in.pick(ActionGet).delay
		if d < 10*time.Millisecond || d > 20*time.Millisecond {
			t.Fatalf("a delay of %s", d)
		}
		sum += d
	}
	if mean := sum / 1000; mean < 14*time.Millisecond || mean > 16*time.Millisecond {
		t.Errorf("mean %s", mean)
	}
	s.DisarmAll()
	if _, err := s.Arm(Fault{Kind: FaultDelay, DelayMillis: 10, DelayMaxMillis: 30, Distribution: DelayExponential, Count: -1}); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if d := in.pick(ActionGet).delay; d > 30*time.Millisecond {
			t.Fatalf("a delay of %s", d)
		}
	}
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	s := &Server{faults: newInjector(0)}
	for _, c := range []struct {
		fault Fault
		want  string
	}{
		{Fault{Kind: "explode"}, "kind"},
		{Fault{Kind: FaultReset, Action: "Recieve"}, "action"},
		{Fault{Kind: FaultReset, When: "never"}, "when"},
		{Fault{Kind: FaultTruncated, When: After}, "when"},
		{Fault{Kind: FaultReset, Skip: -1}, "skip"},
		{Fault{Kind: FaultReset, Count: -2}, "count"},
		{Fault{Kind: FaultReset, Probability: 2}, "probability"},
		{Fault{Kind: FaultDelay, DelayMillis: -1}, "delayMillis"},
		{Fault{Kind: FaultDelay, DelayMillis: 10, DelayMaxMillis: 5, Distribution: DelayUniform}, "delayMaxMillis"},
		{Fault{Kind: FaultDelay, Distribution: "normal"}, "distribution"},
		{Fault{Kind: FaultStatus, Status: 200}, "status"},
		{Fault{Kind: FaultSOAP}, "code"},
		{Fault{Kind: FaultLocalized}, "language"},
		{Fault{Kind: FaultLocalized, Language: "tlh"}, "language"},
		{Fault{Kind: FaultSlow, BytesPerSecond: -1}, "bytesPerSecond"},
		{Fault{Kind: FaultGarbage, Layer: "tcp"}, "layer"},
	} {
		if _, err := s.Arm(Fault{Kind: FaultPass}, c.fault); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want an error about %s", c.fault, err, c.want)
		}
	}
	if len(s.Faults()) != 0 {
		t.Error("a refused set was armed in part")
	}
	if _, err := s.Arm(make([]Fault, maxFaults+1)...); err == nil {
		t.Error("beyond the limit")
	}
}

// TestFaultJSON pins the form an admin API passes through.
func TestFaultJSON(t *testing.T) {
	var f Fault
	text := `{"kind":"reset","action":"Receive","when":"after","skip":1,"count":2,"probability":0.5,"delayMillis":10,"delayMaxMillis":20,"distribution":"uniform"}`
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	back, err := json.Marshal(f)
	if err != nil || string(back) != text {
		t.Errorf("%s became %s, %v", text, back, err)
	}
	if err := f.check(); err != nil {
		t.Error(err)
	}
}

// TestLocalizedFaults: a host that speaks another language has no English left in its faults.
func TestLocalizedFaults(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	if _, err := s.Arm(Fault{Kind: FaultLocalized, Language: "ja-JP", Count: -1}); err != nil {
		t.Fatal(err)
	}
	for _, a := range []answer{
		c.fault(codeSelectorsUnexpected, actionDelete, resourceCmd, shellSelector("none"), ""),
		c.fault(codeSchema, actionCreate, resourceCmd, "", "<rsp:Nothing/>"),
	} {
		for _, english := range []string{"WS-Management service cannot", "request"} {
			if strings.Contains(a.raw, english) {
				t.Errorf("%q in %s", english, a.raw)
			}
		}
	}
}
