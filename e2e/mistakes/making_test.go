package mistakes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"lifeboat.io/e2e/programs"
	"lifeboat.io/events"
	"lifeboat.io/pkg/secret"
	"lifeboat.io/services/ticket-intake/signature"
)

// fields are a JSON object.
type fields = map[string]any

// submittedType is the type of a submitted ticket's event.
const submittedType = "io.lifeboat.ticket.submitted.v1"

// text is an object as JSON.
func text(object fields) string {
	raw, err := json.Marshal(object)
	if err != nil {
		panic(err) // plain values can be encoded
	}
	return string(raw)
}

// event is a ticket as an event in structured mode, with changes; nil takes an
// attribute away.
func event(data fields, changes fields) string {
	e := fields{"specversion": "1.0", "id": "1", "source": "/desk", "type": submittedType, "datacontenttype": "application/json", "data": data}
	for name, value := range changes {
		e[name] = value
		if value == nil {
			delete(e, name)
		}
	}
	return text(e)
}

// login says who a request is from.
type login func(h *house, r *http.Request, body []byte)

func none(*house, *http.Request, []byte) {}

func token(text string) login {
	return func(_ *house, r *http.Request, _ []byte) { r.Header.Set("Authorization", "Bearer "+text) }
}

// signed signs with a key, or with the desk's own when it is empty, at a time
// before or after now.
func signed(key, nonce string, at time.Duration) login {
	return func(h *house, r *http.Request, body []byte) {
		with := h.hmac
		if key != "" {
			with = secret.NewText(key)
		}
		signature.Sign(r, "desk", with, nonce, body, time.Now().Add(at))
	}
}

// posted posts something to /v1/tickets: a good ticket in structured mode with
// the desk's token, but for what is given.
type posted struct {
	header http.Header
	body   string
	login  login
	times  int
}

func (p posted) make(h *house) (where, said string) {
	h.t.Helper()
	if p.header == nil {
		p.header = structured
	}
	if p.body == "" {
		p.body = event(ticket(fields{"ticket": "P-1", "vms": []fields{{"name": "nobody's"}}}), nil)
	}
	if p.login == nil {
		p.login = token(h.bearer.Reveal())
	}
	for range max(1, p.times) {
		where, said = p.once(h)
	}
	return where, said
}

func (p posted) once(h *house) (where, said string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.lifeboat.HTTP+"/v1/tickets", strings.NewReader(p.body))
	if err != nil {
		h.t.Fatal(err)
	}
	for name, values := range p.header {
		r.Header.Set(name, values[0])
	}
	p.login(h, r, []byte(p.body))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode >= http.StatusBadRequest && kind != "application/problem+json" {
		h.t.Errorf("the answer is %q, want problem details", kind)
	}
	return fmt.Sprintf("HTTP %d", answer.StatusCode), string(raw)
}

// published publishes something to the inbox of Acme Bank.
type published struct {
	header http.Header
	body   string
}

func (p published) make(h *house) (where, said string) {
	h.t.Helper()
	before := len(h.deadLetters())
	_, err := h.js.PublishMsg(h.t.Context(), &nats.Msg{Subject: events.InboxSubject("acme"), Header: nats.Header(p.header), Data: []byte(p.body)})
	if err != nil {
		return "publisher", err.Error()
	}
	h.until("a dead letter", func() bool { return len(h.deadLetters()) > before })
	return "dead letter", string(h.deadLetters()[0])
}

// deadLetters lists the dead letters as an operator does, newest first.
func (h *house) deadLetters() []json.RawMessage {
	h.t.Helper()
	code, out := h.run("deadletter", "list", "--nats", h.lifeboat.NATS, "-o", "json")
	if code != 0 {
		h.t.Fatalf("lifeboat deadletter list: exit code %d: %s", code, out)
	}
	var letters []json.RawMessage
	if err := json.Unmarshal([]byte(out), &letters); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	return letters
}

// submitted has the lab's ticket system submit a ticket over the bus.
type submitted struct {
	ticket fields
	// raw has it submitted without the ticket system looking into it.
	raw bool
}

