package lane_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
	"lifeboat.io/pkg/hyperv/winrm/lane"
	"lifeboat.io/pkg/hyperv/winrm/wire"
	"lifeboat.io/pkg/hyperv/winrm/wsman"
	"lifeboat.io/pkg/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers with the arguments.
func echo(_ context.Context, f fakehost.Frame) fakehost.Answer {
	return fakehost.Answer{"ok": true, "value": f.Args}
}

// open makes a lane to a fake host, not started, and closes it with the test.
func open(t *testing.T, h *fakehost.Host) (*lane.Lane, *wire.Endpoint) {
	t.Helper()
	if h.Answer == nil {
		h.Answer = echo
	}
	fakehost.StartTLS(t, h)
	roots := x509.NewCertPool()
	roots.AddCert(h.Server().Certificate())
	u, err := url.Parse(h.Server().URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	e, err := wire.NewEndpoint(wire.Config{Name: "hv01", Address: u.Hostname(), Port: port, Timeout: 2 * time.Second,
		TLS:  &tls.Config{RootCAs: roots, ServerName: "example.com"},
		Auth: wire.Basic{User: "u", Password: func() (secret.Text, error) { return secret.NewText("p"), nil }}})
	if err != nil {
		t.Fatal(err)
	}
	l := lane.New(wsman.NewClient(e, wsman.Settings{OperationTimeout: time.Second, EnvelopeSize: 150 << 10}),
		wsman.ShellSettings{Name: "lifeboat test 1", IdleTimeout: time.Minute})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_, _ = l.Close(ctx)
		if names := h.Shells(); len(names) != 0 {
			t.Errorf("shells %q are left", names)
		}
	})
	return l, e
}

func started(t *testing.T, h *fakehost.Host) (*lane.Lane, *wire.Endpoint) {
	t.Helper()
	l, e := open(t, h)
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l, e
}

func TestTwoRequestsForEachCommand(t *testing.T) {
	l, e := started(t, &fakehost.Host{})
	before := e.Counts().Requests.Load()
	const n = 20
	for i := range n {
		a, err := l.Do(t.Context(), lane.Request{Verb: "x", Args: map[string]int{"n": i}})
		if err != nil || string(a.Value) != `{"n":`+strconv.Itoa(i)+`}` {
			t.Fatalf("%s, %v", a.Value, err)
		}
	}
	if got := e.Counts().Requests.Load() - before; got != 2*n {
		t.Errorf("%d requests for %d commands", got, n)
	}
	if before != 4 {
		t.Errorf("%d requests to start, want 4: Create, Command, Send, Receive", before)
	}
}

func TestAnswersInPieces(t *testing.T) {
	l, _ := started(t, &fakehost.Host{Split: 7})
	long := strings.Repeat("x", 1000)
	a, err := l.Do(t.Context(), lane.Request{Verb: "x", Args: long})
	if err != nil || string(a.Value) != `"`+long+`"` {
		t.Errorf("%s, %v", a.Value, err)
	}
}

func TestOnlyOurAnswerCounts(t *testing.T) {
	said := false
	h := &fakehost.Host{Answer: func(ctx context.Context, f fakehost.Frame) fakehost.Answer {
		if !said {
			said = true
			// Chatter, a forged answer, and an answer to a request that is over.
			forged := base64.StdEncoding.EncodeToString([]byte(`{"ok":true,"value":"forged","clock":"2026-01-02T03:04:05Z"}`))
			return fakehost.Answer{"raw": "WARNING: x\r\nLB1 1 " + forged + "\r\nLB1 " + f.ID[:len(f.ID)-1] + "0g " + forged + "\r\n"}
		}
		return echo(ctx, f)
	}}
	l, _ := started(t, h)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if a, err := l.Do(ctx, lane.Request{Verb: "x", Args: 1}); err == nil {
		t.Errorf("believed %s", a.Value)
	}
}

func TestHostsClockIsKept(t *testing.T) {
	skew := 3 * time.Hour
	h := &fakehost.Host{Clock: func() time.Time { return time.Now().Add(skew) }}
	l, _ := started(t, h)
	notAfter := time.Now().Add(time.Minute)
	if _, err := l.Do(t.Context(), lane.Request{Verb: "x", NotAfter: notAfter}); err != nil {
		t.Fatal(err)
	}
	const ticksAtUnixEpoch = 621355968000000000
	got := time.Unix(0, (h.Frames()[0].NotAfter-ticksAtUnixEpoch)*100)
	want := notAfter.Add(skew)
	if got.After(want) || want.Sub(got) > 10*time.Second {
		t.Errorf("not after %v by the host's clock, want %v or a little less", got, want)
	}
}

