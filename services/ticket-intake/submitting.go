package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	cebinding "github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/binding"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/telemetry/journey"
)

// maxBody bounds a request's body, in bytes: the largest ticket, with room for
// the attributes around it and for base64.
const maxBody = 2 * events.MaxSubmittedBytes

// stored is the answer to a ticket that was stored.
type stored struct {
	// Status is "stored": it will be answered, but is not yet.
	Status string `json:"status"`
	// Ticket and Account are what it was understood to be.
	Ticket  events.TicketRef `json:"ticket"`
	Account string           `json:"account"`
	// Event is the id of the event it is stored as.
	Event string `json:"event"`
	// Location is where its answer will be.
	Location string `json:"location"`
}

// submit takes a ticket: 202 once it is stored in the inbox.
func (s *Service) submit(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // in memory already, and no more than maxBody
	if err != nil {
		problemInternal.write(w)
		return
	}
	c, p := s.admit(r, body)
	if p != nil {
		p.write(w)
		return
	}
	e, p := readEvent(r, body)
	if p != nil {
		p.write(w)
		return
	}
	t, p := checkSubmitted(c, e)
	if p != nil {
		p.write(w)
		return
	}
	s.stamp(r.Context(), &e, t)
	if err := s.bus.Submit(r.Context(), t.Account, e); err != nil {
		s.log.WarnContext(r.Context(), "a ticket could not be stored", "caller", c.Name, "account", t.Account, "ticket", t.TicketRef.String(), "error", err)
		submitProblem(err).write(w)
		return
	}
	s.log.InfoContext(r.Context(), "stored", "caller", c.Name, "account", t.Account, "ticket", t.TicketRef.String(), "action", t.Action)
	location := ticketURL(t.Account, t.TicketRef)
	w.Header().Set("Location", location)
	writeJSON(w, http.StatusAccepted, event.ApplicationJSON, stored{
		Status: "stored", Ticket: t.TicketRef, Account: t.Account, Event: e.ID(), Location: location,
	})
}

// ticketURL is where a ticket's answer is read.
func ticketURL(account string, ref events.TicketRef) string {
	return "/v1/tickets/" + url.PathEscape(ref.System) + "/" + url.PathEscape(ref.Ticket) + "?account=" + url.QueryEscape(account)
}

// admit authenticates a request and holds it to its caller's rate.
func (s *Service) admit(r *http.Request, body []byte) (*caller, *problem) {
	c, p := s.authenticate(r, body)
	if p != nil {
		s.log.WarnContext(r.Context(), "a request was turned away", "code", p.Code, "from", r.RemoteAddr, "method", r.Method, "path", r.URL.Path)
		return nil, p
	}
	now := s.now()
	if place := c.limit.ReserveN(now, 1); place.DelayFrom(now) > 0 {
		busy := problemBusy
		busy.Title, busy.Code, busy.retryAfter = "The caller's rate is exceeded", "rate-exceeded", place.DelayFrom(now)
		place.CancelAt(now)
		return nil, &busy
	}
	return c, nil
}

// readBody reads a request's body up to its limit.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *problem) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &problemTooLarge
	case err != nil:
		return nil, &problem{Title: "The body could not be read", Status: http.StatusBadRequest, Code: "body-unreadable", Detail: "Send it again, whole."}
	}
	return body, nil
}

// notEvent refuses what is no CloudEvent in a mode that is taken.
func notEvent(status int, detail string) *problem {
	return &problem{Title: "Not a CloudEvent that can be taken", Status: status, Code: "no-cloudevent", Detail: detail}
}

