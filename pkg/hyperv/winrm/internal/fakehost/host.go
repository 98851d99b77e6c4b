package fakehost

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Frame is a request that came in on a command's standard input.
type Frame struct {
	ID       string          `json:"id"`
	Verb     string          `json:"verb"`
	NotAfter int64           `json:"notAfter"`
	Args     json.RawMessage `json:"args"`
}

// Answer is what goes out: fields of the frame protocol by name.
type Answer map[string]any

// Host is the listener.
type Host struct {
	// Answer answers frames other than hello. It is called from one goroutine
	// for each command.
	Answer func(ctx context.Context, f Frame) Answer
	// Script, if set, is what runs in the shells instead: it gets one line of
	// input, writes what it likes, and gives its exit code.
	Script func(ctx context.Context, input string, write func(string)) int
	// Break may make requests fail. It is asked before each one, with its
	// action's last word (Create, Command, Send, Receive, Signal, Delete,
	// Enumerate) and how many of that action came before.
	Break func(action string, before int) Fault
	// Clock is the host's clock; nil means ours.
	Clock func() time.Time
	// Split is how many bytes of output a Receive gives at most; 0 means no limit.
	Split int
	// OperationTimeout is how long a Receive is held back, at most what the client asks for.
	OperationTimeout time.Duration

	server *httptest.Server
	mu     sync.Mutex
	shells map[string]*shell
	counts map[string]int
	seen   []string // actions in order
	frames []Frame
	next   int
}

type shell struct {
	id, name string
	commands map[string]*command
}

// command is one process.
type command struct {
	input   chan []byte
	ctx     context.Context
	cancel  context.CancelFunc
	output  chan []byte
	exit    int
	stopped chan struct{}
}

// Start starts a listener that ends with the test.
func Start(t testing.TB, h *Host) *Host {
	t.Helper()
	return start(t, h, httptest.NewServer)
}

// StartTLS does so with TLS.
func StartTLS(t testing.TB, h *Host) *Host {
	t.Helper()
	return start(t, h, httptest.NewTLSServer)
}

func start(t testing.TB, h *Host, listen func(http.Handler) *httptest.Server) *Host {
	h.shells, h.counts = map[string]*shell{}, map[string]int{}
	h.server = listen(h)
	if h.OperationTimeout == 0 {
		h.OperationTimeout = time.Second
	}
	t.Cleanup(func() {
		h.Restart()
		h.server.CloseClientConnections()
		h.server.Close()
	})
	return h
}

// Server is the HTTP server below.
func (h *Host) Server() *httptest.Server { return h.server }

// Restart makes every shell vanish, as a restart of WinRM does.
func (h *Host) Restart() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range h.shells {
		h.remove(id)
	}
}

// Shells are the names of the shells that are open.
func (h *Host) Shells() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for _, s := range h.shells {
		names = append(names, s.name)
	}
	return names
}

// Leave leaves a shell of this name behind.
func (h *Host) Leave(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.create(name)
}

// Seen are the actions that came in, in order.
func (h *Host) Seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.seen...)
}

// Frames are the frames that were answered or tried to be, hello left out.
func (h *Host) Frames() []Frame {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Frame(nil), h.frames...)
}

// envelope is what is looked at of a request.
type envelope struct {
	Header struct {
		Action   string   `xml:"Action"`
		ID       string   `xml:"MessageID"`
		Selector []string `xml:"SelectorSet>Selector"`
	}
	Body struct {
		Shell struct {
			Name string `xml:"Name"`
		}
		Send struct {
			Stream struct {
				Text    string `xml:",chardata"`
				Command string `xml:"CommandId,attr"`
			}
		}
		Receive struct {
			DesiredStream struct {
				Command string `xml:"CommandId,attr"`
			}
		}
	}
}

// ServeHTTP serves one request.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	h.Serve(w, r, body)
}

