package admin

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// HostView is a host as the API shows it.
type HostView struct {
	Name    string `json:"name"`
	FQDN    string `json:"fqdn"`
	Site    string `json:"site"`
	Address string `json:"address"`
	HTTP    string `json:"http"`
	HTTPS   string `json:"https"`
	hypersim.Condition
	// Listening tells whether WinRM's ports are open, Still whether it accepts
	// connections and answers none.
	Listening bool `json:"listening"`
	Still     bool `json:"still"`
	// Clock is the host's own.
	Clock time.Time `json:"clock"`
}

func view(h *lab.Host) HostView {
	return HostView{
		Name: h.Name(), FQDN: h.FQDN(), Site: h.Site(), Address: h.Address(), HTTP: h.HTTP(), HTTPS: h.HTTPS(),
		Condition: h.Machine().Condition(), Listening: h.WinRM().Listening(), Still: h.WinRM().Frozen(), Clock: h.Machine().Clock(),
	}
}

func (a *API) hosts(*http.Request) (any, error) {
	a.lab.Clock().CatchUp()
	all := []HostView{}
	for _, h := range a.lab.Hosts() {
		all = append(all, view(h))
	}
	return map[string][]HostView{"hosts": all}, nil
}

// named is the host a request is about.
func (a *API) named(q *http.Request) (*lab.Host, error) {
	h := a.lab.Host(q.PathValue("host"))
	if h == nil {
		return nil, notFound("host", q.PathValue("host"))
	}
	return h, nil
}

func (a *API) host(q *http.Request) (any, error) {
	h, err := a.named(q)
	if err != nil {
		return nil, err
	}
	a.lab.Clock().CatchUp()
	return view(h), nil
}

// verbs are what can be done to a host: an action of the world, or something
// of its WinRM service alone.
var verbs = map[string]func(l *lab.Lab, h *lab.Host) error{
	"kill": does(hypersim.DoKill),
	"cut-power": func(_ *lab.Lab, h *lab.Host) error {
		h.WinRM().CutPower()
		return nil
	},
	"start":    does(hypersim.DoStart),
	"shutdown": does(hypersim.DoShutDown),
	"reboot": func(l *lab.Lab, h *lab.Host) error {
		if err := l.Do(hypersim.Action{Do: hypersim.DoKill, Host: h.Name()}); err != nil {
			return err
		}
		return l.Do(hypersim.Action{Do: hypersim.DoStart, Host: h.Name()})
	},
	"freeze":     does(hypersim.DoFreeze),
	"unfreeze":   does(hypersim.DoUnfreeze),
	"cut":        does(hypersim.DoCutWinRM),
	"restore":    does(hypersim.DoRestoreWinRM),
	"stick-vmms": func(l *lab.Lab, h *lab.Host) error { return l.StickVMMS(h.Name()) },
	"restart-winrm": func(_ *lab.Lab, h *lab.Host) error {
		h.WinRM().Restart()
		return nil
	},
	"stop-winrm": func(_ *lab.Lab, h *lab.Host) error {
		h.WinRM().Stop()
		return nil
	},
	"start-winrm": func(_ *lab.Lab, h *lab.Host) error {
		if c := h.Machine().Condition(); c.Down {
			return problem(http.StatusConflict, "host", h.Name(), "it has no power; start it first")
		}
		if h.WinRM().Listening() {
			return nil
		}
		return h.WinRM().Resume()
	},
}

func does(kind hypersim.ActionKind) func(l *lab.Lab, h *lab.Host) error {
	return func(l *lab.Lab, h *lab.Host) error { return l.Do(hypersim.Action{Do: kind, Host: h.Name()}) }
}

func verbNames() []string { return slices.Sorted(maps.Keys(verbs)) }

func (a *API) toHost(q *http.Request) (any, error) {
	h, err := a.named(q)
	if err != nil {
		return nil, err
	}
	do := verbs[q.PathValue("verb")]
	if do == nil {
		return nil, problem(http.StatusNotFound, "verb", q.PathValue("verb"), "it is one of "+strings.Join(verbNames(), ", "))
	}
	if err := do(a.lab, h); err != nil {
		return nil, refused(err)
	}
	return view(h), nil
}

