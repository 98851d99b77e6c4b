package executor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/inventory"
)

// hosts are the connections to hosts, made when first needed and made anew when
// the inventory says something else of a host.
type hosts struct {
	inventory func() *inventory.Inventory
	connect   func(context.Context, *inventory.Inventory, inventory.Host) (hyperv.Host, error)

	mu   sync.Mutex
	open map[string]*connection
}

// connection is a host as the inventory described it when it was connected.
type connection struct {
	as   string
	host hyperv.Host
}

func newHosts(inv func() *inventory.Inventory, connect func(context.Context, *inventory.Inventory, inventory.Host) (hyperv.Host, error)) *hosts {
	return &hosts{inventory: inv, connect: connect, open: map[string]*connection{}}
}

// get returns the host of a name. Its error is of a class, as a host's own are.
func (h *hosts) get(ctx context.Context, name string) (hyperv.Host, error) {
	inv := h.inventory()
	if inv == nil {
		return nil, &hyperv.Error{Class: hyperv.ClassRetry, Code: hyperv.CodeUnreachable, Host: name, Message: "there is no inventory yet"}
	}
	entry, ok := inv.Host(name)
	if !ok {
		return nil, &hyperv.Error{Class: hyperv.ClassHold, Code: "not-in-inventory", Host: name, Message: "the inventory has no such host any more"}
	}
	credential, _ := inv.Credential(entry.WinRM.Credential)
	as := fmt.Sprintf("%+v %+v", entry, credential)
	h.mu.Lock()
	defer h.mu.Unlock()
	if c, ok := h.open[name]; ok {
		if c.as == as {
			return c.host, nil
		}
		go drop(c.host)
		delete(h.open, name)
	}
	host, err := h.connect(ctx, inv, entry)
	if err != nil {
		return nil, &hyperv.Error{Class: hyperv.ClassHold, Code: "not-configured", Host: name, Message: err.Error(), Err: err}
	}
	h.open[name] = &connection{as: as, host: host}
	return host, nil
}

// closeWithin bounds the closing of a host's connection.
const closeWithin = 5 * time.Second

// drop closes a connection that is not used any more. Calls under way on it
// end with an error of class unknown, which the core looks into.
func drop(host hyperv.Host) {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_ = host.Close(ctx) // a shell that stays behind is found and removed at the next connection
}

// close closes every connection.
func (h *hosts) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all sync.WaitGroup
	for name, c := range h.open {
		all.Go(func() { drop(c.host) })
		delete(h.open, name)
	}
	all.Wait()
}