// Serve serves a request whose body was read, and maybe unsealed, already.
func (h *Host) Serve(w http.ResponseWriter, r *http.Request, body []byte) {
	var e envelope
	if err := xml.Unmarshal(body, &e); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	action := e.Header.Action[strings.LastIndex(e.Header.Action, "/")+1:]
	h.mu.Lock()
	before := h.counts[action]
	h.counts[action]++
	h.seen = append(h.seen, action)
	h.mu.Unlock()
	var fault Fault
	if h.Break != nil {
		fault = h.Break(action, before)
	}
	if fault.before(w, r, &e) {
		return
	}
	status, answer := h.answer(r.Context(), action, &e)
	if fault.after(w, r, answer) {
		return
	}
	w.Header().Set("Content-Type", "application/soap+xml;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (h *Host) answer(ctx context.Context, action string, e *envelope) (int, string) {
	h.mu.Lock()
	var s *shell
	if len(e.Header.Selector) > 0 {
		s = h.shells[e.Header.Selector[0]]
	}
	h.mu.Unlock()
	if s == nil && action != "Create" && action != "Enumerate" {
		return 500, FaultEnvelope(e.Header.ID, 2150858843, "w:InvalidSelectors")
	}
	switch action {
	case "Create":
		h.mu.Lock()
		defer h.mu.Unlock()
		s := h.create(e.Body.Shell.Name)
		return 200, wrap(e, `<rsp:Shell><rsp:ShellId>`+s.id+`</rsp:ShellId></rsp:Shell>`)
	case "Command":
		id := h.start(s)
		return 200, wrap(e, `<rsp:CommandResponse><rsp:CommandId>`+id+`</rsp:CommandId></rsp:CommandResponse>`)
	case "Send":
		return h.send(s, e)
	case "Receive":
		return h.receive(ctx, s, e)
	case "Signal":
		h.stop(s)
		return 200, wrap(e, `<rsp:SignalResponse/>`)
	case "Delete":
		h.mu.Lock()
		defer h.mu.Unlock()
		h.remove(s.id)
		return 200, wrap(e, ``)
	case "Enumerate":
		return 200, wrap(e, h.list())
	}
	return 500, FaultEnvelope(e.Header.ID, 2150858752, "a:ActionNotSupported")
}

func (h *Host) create(name string) *shell {
	h.next++
	s := &shell{id: fmt.Sprintf("SHELL-%d", h.next), name: name, commands: map[string]*command{}}
	h.shells[s.id] = s
	return s
}

func (h *Host) list() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var b strings.Builder
	b.WriteString(`<n:EnumerateResponse xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"><n:EnumerationContext/><w:Items xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">`)
	for _, s := range h.shells {
		b.WriteString(`<rsp:Shell><rsp:ShellId>` + s.id + `</rsp:ShellId><rsp:Name>` + s.name + `</rsp:Name></rsp:Shell>`)
	}
	b.WriteString(`</w:Items><w:EndOfSequence xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"/></n:EnumerateResponse>`)
	return b.String()
}

