package winrm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"lifeboat.io/pkg/hyperv/winrm/lane"
	"lifeboat.io/pkg/hyperv/winrm/wire"
	"lifeboat.io/pkg/hyperv/winrm/wsman"
)

const (
	// maxRemains is how many shells are remembered for deletion: as many as
	// Windows allows a user.
	maxRemains = 30
	// buryFirst and buryLast are how long after a shell could not be deleted
	// that is tried again: longer each time, until the host has deleted it itself.
	buryFirst, buryLast = time.Second, time.Minute
	// closeLook is how long Close waits, after a host has not listed a shell whose
	// creation was never answered, before it looks for the last time.
	closeLook = time.Second
)

// remains are the shells of a host that could not be deleted when their lanes
// were taken down, because the host did not answer then. They count against
// the user's quota, so they are deleted as soon as it does.
type remains struct {
	mu     sync.Mutex
	all    []remnant // the oldest first
	trying bool      // somebody comes again for them
}

// remnant is a shell and since when it should be gone.
type remnant struct {
	lane.Remains
	since  time.Time
	unseen time.Time // since when the host does not list it; zero if that is not so
}

// leave remembers a shell for deletion, and why it could not be deleted.
func (h *Host) leave(r lane.Remains, why error) {
	m := &h.remains
	m.mu.Lock()
	defer m.mu.Unlock()
	left := remnant{Remains: r, since: time.Now()}
	if errors.Is(why, lane.ErrUnseen) {
		left.unseen = left.since
	}
	m.all = append(m.all, left)
	if len(m.all) > maxRemains {
		m.all = m.all[1:]
		h.shells.Add(-1)
	}
	// Close ends the life first and takes the lock then, so that it waits for
	// whoever comes again.
	if !m.trying && h.life.Err() == nil {
		m.trying = true
		h.retiring.Go(h.buryLater)
	}
}

// buryLater tries to delete what is left without anybody asking, until nothing
// is or the host is closed.
func (h *Host) buryLater() {
	for pause := buryFirst; ; pause = min(2*pause, buryLast) {
		if waited(h.life, pause) {
			ctx, cancel := context.WithTimeout(h.life, closeGrace)
			_ = h.buryAll(ctx) // comes again
			cancel()
		}
		if h.buried() {
			return
		}
	}
}

// buried ends the tries when nothing is left, or when it is Close's turn.
func (h *Host) buried() bool {
	m := &h.remains
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trying = len(m.all) > 0 && h.life.Err() == nil
	return !m.trying
}

// buryAll deletes what is left over a connection of its own, and tells what
// is left then.
func (h *Host) buryAll(ctx context.Context) error {
	if len(h.due()) == 0 {
		return nil
	}
	client := wsman.NewClient(h.endpoint, wsman.Settings{OperationTimeout: h.config.Limits.OperationTimeout, EnvelopeSize: envelopeSize})
	defer client.Close()
	err := h.bury(ctx, client, true)
	if n := len(h.due()); n > 0 {
		return errors.Join(fmt.Errorf("%d shells may be left on the host", n), err)
	}
	return nil
}

// buryFinally is buryAll for Close: nobody comes again after it.
func (h *Host) buryFinally(ctx context.Context) error {
	for {
		err := h.buryAll(ctx)
		if err == nil || !h.late() || !waited(ctx, closeLook) {
			return err
		}
	}
}

// late tells whether any shell may still come.
func (h *Host) late() bool {
	return slices.ContainsFunc(h.due(), func(r remnant) bool { return !r.unseen.IsZero() })
}

// bury deletes what is left; what the host did not list before only if it is
// to be looked for again. Only a host that cannot be reached is an error: there
// is no use in asking it for anything else then.
func (h *Host) bury(ctx context.Context, client *wsman.Client, again bool) error {
	for _, r := range h.due() {
		if !again && !r.unseen.IsZero() {
			continue
		}
		err := lane.Bury(ctx, client, r.Remains)
		switch {
		case err == nil, errors.Is(err, lane.ErrUnseen) && h.neverComes(r):
			h.forget(r)
			continue
		case errors.Is(err, lane.ErrUnseen):
			h.notSeen(r)
			continue
		}
		var w *wire.Error
		if errors.As(err, &w) && w.Kind != wire.Garbage {
			return err
		}
	}
	return nil
}

// neverComes tells whether a shell has been missing for so long that its
// creation will not come to pass any more: as long as the host works on any
// request, counted from when it answered again.
func (h *Host) neverComes(r remnant) bool {
	patience := h.config.Limits.OperationTimeout
	if h.life.Err() != nil {
		patience = min(patience, closeLook)
	}
	return !r.unseen.IsZero() && time.Since(r.unseen) >= patience
}

// notSeen takes note that the host does not list a shell.
func (h *Host) notSeen(r remnant) {
	m := &h.remains
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.Index(m.all, r); i >= 0 && r.unseen.IsZero() {
		m.all[i].unseen = time.Now()
	}
}

// due are the shells left. Those that the host has deleted itself by now, for
// being idle, are forgotten.
func (h *Host) due() []remnant {
	m := &h.remains
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.all) > 0 && time.Since(m.all[0].since) > shellIdle {
		m.all = m.all[1:]
		h.shells.Add(-1)
	}
	return append([]remnant(nil), m.all...)
}

// forget is a shell that is gone.
func (h *Host) forget(r remnant) {
	m := &h.remains
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(m.all, func(o remnant) bool { return o.Remains == r.Remains }); i >= 0 {
		m.all = slices.Delete(m.all, i, i+1)
		h.shells.Add(-1)
	}
}
