package winrm_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
)

// echo is a script that tells what it read, and ends well.
func echo(_ context.Context, input string, write func(string)) int {
	write("read " + input + "\r\n")
	return 0
}

func TestRunScript(t *testing.T) {
	h := &fakehost.Host{Script: echo}
	w := host(t, h, nil)
	for _, input := range []string{"", "e30=", strings.Repeat("x", 4000)} {
		out, err := w.RunScript(t.Context(), "whatever", []byte(input))
		if err != nil || string(out) != "read "+input+"\r\n" {
			t.Errorf("%q, %v", out, err)
		}
	}
	if n := len(ours(h)); n != 0 {
		t.Errorf("%d shells are left between two scripts", n)
	}
}

// TestRunScriptGathers: output that comes in many pieces, with pauses.
func TestRunScriptGathers(t *testing.T) {
	h := &fakehost.Host{Split: 3, OperationTimeout: 10 * time.Millisecond, Script: func(ctx context.Context, _ string, write func(string)) int {
		write("one two ")
		pause := time.NewTimer(50 * time.Millisecond) // a few Receives that bring nothing
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		write("three four")
		return 0
	}}
	out, err := host(t, h, nil).RunScript(t.Context(), "whatever", nil)
	if err != nil || string(out) != "one two three four" {
		t.Errorf("%q, %v", out, err)
	}
}

// TestRunScriptLeavesTheExitCodeToTheScript: what it has said counts, and
// saying nothing is no error of the way there.
func TestRunScriptLeavesTheExitCodeToTheScript(t *testing.T) {
	for _, text := range []string{"some", ""} {
		h := &fakehost.Host{Script: func(_ context.Context, _ string, write func(string)) int {
			if text != "" {
				write(text)
			}
			return 1
		}}
		if out, err := host(t, h, nil).RunScript(t.Context(), "whatever", nil); err != nil || string(out) != text {
			t.Errorf("%q, %v", out, err)
		}
	}
}

func TestRunScriptRefusesALongScript(t *testing.T) {
	h := &fakehost.Host{Script: echo}
	w := host(t, h, nil)
	if _, err := w.RunScript(t.Context(), strings.Repeat("x", 2901), nil); err == nil || !strings.Contains(err.Error(), "2901") || !strings.Contains(err.Error(), "2900") {
		t.Errorf("%v", err)
	}
	if seen := h.Seen(); len(seen) != 0 {
		t.Errorf("the host was asked %q", seen)
	}
	// A character beyond the first plane counts twice, as it does on the line.
	if _, err := w.RunScript(t.Context(), strings.Repeat("\U0001f6df", 1451), nil); err == nil {
		t.Error("it took 2902 units")
	}
	if _, err := w.RunScript(t.Context(), strings.Repeat("\u00fc", 2900), nil); err != nil {
		t.Error(err)
	}
}

func TestRunScriptBoundsTheOutput(t *testing.T) {
	const mebibyte = 1 << 20
	for size, fits := range map[int]bool{mebibyte: true, mebibyte + 1: false} {
		h := &fakehost.Host{Split: 1 << 16, Script: func(_ context.Context, _ string, write func(string)) int {
			write(strings.Repeat("x", size))
			return 0
		}}
		out, err := host(t, h, nil).RunScript(t.Context(), "whatever", nil)
		if fits {
			if err != nil || len(out) != size {
				t.Errorf("%d bytes of %d, %v", len(out), size, err)
			}
			continue
		}
		e := is(t, err, hyperv.ClassUnknown, hyperv.AsError(err).Code)
		if out != nil || !strings.Contains(e.Message, "too much") || e.Host != "hv01" || e.Op != "RunScript" {
			t.Errorf("%d bytes, %+v", len(out), e)
		}
	}
}

