package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"

	"lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/e2e/lab/winrm/pki"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/secret"
)

// DefaultAddress is that of the first host; the others follow it.
const DefaultAddress = "127.0.1.1"

// sharedAddress gives every host this address, with ports of its own.
const sharedAddress = "127.0.0.1"

// Administrator is the account of every host.
const Administrator = "Administrator"

// certificateDays is how long the certificates of a lab are good for.
const certificateDays = 3650

// Options make a lab.
type Options struct {
	// World is the world as it is when time begins. It is made live, and begins
	// now unless it says otherwise.
	World hypersim.Spec
	// Address is that of the first host, the next ones have the addresses that
	// follow; empty means DefaultAddress. 127.0.0.1 gives every host that
	// address and ports of its own, and so does a system without the others.
	Address string
	// TimeScale is how many times faster than real time the world goes; 0
	// stands still.
	TimeScale float64
	// PowerShellStart is what starting PowerShell takes, CmdletLatency what each
	// cmdlet takes besides what it does; both in real time.
	PowerShellStart, CmdletLatency time.Duration
	// Zones are the time zones of the hosts of a site, UTC where none is given.
	Zones map[string]*time.Location
	// Password is the Administrator's on every host.
	Password secret.Text
	// Quotas are those of WinRM; zero fields take Windows' own.
	Quotas winrm.Quotas
	// Keytab, if set, has the keys of HTTP/<FQDN> of every host, whose realm they
	// are in then: they take Kerberos, too.
	Keytab *keytab.Keytab
	// AllowUnencrypted lets clear SOAP through on HTTP, as Windows does when told to.
	AllowUnencrypted bool
	// Observe, if set, is called after each request of any host.
	Observe func(winrm.Exchange)
}

// Lab is a running world. It is safe for concurrent use.
type Lab struct {
	options Options
	world   *hypersim.World
	clock   *Clock
	ca      *pki.Authority
	hosts   []*Host
	byName  map[string]*Host
	stop    context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	injected []hypersim.Fault
	turning  map[*Host]bool // hosts to look at; true for those that are to go down
}

// Start makes a world and its hosts and lets time begin. The context bounds
// starting only.
func Start(ctx context.Context, o Options) (*Lab, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.World.Live, o.World.VMs = true, withIDs(o.World.VMs, o.World.Seed)
	if o.World.Start.IsZero() {
		o.World.Start = time.Now().UTC().Truncate(time.Millisecond)
	}
	world, err := hypersim.New(o.World)
	if err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	ca, err := pki.NewAuthority("Lab CA", pki.Days(time.Now(), certificateDays))
	if err != nil {
		return nil, fmt.Errorf("lab: certificate authority: %w", err)
	}
	l := &Lab{options: o, world: world, ca: ca, byName: map[string]*Host{}, turning: map[*Host]bool{}}
	l.clock = newClock(world, o.TimeScale, l.follow)
	running, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.running.Go(func() { l.clock.run(running) })
	if err := l.startHosts(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// withIDs gives every VM without an id one that the seed decides.
func withIDs(vms []hypersim.VMSpec, seed uint64) []hypersim.VMSpec {
	vms = slices.Clone(vms)
	dice := rand.NewChaCha8([32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), seed)))
	for i := range vms {
		if vms[i].ID != "" {
			continue
		}
		var b [16]byte
		_, _ = dice.Read(b[:])                      // it does not fail
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4
		vms[i].ID = hyperv.VMID(fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:]))
	}
	return vms
}

// check refuses what cannot work and fills defaults in.
func (o *Options) check() error {
	if o.Address == "" {
		o.Address = DefaultAddress
	}
	ip := net.ParseIP(o.Address)
	switch {
	case ip == nil || ip.To4() == nil || !ip.IsLoopback():
		return fmt.Errorf("address %q: give an IPv4 loopback address, such as %s", o.Address, DefaultAddress)
	case o.PowerShellStart < 0:
		return fmt.Errorf("PowerShell start %v: give 0 or more", o.PowerShellStart)
	case o.CmdletLatency < 0:
		return fmt.Errorf("cmdlet latency %v: give 0 or more", o.CmdletLatency)
	case o.Password.IsZero():
		return errors.New("password: it is empty; give one for the hosts' Administrator")
	case len(o.World.Hosts) == 0:
		return errors.New("world: it has no hosts; describe at least one")
	}
	for site := range o.Zones {
		if !slices.ContainsFunc(o.World.Hosts, func(h hypersim.HostSpec) bool { return h.Site == site }) {
			return fmt.Errorf("time zone of site %q: no host stands there; give a site of the world", site)
		}
	}
	return checkScale(o.TimeScale)
}

