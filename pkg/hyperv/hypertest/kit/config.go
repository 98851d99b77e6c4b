package kit

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"lifeboat.io/pkg/daemon"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypertest"
	"lifeboat.io/pkg/inventory"
)

// Marker is the line the Notes of a VM must hold, on both hosts, for the kit to
// use it.
const Marker = "lifeboat-test: throw-away"

// maxVMs bounds how many VMs one run uses.
const maxVMs = 16

// Config is the kit's configuration file.
type Config struct {
	// Hosts are the two hosts, written as in the inventory; site may be left out.
	Hosts []inventory.Host `json:"hosts"`
	// Credentials are the logins the hosts refer to, as in the inventory.
	Credentials []inventory.Credential `json:"credentials"`
	// VMs are the VMs to use, one after the other.
	VMs []VM `json:"vms"`
	// PatienceMinutes is how long a boot, a replication or a merge may take to
	// be seen, 1 to 240; 20 when left out.
	PatienceMinutes int `json:"patienceMinutes,omitempty"`
	// TimeScale is how many times faster than real time the hosts' clocks go:
	// for the lab only. 1 when left out.
	TimeScale float64 `json:"timeScale,omitempty"`

	folder string
	inv    *inventory.Inventory
}

// VM is a VM to use.
type VM struct {
	// Name is its name on both hosts, which begins with hypertest.Mark.
	Name string `json:"name"`
	// Primary is the name of the host it runs on; the first one when left out.
	Primary string `json:"primary,omitempty"`
	// Adapter is the name of one of its network adapters that no other has;
	// "Network Adapter" when left out.
	Adapter string `json:"adapter,omitempty"`
	// TestSwitch is a virtual switch that both hosts have and that leads nowhere.
	TestSwitch string `json:"testSwitch"`
}

// Limits and defaults of a Config.
const (
	defaultPatience = 20
	maxPatience     = 240
	maxTimeScale    = 1000
	defaultAdapter  = "Network Adapter"
	// onlySite stands in for the site, which says nothing here.
	onlySite = "here"
)

// Load reads a configuration file, strictly, and checks it. Errors name the
// field, the value and the fix.
func Load(path string) (*Config, error) {
	c := &Config{}
	if err := daemon.Load(path, c); err != nil {
		return nil, err
	}
	folder, err := daemon.Folder(path)
	if err != nil {
		return nil, err
	}
	c.folder = folder
	if err := c.complete(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return c, nil
}

// complete fills in defaults and checks the whole.
func (c *Config) complete() error {
	doc := inventory.Document{Credentials: c.Credentials}
	for i := range c.Hosts {
		if c.Hosts[i].Site == "" {
			c.Hosts[i].Site = onlySite
		}
		doc.Hosts = append(doc.Hosts, c.Hosts[i])
	}
	named := map[string]bool{}
	for _, h := range doc.Hosts {
		if !named[h.Site] {
			named[h.Site] = true
			doc.Sites = append(doc.Sites, inventory.Site{Name: h.Site})
		}
	}
	inv, err := inventory.New(doc)
	if err != nil {
		return err
	}
	c.inv, c.Hosts = inv, inv.Hosts
	if c.PatienceMinutes == 0 {
		c.PatienceMinutes = defaultPatience
	}
	if c.TimeScale == 0 {
		c.TimeScale = 1
	}
	return errors.Join(append([]error{c.check()}, c.checkVMs()...)...)
}

func (c *Config) check() error {
	switch {
	case len(c.Hosts) != 2:
		return fmt.Errorf("hosts: %d are given; give two, between which the VMs replicate", len(c.Hosts))
	case c.PatienceMinutes < 1 || c.PatienceMinutes > maxPatience:
		return fmt.Errorf("patienceMinutes %d: give 1 to %d", c.PatienceMinutes, maxPatience)
	case c.TimeScale < 1 || c.TimeScale > maxTimeScale:
		return fmt.Errorf("timeScale %v: leave it out; for the lab give 1 to %d", c.TimeScale, maxTimeScale)
	case len(c.VMs) == 0 || len(c.VMs) > maxVMs:
		return fmt.Errorf("vms: %d are given; give 1 to %d throw-away VMs", len(c.VMs), maxVMs)
	}
	return nil
}

// checkVMs checks and completes each VM.
func (c *Config) checkVMs() []error {
	var wrong []error
	names := map[string]bool{}
	for i := range c.VMs {
		v, where := &c.VMs[i], fmt.Sprintf("vms[%d]", i)
		if v.Primary == "" && len(c.Hosts) > 0 {
			v.Primary = c.Hosts[0].Name
		}
		if v.Adapter == "" {
			v.Adapter = defaultAdapter
		}
		if !strings.HasPrefix(v.Name, hypertest.Mark) {
			wrong = append(wrong, fmt.Errorf("%s.name %q: only throw-away VMs are used; name it so that it begins with %s", where, v.Name, hypertest.Mark))
		}
		if names[v.Name] {
			wrong = append(wrong, fmt.Errorf("%s.name %q: is given twice; keep one of them", where, v.Name))
		}
		names[v.Name] = true
		if _, known := c.inv.Host(v.Primary); !known {
			wrong = append(wrong, fmt.Errorf("%s.primary %q: is none of the hosts; give the name of the one it runs on", where, v.Primary))
		}
		if v.TestSwitch == "" {
			wrong = append(wrong, fmt.Errorf("%s.testSwitch: is missing; give a virtual switch both hosts have and that leads nowhere", where))
		}
	}
	return wrong
}

// sides are a VM's primary and replica host.
func (c *Config) sides(v VM) (primary, replica inventory.Host) {
	primary, replica = c.Hosts[0], c.Hosts[1]
	if v.Primary == replica.Name {
		primary, replica = replica, primary
	}
	return primary, replica
}

// receives is how a host is reached for replication by the other one.
func receives(h, sender inventory.Host) hyperv.ReplicaServer {
	s := hyperv.ReplicaServer{Server: h.FQDN}
	if h.Replica == nil {
		return s
	}
	s.Port, s.Authentication = h.Replica.Port, hyperv.Authentication(h.Replica.Authentication)
	if h.Replica.Authentication == inventory.Certificate && sender.Replica != nil {
		s.CertificateThumbprint = sender.Replica.CertificateThumbprint
	}
	return s
}

// patience is PatienceMinutes of the hosts' time.
func (c *Config) patience() time.Duration { return time.Duration(c.PatienceMinutes) * time.Minute }