// TestRunScriptSaysWhetherItMayHaveRun: until its input has been sent it cannot
// have, because it reads that first; from then on nobody knows.
func TestRunScriptSaysWhetherItMayHaveRun(t *testing.T) {
	for _, tt := range []struct {
		action string
		fault  fakehost.Fault
		class  hyperv.Class
		code   string // empty for any
	}{
		{"Create", fakehost.Fault{Kind: fakehost.SOAP, Code: 5}, hyperv.ClassHold, hyperv.CodeAccessDenied},
		{"Create", fakehost.Fault{Kind: fakehost.SOAP, Code: 2150859173}, hyperv.ClassRetry, hyperv.CodeBusy},
		{"Create", fakehost.Fault{Kind: fakehost.Reset}, hyperv.ClassRetry, ""},
		{"Create", fakehost.Fault{Kind: fakehost.LostReset}, hyperv.ClassRetry, ""},
		{"Command", fakehost.Fault{Kind: fakehost.LostReset}, hyperv.ClassRetry, ""},
		{"Command", fakehost.Fault{Kind: fakehost.Garbage}, hyperv.ClassRetry, ""},
		{"Send", fakehost.Fault{Kind: fakehost.LostReset}, hyperv.ClassUnknown, ""},
		{"Send", fakehost.Fault{Kind: fakehost.Truncated}, hyperv.ClassUnknown, ""},
		{"Receive", fakehost.Fault{Kind: fakehost.Reset}, hyperv.ClassUnknown, ""},
		{"Receive", fakehost.Fault{Kind: fakehost.LostReset}, hyperv.ClassUnknown, ""},
		{"Receive", fakehost.Fault{Kind: fakehost.CutXML}, hyperv.ClassUnknown, ""},
	} {
		t.Run(tt.action+" "+string(tt.fault.Kind), func(t *testing.T) {
			h := &fakehost.Host{Script: echo, Break: func(action string, before int) fakehost.Fault {
				if action == tt.action && before == 0 {
					return tt.fault
				}
				return fakehost.Fault{}
			}}
			w := host(t, h, nil)
			out, err := w.RunScript(t.Context(), "whatever", nil)
			if err == nil {
				t.Fatalf("it went well and said %q", out)
			}
			code := tt.code
			if code == "" {
				code = hyperv.AsError(err).Code
			}
			if e := is(t, err, tt.class, code); out != nil || e.Op != "RunScript" {
				t.Errorf("%q, %+v", out, e)
			}
			if out, err := w.RunScript(t.Context(), "whatever", nil); err != nil {
				t.Errorf("the next one: %q, %v", out, err)
			}
		})
	}
}

// TestRunScriptOutlivesALostFarewell: what the script said is not thrown away
// because its shell cannot be deleted; whoever closes the host deletes it.
func TestRunScriptOutlivesALostFarewell(t *testing.T) {
	for _, kind := range []fakehost.Kind{fakehost.Reset, fakehost.LostReset} {
		h := &fakehost.Host{Script: echo, Break: func(action string, before int) fakehost.Fault {
			if action == "Delete" && before == 0 {
				return fakehost.Fault{Kind: kind}
			}
			return fakehost.Fault{}
		}}
		if out, err := host(t, h, nil).RunScript(t.Context(), "whatever", []byte("it")); err != nil || string(out) != "read it\r\n" {
			t.Errorf("%s: %q, %v", kind, out, err)
		}
	}
}

func TestRunScriptIsCancelled(t *testing.T) {
	for _, tt := range []struct {
		action string
		class  hyperv.Class
	}{
		{"Create", hyperv.ClassRetry}, {"Command", hyperv.ClassRetry}, {"Send", hyperv.ClassUnknown}, {"Receive", hyperv.ClassUnknown},
	} {
		t.Run(tt.action, func(t *testing.T) {
			reached := make(chan struct{})
			var once sync.Once
			h := &fakehost.Host{Script: echo, Break: func(action string, _ int) fakehost.Fault {
				if action != tt.action {
					return fakehost.Fault{}
				}
				once.Do(func() { close(reached) })
				return fakehost.Fault{Kind: fakehost.LostHang}
			}}
			w := host(t, h, func(c *winrm.Config) { c.Limits.OperationTimeout = time.Minute })
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() {
				_, err := w.RunScript(ctx, "whatever", nil)
				result <- err
			}()
			<-reached
			cancel()
			limit := time.NewTimer(5 * time.Second) // the farewell to its shell comes first
			defer limit.Stop()
			select {
			case err := <-result:
				is(t, err, tt.class, hyperv.CodeTimeout)
			case <-limit.C:
				t.Fatal("five seconds after the cancel it had not returned")
			}
		})
	}
}

// TestRunScriptEndsWithItsHost: closing ends a script that never would.
func TestRunScriptEndsWithItsHost(t *testing.T) {
	begun := make(chan struct{})
	h := &fakehost.Host{Script: func(ctx context.Context, _ string, _ func(string)) int {
		close(begun)
		<-ctx.Done()
		return 0
	}}
	w := host(t, h, nil)
	result := make(chan error, 1)
	go func() {
		_, err := w.RunScript(t.Context(), "whatever", nil)
		result <- err
	}()
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Error(err)
	}
	if e := hyperv.AsError(<-result); e == nil || e.Class != hyperv.ClassUnknown {
		t.Errorf("%v", e)
	}
	if _, err := w.RunScript(t.Context(), "whatever", nil); err == nil {
		t.Error("a closed host ran a script")
	}
}
