package view

import (
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
)

// Host is a host of the inventory with what the log knows of it.
type Host struct {
	// Name, Site, Address and FQDN are the inventory's.
	Name    string `json:"name"`
	Site    string `json:"site"`
	Address string `json:"address"`
	FQDN    string `json:"fqdn"`
	// Transport, Port and Auth are how it is talked to.
	Transport inventory.Transport `json:"transport"`
	Port      int                 `json:"port"`
	Auth      inventory.Auth      `json:"auth"`
	// Primaries, Replicas and Extended are the ids of the VMs that normally have such a copy on it.
	Primaries []string `json:"primaries"`
	Replicas  []string `json:"replicas"`
	Extended  []string `json:"extended"`
	// Seen is the last look at it; nil when no run has looked at it.
	Seen *HostSighting `json:"seen,omitempty"`
}

// HostSighting is a look at a host.
type HostSighting struct {
	// At is when.
	At time.Time `json:"at"`
	// Fault is why nothing could be read; nil when it answered.
	Fault *events.Fault `json:"fault,omitempty"`
	// Stale tells that it is too old to be taken for the present.
	Stale bool `json:"stale"`
}

// Hosts joins the hosts of an inventory with what runs saw of them last.
func Hosts(inv *inventory.Inventory, seen Sightings, now time.Time) []Host {
	hosts := make([]Host, len(inv.Hosts))
	at := make(map[string]int, len(inv.Hosts))
	for i, h := range inv.Hosts {
		at[h.Name] = i
		hosts[i] = Host{
			Name: h.Name, Site: h.Site, Address: h.Address, FQDN: h.FQDN,
			Transport: h.WinRM.Transport, Port: h.WinRM.Port, Auth: h.WinRM.Auth,
			Primaries: []string{}, Replicas: []string{}, Extended: []string{},
		}
		if s, ok := seen.Host(h.Name); ok {
			hosts[i].Seen = &HostSighting{At: s.Reading.ReadAt, Fault: s.Reading.Fault, Stale: !Fresh(s.Reading.ReadAt, now)}
		}
	}
	for _, v := range inv.VMs {
		hosts[at[v.Primary]].Primaries = append(hosts[at[v.Primary]].Primaries, v.ID)
		hosts[at[v.Replica]].Replicas = append(hosts[at[v.Replica]].Replicas, v.ID)
		if v.Extended != "" {
			hosts[at[v.Extended]].Extended = append(hosts[at[v.Extended]].Extended, v.ID)
		}
	}
	return hosts
}
