package intake

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/ticket"
)

// TicketView is a ticket as it stands, for whoever asks over HTTP.
type TicketView struct {
	// System, Ticket and Account say which it is.
	System  string `json:"system"`
	Ticket  string `json:"ticket"`
	Account string `json:"account"`
	// Revisions are its answered revisions, lowest first.
	Revisions []RevisionView `json:"revisions"`
}

// RevisionView is one answered revision.
type RevisionView struct {
	// Revision is its number, Action what it asked for, Status where it stands.
	Revision int           `json:"revision"`
	Action   events.Action `json:"action,omitempty"`
	Status   ticket.Status `json:"status"`
	// AnsweredAt is when it was answered.
	AnsweredAt time.Time `json:"answeredAt"`
	// Reasons say why it was refused as a whole.
	Reasons []events.Reason `json:"reasons,omitempty"`
	// Items are the answers for each VM.
	Items []events.Item `json:"items,omitempty"`
	// SupersededBy is the revision that took its place.
	SupersededBy int `json:"supersededBy,omitempty"`
	// Cancelled tells who withdrew it.
	Cancelled *events.TicketCancelled `json:"cancelled,omitempty"`
	// Progress is what was last heard of each run.
	Progress []events.TicketProgressed `json:"progress,omitempty"`
	// Closed is the last word.
	Closed *events.TicketClosed `json:"closed,omitempty"`
	// Disputes tell of other contents that came under the same number, and were refused.
	Disputes []DisputeView `json:"disputes,omitempty"`
}

// DisputeView is the refusal of another content under an answered number.
type DisputeView struct {
	At      time.Time       `json:"at"`
	Reasons []events.Reason `json:"reasons"`
}

// View is how a ticket is shown.
func View(account, system, number string, t ticket.Ticket) TicketView {
	v := TicketView{System: system, Ticket: number, Account: account}
	for _, r := range t.Revisions {
		one := RevisionView{
			Revision: r.Number, Status: r.Status, AnsweredAt: r.AnsweredAt,
			SupersededBy: r.SupersededBy, Cancelled: r.Cancelled, Closed: r.Closed,
		}
		switch {
		case r.Accepted != nil:
			one.Action, one.Items = r.Accepted.Action, r.Accepted.Items
		case r.Refused != nil:
			one.Action, one.Items, one.Reasons = r.Refused.Action, r.Refused.Items, r.Refused.Reasons
		}
		for _, d := range r.Disputes {
			if d.Refused != nil {
				one.Disputes = append(one.Disputes, DisputeView{d.At, d.Refused.Reasons})
			}
		}
		for _, run := range slices.Sorted(maps.Keys(r.Progress)) {
			one.Progress = append(one.Progress, r.Progress[run])
		}
		v.Revisions = append(v.Revisions, one)
	}
	return v
}

// show answers with a ticket as it stands.
func (s *Service) show(w http.ResponseWriter, r *http.Request) {
	c, p := s.admit(r, nil)
	if p != nil {
		p.write(w)
		return
	}
	system, number := r.PathValue("system"), r.PathValue("ticket")
	account := r.URL.Query().Get("account")
	if account == "" && len(c.Accounts) == 1 && c.Accounts[0] != everything {
		account = c.Accounts[0]
	}
	unknown := problem{Title: "No such ticket", Status: http.StatusNotFound, Code: "no-ticket",
		Detail: "It was not answered yet, or it is not known. A ticket that was just stored has its answer in a moment."}
	switch {
	case account == "":
		problem{Title: "Which account?", Status: http.StatusBadRequest, Code: "account-missing", Detail: "Add ?account= to the address."}.write(w)
		return
	case !c.SpeaksFor(system, account), len(system) > events.MaxID, len(number) > events.MaxID:
		unknown.write(w) // not telling whether it exists
		return
	}
	t, err := s.readTicket(r.Context(), account, events.TicketRef{System: system, Ticket: number})
	switch {
	case err != nil:
		s.log.WarnContext(r.Context(), "a ticket could not be read", "account", account, "ticket", system+" "+number, "error", err)
		problemBusAway.write(w)
	case len(t.Revisions) == 0:
		unknown.write(w)
	default:
		writeJSON(w, http.StatusOK, event.ApplicationJSON, View(account, system, number, t))
	}
}

// entry is a row of the catalogue as it is served.
type entry struct {
	Type    string `json:"type"`
	Family  string `json:"family"`
	Event   string `json:"event"`
	Writer  string `json:"writer"`
	Summary string `json:"summary"`
	Schema  string `json:"schema"`
}

// catalogue answers with every event type there is.
func catalogue(w http.ResponseWriter, _ *http.Request) {
	var rows []entry
	for _, e := range events.Catalogue() {
		rows = append(rows, entry{e.Type, string(e.Family), e.Event, e.Writer(), e.Summary, e.SchemaURI()})
	}
	writeJSON(w, http.StatusOK, event.ApplicationJSON, rows)
}

// schema answers with the JSON Schema of one event type.
func schema(w http.ResponseWriter, r *http.Request) {
	name, _ := strings.CutSuffix(r.PathValue("file"), ".json")
	raw, err := events.Schema(name)
	if err != nil {
		problem{Title: "No such schema", Status: http.StatusNotFound, Code: "no-schema", Detail: "/catalogue lists them."}.write(w)
		return
	}
	w.Header().Set("Content-Type", "application/schema+json")
	_, _ = w.Write(raw)
}

// asyncAPI answers with the AsyncAPI document.
func asyncAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(events.AsyncAPI())
}
