package winrm_test

import (
	"context"
	"sync"
	"testing"

	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
)

// lateCreation is a host that carries out the first creation of a shell only
// when it is asked for its shells for the nth time, counted from 0.
func lateCreation(t *testing.T, n int) (h *fakehost.Host, w *winrm.Host, begun chan struct{}) {
	t.Helper()
	begun = make(chan struct{})
	asked := make(chan struct{})
	release := sync.OnceFunc(func() { close(asked) })
	h = &fakehost.Host{}
	h.Break = func(action string, before int) fakehost.Fault {
		switch {
		case action == "Create" && before == 0:
			close(begun)
			<-asked
		case action == "Enumerate" && before == n:
			release()
			eventually(t, "the shell is created", func() bool { return len(h.Shells()) == 1 })
		}
		return fakehost.Fault{}
	}
	w = host(t, h, nil)
	t.Cleanup(release)
	return h, w, begun
}

// givesUp makes a call and gives it up once the creation is under way.
func givesUp(t *testing.T, w *winrm.Host, begun chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	if _, err := w.Read(ctx, vm); err == nil {
		t.Fatal("it was answered")
	}
}

// TestCreationAfterTheLook: a host that carries out the creation of a shell after
// it was asked whether there is one, because it stood still or is slow.
func TestCreationAfterTheLook(t *testing.T) {
	t.Run("is looked for later", func(t *testing.T) {
		h, w, begun := lateCreation(t, 1)
		givesUp(t, w, begun)
		eventually(t, "the shell is deleted", func() bool { return len(h.Shells()) == 0 && w.Counts().OpenShells == 0 })
		if n := count(h, "Delete"); n != 1 {
			t.Errorf("%d shells were deleted, want the late one", n)
		}
	})
	t.Run("is waited for by Close", func(t *testing.T) {
		h, w, begun := lateCreation(t, 2) // once by who gave up, once by Close, and again
		givesUp(t, w, begun)
		if err := w.Close(t.Context()); err != nil || len(h.Shells()) != 0 || count(h, "Delete") != 1 {
			t.Errorf("%v, shells %q, %d deleted", err, h.Shells(), count(h, "Delete"))
		}
	})
	t.Run("is not waited for for ever", func(t *testing.T) {
		h := &fakehost.Host{Break: func(action string, before int) fakehost.Fault {
			if action == "Create" && before == 0 {
				return fakehost.Fault{Kind: fakehost.Reset}
			}
			return fakehost.Fault{}
		}}
		w := host(t, h, nil)
		if _, err := w.Read(t.Context(), vm); err != nil {
			t.Fatal(err)
		}
		if n := w.Counts().OpenShells; n != 2 {
			t.Errorf("%d shells may be open, want the lane's and the one that may come", n)
		}
		eventually(t, "only the lane's is left", func() bool { return w.Counts().OpenShells == 1 })
	})
	t.Run("is not expected of a host that refused it", func(t *testing.T) {
		h := &fakehost.Host{Break: func(action string, before int) fakehost.Fault {
			if action == "Create" && before == 0 {
				return fakehost.Fault{Kind: fakehost.SOAP, Code: 2150858752}
			}
			return fakehost.Fault{}
		}}
		w := host(t, h, nil)
		_, _ = w.Read(t.Context(), vm)
		if err := w.Close(t.Context()); err != nil || count(h, "Enumerate") != 1 {
			t.Errorf("%v, asked for its shells %d times, want once", err, count(h, "Enumerate"))
		}
	})
}

// count is how often a host has seen an action.
func count(h *fakehost.Host, action string) (n int) {
	for _, seen := range h.Seen() {
		if seen == action {
			n++
		}
	}
	return n
}
