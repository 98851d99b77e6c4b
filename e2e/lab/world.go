package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"lifeboat.io/pkg/hyperv/hypersim"
)

// Sizes of a generated world.
const (
	DefaultHosts = 4
	DefaultVMs   = 8
	MaxHosts     = 1000
	MaxVMs       = 20_000
)

// frequencies are how often the VMs of a generated world replicate, in seconds,
// and points how many recovery points they keep; they take turns.
var (
	frequencies = [...]int{30, 300, 300, 900}
	points      = [...]int{0, 4, 12, 4, 24}
	roles       = [...]string{"web", "app", "sql", "mail", "files", "build"}
)

// World is a world of this size: the default one, two sites of two hosts with
// eight VMs, when it is the default size; otherwise hosts in two sites by
// turns, from six hosts on in three, and VMs spread evenly over them, each
// replicated to a host of another site.
func World(hosts, vms int, seed uint64) (hypersim.Spec, error) {
	switch {
	case hosts < 2 || hosts > MaxHosts:
		return hypersim.Spec{}, fmt.Errorf("hosts %d: give 2 to %d, so that VMs have somewhere to go", hosts, MaxHosts)
	case vms < 0 || vms > MaxVMs:
		return hypersim.Spec{}, fmt.Errorf("vms %d: give 0 to %d", vms, MaxVMs)
	case hosts == DefaultHosts && vms == DefaultVMs:
		s := hypersim.TwoSites()
		s.Seed = seed
		return s, nil
	}
	s := hypersim.Spec{Seed: seed}
	sites := []string{"east", "west"}
	if hosts >= 6 {
		sites = append(sites, "north")
	}
	for i := range hosts {
		s.Hosts = append(s.Hosts, hypersim.HostSpec{Name: fmt.Sprintf("hv%02d", i+1), Site: sites[i%len(sites)]})
	}
	for i := range vms {
		s.VMs = append(s.VMs, hypersim.VMSpec{
			Name: fmt.Sprintf("%s%02d", roles[i%len(roles)], i/len(roles)+1),
			Host: s.Hosts[i%hosts].Name, Replica: s.Hosts[partner(i%hosts, hosts, len(sites))].Name,
			FrequencySec: frequencies[i%len(frequencies)], RecoveryHistory: points[i%len(points)],
			Adapters: []hypersim.AdapterSpec{{Name: "Network Adapter", Switch: "Production", ReplicaSwitch: "Production"}},
		})
	}
	return s, nil
}

// partner is the host a host replicates to: the next one, which stands in
// another site; for the last one, whose next would be the first, that one or
// the one before, whichever stands elsewhere.
func partner(i, hosts, sites int) int {
	next := (i + 1) % hosts
	if next%sites == i%sites {
		return i - 1
	}
	return next
}

// maxWorldBytes bounds the description of a world.
const maxWorldBytes = 64 << 20

// ReadWorld reads a world from a file: hypersim.Spec as JSON.
func ReadWorld(path string) (hypersim.Spec, error) {
	f, err := os.Open(path)
	if err != nil {
		return hypersim.Spec{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Size() > maxWorldBytes {
		err = errors.New("it is larger than 64 MiB")
	}
	if err != nil {
		return hypersim.Spec{}, fmt.Errorf("world %s: %w", path, err)
	}
	var s hypersim.Spec
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return hypersim.Spec{}, fmt.Errorf("world %s: %w", path, err)
	}
	return s, nil
}
