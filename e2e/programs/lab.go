package programs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Lab is a running lab.
type Lab struct {
	*Program
	// Admin is the address of its admin API.
	Admin string `json:"admin"`
	// Config is the lifeboat.yaml for its world.
	Config string `json:"config"`
	// Hosts are its hosts.
	Hosts []LabHost `json:"hosts"`
}

// LabHost is one host of a lab.
type LabHost struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	HTTP     string `json:"http"`
	HTTPS    string `json:"https"`
	User     string `json:"user"`
	Password string `json:"password"`
}

// StartLab starts a lab with arguments of its command line.
func StartLab(ctx context.Context, folder string, log io.Writer, args ...string) (*Lab, error) {
	var l Lab
	p, err := Start(ctx, folder, "lab", args, nil, log, &l)
	l.Program = p
	return &l, err
}

// Copy is one copy of a VM as it really is.
type Copy struct {
	Host   string `json:"host"`
	VM     string `json:"vm"`
	Name   string `json:"name"`
	Test   bool   `json:"test"`
	Power  string `json:"power"`
	Mode   string `json:"mode"`
	State  string `json:"state"`
	Runs   bool   `json:"runs"`
	Writes int64  `json:"writes"`
	Lost   int64  `json:"lost"`
}

// Overlap is a time in which more than one copy of a VM ran.
type Overlap struct {
	VM    string    `json:"vm"`
	Hosts []string  `json:"hosts"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
}

// Truth is how the world really is.
type Truth struct {
	Time     time.Time `json:"time"`
	Copies   []Copy    `json:"copies"`
	Overlaps []Overlap `json:"overlaps"`
}

// Running names the hosts on which a VM runs, test VMs not counted.
func (t Truth) Running(name string) []string {
	var out []string
	for _, c := range t.Copies {
		if c.Name == name && c.Runs && !c.Test {
			out = append(out, c.Host)
		}
	}
	return out
}

// Truth reads how the world really is.
func (l *Lab) Truth(ctx context.Context) (Truth, error) {
	var t Truth
	return t, l.call(ctx, http.MethodGet, "/v1/truth", nil, &t)
}

// Entry is one line of the hosts' journal.
type Entry struct {
	Time    time.Time `json:"time"`
	Host    string    `json:"host"`
	Cmdlet  string    `json:"cmdlet"`
	Effect  string    `json:"effect"`
	VM      string    `json:"vm"`
	Changed bool      `json:"changed"`
	ErrorID string    `json:"errorId"`
}

// Changes lists the cmdlets that changed something, oldest first.
func (l *Lab) Changes(ctx context.Context) ([]Entry, error) {
	var answer struct {
		Entries []Entry `json:"entries"`
	}
	err := l.call(ctx, http.MethodGet, "/v1/journal?changed=true&limit=100000", nil, &answer)
	return answer.Entries, err
}

// Host does something to a host: kill, start, freeze, unfreeze, cut, restore …
func (l *Lab) Host(ctx context.Context, host, verb string) error {
	return l.call(ctx, http.MethodPost, "/v1/hosts/"+url.PathEscape(host)+"/"+verb, nil, nil)
}

// Post posts to the admin API.
func (l *Lab) Post(ctx context.Context, path string, body, answer any) error {
	return l.call(ctx, http.MethodPost, path, body, answer)
}

// Get reads from the admin API.
func (l *Lab) Get(ctx context.Context, path string, answer any) error {
	return l.call(ctx, http.MethodGet, path, nil, answer)
}

// Ticket is a ticket of the lab's ticket system with what came back.
type Ticket struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Answers []struct {
		Event    string          `json:"event"`
		Sentence string          `json:"sentence"`
		Data     json.RawMessage `json:"data"`
	} `json:"answers"`
}

// Has reports whether an answer of the given short name came back.
func (t Ticket) Has(event string) bool {
	for _, a := range t.Answers {
		if a.Event == event {
			return true
		}
	}
	return false
}

// Outcome is how the ticket was closed; "refused" when it was refused, and
// empty while neither is known.
func (t Ticket) Outcome() string {
	for _, a := range t.Answers {
		var data struct {
			Outcome string `json:"outcome"`
		}
		switch {
		case a.Event == "refused":
			return "refused"
		case a.Event == "closed" && json.Unmarshal(a.Data, &data) == nil:
			return data.Outcome
		}
	}
	return ""
}

// Progressed reports whether the ticket was told of a progress, such as
// "awaiting-cleanup".
func (t Ticket) Progressed(progress string) bool {
	for _, a := range t.Answers {
		var data struct {
			Progress string `json:"progress"`
		}
		if a.Event == "progressed" && json.Unmarshal(a.Data, &data) == nil && data.Progress == progress {
			return true
		}
	}
	return false
}

// Said is the last answer's sentence.
func (t Ticket) Said() string {
	if len(t.Answers) == 0 {
		return "nothing came back"
	}
	return t.Answers[len(t.Answers)-1].Sentence
}

// connectWithin bounds how long the lab's ticket system may take to find a bus
// that has just come up.
const connectWithin = 15 * time.Second

// Submit has the ticket system submit a ticket, so many times, and returns its
// number. A ticket system without a bus is waited for.
func (l *Lab) Submit(ctx context.Context, request any, times int) (string, error) {
	var answer struct {
		Ticket string `json:"ticket"`
	}
	limited, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	for {
		err := l.call(ctx, http.MethodPost, fmt.Sprintf("/v1/tickets?times=%d", times), request, &answer)
		if status := (*StatusError)(nil); !errors.As(err, &status) || status.Status != http.StatusServiceUnavailable {
			return answer.Ticket, err
		}
		select {
		case <-limited.Done():
			return "", err
		case <-time.After(pollEvery):
		}
	}
}

// StatusError is an answer of the admin API that is an error.
type StatusError struct {
	// Status is the HTTP status.
	Status int
	// Text says what was asked and what came back.
	Text string
}

// Error implements error.
func (e *StatusError) Error() string { return e.Text }

// Ticket reads a ticket.
func (l *Lab) Ticket(ctx context.Context, id string) (Ticket, error) {
	var t Ticket
	return t, l.call(ctx, http.MethodGet, "/v1/tickets/"+url.PathEscape(id), nil, &t)
}

// AwaitBus waits until the lab's ticket system has found the bus.
func (l *Lab) AwaitBus(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		var desk struct {
			Connected bool `json:"connected"`
		}
		if err := l.Get(ctx, "/v1/tickets", &desk); err != nil || desk.Connected {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the lab's ticket system has not found the bus: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// pollEvery is how often a ticket is looked at while it is awaited.
const pollEvery = 100 * time.Millisecond

// Await waits until a ticket is as asked.
func (l *Lab) Await(ctx context.Context, id string, as func(Ticket) bool) (Ticket, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var last Ticket
	for {
		t, err := l.Ticket(ctx, id)
		switch {
		case err == nil && as(t):
			return t, nil
		case err == nil:
			last = t
		case ctx.Err() == nil:
			return t, err
		}
		select {
		case <-ctx.Done():
			return last, fmt.Errorf("ticket %s is %q: %w", id, last.State, ctx.Err())
		case <-tick.C:
		}
	}
}

// call asks the admin API.
func (l *Lab) call(ctx context.Context, method, path string, body, answer any) error {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(raw)
	}
	q, err := http.NewRequestWithContext(ctx, method, l.Admin+path, sent)
	if err != nil {
		return err
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer func() { _ = r.Body.Close() }()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if r.StatusCode >= http.StatusBadRequest {
		return &StatusError{Status: r.StatusCode, Text: fmt.Sprintf("the lab answers %s %s with %s: %s", method, path, r.Status, bytes.TrimSpace(raw))}
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(raw, answer)
}
