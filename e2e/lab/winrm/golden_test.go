package winrm

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew; review the difference")

// golden compares an answer with a file, guids and addresses aside.
func golden(t *testing.T, name string, s *Server, a answer) {
	t.Helper()
	address, _ := s.Addresses()
	got := normalise(a.raw, address, "ADDRESS")
	file := filepath.Join("testdata", "golden", name+".xml")
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: answer is\n%s\nwant\n%s", name, got, want)
	}
}

// TestGoldenAnswers pins every kind of answer to the letter.
func TestGoldenAnswers(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	take := func(name string, a answer) answer {
		golden(t, name, s, a)
		return a
	}
	identify := `<s:Envelope xmlns:s="` + nsSOAP + `"><s:Header/><s:Body><i:Identify xmlns:i="` + nsIdentity + `"/></s:Body></s:Envelope>`
	a, err := c.post(identify)
	if err != nil {
		t.Fatal(err)
	}
	take("identify", a)
	if a, err = c.post(identify, func(r *http.Request) {
		r.Header.Del("Authorization")
		r.Header.Set("WSMANIDENTIFY", "unauthenticated")
	}); err != nil {
		t.Fatal(err)
	}
	take("identify-anonymous", a)

	take("get-config", c.must(actionGet, resourceConfig, "", ""))
	a = take("create", c.must(actionCreate, resourceCmd, "", createBody))
	shell := a.root.child(nsSOAP, "Body").children[1].child(nsShell, "ShellId").value()
	take("get-shell", c.must(actionGet, resourceCmd, shellSelector(shell), ""))
	take("enumerate-optimized", c.must(actionEnumerate, resourceShell, "",
		`<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>10</w:MaxElements></n:Enumerate>`))
	a = take("enumerate", c.must(actionEnumerate, resourceShell, "", `<n:Enumerate/>`))
	pull := `<n:Pull><n:EnumerationContext>` + a.body().child(nsEnumerate, "EnumerationContext").value() + `</n:EnumerationContext><n:MaxElements>5</n:MaxElements></n:Pull>`
	take("pull", c.must(actionPull, resourceShell, "", pull))
	take("fault-enumeration-context", c.fault(codeEnumerationContext, actionPull, resourceShell, "", pull))

	a = take("command", c.must(actionCommand, resourceCmd, shellSelector(shell), commandBody("lines")))
	command := a.body().child(nsShell, "CommandId").value()
	take("send", c.must(actionSend, resourceCmd, shellSelector(shell), sendBody(command, "one\n", false)))
	take("receive-running", c.must(actionReceive, resourceCmd, shellSelector(shell), receiveBody(command)))
	c.timeout = "PT0.05S"
	take("fault-timeout", c.fault(codeTimedOut, actionReceive, resourceCmd, shellSelector(shell), receiveBody(command)))
	c.timeout = "PT20S"
	c.send(shell, command, "", true)
	take("receive-done", c.must(actionReceive, resourceCmd, shellSelector(shell), receiveBody(command)))
	take("signal", c.must(actionSignal, resourceCmd, shellSelector(shell), signalBody(command, "terminate")))
	take("fault-command-gone", c.fault(codeSelectorsUnexpected, actionReceive, resourceCmd, shellSelector(shell), receiveBody(command)))
	take("delete", c.must(actionDelete, resourceCmd, shellSelector(shell), ""))
	take("fault-shell-gone", c.fault(codeSelectorsUnexpected, actionCommand, resourceCmd, shellSelector(shell), commandBody("echo")))
	take("fault-powershell-remoting", c.fault(codeResourceNotFound, actionCreate,
		"http://schemas.microsoft.com/powershell/Microsoft.PowerShell", "", createBody))
}

func TestGoldenFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		legacy bool
		lang   string
		code   uint32
	}{
		{"fault-access-denied", false, English, codeAccessDenied},
		{"fault-access-denied-german", false, "de-DE", codeAccessDenied},
		{"fault-quota-shells", false, English, codeQuotaShells},
		{"fault-quota-shells-legacy", true, English, codeQuotaShells},
		{"fault-file-not-found", false, English, codeFileNotFound},
		{"fault-unlisted", false, English, 2150859263},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, func(cfg *Config) { cfg.Quotas.LegacyFaults, cfg.Language = c.legacy, c.lang })
			if _, err := s.Arm(Fault{Kind: FaultSOAP, Code: c.code}); err != nil {
				t.Fatal(err)
			}
			golden(t, c.name, s, newClient(t, s).fault(c.code, actionCreate, resourceCmd, "", createBody))
		})
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	valid := c.message(actionCreate, resourceCmd, "", createBody)
	change := func(old, new string) string {
		if !strings.Contains(valid, old) {
			t.Fatalf("the request has no %s", old)
		}
		return strings.Replace(valid, old, new, 1)
	}
	drop := func(name string) string {
		i, j := strings.Index(valid, "<"+name), strings.Index(valid, "</"+name+">")
		return valid[:i] + valid[j+len(name)+3:]
	}
	for _, r := range []struct {
		name, body string
		want       uint32
	}{
		{"not XML", "hello", codeInvalidXML},
		{"cut", valid[:len(valid)/2], codeInvalidXML},
		{"document type", `<!DOCTYPE x [<!ENTITY a "b">]>` + valid, codeInvalidXML},
		{"two roots", valid + valid, codeInvalidXML},
		{"too deep", change(createBody, strings.Repeat("<rsp:a>", 60)+strings.Repeat("</rsp:a>", 60)), codeInvalidXML},
		{"SOAP 1.1", strings.ReplaceAll(valid, nsSOAP, nsSOAP11), 0},
		{"another root", strings.ReplaceAll(valid, "s:Envelope", "s:Letter"), codeSchema},
		{"no body", valid[:strings.Index(valid, "<s:Body>")] + "</s:Envelope>", codeInvalidBody},
		{"two bodies", change(createBody, createBody+createBody), codeSchema},
		{"no header", valid[:strings.Index(valid, "<s:Header>")] + valid[strings.Index(valid, "<s:Body>"):], codeHeaderRequired},
		{"no action", drop("a:Action"), codeHeaderRequired},
		{"no message id", drop("a:MessageID"), codeHeaderRequired},
		{"no address", drop("a:To"), codeHeaderRequired},
		{"no resource", drop("w:ResourceURI"), codeResourceMissing},
		{"reply elsewhere", change(anonymous, "http://example.com/"), codeAddressingMode},
		{"unknown mandatory header", change("<a:To>", `<q:X xmlns:q="urn:x" s:mustUnderstand="true">1</q:X><a:To>`), 0},
		{"unknown optional header", change("<a:To>", `<q:X xmlns:q="urn:x">1</q:X><a:To>`), okay},
		{"mandatory locale", change(`xml:lang="en-US" s:mustUnderstand="false"`, `xml:lang="en-US" s:mustUnderstand="true"`), codeLocaleMandatory},
		{"negative timeout", change("PT20S", "PT-1S"), codeInvalidHeader},
		{"zero timeout", change("PT20S", "PT0S"), codeInvalidHeader},
		{"envelope too small", change("153600", "100"), codeMinEnvelope},
		{"envelope no number", change("153600", "many"), codeInvalidHeader},
		{"unknown action", change(actionCreate, "http://example.com/do"), codeActionNotSupported},
		{"unknown resource", change(resourceCmd, "http://example.com/thing"), codeResourceNotFound},
		{"create the configuration", change(resourceCmd, resourceConfig), codeActionNotSupported},
		{"duplicate selector", change("</s:Header>", `<w:SelectorSet><w:Selector Name="A">1</w:Selector><w:Selector Name="a">2</w:Selector></w:SelectorSet></s:Header>`), codeDuplicateSelectors},
		{"unknown option that must be complied with", change("</s:Header>", `<w:OptionSet><w:Option Name="X" MustComply="true">1</w:Option></w:OptionSet></s:Header>`), codeOptionsNotSupported},
		{"unknown option", change("</s:Header>", `<w:OptionSet><w:Option Name="X">1</w:Option></w:OptionSet></s:Header>`), okay},
		{"option of the wrong kind", change("</s:Header>", `<w:OptionSet><w:Option Name="WINRS_NOPROFILE">maybe</w:Option></w:OptionSet></s:Header>`), codeOptionValue},
		{"code page no number", change("</s:Header>", `<w:OptionSet><w:Option Name="WINRS_CODEPAGE">utf8</w:Option></w:OptionSet></s:Header>`), codeOptionValue},
		{"body of another action", change(createBody, commandBody("echo")), codeSchema},
		{"unknown element", change("<rsp:InputStreams>", "<rsp:Colour>red</rsp:Colour><rsp:InputStreams>"), codeSchema},
		{"unknown stream", change("stdout stderr", "stdout video"), codeInvalidParameter},
		{"bad idle time", change("<rsp:InputStreams>", "<rsp:IdleTimeOut>soon</rsp:IdleTimeOut><rsp:InputStreams>"), codeInvalidParameter},
		{"bad shell id", change("<rsp:Shell>", `<rsp:Shell ShellId="7">`), codeInvalidParameter},
		{"too large", change("<rsp:InputStreams>", "<rsp:Name>"+strings.Repeat("x", 500<<10)+"</rsp:Name><rsp:InputStreams>"), codeEncodingLimit},
	} {
		t.Run(r.name, func(t *testing.T) {
			a, err := c.post(r.body)
			if err != nil {
				t.Fatal(err)
			}
			if r.want == okay {
				if a.status != http.StatusOK {
					t.Errorf("HTTP %d: %s", a.status, a.raw)
				}
				return
			}
			if a.status != http.StatusInternalServerError || a.code() != r.want {
				t.Errorf("HTTP %d, fault %d, want %d: %s", a.status, a.code(), r.want, a.raw)
			}
			if a.root == nil || !a.root.is(nsSOAP, "Envelope") {
				t.Errorf("no SOAP: %s", a.raw)
			}
		})
	}
}

