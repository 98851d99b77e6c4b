package admin

import (
	"net/http"
	"strings"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// Time is the answer to GET /v1/time.
type Time struct {
	// Now is the world's true time; hosts' clocks may be apart from it.
	Now time.Time `json:"now"`
	// Scale is how many times faster than real time the world goes.
	Scale float64 `json:"scale"`
}

func (a *API) time(*http.Request) (any, error) {
	return Time{a.lab.Clock().Now(), a.lab.Clock().Scale()}, nil
}

func (a *API) setTime(q *http.Request) (any, error) {
	var body struct {
		Advance hypersim.Duration `json:"advance"`
		Scale   *float64          `json:"scale"`
	}
	if err := read(q, &body); err != nil {
		return nil, err
	}
	if body.Advance == 0 && body.Scale == nil {
		return nil, badRequest("advance", "", `give "advance", such as "10m", or "scale", such as 60`)
	}
	if body.Scale != nil {
		if err := a.lab.Clock().SetScale(*body.Scale); err != nil {
			return nil, refused(err)
		}
	}
	if err := a.lab.Clock().Advance(time.Duration(body.Advance)); err != nil {
		return nil, refused(err)
	}
	return a.time(q)
}

// vm is the VM a request is about.
func vm(q *http.Request) hyperv.VMID { return hyperv.VMID(strings.ToLower(q.PathValue("vm"))) }

func (a *API) guest(q *http.Request) (any, error) {
	var g hypersim.Guest
	if err := read(q, &g); err != nil {
		return nil, err
	}
	return nil, refused(a.lab.Do(hypersim.Action{Do: hypersim.DoSetGuest, VM: vm(q), Guest: &g}))
}

func (a *API) toVM(q *http.Request) (any, error) {
	var body struct {
		Host string `json:"host"`
	}
	if err := read(q, &body); err != nil {
		return nil, err
	}
	switch do := hypersim.ActionKind(q.PathValue("verb")); do {
	case hypersim.DoDropRecoveryPoints, hypersim.DoBreakReplication, hypersim.DoOrphanTestVM:
		return nil, refused(a.lab.Do(hypersim.Action{Do: do, Host: body.Host, VM: vm(q)}))
	default:
		return nil, problem(http.StatusNotFound, "verb", do, "it is one of drop-recovery-points, break-replication, orphan-test-vm, guest")
	}
}

func (a *API) action(q *http.Request) (any, error) {
	var body struct {
		hypersim.Action
		At time.Time         `json:"at"`
		In hypersim.Duration `json:"in"`
	}
	if err := read(q, &body); err != nil {
		return nil, err
	}
	switch {
	case body.In < 0:
		return nil, badRequest("in", time.Duration(body.In), "give a positive duration, such as 5m")
	case body.In > 0 && !body.At.IsZero():
		return nil, badRequest("in", time.Duration(body.In), "at is given too: keep one of them")
	case body.In > 0:
		body.At = a.lab.Clock().Now().Add(time.Duration(body.In))
	}
	if body.Do == hypersim.DoInject && body.Fault != nil {
		if k := body.Fault.Kind; k != hypersim.FaultCmdletFails && k != hypersim.FaultCmdletHangs {
			return nil, badRequest("fault.kind", k, `give "cmdlet-fails" or "cmdlet-hangs"; what happens to requests is a fault of the wire`)
		}
	}
	if body.At.IsZero() {
		return nil, refused(a.lab.Do(body.Action))
	}
	return nil, refused(a.lab.At(body.At, body.Action))
}
