package inventory

import (
	"fmt"

	"lifeboat.io/events"
)

func (c *checker) vm(path string, v VM) {
	switch {
	case v.ID == "":
		c.add(path+".id", "", "is missing", "give the VMId GUID, as Get-VM shows it in Id")
	case !isVMID(v.ID):
		c.add(path+".id", v.ID, "is no GUID", "give the VMId as Get-VM shows it in Id, 8-4-4-4-12 hexadecimal digits")
	}
	c.text(path+".name", v.Name, events.MaxName)
	known(c, path+".account", v.Account, "account", c.accounts)
	known(c, path+".primary", v.Primary, "host", c.hosts)
	known(c, path+".replica", v.Replica, "host", c.hosts)
	if v.Replica != "" && v.Replica == v.Primary {
		c.add(path+".replica", v.Replica, "is the primary as well", "name the host that holds the copy")
	}
	if v.Extended != "" {
		known(c, path+".extended", v.Extended, "host", c.hosts)
		if v.Extended == v.Primary || v.Extended == v.Replica {
			c.add(path+".extended", v.Extended, "is primary or replica as well", "name a third host, or leave extended out")
		}
	}
	c.testNetwork(path+".test", v.Test)
	if v.RPOMinutes != 0 {
		c.between(path+".rpoMinutes", v.RPOMinutes, 1, maxObjectiveMinutes)
	}
	if v.RTOMinutes != 0 {
		c.between(path+".rtoMinutes", v.RTOMinutes, 1, maxObjectiveMinutes)
	}
	c.sender(path, v.Primary, v.Replica)
	c.sender(path, v.Replica, v.Primary)
}

func (c *checker) testNetwork(path string, n TestNetwork) {
	if n.Switch != "" {
		c.text(path+".switch", n.Switch, events.MaxName)
	}
	if len(n.Adapters) > events.MaxAdapters {
		c.add(path+".adapters", fmt.Sprint(len(n.Adapters)), "are more adapters than a VM can have", fmt.Sprintf("list at most %d", events.MaxAdapters))
	}
	first := map[string]int{}
	for i, a := range n.Adapters {
		at := fmt.Sprintf("%s.adapters[%d]", path, i)
		c.text(at+".adapter", a.Adapter, events.MaxName)
		if a.Switch != "" {
			c.text(at+".switch", a.Switch, events.MaxName)
		}
		if earlier, taken := first[a.Adapter]; taken && a.Adapter != "" {
			c.add(at+".adapter", a.Adapter, fmt.Sprintf("is already connected by adapters[%d]", earlier), "keep one of them")
			continue
		}
		first[a.Adapter] = i
	}
}
