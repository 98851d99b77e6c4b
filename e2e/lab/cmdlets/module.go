package cmdlets

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"lifeboat.io/e2e/lab/powershell"
)

// models are the cmdlets that are modelled, by name.
var models = func() map[string]*model {
	all := map[string]*model{}
	for _, family := range []map[string]*model{
		machineModels, powerModels, replicationModels, failoverModels, serverModels, adapterModels, snapshotModels, storageModels, hostModels, firewallModels,
	} {
		maps.Copy(all, family)
	}
	return all
}()

// Modelled lists the published cmdlets that do something, in alphabetical
// order.
func Modelled() []string { return slices.Sorted(maps.Keys(models)) }

// Published lists all published cmdlets, in alphabetical order. Those that are
// not modelled fail by name.
func Published() []string { return slices.Sorted(maps.Keys(metadata().Cmdlets)) }

// registries are kept, because hosts of one kind share one.
var registries = struct {
	sync.Mutex
	byKind map[string]*powershell.Registry
}{byKind: map[string]*powershell.Registry{}}

// registryFor is the registry of hosts with this version of the Hyper-V module
// and without the cmdlets that are missing.
func registryFor(version string, missing func(cmdlet string) bool) (*powershell.Registry, error) {
	var gone []string
	for _, name := range Published() {
		if missing(name) {
			gone = append(gone, name)
		}
	}
	kind := version + " without " + strings.Join(gone, " ")
	registries.Lock()
	defer registries.Unlock()
	if r := registries.byKind[kind]; r != nil {
		return r, nil
	}
	modules, err := modulesFor(version, gone)
	if err != nil {
		return nil, err
	}
	r, err := powershell.NewRegistry(modules...)
	if err != nil {
		return nil, err
	}
	registries.byKind[kind] = r
	return r, nil
}

// modulesFor makes the modules of a host.
func modulesFor(version string, missing []string) ([]*powershell.Module, error) {
	byName := map[string]*powershell.Module{"Hyper-V": {
		Name: "Hyper-V", Version: version, Classes: classes(), Enums: slices.Collect(maps.Values(enums())),
		Aliases: map[string]string{
			"Get-VMCheckpoint":    "Get-VMSnapshot",
			"Remove-VMCheckpoint": "Remove-VMSnapshot", "Restore-VMCheckpoint": "Restore-VMSnapshot", "Export-VMCheckpoint": "Export-VMSnapshot",
		},
	}}
	for _, name := range Published() {
		if slices.Contains(missing, name) {
			continue
		}
		cmdlet, err := publishedCmdlet(name, strings.HasPrefix(version, "1.1"))
		if err != nil {
			return nil, err
		}
		module := metadata().Cmdlets[name].Module
		if byName[module] == nil {
			byName[module] = &powershell.Module{Name: module, Version: "2.0.0.0"}
		}
		byName[module].Cmdlets = append(byName[module].Cmdlets, cmdlet)
	}
	list := slices.Collect(maps.Values(byName))
	return append(list, jobModule(), managementModule()), nil
}

// publishedCmdlet makes a cmdlet of its metadata.
func publishedCmdlet(name string, oldModule bool) (*powershell.Cmdlet, error) {
	cmdlet, err := metadata().Cmdlet(name, cmdletSpace)
	if err != nil {
		return nil, fmt.Errorf("cmdlet %s: %w", name, err)
	}
	cmdlet.ErrorName = errorClass(name, oldModule)
	if metadata().Cmdlets[name].Module != "Hyper-V" {
		cmdlet.ErrorName = name // these are made of CIM classes, which have no class per cmdlet
	}
	if m := models[name]; m != nil {
		m.install(cmdlet)
	} else {
		refuse(cmdlet)
	}
	return cmdlet, nil
}