// okay stands for no fault in tables of fault codes; 0 is a fault without one.
const okay = 1<<32 - 1

func TestMustUnderstandNamesTheHeader(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	a, err := c.post(c.message(actionCreate, resourceCmd, `<q:Wish xmlns:q="urn:x" s:mustUnderstand="true"/>`, createBody))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "fault-must-understand", s, a)
}

func TestHTTPThatIsNoSOAP(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	valid := c.message(actionCreate, resourceCmd, "", createBody)
	for _, r := range []struct {
		name   string
		body   string
		change func(*http.Request)
		want   int
	}{
		{"another path", valid, func(r *http.Request) { r.URL.Path = "/" }, 404},
		{"path in other case", valid, func(r *http.Request) { r.URL.Path = "/WSMan/" }, 200},
		{"GET", "", func(r *http.Request) { r.Method = http.MethodGet }, 405},
		{"another type", valid, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		{"far too large", strings.Repeat("x", 2<<20), nil, 413},
		{"empty", "", nil, 200},
		{"sealed without a session", "--b\r\n", func(r *http.Request) {
			r.Header.Set("Content-Type", `multipart/encrypted;protocol="`+protocolSPNEGO+`";boundary="b"`)
		}, 400},
	} {
		t.Run(r.name, func(t *testing.T) {
			if r.change == nil {
				r.change = func(*http.Request) {}
			}
			a, err := c.post(r.body, r.change)
			if err != nil {
				t.Fatal(err)
			}
			if a.status != r.want {
				t.Errorf("HTTP %d, want %d", a.status, r.want)
			}
		})
	}
}

func TestUTF16(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	valid := c.message(actionCreate, resourceCmd, "", createBody)
	for _, prologue := range []string{"", `<?xml version="1.0" encoding="utf-16"?>`} {
		a, err := c.post(string(encodeText([]byte(prologue+valid), utf16LE)), func(r *http.Request) {
			r.Header.Set("Content-Type", "application/soap+xml;charset=UTF-16")
		})
		if err != nil {
			t.Fatal(err)
		}
		text, kind, err := decodeText([]byte(a.raw), a.header.Get("Content-Type"))
		if a.status != 200 || err != nil || kind != utf16LE || !strings.Contains(string(text), "CreateResponse") {
			t.Errorf("HTTP %d, %s: %q", a.status, a.header.Get("Content-Type"), text)
		}
	}
	a, err := c.post("\xff\xfex", nil...)
	if err != nil || a.code() != codeCharacterSet {
		t.Errorf("half a character: fault %d, %v", a.code(), err)
	}
}
