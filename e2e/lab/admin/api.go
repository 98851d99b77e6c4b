package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/e2e/lab/ticketing"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// API is the handler.
type API struct {
	lab  *lab.Lab
	desk *ticketing.Desk
	mux  *http.ServeMux
}

// New makes the API of a lab. Without a desk there are no tickets.
func New(l *lab.Lab, desk *ticketing.Desk) *API {
	a := &API{lab: l, desk: desk, mux: http.NewServeMux()}
	for _, r := range a.routes() {
		a.mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, q *http.Request) {
			answer, err := r.serve(q)
			reply(w, answer, err)
		})
	}
	a.mux.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		reply(w, nil, problem(http.StatusNotFound, "path", q.Method+" "+q.URL.Path, "GET / lists what there is"))
	})
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, q *http.Request) { a.mux.ServeHTTP(w, q) }

// route is one thing the API does.
type route struct {
	method, path, does string
	serve              func(q *http.Request) (any, error)
}

func (a *API) routes() []route {
	list := []route{
		{"GET", "/v1/ready", "Whether the lab is up.", func(*http.Request) (any, error) { return map[string]bool{"ready": true}, nil }},
		{"GET", "/v1/truth", "What really is: every copy of every VM with what it holds, and when more than one ran. ?vm=<id> for one VM.", a.truth},
		{"GET", "/v1/journal", "What ran on the hosts and what befell them. ?host= ?vm= ?cmdlet= ?effect= ?changed=true ?since=<time> ?limit=<n>", a.journal},
		{"GET", "/v1/hosts", "The hosts, how they are and where WinRM listens.", a.hosts},
		{"GET", "/v1/hosts/{host}", "One host.", a.host},
		{"POST", "/v1/hosts/{host}/{verb}", "Do something to a host: " + strings.Join(verbNames(), ", ") + ".", a.toHost},
		{"POST", "/v1/hosts/{host}/certificate", `Exchange what HTTPS shows: {"kind": "valid"}, "expired", "wrong-name" or "other-authority".`, a.certificate},
		{"POST", "/v1/links", `Set a link between two hosts or two sites: {"from": "east", "to": "west", "down": true, "latency": "10ms", "bandwidth": 125000000, "fault": 12030, "oneWay": true}.`, a.link},
		{"GET", "/v1/faults", "The faults armed on the wire, by host, and the faults of cmdlets injected since they were last cleared.", a.faults},
		{"POST", "/v1/faults", `Arm faults: {"host": "hv01", "wire": [{"kind": "reset", "action": "Receive", "when": "after"}]}, in the order requests shall meet them, or {"cmdlet": {"kind": "cmdlet-fails", "host": "hv01", "verb": "Start-VMFailover", "id": "OperationFailed"}}.`, a.addFaults},
		{"DELETE", "/v1/faults", "Take all faults back, or those of ?host=.", a.clearFaults},
		{"DELETE", "/v1/faults/{host}/{id}", "Take one fault of the wire back.", a.removeFault},
		{"GET", "/v1/time", "The world's time and how fast it goes.", a.time},
		{"POST", "/v1/time", `Let time pass at once, or change how fast it goes: {"advance": "10m"}, {"scale": 60}; 0 stands still.`, a.setTime},
		{"POST", "/v1/vms/{vm}/guest", `Change how the guest of a VM behaves: {"neverShutsDown": true, "boot": "2m"}; see hypersim.Guest.`, a.guest},
		{"POST", "/v1/vms/{vm}/{verb}", `Do something to a VM on a host: drop-recovery-points, break-replication or orphan-test-vm, with {"host": "hv11"}.`, a.toVM},
		{"POST", "/v1/actions", `Carry out any action of hypersim, now, {"in": "5m"} or {"at": <time>}: {"do": "set-skew", "host": "hv01", "skew": "3m"}.`, a.action},
		{"GET", "/v1/stats", "WinRM's counters and the PowerShell processes of each host.", a.stats},
	}
	if a.desk != nil {
		list = append(list,
			route{"GET", "/v1/tickets", "The lab's tickets with what came back.", a.tickets},
			route{"POST", "/v1/tickets", `Submit a ticket: {"account": "acme", "requester": {"name": "Alex Example", "email": "alex@acme.example"}, "action": "test", "vms": [{"name": "web01"}]}. ?intake=<url> posts it there instead of publishing it on the bus; ?raw=<account> publishes the body as it is; ?times=<n> submits it that often.`, a.submit},
			route{"GET", "/v1/tickets/{ticket}", "One ticket. ?state=<event> waits up to ?wait=<duration> until its last answer is that.", a.ticket},
		)
	}
	return append(list, route{"GET", "/{$}", "This list.", a.list})
}

