package hypersim

import (
	"fmt"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Guest is how the operating system inside a VM behaves. It travels with the
// VM's disks: replicas and test VMs have the same guest.
type Guest struct {
	// WritesPerSecond is how fast a running guest writes; 0 means 10.
	WritesPerSecond int64 `json:"writesPerSecond,omitempty"`
	// Boot is how long it takes until its heartbeat is there; 0 means Durations.GuestBoot.
	Boot Duration `json:"boot,omitempty"`
	// Shutdown is how long it takes to shut down; 0 means Durations.GuestShutdown.
	Shutdown Duration `json:"shutdown,omitempty"`
	// NeverShutsDown ignores every request to shut down.
	NeverShutsDown bool `json:"neverShutsDown,omitempty"`
	// IgnoreShutdowns ignores this many requests to shut down, on each copy.
	IgnoreShutdowns int `json:"ignoreShutdowns,omitempty"`
	// NoIntegration has no integration services: no heartbeat and no shutdown by request.
	NoIntegration bool `json:"noIntegration,omitempty"`
	// NeverBoots starts but never gets so far as a heartbeat.
	NeverBoots bool `json:"neverBoots,omitempty"`
	// Applications is what the heartbeat says of them: Healthy, Unknown or Critical; empty means Healthy.
	Applications string `json:"applications,omitempty"`
}

const (
	defaultWritesPerSecond = 10
	maxWritesPerSecond     = 10_000_000
)

// check names what a guest cannot be.
func (g *Guest) check() error {
	switch {
	case g.WritesPerSecond < 0 || g.WritesPerSecond > maxWritesPerSecond:
		return fmt.Errorf("guest: writesPerSecond %d: it is 0 to %d", g.WritesPerSecond, maxWritesPerSecond)
	case g.Boot < 0 || g.Shutdown < 0 || g.IgnoreShutdowns < 0:
		return fmt.Errorf("guest: boot %v, shutdown %v, ignoreShutdowns %d: they must not be negative",
			time.Duration(g.Boot), time.Duration(g.Shutdown), g.IgnoreShutdowns)
	case g.Applications != "" && g.Applications != "Healthy" && g.Applications != "Unknown" && g.Applications != "Critical":
		return fmt.Errorf("guest: applications %q: it is Healthy, Unknown or Critical", g.Applications)
	}
	return nil
}

// writesIn is how many writes the guest makes in a stretch of running time.
func (g *Guest) writesIn(d instant) int64 {
	const second = 1e9
	rate := g.WritesPerSecond
	if rate == 0 {
		rate = defaultWritesPerSecond
	}
	return int64(d)/second*rate + int64(d)%second*rate/second
}

// heartbeat is what the host sees of the guest now.
func (c *vmCopy) heartbeat() hyperv.Heartbeat {
	switch c.power {
	case hyperv.PowerPaused:
		return hyperv.HeartbeatPaused
	case hyperv.PowerRunning, hyperv.PowerStopping:
	default:
		return hyperv.HeartbeatUnknown
	}
	if c.guest.NoIntegration || c.guest.NeverBoots || c.m.w.now < c.bootedAt() {
		return hyperv.HeartbeatNoContact
	}
	switch c.guest.Applications {
	case "Critical":
		return hyperv.HeartbeatOkCritical
	case "Unknown":
		return hyperv.HeartbeatOkUnknown
	}
	return hyperv.HeartbeatOkHealthy
}

// shutdownTime is how long the guest takes to shut down if asked now; false
// when it will not.
func (c *vmCopy) shutdownTime() (Duration, bool) {
	if c.guest.NeverShutsDown || c.guest.NoIntegration || c.guest.NeverBoots {
		return 0, false
	}
	if c.guest.IgnoreShutdowns > 0 {
		c.guest.IgnoreShutdowns--
		return 0, false
	}
	d := c.guest.Shutdown
	if d == 0 {
		d = c.m.w.durations.GuestShutdown
	}
	return Duration(max(0, c.bootedAt()-c.m.w.now)) + d, true // a booting guest boots first
}

// bootedAt is when the guest is or was up since the copy was started.
func (c *vmCopy) bootedAt() instant {
	if c.guest.Boot != 0 {
		return c.bootedFrom.plus(c.guest.Boot)
	}
	return c.bootedFrom.plus(c.m.w.durations.GuestBoot)
}
