package winrm

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"
)

// anonymous is the only address a reply may be asked for.
const anonymous = nsAddressing + "/role/anonymous"

// minEnvelope is the smallest MaxEnvelopeSize a request may ask for, in bytes (DSP0226 6.2).
const minEnvelope = 8192

// option is one w:Option of a request.
type option struct {
	value      string
	mustComply bool
}

// request is a SOAP request with its headers checked.
type request struct {
	identify  bool // wsmid:Identify, which has no headers
	action    string
	resource  string
	messageID string
	selectors map[string]string // by lower-case name
	options   map[string]option // by upper-case name
	// envelope is the largest answer the client takes, in bytes; 0 when it does not say.
	envelope int
	// timeout is the OperationTimeout; 0 when it does not say.
	timeout time.Duration
	// body is what the SOAP body holds; nil when empty.
	body *element
}

// parseRequest reads a request. On a fault the request is returned as far as
// it was read, so that the fault can be related to it.
func parseRequest(data []byte) (*request, error) {
	r := &request{selectors: map[string]string{}, options: map[string]option{}}
	root, err := parseXML(data)
	if err != nil {
		return r, newFault(codeInvalidXML, "The SOAP envelope cannot be read: %v.", err)
	}
	switch {
	case root.is(nsSOAP11, "Envelope"):
		return r, newFault(codeSOAPVersion, "")
	case !root.is(nsSOAP, "Envelope"):
		return r, schemaFault(root.name.Local)
	}
	body := root.child(nsSOAP, "Body")
	if body == nil {
		return r, newFault(codeInvalidBody, "")
	}
	if len(body.children) > 1 {
		return r, schemaFault(body.children[1].name.Local)
	}
	if len(body.children) == 1 {
		r.body = body.children[0]
	}
	if r.body.is(nsIdentity, "Identify") {
		r.identify = true
		return r, nil
	}
	header := root.child(nsSOAP, "Header")
	if header == nil {
		return r, newFault(codeHeaderRequired, "")
	}
	if id := header.child(nsAddressing, "MessageID"); id != nil {
		r.messageID = id.value()
	}
	for _, h := range header.children {
		if err := r.readHeader(h); err != nil {
			return r, err
		}
	}
	return r, r.checkHeaders(header)
}

// readHeader takes one header in.
func (r *request) readHeader(h *element) error {
	must := h.attrNS(nsSOAP, "mustUnderstand")
	mandatory := must == "true" || must == "1"
	switch h.name.Space + " " + h.name.Local {
	case nsAddressing + " Action":
		r.action = h.value()
	case nsAddressing + " ReplyTo":
		if a := h.child(nsAddressing, "Address").value(); a != anonymous {
			return newFault(codeAddressingMode, "")
		}
	case nsWSMan + " ResourceURI":
		r.resource = h.value()
	case nsWSMan + " SelectorSet":
		return r.readSelectors(h)
	case nsWSMan + " OptionSet":
		r.readOptions(h)
	case nsWSMan + " OperationTimeout":
		d, ok := parseDuration(h.value())
		if !ok {
			return newFault(codeInvalidHeader,
				"The WS-Management service cannot process the request. The XML contains an invalid timeout field in the SOAP header: %s.", h.value())
		}
		r.timeout = d
	case nsWSMan + " MaxEnvelopeSize":
		n, ok := parseSize(h.value())
		if !ok {
			return newFault(codeInvalidHeader, "")
		}
		if n < minEnvelope {
			return newFault(codeMinEnvelope, "")
		}
		r.envelope = n
	case nsWSMan + " Locale", nsWSManMS + " DataLocale":
		if mandatory {
			return newFault(codeLocaleMandatory, "")
		}
	case nsAddressing + " To", nsAddressing + " MessageID", nsAddressing + " From", nsAddressing + " FaultTo",
		nsWSManMS + " SessionId", nsWSManMS + " OperationID", nsWSManMS + " SequenceId", nsWSManMS + " ActivityId",
		nsWSMan + " RequestTotalItemsCountEstimate", nsWSMan + " FragmentTransfer":
		// known and without effect here
	default:
		if mandatory {
			f := newFault(codeMustUnderstand, "")
			f.notUnderstood = h.name
			return f
		}
	}
	return nil
}

