package command

import (
	"strings"
	"testing"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

const (
	firstTwin  hyperv.VMID = "11111111-1111-4111-8111-111111111111"
	secondTwin hyperv.VMID = "22222222-2222-4222-8222-222222222222"
)

// TestFindVMSaysWhatToWriteInstead: each error ends in something to type.
func TestFindVMSaysWhatToWriteInstead(t *testing.T) {
	w, err := hypersim.New(hypersim.Spec{
		Hosts: []hypersim.HostSpec{{Name: "hv01"}, {Name: "hv02"}},
		VMs: []hypersim.VMSpec{
			{ID: firstTwin, Name: "twin", Host: "hv01", Replica: "hv02"},
			{ID: secondTwin, Name: "twin", Host: "hv01", Off: true},
			{Name: "Web01", Host: "hv01"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	host := w.Host("hv01")
	for _, tt := range []struct {
		name string
		id   hyperv.VMID
		says []string
	}{
		{"twin", "", []string{"host hv01 has 2 VMs named \"twin\"", "--id " + string(firstTwin) + "  Running, replication Primary", "--id " + string(secondTwin) + "  Off, replication None"}},
		{"web01", "", []string{"no virtual machine named \"web01\"", "did you mean --name \"Web01\"?"}},
		{"mail", "", []string{"no virtual machine named \"mail\""}},
		{"", "33333333-3333-4333-8333-333333333333", []string{"hv01 has no VM with id 33333333", "--name"}},
	} {
		_, err := vmOn(t.Context(), host, tt.name, tt.id)
		if err == nil {
			t.Errorf("%q %s: was found", tt.name, tt.id)
			continue
		}
		for _, says := range tt.says {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%q %s: %q does not say %q", tt.name, tt.id, err, says)
			}
		}
	}
	for name, id := range map[string]hyperv.VMID{"Web01": "", "twin": secondTwin} {
		if vm, err := vmOn(t.Context(), host, name, id); err != nil || vm.Name != name || id != "" && vm.ID != id {
			t.Errorf("%q %s: %+v, %v", name, id, vm.ID, err)
		}
	}
}