// readEvent reads the CloudEvent of a request: in structured mode
// (application/cloudevents+json), or in binary mode (headers ce-*).
func readEvent(r *http.Request, body []byte) (e event.Event, p *problem) {
	defer func() {
		if recover() != nil { // the library's readers are not ours to trust with an outsider's bytes
			e, p = event.Event{}, notEvent(http.StatusBadRequest, "Its attributes cannot be read.")
		}
	}()
	header, err := plainAttributes(r.Header)
	if err != nil {
		return e, notEvent(http.StatusBadRequest, "Its attributes cannot be read: "+err.Error())
	}
	const modes = "Send application/cloudevents+json, or application/json with the attributes in ce- headers; one event a request."
	message := cehttp.NewMessage(header, io.NopCloser(bytes.NewReader(body)))
	switch message.ReadEncoding() {
	case cebinding.EncodingStructured:
		if media, _, err := mime.ParseMediaType(header.Get("Content-Type")); err != nil || media != event.ApplicationCloudEventsJSON {
			return e, notEvent(http.StatusUnsupportedMediaType, modes)
		}
	case cebinding.EncodingBinary:
		if header.Get("Content-Type") == "" {
			return e, notEvent(http.StatusUnsupportedMediaType, modes)
		}
	default:
		return e, notEvent(http.StatusUnsupportedMediaType, modes)
	}
	read, err := cebinding.ToEvent(r.Context(), message)
	if err != nil {
		return e, notEvent(http.StatusBadRequest, "It cannot be read: "+err.Error())
	}
	if err := read.Validate(); err != nil {
		return e, notEvent(http.StatusBadRequest, "It breaks CloudEvents: "+strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
	}
	return *read, nil
}

// plainAttributes takes the attributes of an event in binary mode out of their
// percent-encoding, which the library leaves to us.
func plainAttributes(header http.Header) (http.Header, error) {
	plain := make(http.Header, len(header))
	for name, values := range header {
		attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !ok {
			plain[name] = values
			continue
		}
		if attribute == "" || len(values) != 1 {
			return nil, fmt.Errorf("header %s must name an attribute and be there once", name)
		}
		value, err := binding.Unescape(values[0])
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		plain[name] = []string{value}
	}
	return plain, nil
}

// checkSubmitted holds an event against the contract and the caller's bounds.
func checkSubmitted(c *caller, e event.Event) (events.TicketSubmitted, *problem) {
	t, reasons := contract.ValidateSubmitted(e)
	for _, r := range reasons {
		if r.Code == "too-large" {
			return t, &problemTooLarge
		}
	}
	if len(reasons) > 0 {
		return t, &problem{Title: "The ticket is not well-formed", Status: http.StatusBadRequest, Code: "malformed",
			Detail: "Correct what the reasons name.", Reasons: reasons}
	}
	if reasons := c.refusal(t.Request); len(reasons) > 0 {
		return t, &problem{Title: "Not this caller's ticket", Status: http.StatusForbidden, Code: "not-for-caller",
			Detail: "A caller submits tickets of its own systems and accounts.", Reasons: reasons}
	}
	return t, nil
}

// stamp gives an event what its sender may leave out: the time, the trace its
// journey begins in, and its ticket as subject, by which the bus tells tickets
// apart that need not wait for each other.
func (s *Service) stamp(ctx context.Context, e *event.Event, t events.TicketSubmitted) {
	if e.Subject() == "" {
		e.SetSubject(ticketAggregate(t.Account, t.TicketRef).String())
	}
	if e.Time().IsZero() {
		e.SetTime(s.now().UTC())
	}
	var meta events.Meta
	journey.Continue(*e, &meta)
	journey.Begin(ctx, &meta)
	for name, value := range map[string]string{events.ExtTraceParent: meta.TraceParent, events.ExtTraceState: meta.TraceState} {
		if value != "" {
			e.SetExtension(name, value)
		}
	}
}

// submitProblem tells why a ticket could not be stored.
func submitProblem(err error) problem {
	switch {
	case errors.Is(err, bus.ErrFull):
		return problemInboxFull
	case errors.Is(err, bus.ErrTooLarge):
		return problemTooLarge
	case errors.Is(err, bus.ErrUnknown):
		return problemUnknownOutcome
	case errors.Is(err, bus.ErrInvalid):
		return problemInternal
	default:
		return problemBusAway
	}
}

// requestTime bounds the work on one request, the wait for the bus included.
// It is longer than the bus's own window, so that the outcome of a publish is
// known before the caller is answered.
const requestTime = bus.DefaultAppendWindow + 5*time.Second