func (r *request) readSelectors(h *element) error {
	for _, s := range h.children {
		if !s.is(nsWSMan, "Selector") {
			return schemaFault(s.name.Local)
		}
		name := strings.ToLower(s.attr("Name"))
		if _, twice := r.selectors[name]; twice {
			return newFault(codeDuplicateSelectors, "")
		}
		r.selectors[name] = s.value()
	}
	return nil
}

func (r *request) readOptions(h *element) {
	for _, o := range h.children {
		if o.is(nsWSMan, "Option") {
			r.options[strings.ToUpper(o.attr("Name"))] = option{o.value(), strings.EqualFold(o.attr("MustComply"), "true")}
		}
	}
}

// checkHeaders looks for what must be there.
func (r *request) checkHeaders(header *element) error {
	for _, name := range []string{"Action", "MessageID", "To", "ReplyTo"} {
		if header.child(nsAddressing, name) == nil {
			return newFault(codeHeaderRequired,
				"The WS-Management service cannot process the request. The request does not have the SOAP header %s.", name)
		}
	}
	if r.resource == "" {
		return newFault(codeResourceMissing, "")
	}
	return nil
}

// boolOption reads an option that is TRUE or FALSE.
func (r *request) boolOption(name string, otherwise bool) (bool, error) {
	o, ok := r.options[name]
	if !ok {
		return otherwise, nil
	}
	switch strings.ToUpper(o.value) {
	case "TRUE", "1":
		return true, nil
	case "FALSE", "0":
		return false, nil
	}
	return false, newFault(codeOptionValue, "")
}

// knownOptions are those of MS-WSMV 3.1.4.5.2, 3.1.4.11 and 3.1.4.14.
var knownOptions = map[string]bool{
	"WINRS_NOPROFILE": true, "WINRS_CODEPAGE": true, "WINRS_CONSOLEMODE_STDIN": true, "WINRS_SKIP_CMD_SHELL": true,
	"WSMAN_CMDSHELL_OPTION_KEEPALIVE": true,
}

// checkOptions refuses options that must be complied with and are unknown.
func (r *request) checkOptions() error {
	for name, o := range r.options {
		if o.mustComply && !knownOptions[name] {
			return newFault(codeOptionsNotSupported, "")
		}
	}
	return nil
}

// parseSize reads a positive decimal number of at most nine digits.
func parseSize(s string) (int, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// reply is what an operation answers.
type reply struct {
	action string // of the answer
	body   string // XML inside s:Body
}

// envelopeStart declares every namespace an answer may use.
const envelopeStart = `<s:Envelope xml:lang="%s" xmlns:s="` + nsSOAP + `" xmlns:a="` + nsAddressing +
	`" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" xmlns:n="` + nsEnumerate + `" xmlns:w="` + nsWSMan +
	`" xmlns:rsp="` + nsShell + `" xmlns:p="` + nsWSManMS + `"><s:Header><a:Action>%s</a:Action><a:MessageID>uuid:%s</a:MessageID>`

// envelope writes an answer. relatesTo may be empty when the request could not be read.
func envelope(language, action, relatesTo, extraHeader, body string) []byte {
	var b strings.Builder
	b.Grow(len(body) + 1200)
	fmt.Fprintf(&b, envelopeStart, language, action, newGUID())
	b.WriteString("<a:To>" + anonymous + "</a:To>")
	if relatesTo != "" {
		b.WriteString("<a:RelatesTo>" + escape(relatesTo) + "</a:RelatesTo>")
	}
	b.WriteString(extraHeader)
	b.WriteString("</s:Header><s:Body>")
	b.WriteString(body)
	b.WriteString("</s:Body></s:Envelope>")
	return []byte(b.String())
}

// newGUID returns a random GUID in upper case, as Windows writes them.
func newGUID() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("winrm: no randomness: " + err.Error()) // crypto/rand does not fail on supported systems
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
