package cmdlets

import (
	"slices"
	"strings"
	"testing"

	"lifeboat.io/pkg/hyperv/winrm/script"
)

// TestModelsFitWhatIsPublished holds the table of models against the metadata:
// a parameter that is taken must be one the cmdlet has.
func TestModelsFitWhatIsPublished(t *testing.T) {
	for name, m := range models {
		published := metadata().Cmdlets[name]
		if published == nil {
			t.Errorf("%s is modelled and not published", name)
			continue
		}
		known := map[string]bool{}
		for _, set := range published.ParameterSets {
			for p := range set {
				known[p] = true
			}
		}
		for _, p := range strings.Fields(m.takes) {
			if !known[p] {
				t.Errorf("%s takes %s, which it does not have", name, p)
			}
		}
	}
}

func TestEverythingLifeboatNeedsIsModelled(t *testing.T) {
	for _, name := range script.Cmdlets {
		if models[name] == nil {
			t.Errorf("%s is not modelled", name)
		}
	}
}

// notModelled are the published cmdlets that fail by name: clusters, groups of
// VMs, metering, moving, exporting. A cmdlet that leaves this list by being
// modelled, or comes onto it, should be meant to.
var notModelled = strings.Fields(`
	Add-ClusterGroup Add-ClusterResource Add-ClusterResourceDependency Add-ClusterVirtualMachineRole
	Disable-VMResourceMetering Enable-VMResourceMetering Export-VM Export-VMSnapshot
	Get-Cluster Get-ClusterGroup Get-ClusterNetwork Get-ClusterNode Get-ClusterParameter Get-ClusterResource
	Get-ClusterSharedVolume Get-ClusterSharedVolumeState Get-VHDSet Get-VMGroup Measure-VM
	Move-ClusterVirtualMachineRole Move-VMStorage Remove-ClusterGroup Reset-VMResourceMetering
	Set-ClusterParameter Set-VMHost Start-ClusterGroup Start-ClusterResource Stop-ClusterGroup Stop-ClusterResource
	Update-ClusterNetworkNameResource Update-VMVersion`)

func TestWhatIsNotModelled(t *testing.T) {
	left := slices.DeleteFunc(Published(), func(name string) bool { return models[name] != nil })
	if !slices.Equal(left, notModelled) {
		t.Errorf("not modelled are\n%s\nexpected\n%s", strings.Join(left, " "), strings.Join(notModelled, " "))
	}
}

func TestRegistriesAreShared(t *testing.T) {
	all := func(string) bool { return false }
	a, err := registryFor("2.0.0.0", all)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := registryFor("2.0.0.0", all); a != b {
		t.Error("hosts of one kind do not share a registry")
	}
	old, err := registryFor("1.1", func(name string) bool { return name == "Get-Volume" })
	if err != nil || old == a || slices.Contains(old.Cmdlets(), "Get-Volume") || !slices.Contains(old.Cmdlets(), "Get-VM") {
		t.Errorf("%v", err)
	}
}