func (l *Lab) startHosts(ctx context.Context) error {
	addresses, err := addresses(l.options.Address, len(l.options.World.Hosts))
	if err != nil {
		return err
	}
	for i, spec := range l.options.World.Hosts {
		h, err := l.newHost(ctx, spec, addresses[i], uint64(i))
		if err != nil {
			return err
		}
		l.hosts = append(l.hosts, h)
		l.byName[spec.Name] = h
		if err := h.listen(addresses[i] == sharedAddress); err != nil {
			return err
		}
	}
	return nil
}

// World is the world itself.
func (l *Lab) World() *hypersim.World { return l.world }

// Clock is the world's clock.
func (l *Lab) Clock() *Clock { return l.clock }

// Hosts are the hosts in the order of the world.
func (l *Lab) Hosts() []*Host { return l.hosts }

// Host is the host of this name, nil when there is none.
func (l *Lab) Host(name string) *Host { return l.byName[name] }

// CertificateAuthority is the certificate of who signed the hosts', as PEM.
func (l *Lab) CertificateAuthority() []byte { return l.ca.PEM() }

// Do carries out an action on the world now, and lets it show on the wire.
func (l *Lab) Do(a hypersim.Action) error {
	l.clock.CatchUp()
	err := l.apply(a)
	l.clock.CatchUp()
	return err
}

// At carries out an action when the world's time has come to t, or now when
// that is past.
func (l *Lab) At(t time.Time, a hypersim.Action) error {
	if err := l.world.Schedule(t, a); err != nil {
		return err
	}
	l.clock.Plan(t, func() { l.turn(a) })
	return nil
}

// StickVMMS has the management service of a host stand still: WinRM and
// PowerShell go on, and cmdlets of Hyper-V do not come back. Unfreezing the
// host ends it.
func (l *Lab) StickVMMS(host string) error {
	h := l.byName[host]
	if h == nil {
		return fmt.Errorf("host %q: this lab has none of that name", host)
	}
	l.clock.CatchUp()
	if err := l.world.Do(hypersim.Action{Do: hypersim.DoFreeze, Host: host}); err != nil {
		return err
	}
	l.mu.Lock()
	h.stuck, l.turning[h] = true, false
	l.mu.Unlock()
	l.follow()
	return nil
}

// Inject has cmdlets fail or hang from now on.
func (l *Lab) Inject(f hypersim.Fault) error {
	if err := l.Do(hypersim.Action{Do: hypersim.DoInject, Fault: &f}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.injected = append(l.injected, f)
	return nil
}

// Injected are the faults of cmdlets that were injected and not cleared since.
func (l *Lab) Injected() []hypersim.Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]hypersim.Fault{}, l.injected...)
}

// ClearInjected takes back the faults of cmdlets of a host; all of them when
// the name is empty.
func (l *Lab) ClearInjected(host string) error {
	if err := l.Do(hypersim.Action{Do: hypersim.DoClearFaults, Host: host}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.injected = slices.DeleteFunc(l.injected, func(f hypersim.Fault) bool { return host == "" || f.Host == host })
	return nil
}

// apply carries out an action without moving the world.
func (l *Lab) apply(a hypersim.Action) error {
	if err := l.world.Do(a); err != nil {
		return err
	}
	l.turn(a)
	return nil
}

// turn has the host of an action looked at, because the action may have turned
// it on or off, or will.
func (l *Lab) turn(a hypersim.Action) {
	h := l.byName[a.Host]
	if h == nil {
		return
	}
	l.mu.Lock()
	h.stuck = h.stuck && a.Do != hypersim.DoFreeze
	l.turning[h] = a.Do == hypersim.DoShutDown
	l.mu.Unlock()
	l.follow()
}

// follow lets what happened to hosts show on their wires. A host that is down
// is looked at until it is up, and one that is to go down until it is.
func (l *Lab) follow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for h, toGoDown := range l.turning {
		switch down := h.follow(); {
		case down:
			l.turning[h] = false
		case !toGoDown:
			delete(l.turning, h)
		}
	}
}

// Close takes everything down.
func (l *Lab) Close() error {
	l.stop()
	l.running.Wait()
	var failures []error
	for _, h := range l.hosts {
		failures = append(failures, h.server.Close())
	}
	return errors.Join(failures...)
}