// list is what the API does, for people.
func (a *API) list(*http.Request) (any, error) {
	var lines []string
	for _, r := range a.routes() {
		lines = append(lines, fmt.Sprintf("%-6s %-32s %s", r.method, r.path, r.does))
	}
	return map[string][]string{"api": lines}, nil
}

// Problem is what is wrong with a request.
type Problem struct {
	// Status is the HTTP status.
	Status int `json:"-"`
	// Text is what is wrong.
	Text string `json:"error"`
	// Field is where, Value what was found there, Fix what to give instead.
	Field string `json:"field,omitempty"`
	Value string `json:"value,omitempty"`
	Fix   string `json:"fix,omitempty"`
}

// Error is the problem in one line.
func (p *Problem) Error() string { return p.Text }

// problem makes a problem of a field, a value and a fix.
func problem(status int, field string, value any, fix string) *Problem {
	return &Problem{Status: status, Text: fmt.Sprintf("%s %q: %s", field, fmt.Sprint(value), fix), Field: field, Value: fmt.Sprint(value), Fix: fix}
}

func badRequest(field string, value any, fix string) error {
	return problem(http.StatusBadRequest, field, value, fix)
}

func notFound(field string, value any) error {
	return problem(http.StatusNotFound, field, value, "this lab has none of that name; GET /v1/hosts and GET /v1/truth tell the names")
}

// refused passes on why something will not be done.
func refused(err error) error {
	if err == nil {
		return nil
	}
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return &Problem{Status: http.StatusBadRequest, Text: err.Error()}
}

// reply writes an answer or a problem.
func reply(w http.ResponseWriter, answer any, err error) {
	status := http.StatusOK
	if err != nil {
		p := &Problem{Status: http.StatusInternalServerError, Text: err.Error()}
		errors.As(err, &p)
		status, answer = p.Status, p
	}
	if answer == nil {
		answer = map[string]bool{"done": true}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	_ = e.Encode(answer) // the caller may have gone
}

// read reads a request's body, and refuses fields nobody knows.
func read(q *http.Request, into any) error {
	body, err := io.ReadAll(io.LimitReader(q.Body, maxBody+1))
	switch {
	case err != nil:
		return badRequest("body", "", "it could not be read: "+err.Error())
	case len(body) > maxBody:
		return badRequest("body", fmt.Sprintf("%d bytes and more", maxBody), fmt.Sprintf("give at most %d bytes", maxBody))
	case len(strings.TrimSpace(string(body))) == 0:
		body = []byte("{}")
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badJSON(err)
	}
	if d.More() {
		return badRequest("body", "", "give one JSON object and nothing behind it")
	}
	return nil
}

// badJSON says what encoding/json found, by field where it knows one.
func badJSON(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	text := strings.TrimPrefix(err.Error(), "json: ")
	switch {
	case errors.As(err, &wrongType):
		return badRequest(wrongType.Field, wrongType.Value, "give a "+wrongType.Type.String())
	case errors.As(err, &syntax):
		return badRequest("body", fmt.Sprintf("byte %d", syntax.Offset), "give valid JSON: "+text)
	}
	if name, found := strings.CutPrefix(text, "unknown field "); found {
		return badRequest(strings.Trim(name, `"`), "", "there is no such field; GET / lists what there is")
	}
	return badRequest("body", "", text)
}
