package admin

import (
	"net/http"
	"slices"

	"lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// Faults is the answer to GET /v1/faults.
type Faults struct {
	// Wire are the faults armed on WinRM services, by host.
	Wire map[string][]winrm.Fault `json:"wire"`
	// Cmdlets were injected since they were last cleared; which of them have
	// been used up meanwhile the world does not tell.
	Cmdlets []hypersim.Fault `json:"cmdlets"`
}

func (a *API) faults(*http.Request) (any, error) {
	f := Faults{Wire: map[string][]winrm.Fault{}, Cmdlets: a.lab.Injected()}
	for _, h := range a.lab.Hosts() {
		if armed := h.WinRM().Faults(); len(armed) > 0 {
			f.Wire[h.Name()] = armed
		}
	}
	return f, nil
}

// Armed is the answer to POST /v1/faults.
type Armed struct {
	// IDs are those of the wire's faults, by host.
	IDs map[string][]string `json:"ids,omitempty"`
}

func (a *API) addFaults(q *http.Request) (any, error) {
	var body struct {
		// Host is the wire's; empty means every host's.
		Host   string          `json:"host"`
		Wire   []winrm.Fault   `json:"wire"`
		Cmdlet *hypersim.Fault `json:"cmdlet"`
	}
	if err := read(q, &body); err != nil {
		return nil, err
	}
	if len(body.Wire) == 0 && body.Cmdlet == nil {
		return nil, badRequest("wire", "", `give faults of the wire, "wire": […], or one of a cmdlet, "cmdlet": {…}`)
	}
	if body.Host != "" && a.lab.Host(body.Host) == nil {
		return nil, notFound("host", body.Host)
	}
	if body.Cmdlet != nil {
		if err := a.injectCmdlet(body.Host, *body.Cmdlet); err != nil {
			return nil, err
		}
	}
	armed := Armed{IDs: map[string][]string{}}
	for _, h := range a.lab.Hosts() {
		if len(body.Wire) == 0 || body.Host != "" && body.Host != h.Name() {
			continue
		}
		ids, err := h.WinRM().Arm(slices.Clone(body.Wire)...)
		if err != nil {
			return nil, refused(err)
		}
		armed.IDs[h.Name()] = ids
	}
	return armed, nil
}

// injectCmdlet has a cmdlet fail or hang. Other faults of hypersim befall its
// own client, which nobody uses here.
func (a *API) injectCmdlet(host string, f hypersim.Fault) error {
	if f.Kind != hypersim.FaultCmdletFails && f.Kind != hypersim.FaultCmdletHangs {
		return badRequest("cmdlet.kind", f.Kind, `give "cmdlet-fails" or "cmdlet-hangs"; what happens to requests is a fault of the wire`)
	}
	if f.Host == "" {
		f.Host = host
	}
	return refused(a.lab.Inject(f))
}

func (a *API) clearFaults(q *http.Request) (any, error) {
	name := q.URL.Query().Get("host")
	if name != "" && a.lab.Host(name) == nil {
		return nil, notFound("host", name)
	}
	for _, h := range a.lab.Hosts() {
		if name == "" || h.Name() == name {
			h.WinRM().DisarmAll()
		}
	}
	return nil, refused(a.lab.ClearInjected(name))
}

func (a *API) removeFault(q *http.Request) (any, error) {
	h, err := a.named(q)
	if err != nil {
		return nil, err
	}
	if !h.WinRM().Disarm(q.PathValue("id")) {
		return nil, problem(http.StatusNotFound, "id", q.PathValue("id"), "no such fault is armed (any more); GET /v1/faults lists them")
	}
	return nil, nil
}