func (s submitted) make(h *house) (where, said string) {
	h.t.Helper()
	path := "/v1/tickets"
	if s.raw {
		path += "?raw=" + url.QueryEscape(s.ticket["account"].(string))
	}
	var made struct{ Ticket string }
	if err := h.lab.Post(h.t.Context(), path, s.ticket, &made); err != nil {
		h.t.Fatal(err)
	}
	t := h.await(made.Ticket, answered)
	last := t.Answers[len(t.Answers)-1]
	return "ticket." + last.Event, last.Sentence + "\n" + compact(last.Data)
}

// compact is JSON in one line.
func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// garbage has a host answer every question with garbage, and asks for a test
// failover that needs it.
type garbage string

func (host garbage) make(h *house) (where, said string) {
	h.t.Helper()
	fault := fields{"host": string(host), "wire": []fields{{"kind": "garbage", "action": "Receive", "count": -1}}}
	if err := h.lab.Post(h.t.Context(), "/v1/faults", fault, nil); err != nil {
		h.t.Fatal(err)
	}
	defer h.clearFaults()
	id, err := h.lab.Submit(h.t.Context(), ticket(nil), 1)
	if err != nil {
		h.t.Fatal(err)
	}
	t := h.await(id, func(t programs.Ticket) bool { return t.Outcome() != "" })
	var all []string
	for _, a := range t.Answers {
		all = append(all, a.Event+": "+a.Sentence)
	}
	said = strings.Join(all, "\n")
	if t.Has("accepted") && strings.Contains(said, "refused") {
		return "failover.refused", said
	}
	return t.Outcome(), said
}

// clearFaults has the hosts of the lab answer as they should.
func (h *house) clearFaults() {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodDelete, h.lab.Admin+"/v1/faults", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode >= http.StatusBadRequest {
		h.t.Fatalf("the lab keeps its faults: %s", answer.Status)
	}
}

// command runs a command of lifeboat with the configuration.
type command []string

func (c command) make(h *house) (where, said string) {
	h.t.Helper()
	code, out := h.run(append(c, "--config", h.lab.Config)...)
	return fmt.Sprintf("exit code %d", code), out
}

// run runs lifeboat to its end and returns its exit code and what it printed.
func (h *house) run(args ...string) (code int, out string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), sayWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(folder, "lifeboat"), args...)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err := cmd.Run()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		h.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), both.String()
}

// started starts lifeboat on files of which one has a mistake.
type started struct{ file, replace, by string }

func (s started) make(h *house) (where, said string) {
	h.t.Helper()
	dir := h.copied()
	h.edit(filepath.Join(dir, s.file), s.replace, s.by)
	code, out := h.run("serve", "--config", filepath.Join(dir, filepath.Base(h.lab.Config)))
	return fmt.Sprintf("exit code %d", code), out
}

// copied is a copy of the lab's folder without the bus, whose files come and go.
func (h *house) copied() string {
	h.t.Helper()
	from, to := os.DirFS(h.dir), h.t.TempDir()
	secrets, err := fs.Sub(from, "secrets")
	if err == nil {
		err = os.CopyFS(filepath.Join(to, "secrets"), secrets)
	}
	entries, failed := fs.ReadDir(from, ".")
	err = errors.Join(err, failed)
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		text, failed := fs.ReadFile(from, e.Name())
		err = errors.Join(err, failed, os.WriteFile(filepath.Join(to, e.Name()), text, 0o600))
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return to
}

// reloaded has lifeboat read its inventory again when it has a mistake.
type reloaded struct{ replace, by string }

func (r reloaded) make(h *house) (where, said string) {
	h.t.Helper()
	path := filepath.Join(h.dir, "inventory.yaml")
	before, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	h.edit(path, r.replace, r.by)
	said = h.hangUp("inventory not reloaded")
	if err := os.WriteFile(path, before, 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.hangUp("inventory is as it was")
	return "log", said
}

// hangUp sends SIGHUP and waits for a new line of the log that says something.
func (h *house) hangUp(says string) (line string) {
	h.t.Helper()
	from := len(h.log.String())
	process, err := os.FindProcess(h.lifeboat.Pid())
	if err == nil {
		err = process.Signal(syscall.SIGHUP)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.until("the log says "+says, func() bool {
		for l := range strings.Lines(h.log.String()[from:]) {
			if strings.Contains(l, says) {
				line = l
				return true
			}
		}
		return false
	})
	return line
}
