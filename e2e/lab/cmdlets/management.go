package cmdlets

import (
	"strings"

	"lifeboat.io/e2e/lab/powershell"
)

// classes are those of the Hyper-V module and its neighbours.
func classes() []*powershell.Class {
	return []*powershell.Class{
		classVirtualMachine, classReplication, classReplicationHealth, classServer, classEntry, classAdapter, classSwitch, classFailoverSetting,
		classSnapshot, classHardDiskDrive, classVHD, classVolume, classVMHost, classIntegrationService, classProcessor, classMemory, classRule,
	}
}

// service is the Data of a ServiceController object.
type service struct{ name, display string }

// services are those a script might ask about: Hyper-V's own and WinRM, which
// both run, or nobody could ask.
var services = []service{
	{"vmms", "Hyper-V Virtual Machine Management"},
	{"vmcompute", "Hyper-V Host Compute Service"},
	{"WinRM", "Windows Remote Management (WS-Management)"},
}

func ownProperty(name string, get func(s *service) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: tString, Get: func(v powershell.Value) powershell.Value { return get(v.(*service)) }}
}

var enumServiceStatus = powershell.NewEnumType("System.ServiceProcess.ServiceControllerStatus", map[string]int64{
	"Stopped": 1, "StartPending": 2, "StopPending": 3, "Running": 4, "ContinuePending": 5, "PausePending": 6, "Paused": 7,
})

var classService = &powershell.Class{
	Name: "System.ServiceProcess.ServiceController",
	Table: []powershell.Column{
		{Property: "Status", Width: 8}, {Property: "Name", Width: 18}, {Property: "DisplayName"},
	},
	Properties: []powershell.Property{
		ownProperty("Name", func(s *service) powershell.Value { return s.name }),
		ownProperty("DisplayName", func(s *service) powershell.Value { return s.display }),
		ownProperty("Status", func(*service) powershell.Value { return enumServiceStatus.Of("Running") }),
		ownProperty("ServiceName", func(s *service) powershell.Value { return s.name }),
	},
}

// managementModule has the little of Microsoft.PowerShell.Management that is
// about the host itself, and the programs hostname and whoami.
func managementModule() *powershell.Module {
	rest := []*powershell.Parameter{{Name: "Arguments", Type: "string[]", Sets: map[string]powershell.Setting{"": {Remaining: true}}}}
	program := func(name string, run func(c *call) error) *powershell.Cmdlet {
		return &powershell.Cmdlet{Name: name, Aliases: []string{name + ".exe"}, Parameters: rest, Process: func(pc *powershell.Call) error { return run(newCall(pc, name)) }}
	}
	return &powershell.Module{
		Name: "Microsoft.PowerShell.Management", Version: "3.1.0.0", Classes: []*powershell.Class{classService}, Enums: []*powershell.EnumType{enumServiceStatus},
		Cmdlets: []*powershell.Cmdlet{
			{
				Name: "Get-Service", Aliases: []string{"gsv"}, ErrorName: "Microsoft.PowerShell.Commands.GetServiceCommand",
				Parameters: []*powershell.Parameter{{Name: "Name", Aliases: []string{"ServiceName"}, Type: "string[]", Sets: map[string]powershell.Setting{"": {Positional: true, ByValue: true, ByPropertyName: true}}}},
				Process:    getService,
			},
			program("hostname", func(c *call) error { return c.Write(c.host.record.Name) }),
			program("whoami", func(c *call) error { return c.Write(strings.ToLower(c.User())) }),
		},
	}
}

func getService(c *powershell.Call) error {
	names := c.Strings("Name")
	for _, name := range names {
		if powershell.HasWildcard(name) {
			continue
		}
		known := false
		for _, s := range services {
			known = known || matches([]string{name}, s.name)
		}
		if !known {
			r := powershell.NewErrorRecord("Microsoft.PowerShell.Commands.ServiceCommandException", "NoServiceFoundForGivenName", powershell.ObjectNotFound,
				"Cannot find any service with service name '"+name+"'.")
			r.Target = name
			if err := c.Error(r); err != nil {
				return err
			}
		}
	}
	for _, s := range services {
		if matches(names, s.name) {
			if err := c.Write(powershell.NewInstance(classService, &s)); err != nil {
				return err
			}
		}
	}
	return nil
}
