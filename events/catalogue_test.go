package events_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
)

// sentences is what the golden example of each type says to a person.
var sentences = map[string]string{
	"ticket.submitted":          `desk DR-101 asks for test of web01 (Ada Example)`,
	"ticket.accepted":           `desk DR-101 accepted: test of web01`,
	"ticket.refused":            `desk DR-201 revision 2 refused: windows: is not known here; write window`,
	"ticket.superseded":         `desk DR-201 superseded by revision 3`,
	"ticket.cancelled":          `desk DR-210 withdrawn by Ada Example`,
	"ticket.progressed":         `desk DR-101 awaiting-cleanup: web01 is up as "web01 - Test" until cleanup, at the latest 2026-03-02T10:01:17Z`,
	"ticket.closed":             `desk DR-201 revision 3 closed, mixed: db01: RTO 2m35.9s, no data lost; report01: it is in the run of desk DR-199`,
	"failover.refused":          `unplanned of app01 refused: unplanned.override: no witness shows that the primary ams-hv2 is down; have a contact with the right to override say why they are sure, in unplanned.override`,
	"failover.planned":          `unplanned failover of app01 planned from ams-hv2 to fra-hv2, up to 11m35s of data at stake: FailOverReplica@fra-hv2, StartReplica@fra-hv2, AwaitHeartbeat@fra-hv2`,
	"failover.step-started":     `StartTestFailover on fra-hv1 started for web01`,
	"failover.step-done":        `PreparePrimary on ams-hv1 done for db01`,
	"failover.step-failed":      `StartReplica on fra-hv2 failed for app01 (unknown, timeout): the answer did not come within 1m0s`,
	"failover.held":             `unplanned failover of app01 held: app01 runs on fra-hv2, but its guest has not answered for 5m0s. a contact of acme must decide: retry, accept, cancel, abandon`,
	"failover.resumed":          `unplanned failover of app01 resumed by Ben Example: accept, because The application answers; only its integration services are off`,
	"failover.instructed":       `test failover of web01 told to cleanup by Ada Example: StopTestFailover@fra-hv1, VerifyUntouched@ams-hv1`,
	"failover.awaiting-cleanup": `web01 is up as "web01 - Test" until cleanup, at the latest 2026-03-02T10:01:17Z`,
	"failover.awaiting-commit":  `app01 runs on its replica and can be undone until 2026-05-20T07:29:12Z`,
	"failover.committed":        `unplanned failover of app01 committed`,
	"failover.cancelled":        `unplanned failover of mail01 undone on request of Ben Example`,
	"failover.succeeded":        `planned failover of db01 succeeded: RTO 2m35.9s, no data lost`,
	"failover.failed":           `unplanned failover of queue01 failed: Ben Example abandoned the run: its replica cannot be started. queue01 is off on fra-hv2 with its failover not completed, and ams-hv2 is silent; free memory on fra-hv2, then ask for an unplanned failover again.`,
	"failover.fenced":           `old primary of app01 on ams-hv2 fenced; it HAD BEEN RUNNING beside the new primary`,
}

