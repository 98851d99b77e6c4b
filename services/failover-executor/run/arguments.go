package run

import (
	"time"

	"lifeboat.io/pkg/hyperv"
)

// switches are the test switches of the plan.
func (r *Run) switches() []hyperv.AdapterSwitch {
	out := make([]hyperv.AdapterSwitch, len(r.Plan.Adapters))
	for i, a := range r.Plan.Adapters {
		out[i] = hyperv.AdapterSwitch{Adapter: a.Adapter, Switch: a.Switch}
	}
	return out
}

// point is the recovery point of the plan; empty for latest.
func (r *Run) point() hyperv.RecoveryPointID {
	if r.Plan.RecoveryPoint == pointLatest {
		return ""
	}
	return hyperv.RecoveryPointID(r.Plan.RecoveryPoint)
}

// target is where the new primary will replicate to.
func (r *Run) target() hyperv.ReplicaServer {
	t := r.Plan.ReverseTo
	if t == nil {
		return hyperv.ReplicaServer{}
	}
	return hyperv.ReplicaServer{
		Server: t.Server, Port: t.Port,
		Authentication:        hyperv.Authentication(t.Authentication),
		CertificateThumbprint: t.CertificateThumbprint,
	}
}

// grace is how long the guest may take to shut down.
func (r *Run) grace(p Policy) time.Duration {
	if r.Plan.ShutdownGraceSeconds > 0 {
		return time.Duration(r.Plan.ShutdownGraceSeconds) * time.Second
	}
	return p.ShutdownGrace
}

// primaryAutoStart is the primary's automatic start action when the run was planned.
func (r *Run) primaryAutoStart() string {
	before, _ := r.planReading(r.Plan.Primary)
	return before.AutoStart
}

// unfenced is the automatic start action the primary gets back: the one it had
// when the run was planned or, if it was silent then, when it came back.
func (r *Run) unfenced(f *Fence) hyperv.StartAction {
	if before := r.primaryAutoStart(); before != "" || f == nil || f.Before == nil {
		return hyperv.StartAction(before)
	}
	return hyperv.StartAction(f.Before.AutoStart)
}
