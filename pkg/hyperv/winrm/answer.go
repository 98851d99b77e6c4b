package winrm

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// The shapes in which the scripts tell what they read. Times are pointers
// because never is null.

type vmJSON struct {
	Present           bool                 `json:"present"`
	ID                string               `json:"id"`
	Name              string               `json:"name"`
	HostTime          time.Time            `json:"hostTime"`
	Power             string               `json:"power"`
	Heartbeat         string               `json:"heartbeat"`
	AutoStart         string               `json:"autoStart"`
	OperationalStatus []string             `json:"operationalStatus"`
	Replication       *replicationJSON     `json:"replication"`
	Extended          *replicationJSON     `json:"extended"`
	RecoveryPoints    []recoveryPointJSON  `json:"recoveryPoints"`
	TestVM            *testVMJSON          `json:"testVM"`
	Adapters          []networkAdapterJSON `json:"adapters"`
}

type replicationJSON struct {
	Mode            string     `json:"mode"`
	State           string     `json:"state"`
	Health          string     `json:"health"`
	FrequencySec    int64      `json:"frequencySec"`
	LastReplication *time.Time `json:"lastReplication"`
	LastApplied     *time.Time `json:"lastApplied"`
	FailedOver      string     `json:"failedOver"`
	PrimaryServer   string     `json:"primaryServer"`
	ReplicaServer   string     `json:"replicaServer"`
	ReplicaPort     int        `json:"replicaPort"`
	Authentication  string     `json:"authentication"`
	Thumbprint      string     `json:"thumbprint"`
}

type recoveryPointJSON struct {
	ID   string     `json:"id"`
	Name string     `json:"name"`
	Time *time.Time `json:"time"`
	Type string     `json:"type"`
}

type testVMJSON struct {
	ID        string               `json:"id"`
	Name      string               `json:"name"`
	Power     string               `json:"power"`
	Heartbeat string               `json:"heartbeat"`
	Adapters  []networkAdapterJSON `json:"adapters"`
}

type networkAdapterJSON struct {
	Name       string `json:"name"`
	Switch     string `json:"switchName"`
	TestSwitch string `json:"testSwitchName"`
}

type changeJSON struct {
	Acted  bool            `json:"acted"`
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
	// Refusal is why the guest will not shut down; of stop only.
	Refusal string `json:"refusal"`
}

type foundJSON struct {
	IDs []string `json:"ids"`
}

type listJSON struct {
	Machines []struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Power string `json:"power"`
		Mode  string `json:"mode"`
	} `json:"machines"`
}

type infoJSON struct {
	ComputerName  string          `json:"computerName"`
	FQDN          string          `json:"fqdn"`
	PowerShell    string          `json:"powerShell"`
	Module        string          `json:"module"`
	Cmdlets       map[string]bool `json:"cmdlets"`
	ReplicaServer bool            `json:"replicaServer"`
	Switches      []string        `json:"switches"`
}

// decode reads a value a script answered with.
func decode[T any](text json.RawMessage) (T, error) {
	var v T
	if len(text) == 0 || string(text) == "null" {
		return v, errors.New("the answer has no value")
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("the answer's value cannot be read: %w", err)
	}
	return v, nil
}

// decodeVM reads a VM and checks that it is one.
func decodeVM(text json.RawMessage) (hyperv.VM, error) {
	v, err := decode[vmJSON](text)
	if err != nil {
		return hyperv.VM{}, err
	}
	if v.HostTime.IsZero() {
		return hyperv.VM{}, errors.New("a VM without the time it was read")
	}
	if !v.Present {
		return hyperv.VM{HostTime: v.HostTime.UTC()}, nil
	}
	if v.ID == "" || v.Power == "" || v.Replication == nil || v.Replication.Mode == "" {
		return hyperv.VM{}, errors.New("a VM without an id, a power state or a replication mode")
	}
	vm := hyperv.VM{
		Present: true, ID: hyperv.VMID(v.ID), Name: v.Name, HostTime: v.HostTime.UTC(), Power: hyperv.PowerState(v.Power),
		Heartbeat: heartbeat(v.Heartbeat), AutoStart: hyperv.StartAction(v.AutoStart), OperationalStatus: v.OperationalStatus,
		Replication: v.Replication.replication(), Adapters: adapters(v.Adapters),
	}
	if v.Extended != nil {
		x := v.Extended.replication()
		vm.Extended = &x
	}
	for _, p := range v.RecoveryPoints {
		vm.RecoveryPoints = append(vm.RecoveryPoints, hyperv.RecoveryPoint{ID: hyperv.RecoveryPointID(p.ID), Name: p.Name, Time: at(p.Time), Type: p.Type})
	}
	if t := v.TestVM; t != nil {
		vm.TestVM = &hyperv.TestVM{ID: hyperv.VMID(t.ID), Name: t.Name, Power: hyperv.PowerState(t.Power), Heartbeat: heartbeat(t.Heartbeat), Adapters: adapters(t.Adapters)}
	}
	return vm, nil
}

// someVM is a VM that came along with something else, if there is one.
func someVM(text json.RawMessage) (hyperv.VM, bool) {
	vm, err := decodeVM(text)
	return vm, err == nil
}

func (r *replicationJSON) replication() hyperv.Replication {
	return hyperv.Replication{
		Mode: hyperv.Mode(r.Mode), State: hyperv.ReplicationState(r.State), Health: hyperv.Health(r.Health),
		Frequency: time.Duration(r.FrequencySec) * time.Second, LastReplication: at(r.LastReplication), LastApplied: at(r.LastApplied),
		FailedOver: hyperv.ReplicationType(r.FailedOver), PrimaryServer: r.PrimaryServer, ReplicaServer: r.ReplicaServer, ReplicaPort: r.ReplicaPort,
		Authentication: hyperv.Authentication(r.Authentication), CertificateThumbprint: r.Thumbprint,
	}
}

func adapters(list []networkAdapterJSON) []hyperv.Adapter {
	var all []hyperv.Adapter
	for _, a := range list {
		all = append(all, hyperv.Adapter(a))
	}
	return all
}

// heartbeat is a heartbeat by name; Hyper-V has none for a VM that is off.
func heartbeat(name string) hyperv.Heartbeat {
	if name == "" {
		return hyperv.HeartbeatUnknown
	}
	return hyperv.Heartbeat(name)
}

// at is a time, zero for never.
func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
