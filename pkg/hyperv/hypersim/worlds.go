package hypersim

import (
	"fmt"
	"time"
)

// Pair is the smallest world a failover can happen in: hosts "p1" in site
// "east" and "r1" in site "west", and n VMs "vm1" to "vm<n>" running on p1,
// replicated to r1 every five minutes with four recovery points.
func Pair(n int) Spec {
	s := Spec{Hosts: []HostSpec{{Name: "p1", Site: "east"}, {Name: "r1", Site: "west"}}}
	for i := range n {
		s.VMs = append(s.VMs, VMSpec{Name: fmt.Sprintf("vm%d", i+1), Host: "p1", Replica: "r1", RecoveryHistory: 4,
			Adapters: []AdapterSpec{{Name: "Network Adapter", Switch: "Production", ReplicaSwitch: "Production", TestSwitch: "Isolated"}}})
	}
	return s
}

// TwoSites is the lab's default world: two sites of two hosts, and eight VMs
// that replicate from one site to the other, six of them eastwards.
func TwoSites() Spec {
	s := Spec{
		Hosts: []HostSpec{{Name: "hv01", Site: "east"}, {Name: "hv02", Site: "east"}, {Name: "hv11", Site: "west"}, {Name: "hv12", Site: "west"}},
		Links: []LinkSpec{{From: "east", To: "west", Link: Link{Latency: Duration(10 * time.Millisecond), Bandwidth: 125_000_000}}},
	}
	for _, v := range []struct {
		name, host, replica string
		seconds, points     int
	}{
		{"web01", "hv01", "hv11", 30, 0},
		{"web02", "hv02", "hv12", 30, 0},
		{"app01", "hv01", "hv11", 300, 4},
		{"app02", "hv02", "hv12", 300, 4},
		{"sql01", "hv01", "hv11", 30, 12},
		{"mail01", "hv02", "hv12", 300, 24},
		{"files01", "hv11", "hv01", 900, 4},
		{"build01", "hv12", "hv02", 900, 0},
	} {
		s.VMs = append(s.VMs, VMSpec{Name: v.name, Host: v.host, Replica: v.replica, FrequencySec: v.seconds, RecoveryHistory: v.points,
			Adapters: []AdapterSpec{{Name: "Network Adapter", Switch: "Production", ReplicaSwitch: "Production"}}})
	}
	return s
}

// Large is a world of many hosts in two sites, and VMs spread evenly over
// them, each replicated to the other site. An odd number of hosts is rounded up.
func Large(hosts, vms int) Spec {
	hosts += hosts % 2
	s := Spec{Hosts: make([]HostSpec, 0, hosts), VMs: make([]VMSpec, 0, vms)}
	for i := range hosts {
		site := "east"
		if i%2 == 1 {
			site = "west"
		}
		s.Hosts = append(s.Hosts, HostSpec{Name: fmt.Sprintf("hv%04d", i), Site: site})
	}
	for i := range vms {
		host := i % hosts
		s.VMs = append(s.VMs, VMSpec{Name: fmt.Sprintf("vm%05d", i), Host: s.Hosts[host].Name, Replica: s.Hosts[host^1].Name, RecoveryHistory: 4})
	}
	return s
}
