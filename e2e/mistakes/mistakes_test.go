package mistakes

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// mistake is one row of the table.
type mistake struct {
	// what is the mistake, in a few words.
	what string
	// make makes it, and returns where it showed and what was said there.
	make func(h *house) (where, said string)
	// where it must show.
	where string
	// says are the words that must be there: what is wrong, what was found,
	// what would be right. # stands for any number.
	says []string
}

// The ticket that is varied below. It is good as it stands.
func ticket(changes fields) fields {
	t := fields{
		"account": "acme", "action": "test", "system": "desk", "revision": 1,
		"requester": fields{"name": "Alex Example", "email": "alex@acme.example"},
		"vms":       []fields{{"name": "web"}},
	}
	for name, value := range changes {
		t[name] = value
	}
	return t
}

// lastYear is a window that is over.
var lastYear = fields{"notBefore": "2020-01-01T00:00:00Z", "notAfter": "2020-01-02T00:00:00Z"}

// large is more than a ticket may have.
func large(n int) string { return strings.Repeat("x", n) }

// overHTTP are mistakes of whoever posts tickets to /v1/tickets. They are told
// at once, as problem details (RFC 9457).
var overHTTP = []mistake{
	{"no login", posted{login: none}.make,
		"HTTP 401", []string{"no-login", "Authorization: Bearer", "Lifeboat-Signature"}},
	{"a token nobody has", posted{login: token("a token that nobody was given")}.make,
		"HTTP 401", []string{"wrong-login", "Check the token"}},
	{"a signature by another key", posted{login: signed("not the key of this caller", "0123456789abcdef", 0)}.make,
		"HTTP 401", []string{"wrong-signature", "not that of the request", "with the caller's key"}},
	{"a signature made an hour ago", posted{login: signed("", "0123456789abcdef", -time.Hour)}.make,
		"HTTP 401", []string{"wrong-signature", "the signature's time is too far from ours: they differ by 1h", "by a clock that is right"}},
	{"a signature used twice", posted{login: signed("", "f00df00df00df00d", 0), times: 2}.make,
		"HTTP 401", []string{"signature-replayed", "Sign every request anew"}},
	{"no CloudEvent", posted{header: header("Content-Type", "application/json"), body: `{"hello":"world"}`}.make,
		"HTTP 415", []string{"no-cloudevent", "application/cloudevents+json", "ce- headers"}},
	{"structured mode, broken JSON", posted{body: `{"specversion":"1.0",`}.make,
		"HTTP 400", []string{"no-cloudevent", "cannot be read"}},
	{"structured mode, no id", posted{body: event(ticket(nil), fields{"id": nil})}.make,
		"HTTP 400", []string{"no-cloudevent", "id: MUST be a non-empty string"}},
	{"binary mode, broken percent-encoding", posted{header: binary("ce-subject", "100%zz"), body: text(ticket(nil))}.make,
		"HTTP 400", []string{"Ce-Subject", "%zz"}},
	{"binary mode, of another type", posted{header: binary("ce-type", "com.example.hello"), body: text(ticket(fields{"ticket": "B-1"}))}.make,
		"HTTP 400", []string{`"field": "type"`, "com.example.hello", "io.lifeboat.ticket.submitted.v1"}},
	{"an action that there is not", posted{body: event(ticket(fields{"action": "tset", "ticket": "H-1"}), nil)}.make,
		"HTTP 400", []string{`"field": "action"`, `"value": "tset"`, "test, planned, unplanned"}},
	{"a field that there is not", posted{body: event(ticket(fields{"acount": "acme", "ticket": "H-2"}), nil)}.make,
		"HTTP 400", []string{`"field": "acount"`, "account"}},
	{"a ticket system that is not the caller's", posted{body: event(ticket(fields{"system": "jira", "ticket": "H-3"}), nil)}.make,
		"HTTP 403", []string{"not-for-caller", `"value": "jira"`, "have it added"}},
	{"a body that is too large", posted{body: event(ticket(fields{"reason": large(200_000)}), nil)}.make,
		"HTTP 413", []string{"too-large", "65536 bytes", "split the VMs into several tickets"}},
}

