package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"lifeboat.io/e2e/lab/ticketing"
)

// Limits of tickets over the API.
const (
	maxTimes = 1000
	maxWait  = 10 * time.Minute
)

func (a *API) tickets(*http.Request) (any, error) {
	return map[string]any{"connected": a.desk.Connected(), "tickets": a.desk.Tickets()}, nil
}

// Submitted is the answer to POST /v1/tickets.
type Submitted struct {
	// Ticket is the ticket's number.
	Ticket string `json:"ticket"`
}

func (a *API) submit(q *http.Request) (any, error) {
	query := q.URL.Query()
	route := ticketing.Route{Intake: query.Get("intake"), Raw: query.Has("raw"), Account: query.Get("raw")}
	times := 1
	if text := query.Get("times"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxTimes {
			return nil, badRequest("times", text, fmt.Sprintf("give a number from 1 to %d", maxTimes))
		}
		times = n
	}
	body, err := io.ReadAll(io.LimitReader(q.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, badRequest("body", "", fmt.Sprintf("give at most %d bytes", maxBody))
	}
	ticket, err := a.desk.Submit(q.Context(), body, times, route)
	var said *ticketing.Refusal
	switch {
	case errors.Is(err, ticketing.ErrBusAway):
		return nil, &Problem{Status: http.StatusServiceUnavailable, Text: err.Error(), Fix: "start lifeboat and try again"}
	case errors.As(err, &said):
		return nil, &Problem{Status: http.StatusBadGateway, Text: err.Error()}
	case err != nil:
		return nil, refused(err)
	}
	return Submitted{ticket}, nil
}

func (a *API) ticket(q *http.Request) (any, error) {
	id, query := q.PathValue("ticket"), q.URL.Query()
	state := query.Get("state")
	if state == "" {
		t, found := a.desk.Ticket(id)
		if !found {
			return nil, problem(http.StatusNotFound, "ticket", id, "the desk has none of that number; GET /v1/tickets lists them")
		}
		return t, nil
	}
	wait := time.Minute
	if text := query.Get("wait"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > maxWait {
			return nil, badRequest("wait", text, fmt.Sprintf("give a duration up to %v, such as 30s", maxWait))
		}
		wait = d
	}
	ctx, cancel := context.WithTimeout(q.Context(), wait)
	defer cancel()
	t, err := a.desk.Await(ctx, id, func(t ticketing.Ticket) bool { return t.State == state })
	if err != nil {
		return nil, problem(http.StatusConflict, "state", state, fmt.Sprintf("after %v the ticket's last answer is %q", wait, t.State))
	}
	return t, nil
}
