package winrm

import (
	"encoding/json"
	"testing"

	"lifeboat.io/pkg/hyperv"
)

const machineJSON = `{"present":true,"id":"11111111-2222-3333-4444-555555555555","name":"n","hostTime":"2026-01-02T03:04:05.1234567Z","power":"Off",` +
	`"heartbeat":"","autoStart":"Nothing","operationalStatus":["Ok"],"replication":{"mode":"Replica","state":"Replicating","health":"Normal","frequencySec":30,` +
	`"lastReplication":null,"lastApplied":"2026-01-02T03:04:05Z","failedOver":"None","primaryServer":"p","replicaServer":"r","replicaPort":80,"authentication":"Kerberos","thumbprint":""},` +
	`"extended":{"mode":"Replica","state":"Replicating"},"recoveryPoints":[{"id":"a","name":"b","time":"2026-01-02T03:04:05Z","type":"Replica"}],` +
	`"testVM":{"id":"t","name":"n - Test","power":"Running","heartbeat":"NoContact","adapters":[]},"adapters":[{"name":"a","switchName":"s","testSwitchName":"t"}]}`

func TestDecodeVM(t *testing.T) {
	vm, err := decodeVM(json.RawMessage(machineJSON))
	if err != nil {
		t.Fatal(err)
	}
	if vm.Heartbeat != hyperv.HeartbeatUnknown || vm.Extended == nil || len(vm.RecoveryPoints) != 1 || vm.TestVM == nil || vm.TestVM.Heartbeat != hyperv.HeartbeatNoContact {
		t.Errorf("%+v", vm)
	}
	if vm.Adapters[0] != (hyperv.Adapter{Name: "a", Switch: "s", TestSwitch: "t"}) || !vm.Replication.LastReplication.IsZero() || vm.Replication.LastApplied.IsZero() {
		t.Errorf("%+v", vm)
	}
}

// FuzzValue feeds what a host may answer to everything that reads it.
func FuzzValue(f *testing.F) {
	f.Add([]byte(machineJSON))
	f.Add([]byte(`{"present":false,"hostTime":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"acted":true,"before":` + machineJSON + `,"after":` + machineJSON + `,"refusal":"x"}`))
	f.Add([]byte(`{"ids":["a"],"machines":[{"id":"a"}],"cmdlets":{"Get-VM":true},"switches":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if vm, err := decodeVM(text); err == nil {
			if vm.HostTime.IsZero() || vm.Present && (vm.ID == "" || vm.Power == "" || vm.Replication.Mode == "") {
				t.Errorf("believed %+v", vm)
			}
			if !vm.Present && (vm.ID != "" || vm.Name != "") {
				t.Errorf("a VM that is not there has %+v", vm)
			}
		}
		if c, _, err := decodeChange(text); err == nil && (c.Before.HostTime.IsZero() || c.After.HostTime.IsZero()) {
			t.Errorf("believed %+v", c)
		}
		_, _ = decode[foundJSON](text)
		_, _ = decode[listJSON](text)
		_, _ = decode[infoJSON](text)
	})
}