func (a *API) certificate(q *http.Request) (any, error) {
	h, err := a.named(q)
	if err != nil {
		return nil, err
	}
	var body struct {
		Kind lab.CertificateKind `json:"kind"`
	}
	if err := read(q, &body); err != nil {
		return nil, err
	}
	if err := h.ShowCertificate(body.Kind); err != nil {
		return nil, badRequest("kind", body.Kind, err.Error())
	}
	return nil, nil
}

func (a *API) link(q *http.Request) (any, error) {
	var body struct {
		From   string `json:"from"`
		To     string `json:"to"`
		OneWay bool   `json:"oneWay"`
		hypersim.Link
	}
	if err := read(q, &body); err != nil {
		return nil, err
	}
	ends := [][2]string{{body.From, body.To}}
	if !body.OneWay {
		ends = append(ends, [2]string{body.To, body.From})
	}
	for _, e := range ends {
		if err := a.lab.Do(hypersim.Action{Do: hypersim.DoSetLink, From: e[0], To: e[1], Link: &body.Link}); err != nil {
			return nil, refused(err)
		}
	}
	return nil, nil
}

func (a *API) truth(q *http.Request) (any, error) {
	a.lab.Clock().CatchUp()
	t := a.lab.World().Truth()
	vm := hyperv.VMID(strings.ToLower(q.URL.Query().Get("vm")))
	if vm == "" {
		return t, nil
	}
	t.Copies = slices.DeleteFunc(t.Copies, func(c hypersim.CopyTruth) bool { return c.VM != vm && c.Of != vm })
	t.Overlaps = slices.DeleteFunc(t.Overlaps, func(o hypersim.Overlap) bool { return o.VM != vm })
	if len(t.Copies) == 0 {
		return nil, notFound("vm", vm)
	}
	return t, nil
}

// Journal is the answer to GET /v1/journal.
type Journal struct {
	// Entries are in order of time; with a limit, the newest.
	Entries []hypersim.Entry `json:"entries"`
	// Dropped is how many older ones are not kept any more.
	Dropped int `json:"dropped"`
}

func (a *API) journal(q *http.Request) (any, error) {
	a.lab.Clock().CatchUp()
	entries, dropped := a.lab.World().Journal()
	query := q.URL.Query()
	for name := range query {
		if !slices.Contains([]string{"host", "vm", "cmdlet", "effect", "changed", "since", "limit"}, name) {
			return nil, badRequest(name, query.Get(name), "there is no such filter; GET / lists them")
		}
	}
	var since time.Time
	if text := query.Get("since"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, badRequest("since", text, "give a time such as 2026-03-02T09:00:00Z")
		}
	}
	limit := len(entries)
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, badRequest("limit", text, "give a number of entries, 0 or more")
		}
		limit = n
	}
	matches := func(filter, value string) bool {
		return !query.Has(filter) || strings.EqualFold(query.Get(filter), value)
	}
	entries = slices.DeleteFunc(entries, func(e hypersim.Entry) bool {
		name, _, _ := strings.Cut(e.Cmdlet, " ")
		return !(matches("host", e.Host) && matches("vm", string(e.VM)) && matches("effect", e.Effect) && matches("changed", fmt.Sprint(e.Changed)) &&
			(matches("cmdlet", e.Cmdlet) || matches("cmdlet", name)) && !e.Time.Before(since))
	})
	if len(entries) > limit {
		entries = entries[len(entries)-limit:]
	}
	return Journal{entries, dropped}, nil
}

// HostStats are the counters of one host.
type HostStats struct {
	Host string `json:"host"`
	// PowerShells is how many were started, and how many run now.
	PowerShells        uint64 `json:"powerShells"`
	PowerShellsRunning int64  `json:"powerShellsRunning"`
	winrm.Stats
}

func (a *API) stats(*http.Request) (any, error) {
	all := []HostStats{}
	for _, h := range a.lab.Hosts() {
		started, running := h.PowerShells()
		all = append(all, HostStats{h.Name(), started, running, h.WinRM().Stats()})
	}
	return map[string][]HostStats{"hosts": all}, nil
}
