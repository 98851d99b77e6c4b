package winrm

import (
	"context"
	"errors"
	"fmt"
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
	since time.Time
}

// leave remembers a shell for deletion.
func (h *Host) leave(r lane.Remains) {
	m := &h.remains
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, remnant{r, time.Now()})
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
	err := h.bury(ctx, client)
	if n := len(h.due()); n > 0 {
		return errors.Join(fmt.Errorf("%d shells may be left on the host", n), err)
	}
	return nil
}

// bury deletes what is left. Only a host that cannot be reached is an error:
// there is no use in asking it for anything else then.
func (h *Host) bury(ctx context.Context, client *wsman.Client) error {
	for _, r := range h.due() {
		err := lane.Bury(ctx, client, r.Remains)
		if err == nil {
			h.forget(r)
			continue
		}
		var w *wire.Error
		if errors.As(err, &w) && w.Kind != wire.Garbage {
			return err
		}
	}
	return nil
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
	for i := range m.all {
		if m.all[i] == r {
			m.all = append(m.all[:i:i], m.all[i+1:]...)
			h.shells.Add(-1)
			return
		}
	}
}
