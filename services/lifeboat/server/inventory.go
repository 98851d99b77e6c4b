package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/inventory/revisions"
)

// storeTries bounds how often an inventory is stored while others store theirs
// at the same moment.
const storeTries = 3

// latest is the inventory that holds, as heard on the bus.
type latest struct {
	revision atomic.Pointer[revisions.Revision]
}

func (l *latest) learn(r revisions.Revision) { l.revision.Store(&r) }

// inventory is nil before there is one.
func (l *latest) inventory() *inventory.Inventory {
	if r := l.revision.Load(); r != nil {
		return r.Inventory
	}
	return nil
}

// store puts an inventory on the bus, where the services hear of it.
func (h *house) store(ctx context.Context, inv *inventory.Inventory) error {
	var err error
	for range storeTries {
		var number uint64
		var changed bool
		number, changed, err = revisions.Store(ctx, h.bus, inv)
		var conflict *bus.RevisionConflict
		if errors.As(err, &conflict) {
			continue
		}
		if err == nil {
			what := map[bool]string{true: "inventory stored", false: "inventory is as it was"}[changed]
			h.log.InfoContext(ctx, what, "revision", number, "hosts", len(inv.Hosts), "vms", len(inv.VMs))
		}
		break
	}
	if err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	return nil
}

// reload reads the inventory again whenever SIGHUP comes. One with mistakes is
// refused with all of them, and the one before it goes on to hold.
func (h *house) reload(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.reloads:
		}
		inv, err := h.config.LoadInventory()
		if err == nil {
			err = h.store(ctx, inv)
		}
		if err != nil {
			h.log.ErrorContext(ctx, "inventory not reloaded; the one before it goes on to hold", "problems", strings.Split(err.Error(), "\n"))
		}
	}
}
