package contract

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
)

// example is the golden example of a type.
func example(t testing.TB, ceType string) event.Event {
	t.Helper()
	raw, err := events.Example(ceType)
	if err != nil {
		t.Fatal(err)
	}
	var e event.Event
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// decodeExample decodes the data of the golden example of a type.
func decodeExample(t testing.TB, ceType string, into any) {
	t.Helper()
	if err := json.Unmarshal(example(t, ceType).Data(), into); err != nil {
		t.Fatal(err)
	}
}

func TestExamplesAreValid(t *testing.T) {
	for _, entry := range events.Catalogue() {
		t.Run(entry.Type, func(t *testing.T) {
			if err := Validate(example(t, entry.Type)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every required member is really required, and every event that lifeboat
// writes may grow.
func TestSchemasDemandAndAllow(t *testing.T) {
	for _, entry := range events.Catalogue() {
		if entry.Submitted() {
			continue
		}
		t.Run(entry.Type, func(t *testing.T) {
			compiled, err := schemas()
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range compiled[entry.Type].Required {
				e := example(t, entry.Type)
				edit(t, &e, func(data map[string]any) { delete(data, name) })
				wantReason(t, Validate(e), name, "missing")
			}
			e := example(t, entry.Type)
			edit(t, &e, func(data map[string]any) { data["newerMember"] = map[string]any{"x": 1} })
			if err := Validate(e); err != nil {
				t.Errorf("an event that has grown is refused: %v", err)
			}
		})
	}
}

func TestValidateRefuses(t *testing.T) {
	const stepDone, accepted = "io.lifeboat.failover.step-done.v1", "io.lifeboat.ticket.accepted.v1"
	data := func(change func(map[string]any)) func(*testing.T, *event.Event) {
		return func(t *testing.T, e *event.Event) { edit(t, e, change) }
	}
	envelope := func(change func(*event.Event)) func(*testing.T, *event.Event) {
		return func(_ *testing.T, e *event.Event) { change(e) }
	}
	for name, test := range map[string]struct {
		ceType string
		change func(*testing.T, *event.Event)
		field  string
		code   string
	}{
		"unknown type":        {stepDone, envelope(func(e *event.Event) { e.SetType("io.lifeboat.failover.done.v1") }), "type", "not-one-of"},
		"no sequence":         {stepDone, envelope(func(e *event.Event) { e.SetExtension(events.ExtSequence, nil) }), "sequence", "envelope"},
		"short sequence":      {stepDone, envelope(func(e *event.Event) { e.SetExtension(events.ExtSequence, "5") }), "sequence", "envelope"},
		"sequence zero":       {stepDone, envelope(func(e *event.Event) { e.SetExtension(events.ExtSequence, "0000000000") }), "sequence", "envelope"},
		"no correlation":      {accepted, envelope(func(e *event.Event) { e.SetExtension(events.ExtCorrelation, nil) }), "correlationid", "envelope"},
		"no time":             {accepted, envelope(func(e *event.Event) { v1(e).Time = nil }), "time", "envelope"},
		"foreign writer":      {accepted, envelope(func(e *event.Event) { e.SetSource("/lifeboat/failover-executor") }), "source", "envelope"},
		"writer's namesake":   {accepted, envelope(func(e *event.Event) { e.SetSource("/lifeboat/ticket-intake2") }), "source", "envelope"},
		"schema of another":   {accepted, envelope(func(e *event.Event) { e.SetDataSchema("https://lifeboat.io/schema/" + stepDone + ".json") }), "dataschema", "envelope"},
		"no media type":       {accepted, envelope(func(e *event.Event) { e.SetDataContentType("") }), "datacontenttype", "envelope"},
		"foreign family":      {accepted, envelope(func(e *event.Event) { e.SetSubject("failover/acme/desk~DR-101") }), "subject", "envelope"},
		"subject of no form":  {accepted, envelope(func(e *event.Event) { e.SetSubject("acme") }), "subject", "envelope"},
		"subject of another":  {accepted, envelope(func(e *event.Event) { e.SetSubject("ticket/acme/desk~DR-999") }), "subject", "envelope"},
		"VM of another":       {stepDone, data(func(d map[string]any) { d["vm"].(map[string]any)["id"] = vm }), "subject", "envelope"},
		"VM without id":       {stepDone, data(func(d map[string]any) { delete(d["vm"].(map[string]any), "id") }), "vm.id", "missing"},
		"VMId in capitals":    {stepDone, data(func(d map[string]any) { d["vm"].(map[string]any)["id"] = strings.ToUpper(vm) }), "vm.id", "wrong-form"},
		"unknown step":        {stepDone, data(func(d map[string]any) { d["step"] = "PreparePrimry" }), "step", "not-one-of"},
		"host without a name": {stepDone, data(func(d map[string]any) { d["host"] = "" }), "host", "empty"},
		"negative attempt":    {stepDone, data(func(d map[string]any) { d["attempt"] = -1 }), "attempt", "out-of-range"},
		"list that is null":   {"io.lifeboat.failover.planned.v1", data(func(d map[string]any) { d["evidence"] = nil }), "evidence", "wrong-type"},
		"time that is none":   {accepted, data(func(d map[string]any) { d["submittedAt"] = "yesterday" }), "submittedAt", "wrong-form"},
		"run without a name":  {"io.lifeboat.failover.committed.v1", data(func(d map[string]any) { d["run"] = "" }), "run", "empty"},
		"unheard-of code":     {"io.lifeboat.failover.held.v1", data(func(d map[string]any) { d["code"] = "no-heartbeat" }), "code", "not-one-of"},
		"nothing to choose":   {"io.lifeboat.failover.held.v1", data(func(d map[string]any) { d["choices"] = []any{} }), "choices", "empty"},
		"not JSON":            {accepted, envelope(func(e *event.Event) { e.DataEncoded = []byte("{") }), "data", "wrong-form"},
		"too large":           {accepted, data(func(d map[string]any) { d["reason"] = strings.Repeat("x", events.MaxEventBytes) }), "data", "too-large"},
		"ticket submitted":    {"io.lifeboat.ticket.submitted.v1", data(func(d map[string]any) { d["windows"] = 1 }), "windows", "unknown-member"},
	} {
		t.Run(name, func(t *testing.T) {
			e := example(t, test.ceType)
			test.change(t, &e)
			wantReason(t, Validate(e), test.field, test.code)
		})
	}
}

// A refusal may have to answer a ticket that did not say its revision.
func TestRefusalWithoutRevision(t *testing.T) {
	e := example(t, "io.lifeboat.ticket.refused.v1")
	edit(t, &e, func(data map[string]any) { data["revision"] = 0 })
	if err := Validate(e); err != nil {
		t.Error(err)
	}
}

// An instruction to a run that never was has no kind to name; every other event
// of a run has.
func TestKindOfRun(t *testing.T) {
	for _, entry := range events.Catalogue() {
		if entry.Family != events.FamilyFailover {
			continue
		}
		e := example(t, entry.Type)
		edit(t, &e, func(data map[string]any) { delete(data, "kind") })
		if err := Validate(e); (err == nil) != (entry.Event == "refused") {
			t.Errorf("%s without a kind: %v", entry.Type, err)
		}
	}
}

// A writer may name its instance.
func TestSourceBelowTheService(t *testing.T) {
	e := example(t, "io.lifeboat.ticket.refused.v1")
	e.SetSource("/lifeboat/ticket-intake/2")
	if err := Validate(e); err != nil {
		t.Error(err)
	}
}

// edit changes the data of an event.
func edit(t *testing.T, e *event.Event, change func(data map[string]any)) {
	t.Helper()
	var data map[string]any
	if err := json.Unmarshal(e.Data(), &data); err != nil {
		t.Fatal(err)
	}
	change(data)
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	e.DataEncoded = raw
}

// wantReason fails unless the error has exactly one reason, about the field.
func wantReason(t *testing.T, err error, field, code string) {
	t.Helper()
	var broken *Error
	if !errors.As(err, &broken) {
		t.Fatalf("error %v, want one about %s", err, field)
	}
	if len(broken.Reasons) != 1 || broken.Reasons[0].Field != field || broken.Reasons[0].Code != code {
		t.Errorf("reasons %s, want one: %s of %s", show(broken.Reasons), code, field)
	}
	if !strings.Contains(err.Error(), field) {
		t.Errorf("error text %q does not name %s", err, field)
	}
}

func TestCodesAreDocumented(t *testing.T) {
	form, seen := regexp.MustCompile(events.PatternCode), map[string]bool{}
	for _, v := range Code("").Values() {
		if !form.MatchString(v.Name) || seen[v.Name] || !strings.HasSuffix(v.Doc, ".") {
			t.Errorf("code %+v", v)
		}
		seen[v.Name] = true
	}
}

func TestValidateConcurrently(t *testing.T) {
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, entry := range events.Catalogue() {
				if err := Validate(example(t, entry.Type)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func FuzzValidate(f *testing.F) {
	for _, entry := range events.Catalogue() {
		e := example(f, entry.Type)
		f.Add(entry.Type, e.Subject(), e.Data())
	}
	f.Fuzz(func(t *testing.T, ceType, subject string, data []byte) {
		e := event.New()
		e.SetID("1")
		e.SetType(ceType)
		e.SetSubject(subject)
		e.DataEncoded = data
		err := Validate(e)
		var broken *Error
		if err != nil && (!errors.As(err, &broken) || len(broken.Reasons) == 0) {
			t.Fatalf("error %v without reasons", err)
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	for _, name := range []string{"step-started", "step-done", "planned"} {
		b.Run(name, func(b *testing.B) {
			e := example(b, "io.lifeboat.failover."+name+".v1")
			b.SetBytes(int64(len(e.Data())))
			b.ReportAllocs()
			for b.Loop() {
				if err := Validate(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
