package winrm

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/secret"
)

// testConfig is a host with the accounts every test uses.
func testConfig() Config {
	return Config{
		Name: "hv1.lab.test",
		Users: []User{
			{Name: "Administrator", Password: secret.NewText("Pass-1"), Administrator: true, CertificateUPN: "admin@localhost"},
			{Name: "second", Password: secret.NewText("Pass-2"), Administrator: true},
			{Name: "guest", Password: secret.NewText("Pass-3")},
			{Name: "gone", Password: secret.NewText("Pass-4"), Administrator: true, Expired: true},
		},
		Run:        fakeShell,
		Executable: func(path string) bool { return strings.EqualFold(path, `c:\tools\hello.exe`) },
		Auth:       Auth{Basic: true, Negotiate: true, AllowUnencrypted: true},
	}
}

// startHost runs a host on loopback until the end of the test.
func startHost(t testing.TB, change func(*Config)) *Server {
	t.Helper()
	cfg := testConfig()
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	https := ""
	if cfg.Certificate != nil {
		https = "127.0.0.1:0"
	}
	if err := s.Start("127.0.0.1:0", https); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// client is a WS-Management client of the simplest kind.
type client struct {
	t              testing.TB
	url            string
	user, password string
	http           *http.Client
	timeout        string // OperationTimeout
	envelope       int
}

func newClient(t testing.TB, s *Server) *client {
	address, _ := s.Addresses()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{t: t, url: "http://" + address + "/wsman", user: "Administrator", password: "Pass-1",
		http: &http.Client{Transport: transport}, timeout: "PT20S", envelope: 153600}
}

// message writes a request.
func (c *client) message(action, resource, headers, body string) string {
	return `<s:Envelope xmlns:s="` + nsSOAP + `" xmlns:a="` + nsAddressing + `" xmlns:w="` + nsWSMan + `" xmlns:p="` + nsWSManMS +
		`" xmlns:rsp="` + nsShell + `" xmlns:n="` + nsEnumerate + `"><s:Header><a:To>` + c.url + `</a:To><w:ResourceURI s:mustUnderstand="true">` + resource +
		`</w:ResourceURI><a:ReplyTo><a:Address s:mustUnderstand="true">` + anonymous + `</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">` +
		action + `</a:Action><w:MaxEnvelopeSize s:mustUnderstand="true">` + fmt.Sprint(c.envelope) + `</w:MaxEnvelopeSize><a:MessageID>uuid:` + testMessageID +
		`</a:MessageID><w:Locale xml:lang="en-US" s:mustUnderstand="false"/><w:OperationTimeout>` + c.timeout + `</w:OperationTimeout>` +
		headers + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

const testMessageID = "11111111-2222-4333-8444-555555555555"

func shellSelector(id string) string {
	return `<w:SelectorSet><w:Selector Name="ShellId">` + id + `</w:Selector></w:SelectorSet>`
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	raw    string
	root   *element
}

// body is the first child of the SOAP body.
func (a answer) body() *element {
	if b := a.root.child(nsSOAP, "Body"); b != nil && len(b.children) > 0 {
		return b.children[0]
	}
	return nil
}

// code is the fault code, 0 without a fault.
func (a answer) code() uint32 {
	var code uint32
	var look func(e *element)
	look = func(e *element) {
		if e.name.Local == "WSManFault" && code == 0 {
			fmt.Sscan(e.attr("Code"), &code)
		}
		if e.name.Local == "error_Code" {
			fmt.Sscan(e.value(), &code)
		}
		for _, c := range e.children {
			look(c)
		}
	}
	if a.root != nil {
		look(a.root)
	}
	return code
}

// post sends a body and reads the answer.
func (c *client) post(body string, change ...func(*http.Request)) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, c.url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
	if c.user != "" {
		req.SetBasicAuth(c.user, c.password)
	}
	for _, f := range change {
		f(req)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	a := answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if err != nil {
		return a, err
	}
	if root, err := parseXML(raw); err == nil {
		a.root = root
	}
	return a, nil
}

// must posts a request and wants HTTP 200.
func (c *client) must(action, resource, headers, body string) answer {
	c.t.Helper()
	a, err := c.post(c.message(action, resource, headers, body))
	if err != nil {
		c.t.Fatal(err)
	}
	if a.status != http.StatusOK {
		c.t.Fatalf("%s: HTTP %d: %s", action, a.status, a.raw)
	}
	return a
}

// fault posts a request and wants this fault.
func (c *client) fault(want uint32, action, resource, headers, body string) answer {
	c.t.Helper()
	a, err := c.post(c.message(action, resource, headers, body))
	if err != nil {
		c.t.Fatal(err)
	}
	if a.status != http.StatusInternalServerError || a.code() != want {
		c.t.Fatalf("%s: HTTP %d with fault %d, want 500 with %d: %s", action, a.status, a.code(), want, a.raw)
	}
	return a
}

const createBody = `<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>`

// create opens a shell.
func (c *client) create() string {
	c.t.Helper()
	a := c.must(actionCreate, resourceCmd, "", createBody)
	for _, e := range a.root.child(nsSOAP, "Body").children {
		if id := e.child(nsShell, "ShellId"); id != nil {
			return id.value()
		}
	}
	c.t.Fatalf("no ShellId in %s", a.raw)
	return ""
}

func commandBody(line string, args ...string) string {
	var b strings.Builder
	b.WriteString("<rsp:CommandLine><rsp:Command>" + escape(line) + "</rsp:Command>")
	for _, a := range args {
		b.WriteString("<rsp:Arguments>" + escape(a) + "</rsp:Arguments>")
	}
	b.WriteString("</rsp:CommandLine>")
	return b.String()
}

// run starts a command.
func (c *client) run(shell, line string, args ...string) string {
	c.t.Helper()
	a := c.must(actionCommand, resourceCmd, shellSelector(shell), commandBody(line, args...))
	return a.body().child(nsShell, "CommandId").value()
}

// output is what one Receive brought.
type output struct {
	stdout, stderr string
	done           bool
	code           string
	ends           int
}

func receiveBody(command string) string {
	return `<rsp:Receive><rsp:DesiredStream CommandId="` + command + `">stdout stderr</rsp:DesiredStream></rsp:Receive>`
}

// receive fetches once.
func (c *client) receive(shell, command string) output {
	c.t.Helper()
	return readOutput(c.t, c.must(actionReceive, resourceCmd, shellSelector(shell), receiveBody(command)))
}

func readOutput(t testing.TB, a answer) output {
	t.Helper()
	var o output
	for _, e := range a.body().children {
		switch e.name.Local {
		case "Stream":
			data, err := base64.StdEncoding.DecodeString(e.value())
			if err != nil {
				t.Fatal(err)
			}
			if e.attr("Name") == "stdout" {
				o.stdout += string(data)
			} else {
				o.stderr += string(data)
			}
			if e.attr("End") == "true" {
				o.ends++
			}
		case "CommandState":
			o.done = strings.HasSuffix(e.attr("State"), "/Done")
			o.code = e.child(nsShell, "ExitCode").value()
		}
	}
	return o
}

// all fetches until the command is done.
func (c *client) all(shell, command string) output {
	c.t.Helper()
	var sum output
	for !sum.done {
		o := c.receive(shell, command)
		sum.stdout, sum.stderr = sum.stdout+o.stdout, sum.stderr+o.stderr
		sum.done, sum.code, sum.ends = o.done, o.code, o.ends
	}
	return sum
}

func sendBody(command, text string, end bool) string {
	return fmt.Sprintf(`<rsp:Send><rsp:Stream Name="stdin" CommandId="%s" End="%v">%s</rsp:Stream></rsp:Send>`,
		command, end, base64.StdEncoding.EncodeToString([]byte(text)))
}

func (c *client) send(shell, command, text string, end bool) {
	c.t.Helper()
	c.must(actionSend, resourceCmd, shellSelector(shell), sendBody(command, text, end))
}

func signalBody(command, code string) string {
	return `<rsp:Signal CommandId="` + command + `"><rsp:Code>` + signalPrefix + code + `</rsp:Code></rsp:Signal>`
}

func (c *client) signal(shell, command, code string) {
	c.t.Helper()
	c.must(actionSignal, resourceCmd, shellSelector(shell), signalBody(command, code))
}

func (c *client) delete(shell string) {
	c.t.Helper()
	c.must(actionDelete, resourceCmd, shellSelector(shell), "")
}

// eventually polls until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s still not: %s", what)
		}
		<-tick.C
	}
}

// normalise replaces what changes from run to run, so that an answer can be
// compared with a file.
func normalise(raw string, replace ...string) string {
	var b bytes.Buffer
	for len(raw) > 0 {
		if len(raw) >= 36 && isGUID(raw[:36]) && raw[:36] != testMessageID {
			b.WriteString("GUID")
			raw = raw[36:]
			continue
		}
		b.WriteByte(raw[0])
		raw = raw[1:]
	}
	text := agePattern.ReplaceAllString(b.String(), "AGE")
	return strings.NewReplacer(append(replace, "><", ">\n<")...).Replace(text) + "\n"
}

// agePattern is how long a shell has been there.
var agePattern = regexp.MustCompile(`P\d+DT\d+H\d+M\d+S`)