// example is the golden example of a type.
func example(t testing.TB, entry events.Entry) event.Event {
	t.Helper()
	raw, err := events.Example(entry.Type)
	if err != nil {
		t.Fatal(err)
	}
	var e event.Event
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// Every type has all that a reader needs; a type that lacks one of them fails.
func TestEveryTypeIsComplete(t *testing.T) {
	page, err := os.ReadFile("CATALOGUE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range events.Catalogue() {
		t.Run(entry.Type, func(t *testing.T) {
			var schema struct {
				Dialect     string `json:"$schema"`
				ID          string `json:"$id"`
				Description string
			}
			raw, err := events.Schema(entry.Type)
			if err != nil {
				t.Fatalf("schema: %v", err)
			}
			if err := json.Unmarshal(raw, &schema); err != nil {
				t.Fatalf("schema: %v", err)
			}
			if schema.Dialect != "https://json-schema.org/draft/2020-12/schema" || schema.ID != entry.SchemaURI() || schema.Description == "" {
				t.Errorf("schema says it is %+v", schema)
			}
			want, ok := sentences[string(entry.Family)+"."+entry.Event]
			if !ok {
				t.Error("no sentence is written down for its example")
			}
			if got := events.Sentence(example(t, entry)); got != want {
				t.Errorf("sentence\n%s\nwant\n%s", got, want)
			}
			subject := "lifeboat." + string(entry.Family) + ".{account}.{id}." + entry.Event
			if entry.Submitted() {
				subject = "lifeboat.inbox.{account}"
			}
			if row := "\n| `" + entry.Type + "` | `" + subject + "` | " + entry.Writer() + " |"; !bytes.Contains(page, []byte(row)) {
				t.Errorf("CATALOGUE.md has no row %s", row)
			}
			for _, line := range []string{"address: " + subject, "name: " + entry.Type, "$ref: ./schema/" + entry.SchemaFile()} {
				if !bytes.Contains(events.AsyncAPI(), []byte(line+"\n")) {
					t.Errorf("asyncapi.yaml has no line %q", line)
				}
			}
		})
	}
}

func TestNothingIsLeftOver(t *testing.T) {
	want := []string{}
	for _, entry := range events.Catalogue() {
		want = append(want, entry.SchemaFile())
		if _, ok := sentences[string(entry.Family)+"."+entry.Event]; !ok {
			t.Errorf("%s has no sentence", entry.Type)
		}
	}
	slices.Sort(want)
	for name, folder := range map[string]fs.FS{"schema": events.Schemas(), "example": os.DirFS("example")} {
		got, err := fs.Glob(folder, "*")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s holds\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if len(sentences) != len(want) {
		t.Errorf("%d sentences for %d types", len(sentences), len(want))
	}
}

// The examples are the contract as others have it: every member in them is
// known, and is written again as it was.
func TestExamplesRoundTrip(t *testing.T) {
	for _, entry := range events.Catalogue() {
		t.Run(entry.Type, func(t *testing.T) {
			e := example(t, entry)
			data := entry.New()
			strict := json.NewDecoder(bytes.NewReader(e.Data()))
			strict.DisallowUnknownFields()
			if err := strict.Decode(data); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(data)
			if err != nil {
				t.Fatal(err)
			}
			var want bytes.Buffer
			if err := json.Compact(&want, e.Data()); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, want.Bytes()) {
				t.Errorf("data is written again as\n%s\nwant\n%s", again, &want)
			}
			raw, _ := events.Example(entry.Type)
			whole, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			if !sameJSON(t, whole, raw) {
				t.Errorf("the event is written again as\n%s\nwant\n%s", whole, raw)
			}
		})
	}
}

// sameJSON reports whether two texts are the same JSON.
func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// The runs in the examples are named the way every run is.
func TestExamplesNameRunsRightly(t *testing.T) {
	for _, entry := range events.Catalogue() {
		if entry.Family != events.FamilyFailover {
			continue
		}
		var ref events.RunRef
		if err := json.Unmarshal(example(t, entry).Data(), &ref); err != nil {
			t.Fatal(err)
		}
		if want := events.RunID(ref.Ticket, ref.VM.ID); ref.Run != want {
			t.Errorf("%s: run %s, want %s", entry.Type, ref.Run, want)
		}
	}
}

// The parts of the measured RTO follow each other and add up to it.
func TestExampleOfRTOAddsUp(t *testing.T) {
	entry, _ := events.EntryOf(events.FailoverSucceeded{})
	var data events.FailoverSucceeded
	if err := json.Unmarshal(example(t, entry).Data(), &data); err != nil {
		t.Fatal(err)
	}
	var sum int64
	for i, part := range data.RTO.Parts {
		if i > 0 {
			before := data.RTO.Parts[i-1]
			if gap := part.From.UnixMilli() - before.From.UnixMilli() - before.Millis; gap != 0 {
				t.Errorf("%d ms between %s and %s", gap, before.Name, part.Name)
			}
		}
		sum += part.Millis
	}
	if sum != data.RTO.Millis {
		t.Errorf("parts add up to %d ms, want %d", sum, data.RTO.Millis)
	}
}

func TestCatalogueLookups(t *testing.T) {
	seen := map[string]bool{}
	for _, entry := range events.Catalogue() {
		if seen[entry.Type] {
			t.Errorf("%s is there twice", entry.Type)
		}
		seen[entry.Type] = true
		if got, ok := events.EntryByType(entry.Type); !ok || got.Type != entry.Type {
			t.Errorf("EntryByType(%s) = %v, %t", entry.Type, got, ok)
		}
		for _, data := range []any{entry.New(), reflect.ValueOf(entry.New()).Elem().Interface()} {
			if got, ok := events.EntryOf(data); !ok || got.Type != entry.Type {
				t.Errorf("EntryOf(%T) = %s, %t", data, got.Type, ok)
			}
		}
		if got := events.ShortName(entry.Type); got != entry.Event {
			t.Errorf("ShortName(%s) = %q", entry.Type, got)
		}
		if entry.Writer() == "" || !strings.HasSuffix(entry.Summary, ".") {
			t.Errorf("%s: writer %q, summary %q", entry.Type, entry.Writer(), entry.Summary)
		}
	}
	for _, stranger := range []any{nil, "text", struct{}{}, events.Reason{}, new(*events.StepDone)} {
		if entry, ok := events.EntryOf(stranger); ok {
			t.Errorf("EntryOf(%T) = %s", stranger, entry.Type)
		}
	}
	if _, ok := events.EntryByType("com.example.thing"); ok {
		t.Error("a foreign type is in the catalogue")
	}
	for _, read := range []func(string) ([]byte, error){events.Schema, events.Example} {
		if _, err := read("../events/doc.go"); err == nil {
			t.Error("a file of a foreign type was read")
		}
	}
	events.Catalogue()[0].Type = "changed"
	if events.Catalogue()[0].Type == "changed" {
		t.Error("a caller can change the catalogue")
	}
}