func TestTooLateIsNotSent(t *testing.T) {
	l, e := started(t, &fakehost.Host{})
	before := e.Counts().Requests.Load()
	_, err := l.Do(t.Context(), lane.Request{Verb: "x", NotAfter: time.Now().Add(-time.Millisecond)})
	var failed *lane.Error
	if !errors.Is(err, lane.ErrTooLate) || !errors.As(err, &failed) || failed.Delivered {
		t.Errorf("%v", err)
	}
	if e.Counts().Requests.Load() != before {
		t.Error("something was sent")
	}
}

// TestDelivery breaks each request of a command in each way, and looks whether
// the lane knows if the request may have arrived. Not delivered must be true.
func TestDelivery(t *testing.T) {
	soap := func(code uint32) fakehost.Fault { return fakehost.Fault{Kind: fakehost.SOAP, Code: code} }
	tests := map[string]struct {
		action    string
		fault     fakehost.Fault
		delivered bool
	}{
		"Send refused, shell gone":     {"Send", soap(2150858843), false},
		"Send refused, quota":          {"Send", soap(2150859174), false},
		"Send refused, access":         {"Send", soap(5), false},
		"Send refused, busy":           {"Send", soap(170), false},
		"Send answered 401":            {"Send", fakehost.Fault{Kind: fakehost.Status, Code: 401}, false},
		"Send answered 503":            {"Send", fakehost.Fault{Kind: fakehost.Status, Code: 503}, true},
		"Send timed out over there":    {"Send", soap(2150858793), true},
		"Send aborted over there":      {"Send", soap(995), true},
		"Send reset":                   {"Send", fakehost.Fault{Kind: fakehost.Reset}, true},
		"Send answered with nothing":   {"Send", fakehost.Fault{Kind: fakehost.Empty}, true},
		"Send answered with nonsense":  {"Send", fakehost.Fault{Kind: fakehost.Garbage}, true},
		"Send done, reply reset":       {"Send", fakehost.Fault{Kind: fakehost.LostReset}, true},
		"Send done, reply cut":         {"Send", fakehost.Fault{Kind: fakehost.Truncated}, true},
		"Send done, reply cut in XML":  {"Send", fakehost.Fault{Kind: fakehost.CutXML}, true},
		"Send done, foreign reply":     {"Send", fakehost.Fault{Kind: fakehost.Foreign}, true},
		"Send not answered":            {"Send", fakehost.Fault{Kind: fakehost.Hang}, true},
		"Send done and not answered":   {"Send", fakehost.Fault{Kind: fakehost.LostHang}, true},
		"Receive refused, shell gone":  {"Receive", soap(2150858843), true},
		"Receive reset":                {"Receive", fakehost.Fault{Kind: fakehost.Reset}, true},
		"Receive done, reply reset":    {"Receive", fakehost.Fault{Kind: fakehost.LostReset}, true},
		"Receive done, reply cut":      {"Receive", fakehost.Fault{Kind: fakehost.Truncated}, true},
		"Receive answered 503":         {"Receive", fakehost.Fault{Kind: fakehost.Status, Code: 503}, true},
		"Receive answered with junk":   {"Receive", fakehost.Fault{Kind: fakehost.Garbage}, true},
		"Receive answered with a void": {"Receive", fakehost.Fault{Kind: fakehost.Empty}, true},
		"Receive not answered":         {"Receive", fakehost.Fault{Kind: fakehost.Hang}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &fakehost.Host{Break: func(action string, before int) fakehost.Fault {
				if action == tt.action && before == 1 { // 0 is hello
					return tt.fault
				}
				return fakehost.Fault{}
			}}
			l, _ := started(t, h)
			_, err := l.Do(t.Context(), lane.Request{Verb: "x"})
			var failed *lane.Error
			if !errors.As(err, &failed) || failed.Delivered != tt.delivered {
				t.Fatalf("%v", err)
			}
			if n := len(h.Frames()); n > 0 && !failed.Delivered {
				t.Error("it was delivered nonetheless")
			}
		})
	}
}

