package cmdlets

import (
	"slices"
	"strings"
	"sync"

	"lifeboat.io/e2e/lab/powershell"
)

// firewallModels are the cmdlets about firewall rules.
var firewallModels = map[string]*model{
	"Get-NetFirewallRule":    {takes: "All Name DisplayName", run: getRule},
	"Enable-NetFirewallRule": {takes: "Name DisplayName InputObject PassThru", run: enableRule},
}

// firewall keeps the rules of a host.
type firewall struct {
	mu    sync.Mutex
	rules []*rule
}

// rule is one firewall rule.
type rule struct {
	name, display string
	on            *firewall
	enabled       bool // guarded by firewall.mu
}

// setUp makes the two rules Hyper-V Replica brings along. Windows ships them
// disabled; the hosts of a lab have been set up.
func (f *firewall) setUp() {
	f.rules = []*rule{
		{name: "VIRT-HVRHTTPL-In-TCP-NoScope", display: "Hyper-V Replica HTTP Listener (TCP-In)", on: f, enabled: true},
		{name: "VIRT-HVRHTTPSL-In-TCP-NoScope", display: "Hyper-V Replica HTTPS Listener (TCP-In)", on: f, enabled: true},
	}
}

func ruleProperty(name string, get func(r *rule) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: tString, Get: func(v powershell.Value) powershell.Value { return get(v.(*rule)) }}
}

var classRule = &powershell.Class{
	Name:  `Microsoft.Management.Infrastructure.CimInstance#root/standardcimv2/MSFT_NetFirewallRule`,
	Bases: []string{"Microsoft.Management.Infrastructure.CimInstance"},
	List:  []string{"Name", "DisplayName", "DisplayGroup", "Enabled", "Profile", "Direction", "Action"},
	Properties: []powershell.Property{
		ruleProperty("Name", func(r *rule) powershell.Value { return r.name }),
		ruleProperty("DisplayName", func(r *rule) powershell.Value { return r.display }),
		ruleProperty("DisplayGroup", func(*rule) powershell.Value { return "Hyper-V Replica" }),
		ruleProperty("Enabled", func(r *rule) powershell.Value {
			r.on.mu.Lock()
			defer r.on.mu.Unlock()
			if r.enabled {
				return "True"
			}
			return "False"
		}),
		ruleProperty("Profile", func(*rule) powershell.Value { return "Any" }),
		ruleProperty("Direction", func(*rule) powershell.Value { return "Inbound" }),
		ruleProperty("Action", func(*rule) powershell.Value { return "Allow" }),
	},
}

// chosenRules are the rules a call names. A name that matches nothing is
// written as an error.
func (c *call) chosenRules() ([]*rule, error) {
	var chosen []*rule
	for _, d := range c.Data("InputObject") {
		if r, ok := d.(*rule); ok {
			chosen = append(chosen, r)
		}
	}
	if c.Has("InputObject") {
		return chosen, nil
	}
	all := c.host.firewall.rules
	if !c.Has("Name") && !c.Has("DisplayName") {
		return all, nil
	}
	for _, name := range append(c.Strings("Name"), c.Strings("DisplayName")...) {
		found := slices.DeleteFunc(slices.Clone(all), func(r *rule) bool {
			is := r.name
			if c.Has("DisplayName") {
				is = r.display
			}
			return !matches([]string{name}, is)
		})
		if len(found) == 0 && !strings.Contains(name, "*") {
			if err := c.Error(notFoundByQuery("MSFT_NetFirewallRule", name)); err != nil {
				return nil, err
			}
		}
		chosen = append(chosen, found...)
	}
	return chosen, nil
}

func getRule(c *call) error {
	chosen, err := c.chosenRules()
	if err != nil {
		return err
	}
	return c.writeRules(chosen)
}

func (c *call) writeRules(list []*rule) error {
	for _, r := range list {
		if err := c.Write(powershell.NewInstance(classRule, r)); err != nil {
			return err
		}
	}
	return nil
}

func enableRule(c *call) error {
	chosen, err := c.chosenRules()
	if err != nil {
		return err
	}
	for _, r := range chosen {
		yes, err := c.ShouldProcess(r.display, "")
		if err != nil {
			return err
		}
		if yes {
			r.on.mu.Lock()
			r.enabled = true
			r.on.mu.Unlock()
		}
	}
	if c.Switch("PassThru") {
		return c.writeRules(chosen)
	}
	return nil
}
