package winrm_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
)

// block is a host whose effects wait until told, and tells when one has begun.
func block() (h *fakehost.Host, begun chan struct{}, release chan struct{}) {
	begun, release = make(chan struct{}, 100), make(chan struct{})
	h = &fakehost.Host{Answer: func(ctx context.Context, f fakehost.Frame) fakehost.Answer {
		if f.Verb != "read" && f.Verb != "read-state" {
			begun <- struct{}{}
			select {
			case <-release:
			case <-ctx.Done():
			}
		}
		return done(ctx, f)
	}}
	return h, begun, release
}

func TestCancelReturnsAtOnce(t *testing.T) {
	h, begun, _ := block()
	w := host(t, h, func(c *winrm.Config) { c.Limits.OperationTimeout = time.Minute })
	h.OperationTimeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := w.Prepare(ctx, vm)
		result <- err
	}()
	<-begun
	cancel()
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	select {
	case err := <-result:
		is(t, err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	case <-limit.C:
		t.Error("a second after the cancel it had not returned")
		<-result
	}
	eventually(t, "the shell is deleted", func() bool { return len(h.Shells()) == 0 })
}

func TestQueueIsBounded(t *testing.T) {
	h, begun, release := block()
	w := host(t, h, func(c *winrm.Config) { c.Limits.ActionLanes, c.Limits.Waiting = 1, 1 })
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, err := w.Prepare(t.Context(), vm); err != nil {
				t.Error(err)
			}
		})
	}
	<-begun
	eventually(t, "one call too many is turned away", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := w.Prepare(ctx, vm)
		return hyperv.AsError(err).Code == hyperv.CodeBusy
	})
	if _, err := w.Read(t.Context(), vm); err != nil {
		t.Errorf("a reading has a lane of its own: %v", err)
	}
	close(release)
	all.Wait()
}

func TestActionsLeaveALaneToReadings(t *testing.T) {
	h, begun, release := block()
	w := host(t, h, nil)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := w.Prepare(t.Context(), vm); err != nil {
				t.Error(err)
			}
		})
	}
	<-begun
	<-begun
	for range 5 {
		if _, err := w.Read(t.Context(), vm); err != nil {
			t.Error(err)
		}
	}
	if n := len(h.Shells()); n != winrm.MaxLanes {
		t.Errorf("%d shells", n)
	}
	select {
	case <-begun:
		t.Error("a third action was begun")
	default:
	}
	close(release)
	all.Wait()
}

func TestTooLateToBegin(t *testing.T) {
	t.Run("before it is called", func(t *testing.T) {
		h := &fakehost.Host{}
		_, err := host(t, h, nil).Prepare(hyperv.BeginBy(t.Context(), time.Now().Add(-time.Second)), vm)
		is(t, err, hyperv.ClassRetry, hyperv.CodeTooLate)
		if len(h.Frames()) != 0 {
			t.Error("it was sent")
		}
	})
	t.Run("while it waits for a lane", func(t *testing.T) {
		h, begun, release := block()
		w := host(t, h, func(c *winrm.Config) { c.Limits.ActionLanes = 1 })
		var first sync.WaitGroup
		first.Go(func() { _, _ = w.Prepare(t.Context(), vm) })
		<-begun
		_, err := w.Prepare(hyperv.BeginBy(t.Context(), time.Now().Add(50*time.Millisecond)), vm)
		is(t, err, hyperv.ClassRetry, hyperv.CodeTooLate)
		close(release)
		first.Wait()
	})
	t.Run("the host says so", func(t *testing.T) {
		h := &fakehost.Host{Answer: func(context.Context, fakehost.Frame) fakehost.Answer {
			return fakehost.Answer{"ok": false, "error": map[string]any{"fqid": hyperv.CodeTooLate, "message": "m"}}
		}}
		_, err := host(t, h, nil).Prepare(hyperv.BeginBy(t.Context(), time.Now().Add(time.Minute)), vm)
		is(t, err, hyperv.ClassRetry, hyperv.CodeTooLate)
		if n := len(h.Frames()); n < 2 || n > 4 {
			t.Errorf("asked %d times; our clock says there is time, so the host's may have moved", n)
		}
	})
	t.Run("the host's clock has moved", func(t *testing.T) {
		var skew atomic.Int64
		h := &fakehost.Host{Clock: func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }}
		h.Answer = func(ctx context.Context, f fakehost.Frame) fakehost.Answer {
			const ticksAtUnixEpoch = 621355968000000000
			if f.NotAfter != 0 && h.Clock().UnixNano()/100+ticksAtUnixEpoch > f.NotAfter {
				return fakehost.Answer{"ok": false, "error": map[string]any{"fqid": hyperv.CodeTooLate, "message": "m"}}
			}
			return done(ctx, f)
		}
		w := host(t, h, nil)
		if _, err := w.Prepare(t.Context(), vm); err != nil {
			t.Fatal(err)
		}
		skew.Store(int64(time.Hour))
		if _, err := w.Prepare(hyperv.BeginBy(t.Context(), time.Now().Add(time.Minute)), vm); err != nil {
			t.Error(err)
		}
	})
}