// TestStartCleansUp breaks each request of a start. Whatever happens, no shell
// stays behind; that is checked when the test ends.
func TestStartCleansUp(t *testing.T) {
	for _, action := range []string{"Create", "Command", "Send", "Receive"} {
		for _, kind := range []fakehost.Kind{fakehost.SOAP, fakehost.Reset, fakehost.LostReset, fakehost.Truncated, fakehost.Garbage, fakehost.Empty, fakehost.Foreign} {
			t.Run(action+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				l, _ := open(t, &fakehost.Host{Break: func(a string, before int) fakehost.Fault {
					if a == action && before == 0 {
						return fakehost.Fault{Kind: kind, Code: 2150859174}
					}
					return fakehost.Fault{}
				}})
				if err := l.Start(t.Context()); err == nil {
					t.Error("started")
				}
			})
		}
	}
}

func TestDeletionIsTriedAgain(t *testing.T) {
	h := &fakehost.Host{Break: func(action string, before int) fakehost.Fault {
		if action == "Delete" && before < 2 {
			return fakehost.Fault{Kind: fakehost.SOAP, Code: 2150859174}
		}
		return fakehost.Fault{}
	}}
	l, _ := started(t, h)
	if left, err := l.Close(t.Context()); err != nil || left != (lane.Remains{}) || len(h.Shells()) != 0 {
		t.Errorf("%v, shells %q", err, h.Shells())
	}
}

// TestShellSaidToBeGone: a host that says so of a shell it still has is not
// believed; of one it has no more, it is.
func TestShellSaidToBeGone(t *testing.T) {
	h := &fakehost.Host{Break: func(action string, before int) fakehost.Fault {
		if action == "Delete" && before == 0 {
			return fakehost.Fault{Kind: fakehost.SOAP, Code: wsman.CodeShellNotFound}
		}
		return fakehost.Fault{}
	}}
	l, e := started(t, h)
	if left, err := l.Close(t.Context()); err != nil || left != (lane.Remains{}) || len(h.Shells()) != 0 {
		t.Errorf("%v, %v, shells %q", left, err, h.Shells())
	}
	client := wsman.NewClient(e, wsman.Settings{OperationTimeout: time.Second, EnvelopeSize: 150 << 10})
	defer client.Close()
	before := e.Counts().Requests.Load()
	if err := lane.Bury(t.Context(), client, lane.Remains{ID: "11111111-1111-4111-8111-111111111111"}); err != nil {
		t.Error(err)
	}
	if got := e.Counts().Requests.Load() - before; got != 2 {
		t.Errorf("%d requests, want 2: Delete, Enumerate", got)
	}
}

func TestPowerShellThatEnds(t *testing.T) {
	h := &fakehost.Host{Answer: func(context.Context, fakehost.Frame) fakehost.Answer { return fakehost.Answer{"exit": 1} }}
	l, _ := started(t, h)
	_, err := l.Do(t.Context(), lane.Request{Verb: "x"})
	var failed *lane.Error
	if !errors.As(err, &failed) || !failed.Delivered || !strings.Contains(err.Error(), "exit code 1") {
		t.Errorf("%v", err)
	}
}

func TestEndlessChatterIsCutOff(t *testing.T) {
	chunk := strings.Repeat("x", 1<<20)
	h := &fakehost.Host{Answer: func(context.Context, fakehost.Frame) fakehost.Answer {
		return fakehost.Answer{"raw": strings.Repeat(chunk, 5)}
	}, Split: 1 << 20}
	l, _ := started(t, h)
	_, err := l.Do(t.Context(), lane.Request{Verb: "x"})
	if err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("%v", err)
	}
}

func TestCancelEndsAWait(t *testing.T) {
	asked := make(chan struct{}, 1)
	h := &fakehost.Host{OperationTimeout: time.Minute, Answer: func(ctx context.Context, _ fakehost.Frame) fakehost.Answer {
		asked <- struct{}{}
		<-ctx.Done()
		return nil
	}}
	l, _ := started(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err := l.Do(ctx, lane.Request{Verb: "x"})
	var failed *lane.Error
	if !errors.As(err, &failed) || !failed.Delivered || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
