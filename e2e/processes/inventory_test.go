package processes

import (
	"path/filepath"

	"lifeboat.io/pkg/inventory"
)

// inventory is what the lab wrote for its world.
func (h *house) inventory() *inventory.Inventory {
	h.t.Helper()
	inv, err := inventory.Load(filepath.Join(h.dir, "inventory.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	return inv
}

// accounts tells which account each VM belongs to.
func (h *house) accounts() map[string]string {
	out := map[string]string{}
	for _, v := range h.inventory().VMs {
		out[v.ID] = v.Account
	}
	return out
}

// requester is somebody of an account who may ask for a planned failover.
func (h *house) requester(account string) map[string]string {
	h.t.Helper()
	a, _ := h.inventory().Account(account)
	for _, c := range a.Contacts {
		if c.Has(inventory.MayPlanned) {
			return map[string]string{"name": c.Name, "email": c.Email}
		}
	}
	h.t.Fatalf("nobody of account %s may ask for a planned failover", account)
	return nil
}