func (h *Host) start(s *shell) string {
	ctx, cancel := context.WithCancel(context.Background())
	c := &command{input: make(chan []byte, 100), ctx: ctx, cancel: cancel, output: make(chan []byte, 10_000), exit: 1, stopped: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next++
	id := fmt.Sprintf("COMMAND-%d", h.next)
	s.commands[id] = c
	go h.run(c)
	return id
}

// run is a process: it reads frames and answers them.
func (h *Host) run(c *command) {
	defer close(c.stopped)
	lines := bufio.NewReader(&stdin{c: c})
	if h.Script != nil {
		if line, err := lines.ReadString('\n'); err == nil {
			c.exit = h.Script(c.ctx, strings.TrimSuffix(line, "\n"), func(text string) { h.say(c, text) })
		}
		return
	}
	if _, err := lines.ReadString('\n'); err != nil { // the function library
		return
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		var f Frame
		if err != nil || json.Unmarshal(raw, &f) != nil {
			h.say(c, "LB1 - e30=\r\n")
			continue
		}
		if f.Verb == "hello" {
			h.reply(c, f, Answer{"ok": true, "value": map[string]any{"library": 1}})
			continue
		}
		h.mu.Lock()
		h.frames = append(h.frames, f)
		h.mu.Unlock()
		a := h.Answer(c.ctx, f)
		if c.ctx.Err() != nil {
			return
		}
		if raw, ok := a["raw"].(string); ok {
			h.say(c, raw)
			continue
		}
		if _, ends := a["exit"]; ends {
			return
		}
		h.reply(c, f, a)
	}
}

// stdin is a command's standard input as a reader.
type stdin struct {
	c    *command
	rest []byte
}

func (s *stdin) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		select {
		case s.rest = <-s.c.input:
		case <-s.c.ctx.Done():
			return 0, io.EOF
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (h *Host) reply(c *command, f Frame, a Answer) {
	clock := time.Now
	if h.Clock != nil {
		clock = h.Clock
	}
	full := Answer{"ok": false, "value": nil, "error": nil, "before": nil, "after": nil, "acting": false, "clock": clock().UTC().Format("2006-01-02T15:04:05.0000000Z")}
	for k, v := range a {
		full[k] = v
	}
	text, err := json.Marshal(full)
	if err != nil {
		panic(err)
	}
	h.say(c, "LB1 "+f.ID+" "+base64.StdEncoding.EncodeToString(text)+"\r\n")
}

func (h *Host) say(c *command, text string) {
	for h.Split > 0 && len(text) > h.Split {
		c.output <- []byte(text[:h.Split])
		text = text[h.Split:]
	}
	c.output <- []byte(text)
}

func (h *Host) send(s *shell, e *envelope) (int, string) {
	c := h.command(s, e.Body.Send.Stream.Command)
	if c == nil {
		return 500, FaultEnvelope(e.Header.ID, 2150858843, "w:InvalidSelectors")
	}
	data, err := base64.StdEncoding.DecodeString(e.Body.Send.Stream.Text)
	if err != nil {
		return 500, FaultEnvelope(e.Header.ID, 2150858817, "w:SchemaValidationError")
	}
	c.input <- data
	return 200, wrap(e, `<rsp:SendResponse/>`)
}

func (h *Host) receive(ctx context.Context, s *shell, e *envelope) (int, string) {
	id := e.Body.Receive.DesiredStream.Command
	c := h.command(s, id)
	if c == nil {
		return 500, FaultEnvelope(e.Header.ID, 2150858843, "w:InvalidSelectors")
	}
	wait := time.NewTimer(h.OperationTimeout)
	defer wait.Stop()
	stream := func(data []byte) string {
		return `<rsp:Stream Name="stdout" CommandId="` + id + `">` + base64.StdEncoding.EncodeToString(data) + `</rsp:Stream>`
	}
	const state = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/"
	select {
	case data := <-c.output:
		return 200, wrap(e, `<rsp:ReceiveResponse>`+stream(data)+`<rsp:CommandState CommandId="`+id+`" State="`+state+`Running"/></rsp:ReceiveResponse>`)
	case <-c.stopped:
		said, how := "", "Done"
		if len(c.output) > 0 { // the last words come with the end
			said = stream(<-c.output)
		}
		if len(c.output) > 0 {
			how = "Running"
		}
		return 200, wrap(e, fmt.Sprintf(`<rsp:ReceiveResponse>%s<rsp:CommandState CommandId="%s" State="%s"><rsp:ExitCode>%d</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>`, said, id, state+how, c.exit))
	case <-wait.C:
		return 500, FaultEnvelope(e.Header.ID, 2150858793, "w:TimedOut")
	case <-ctx.Done():
		return 500, ""
	}
}

func (h *Host) command(s *shell, id string) *command {
	h.mu.Lock()
	defer h.mu.Unlock()
	return s.commands[id]
}

// stop ends the shell's processes.
func (h *Host) stop(s *shell) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range s.commands {
		c.cancel()
	}
}

// remove ends a shell. The host is locked.
func (h *Host) remove(id string) {
	for _, c := range h.shells[id].commands {
		c.cancel()
	}
	delete(h.shells, id)
}

func wrap(e *envelope, body string) string {
	return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header>` +
		`<a:Action>` + e.Header.Action + `Response</a:Action><a:RelatesTo>` + e.Header.ID + `</a:RelatesTo></s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}
