package main

import (
	"errors"
	"sync/atomic"

	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/inventory/revisions"
)

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

// known tells whether there is an inventory.
func (l *latest) known() error {
	if l.inventory() == nil {
		return errors.New("no inventory has been stored on the bus yet; runs wait")
	}
	return nil
}
