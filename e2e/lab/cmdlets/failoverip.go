package cmdlets

import (
	"context"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// failoverSetting is the Data of a VMNetworkAdapterFailoverSetting object.
type failoverSetting struct {
	hypersim.FailoverIP
	adapter, vm string
}

func settingProperty(name, typ string, get func(s *failoverSetting) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*failoverSetting)) }}
}

func ipProperty(name string, get func(ip *hypersim.FailoverIP) string) powershell.Property {
	return settingProperty(name, tString, func(s *failoverSetting) powershell.Value { return get(&s.FailoverIP) })
}

var classFailoverSetting = &powershell.Class{
	Name: typeSpace + ".VMNetworkAdapterFailoverSetting", Bases: []string{typeSpace + ".VirtualizationObject"},
	Properties: []powershell.Property{
		settingProperty("VMName", tString, func(s *failoverSetting) powershell.Value { return s.vm }),
		settingProperty("VMNetworkAdapterName", tString, func(s *failoverSetting) powershell.Value { return s.adapter }),
		ipProperty("IPv4Address", func(ip *hypersim.FailoverIP) string { return ip.IPv4Address }),
		ipProperty("IPv4SubnetMask", func(ip *hypersim.FailoverIP) string { return ip.IPv4SubnetMask }),
		ipProperty("IPv4DefaultGateway", func(ip *hypersim.FailoverIP) string { return ip.IPv4DefaultGateway }),
		ipProperty("IPv4PreferredDNSServer", func(ip *hypersim.FailoverIP) string { return ip.IPv4PreferredDNSServer }),
		ipProperty("IPv4AlternateDNSServer", func(ip *hypersim.FailoverIP) string { return ip.IPv4AlternateDNSServer }),
		ipProperty("IPv6Address", func(ip *hypersim.FailoverIP) string { return ip.IPv6Address }),
		settingProperty("IPv6SubnetPrefixLength", tInt32, func(s *failoverSetting) powershell.Value { return int32(s.IPv6SubnetPrefixLength) }),
		ipProperty("IPv6DefaultGateway", func(ip *hypersim.FailoverIP) string { return ip.IPv6DefaultGateway }),
		ipProperty("IPv6PreferredDNSServer", func(ip *hypersim.FailoverIP) string { return ip.IPv6PreferredDNSServer }),
		ipProperty("IPv6AlternateDNSServer", func(ip *hypersim.FailoverIP) string { return ip.IPv6AlternateDNSServer }),
	},
}

// failoverIP reads the settings of the adapters a wire means.
func (c *call) failoverIP(ctx context.Context, w wire) ([]hypersim.NetworkAdapter, error) {
	all, err := c.host.machine.GetVMNetworkAdapter(c.host.waiting(ctx), w.id)
	if err != nil || w.adapter == "" {
		return all, err
	}
	var mine []hypersim.NetworkAdapter
	for _, a := range all {
		if matches([]string{powershell.EscapeWildcard(w.adapter)}, a.Name) {
			mine = append(mine, a)
		}
	}
	return mine, nil
}

func getFailoverIP(c *call) error {
	wires, err := c.wires("VMNetworkAdapterName")
	if err != nil {
		return err
	}
	for _, w := range wires {
		all, err := c.failoverIP(c.Context(), w)
		var objects []powershell.Value
		for _, a := range all {
			objects = append(objects, powershell.NewInstance(classFailoverSetting, &failoverSetting{a.FailoverIP, a.Name, w.name}))
		}
		if err := c.write(objects, err); err != nil {
			return err
		}
	}
	return nil
}

// setFailoverIP changes what is given and keeps the rest.
func setFailoverIP(c *call) error {
	return c.actOnAdapters("VMNetworkAdapterName", func(ctx context.Context, w wire) error {
		adapters, err := c.failoverIP(ctx, w)
		if err != nil {
			return err
		}
		if len(adapters) == 0 {
			return noAdapter(w.adapter, w.name)
		}
		return c.host.machine.SetVMNetworkAdapterFailoverConfiguration(ctx, w.id, adapters[0].Name, c.changedIP(adapters[0].FailoverIP))
	})
}

// changedIP is a setting with what the call changes.
func (c *call) changedIP(ip hypersim.FailoverIP) hypersim.FailoverIP {
	if c.Switch("ClearFailoverIPv4Settings") {
		ip = hypersim.FailoverIP{IPv6Address: ip.IPv6Address, IPv6SubnetPrefixLength: ip.IPv6SubnetPrefixLength, IPv6DefaultGateway: ip.IPv6DefaultGateway,
			IPv6PreferredDNSServer: ip.IPv6PreferredDNSServer, IPv6AlternateDNSServer: ip.IPv6AlternateDNSServer}
	}
	if c.Switch("ClearFailoverIPv6Settings") {
		ip = hypersim.FailoverIP{IPv4Address: ip.IPv4Address, IPv4SubnetMask: ip.IPv4SubnetMask, IPv4DefaultGateway: ip.IPv4DefaultGateway,
			IPv4PreferredDNSServer: ip.IPv4PreferredDNSServer, IPv4AlternateDNSServer: ip.IPv4AlternateDNSServer}
	}
	for name, field := range map[string]*string{
		"IPv4Address": &ip.IPv4Address, "IPv4SubnetMask": &ip.IPv4SubnetMask, "IPv4DefaultGateway": &ip.IPv4DefaultGateway,
		"IPv4PreferredDNSServer": &ip.IPv4PreferredDNSServer, "IPv4AlternateDNSServer": &ip.IPv4AlternateDNSServer,
		"IPv6Address": &ip.IPv6Address, "IPv6DefaultGateway": &ip.IPv6DefaultGateway,
		"IPv6PreferredDNSServer": &ip.IPv6PreferredDNSServer, "IPv6AlternateDNSServer": &ip.IPv6AlternateDNSServer,
	} {
		if c.Has(name) {
			*field = c.String(name)
		}
	}
	if c.Has("IPv6SubnetPrefixLength") {
		ip.IPv6SubnetPrefixLength = int(c.Int("IPv6SubnetPrefixLength"))
	}
	return ip
}
