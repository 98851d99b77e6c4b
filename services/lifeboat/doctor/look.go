package doctor

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/inventory"
)

const (
	// DefaultPatience bounds the look at one host.
	DefaultPatience = 30 * time.Second
	// DefaultParallel is how many hosts are looked at a time.
	DefaultParallel = 8
	// closeWithin bounds the end of the connection to a host.
	closeWithin = 5 * time.Second
)

// HostFacts is what a look at one host brought.
type HostFacts struct {
	// Host is the host's name.
	Host string
	// Asked and Answered are when, by our clock.
	Asked, Answered time.Time
	// Info is what it says of itself; Err why it says nothing.
	Info hyperv.HostInfo
	Err  error
	// VMs are its VMs; VMsErr is why they are not known.
	VMs    []hyperv.VMSummary
	VMsErr error
}

// Looker looks at hosts.
type Looker struct {
	// Inventory says which hosts there are.
	Inventory *inventory.Inventory
	// Connect gives a host to talk to.
	Connect func(context.Context, *inventory.Inventory, inventory.Host) (hyperv.Host, error)
	// Now is the clock.
	Now func() time.Time
	// Patience bounds the look at one host, Parallel how many are looked at a
	// time; the defaults where 0.
	Patience time.Duration
	Parallel int
	// Progress, when set, is told after each host how many are done.
	Progress func(done int)
}

// Look looks at hosts, and returns what it found in their order. A host that
// fails is a fact like any other.
func (l Looker) Look(ctx context.Context, hosts []inventory.Host) []HostFacts {
	if l.Patience == 0 {
		l.Patience = DefaultPatience
	}
	if l.Parallel == 0 {
		l.Parallel = DefaultParallel
	}
	facts := make([]HostFacts, len(hosts))
	done := make(chan struct{})
	told := make(chan struct{})
	go func() {
		defer close(told)
		n := 0
		for range done {
			n++
			if l.Progress != nil {
				l.Progress(n)
			}
		}
	}()
	var group errgroup.Group
	group.SetLimit(l.Parallel)
	for i, h := range hosts {
		group.Go(func() error {
			facts[i] = l.one(ctx, h)
			done <- struct{}{}
			return nil
		})
	}
	_ = group.Wait() // no look returns an error: what fails is among its facts
	close(done)
	<-told
	return facts
}

// one looks at one host.
func (l Looker) one(ctx context.Context, h inventory.Host) HostFacts {
	ctx, cancel := context.WithTimeout(ctx, l.Patience)
	defer cancel()
	f := HostFacts{Host: h.Name}
	host, err := l.Connect(ctx, l.Inventory, h)
	if err != nil {
		f.Err, f.VMsErr = err, err
		return f
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		_ = host.Close(closing) // a shell left behind is the host's to clean up
	}()
	f.Asked = l.Now()
	f.Info, f.Err = host.Info(ctx)
	f.Answered = l.Now()
	if f.Err != nil {
		f.VMsErr = f.Err
		return f
	}
	f.VMs, f.VMsErr = host.ListVMs(ctx)
	return f
}