// overTheBus are mistakes of ticket systems that publish to the inbox of an
// account. Where it can be read which ticket it is, it gets an answer; where
// not, there is nobody to answer, and the message is kept as a dead letter.
var overTheBus = []mistake{
	{"no CloudEvent", published{header: header("Content-Type", "application/json"), body: "hello"}.make,
		"dead letter", []string{"INBOX", "ticket-intake", "specversion"}},
	{"structured mode, broken JSON", published{header: structured, body: `{"specversion":"1.0",`}.make,
		"dead letter", []string{"INBOX", "JSON"}},
	{"binary mode, broken percent-encoding", published{header: binary("ce-subject", "100%zz"), body: text(ticket(nil))}.make,
		"dead letter", []string{"subject", "%zz"}},
	{"no ticket number", published{header: structured, body: event(ticket(nil), nil)}.make,
		"dead letter", []string{"nobody to answer", "ticket: is missing", "add it"}},
	{"a ticket that is too large", published{header: structured, body: event(ticket(fields{"ticket": "L-1", "reason": large(70_000)}), nil)}.make,
		"dead letter", []string{"bytes long", "use at most 65536", "split the VMs into several tickets"}},
	{"a message that the inbox does not take", published{header: structured, body: event(ticket(fields{"ticket": "L-2", "reason": large(500_000)}), nil)}.make,
		"publisher", []string{"message size exceeds maximum allowed"}},
	{"wrong schema", submitted{ticket: ticket(fields{"ticket": "S-1", "action": "tset", "vms": "web"}), raw: true}.make,
		"ticket.refused", []string{`refused: action "tset": is not a value known here; use one of test, planned, unplanned, cleanup, commit, cancel, resume | vms "web": is a text; write a list` + "\n"}},
	{"an account nobody knows", submitted{ticket: ticket(fields{"account": "acmee"})}.make,
		"ticket.refused", []string{`"code":"account-unknown"`, `account "acmee": is not`, "inventory"}},
	{"a VM nobody knows", submitted{ticket: ticket(fields{"vms": []fields{{"name": "webb"}}})}.make,
		"ticket.refused", []string{`"code":"vm-unknown"`, `vms[0].name "webb": is not a VM of account acme`, "name the VM as the inventory does"}},
	{"a name that two VMs have", submitted{ticket: ticket(fields{"vms": []fields{{"name": "twin"}}})}.make,
		"ticket.refused", []string{`"code":"vm-ambiguous"`, `vms[0].name "twin": is the name of 2 VMs`, "by id: 11111111-1111-4111-8111-111111111111, 22222222-2222-4222-8222-222222222222"}},
	{"a window that is over", submitted{ticket: ticket(fields{"window": lastYear})}.make,
		"ticket.refused", []string{`"code":"window-past"`, `window.notAfter "2020-01-02T00:00:00Z": is past`, "give a later one"}},
	{"a requester nobody knows", submitted{ticket: ticket(fields{"requester": fields{"name": "Mallory", "email": "mallory@elsewhere.example"}})}.make,
		"ticket.refused", []string{`"code":"requester-unknown"`, `requester.email "mallory@elsewhere.example": is not a contact of account acme`, "have the person added"}},
}

// ofHosts are mistakes of machines, and of people who set them up.
var ofHosts = []mistake{
	{"a host that answers garbage", garbage("hv11").make,
		"failover.refused", []string{`vms "web": the replica's host does not answer (garbage)`, "not a SOAP envelope", "lifeboat doctor shows what is wrong"}},
	{"two VMs of one name on a host", command{"config", "find-vm", "--host", "hv01", "--name", "twin"}.make,
		"exit code 1", []string{`host hv01 has 2 VMs named "twin"; give one of these instead of --name`,
			"--id 11111111-1111-4111-8111-111111111111", "--id 22222222-2222-4222-8222-222222222222"}},
}

// ofFiles are mistakes of whoever writes configurations. A program does not
// start with one, and one that runs goes on with what it had.
var ofFiles = []mistake{
	{"a typo in the inventory, at the start", started{file: "inventory.yaml", replace: "replica: hv11", by: "replcia: hv11"}.make,
		"exit code 2", []string{"inventory.yaml:#:#: vms[0].replcia: is not known; did you mean replica?"}},
	{"a name in the inventory that nothing has", started{file: "inventory.yaml", replace: "replica: hv11", by: "replica: hv12"}.make,
		"exit code 2", []string{"inventory.yaml:#:#: vms[0].replica", "hv12", "hv11"}},
	{"a typo in lifeboat.yaml", started{file: "lifeboat.yaml", replace: "inventory:", by: "inventry:"}.make,
		"exit code 2", []string{"lifeboat.yaml", "inventry", "did you mean inventory?"}},
	{"a typo in the inventory, while it runs", reloaded{replace: "replica: hv11", by: "replcia: hv11"}.make,
		"log", []string{"inventory not reloaded; the one before it goes on to hold", "inventory.yaml:#:#: vms[0].replcia: is not known; did you mean replica?"}},
}

func TestMistakes(t *testing.T) {
	h := newHouse(t)
	for _, kind := range []struct {
		name     string
		mistakes []mistake
	}{{"over HTTP", overHTTP}, {"over the bus", overTheBus}, {"of hosts", ofHosts}, {"of files", ofFiles}} {
		t.Run(kind.name, func(t *testing.T) {
			for _, m := range kind.mistakes {
				t.Run(m.what, func(t *testing.T) {
					h.t = t
					where, said := m.make(h)
					t.Logf("%s: %s", where, said)
					if where != m.where {
						t.Errorf("it shows as %s, want %s", where, m.where)
					}
					for _, words := range m.says {
						if !contains(said, words) {
							t.Errorf("it does not say %s", words)
						}
					}
					h.acceptsGood()
				})
			}
			t.Run("a good test failover afterwards", func(t *testing.T) {
				h.t = t
				h.runsGood()
			})
		})
	}
}

// contains reports whether words are in a text, # standing for any number.
func contains(said, words string) bool {
	return regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(words), "#", `\d+`)).MatchString(said)
}

// header is the head of a message, as names and values by turns.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h[pairs[i]] = []string{pairs[i+1]}
	}
	return h
}

// structured is the head of an event in structured mode.
var structured = header("Content-Type", "application/cloudevents+json")

// binary is the head of an event in binary mode, with changes.
func binary(changes ...string) http.Header {
	h := header("Content-Type", "application/json", "ce-specversion", "1.0", "ce-id", "1", "ce-source", "/desk", "ce-type", submittedType)
	for name, value := range header(changes...) {
		h[name] = value
	}
	return h
}