func TestShellsOfAnEarlierLifeAreDeleted(t *testing.T) {
	h := &fakehost.Host{}
	fakeLife := "0123456789abcdef"
	w := host(t, h, func(c *winrm.Config) { c.Instance = "executor-1" })
	h.Leave("lifeboat executor-1 " + fakeLife + " 7")
	h.Leave("foreign: lifeboat executor-2 " + fakeLife + " 7")
	h.Leave("foreign")
	if _, err := w.Read(t.Context(), vm); err != nil {
		t.Fatal(err)
	}
	for _, name := range h.Shells() {
		if strings.Contains(name, "executor-1 "+fakeLife) {
			t.Errorf("shell %q is left", name)
		}
	}
	if n := len(h.Shells()); n != 3 {
		t.Errorf("%d shells, want ours and two foreign ones: %q", n, h.Shells())
	}
}

func TestLanesAreClosedAndReplaced(t *testing.T) {
	t.Run("when idle", func(t *testing.T) {
		h := &fakehost.Host{}
		w := host(t, h, func(c *winrm.Config) { c.Limits.LaneIdle = 10 * time.Millisecond })
		if _, err := w.Read(t.Context(), vm); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the lane is closed", func() bool { return len(h.Shells()) == 0 && w.Counts().OpenShells == 0 })
		if _, err := w.Read(t.Context(), vm); err != nil {
			t.Error(err)
		}
	})
	t.Run("after some use", func(t *testing.T) {
		h := &fakehost.Host{}
		w := host(t, h, func(c *winrm.Config) { c.Limits.LaneRequests = 3 })
		for range 7 {
			if _, err := w.Read(t.Context(), vm); err != nil {
				t.Fatal(err)
			}
		}
		created := 0
		for _, action := range h.Seen() {
			if action == "Create" {
				created++
			}
		}
		if created != 3 {
			t.Errorf("%d shells for 7 requests, want 3", created)
		}
	})
}

// TestShellsAreDeletedLater: a shell that cannot be deleted when its lane is
// taken down is deleted when the host answers again, by whoever comes first:
// somebody who comes again for it, the next lane, or Close.
func TestShellsAreDeletedLater(t *testing.T) {
	broken := func(t *testing.T, reply fakehost.Kind) (*fakehost.Host, *winrm.Host, *atomic.Bool) {
		var away, down atomic.Bool
		down.Store(true)
		h := &fakehost.Host{Break: func(action string, _ int) fakehost.Fault {
			switch {
			case !down.Load():
			case action == "Create" && reply != "":
				return fakehost.Fault{Kind: reply}
			case action == "Delete", action == "Enumerate":
				away.Store(true)
				return fakehost.Fault{Kind: fakehost.Reset}
			}
			return fakehost.Fault{}
		}}
		w := host(t, h, func(c *winrm.Config) { c.Limits.LaneRequests = 1; c.Limits.SilentCalls = 100 })
		_, _ = w.Read(t.Context(), vm) // wears a lane out, or cannot open one
		eventually(t, "the deletion was tried", away.Load)
		if n := len(h.Shells()); n == 0 {
			t.Fatal("the shell was deleted")
		}
		return h, w, &down
	}
	for name, reply := range map[string]fakehost.Kind{"known": "", "never confirmed": fakehost.LostReset} {
		t.Run(name+", when the host answers again", func(t *testing.T) {
			h, w, down := broken(t, reply)
			down.Store(false)
			eventually(t, "the shell is deleted", func() bool { return len(h.Shells()) == 0 && w.Counts().OpenShells == 0 })
		})
		t.Run(name+", by Close", func(t *testing.T) {
			h, w, down := broken(t, reply)
			down.Store(false)
			if err := w.Close(t.Context()); err != nil || len(h.Shells()) != 0 {
				t.Errorf("%v, shells %q", err, h.Shells())
			}
		})
		t.Run(name+", told by Close", func(t *testing.T) {
			_, w, down := broken(t, reply)
			if err := w.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "may be left on the host") {
				t.Errorf("%v", err)
			}
			down.Store(false)
		})
	}
}

func TestNeverMoreShellsThanLanes(t *testing.T) {
	h := &fakehost.Host{Break: func(action string, _ int) fakehost.Fault {
		if action == "Delete" {
			return fakehost.Fault{Delay: 20 * time.Millisecond}
		}
		return fakehost.Fault{}
	}}
	var most atomic.Int64
	h.Answer = func(ctx context.Context, f fakehost.Frame) fakehost.Answer {
		if n := int64(len(h.Shells())); n > most.Load() {
			most.Store(n)
		}
		return done(ctx, f)
	}
	w := host(t, h, func(c *winrm.Config) { c.Limits.LaneRequests = 2 })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, read := w.Read(t.Context(), vm)
			_, acted := w.Start(t.Context(), vm)
			if err := errors.Join(read, acted); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > winrm.MaxLanes {
		t.Errorf("%d shells at once", most.Load())
	}
	if c := w.Counts(); c.Commands != 40 {
		t.Errorf("%d commands, want 40", c.Commands)
	}
}

func TestCloseEndsCalls(t *testing.T) {
	h, begun, _ := block()
	w := host(t, h, nil)
	result := make(chan error, 1)
	go func() {
		_, err := w.Prepare(t.Context(), vm)
		result <- err
	}()
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Error(err)
	}
	is(t, <-result, hyperv.ClassUnknown, hyperv.CodeTimeout)
	_, err := w.Read(t.Context(), vm)
	is(t, err, hyperv.ClassRefuse, "closed")
}
