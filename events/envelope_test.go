package events_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
)

// meta is an envelope with everything in it.
var meta = events.Meta{
	ID: "e-1", Source: "/lifeboat/failover-executor", Time: time.Date(2026, 3, 2, 10, 0, 0, 123_000_000, time.FixedZone("CET", 3600)),
	Sequence: 7, Correlation: "desk~DR-1", Causation: "e-0", TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", TraceState: "a=b",
}

func TestNewAndDecodeEveryType(t *testing.T) {
	for _, entry := range events.Catalogue() {
		t.Run(entry.Type, func(t *testing.T) {
			want, err := events.Decode(example(t, entry))
			if err != nil {
				t.Fatal(err)
			}
			agg := events.Aggregate{Family: entry.Family, Account: "a.b", ID: "x y"}
			for _, data := range []any{want, reflect.ValueOf(want).Elem().Interface()} {
				e, err := events.New(agg, meta, data)
				if err != nil {
					t.Fatal(err)
				}
				got, err := events.Decode(e)
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("decoded %+v, %v, want %+v", got, err, want)
				}
				if e.Type() != entry.Type || e.DataSchema() != entry.SchemaURI() || e.DataContentType() != "application/json" || e.DataBase64 {
					t.Errorf("envelope %s", e)
				}
			}
		})
	}
}

func TestNewWritesTheEnvelope(t *testing.T) {
	agg := events.Aggregate{Family: events.FamilyFailover, Account: "a.b", ID: "x y"}
	e, err := events.New(agg, meta, events.FailoverCommitted{})
	if err != nil {
		t.Fatal(err)
	}
	if e.ID() != meta.ID || e.Source() != meta.Source || e.Subject() != "failover/a=2Eb/x=20y" {
		t.Errorf("envelope %s", e)
	}
	if !e.Time().Equal(meta.Time) || e.Time().Location() != time.UTC {
		t.Errorf("time %s, want %s in UTC", e.Time(), meta.Time)
	}
	for name, want := range map[string]string{
		events.ExtSequence: "0000000007", events.ExtCorrelation: "desk~DR-1", events.ExtCausation: "e-0",
		events.ExtTraceParent: meta.TraceParent, events.ExtTraceState: "a=b", "other": "",
	} {
		if got := events.Extension(e, name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	bare, err := events.New(agg, events.Meta{ID: "e-1", Source: "/x", Time: meta.Time}, events.FailoverCommitted{})
	if err != nil || len(bare.Extensions()) != 0 {
		t.Errorf("extensions %v, %v, want none", bare.Extensions(), err)
	}
}

// A list that is always there is never null, and the caller's data stays as it was.
func TestNewWritesEmptyLists(t *testing.T) {
	agg := events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: "x"}
	for member, data := range map[string]any{
		`"steps":[]`:    &events.FailoverInstructed{},
		`"parts":[]`:    &events.FailoverSucceeded{},
		`"evidence":[]`: events.FailoverPlanned{},
	} {
		e, err := events.New(agg, meta, data)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(e.Data()), member) || strings.Contains(string(e.Data()), "null") {
			t.Errorf("%T is written %s, want %s", data, e.Data(), member)
		}
	}
	mine := &events.FailoverInstructed{}
	if _, err := events.New(agg, meta, mine); err != nil || mine.Steps != nil {
		t.Errorf("the caller's list became %v, %v", mine.Steps, err)
	}
}

func TestNewRefuses(t *testing.T) {
	failover := events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: "x"}
	for name, test := range map[string]struct {
		agg  events.Aggregate
		meta events.Meta
		data any
		want string
	}{
		"foreign data":   {failover, meta, struct{}{}, "catalogue"},
		"no data":        {failover, meta, nil, "catalogue"},
		"nil pointer":    {failover, meta, (*events.StepDone)(nil), "nil"},
		"another family": {failover, meta, events.TicketClosed{}, "family"},
		"no id":          {failover, events.Meta{Source: "/x", Time: meta.Time}, events.StepDone{}, "id"},
		"no source":      {failover, events.Meta{ID: "1", Time: meta.Time}, events.StepDone{}, "source"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := events.New(test.agg, test.meta, test.data); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one about %s", err, test.want)
			}
		})
	}
}

func TestDecodeToleratesNewerWriters(t *testing.T) {
	e := event.New()
	e.SetType("io.lifeboat.failover.step-started.v1")
	e.DataEncoded = []byte(`{"run":"r-1","step":"StepOfTomorrow","newer":{"x":1}}`)
	data, err := events.Decode(e)
	if err != nil || data.(*events.StepStarted).Step != "StepOfTomorrow" {
		t.Errorf("decoded %+v, %v", data, err)
	}
}

func TestSentenceOfWhatCannotBeRead(t *testing.T) {
	e := event.New()
	e.SetType("com.example.thing")
	if got := events.Sentence(e); got != "com.example.thing" {
		t.Errorf("sentence %q", got)
	}
	e.SetType("io.lifeboat.ticket.closed.v1")
	e.DataEncoded = []byte(`{"items":"none"}`)
	if got := events.Sentence(e); got != "io.lifeboat.ticket.closed.v1 (data not readable)" {
		t.Errorf("sentence %q", got)
	}
	if _, err := events.Decode(e); err == nil {
		t.Error("items that are no list were decoded")
	}
}

func TestReason(t *testing.T) {
	long := events.NewReason("c", "f", strings.Repeat("é", 201), "p", "x")
	if want := strings.Repeat("é", 200) + "…"; long.Value != want {
		t.Errorf("value is %d bytes, want %d", len(long.Value), len(want))
	}
	if got := events.NewReason("c", "vms[0]", "a\nb", "is wrong", "mend it").String(); got != `vms[0] "a\nb": is wrong; mend it` {
		t.Errorf("reason %q", got)
	}
	if got := events.NewReason("c", "vms", "", "is missing", "add it").String(); got != `vms: is missing; add it` {
		t.Errorf("reason %q", got)
	}
}

// No event, however wrong, makes a listing panic.
func FuzzDecode(f *testing.F) {
	for _, entry := range events.Catalogue() {
		f.Add(entry.Type, example(f, entry).Data())
		f.Add(entry.Type, []byte("{}"))
	}
	f.Add("io.lifeboat.ticket.refused.v1", []byte(`{"reasons":[]}`))
	f.Add("io.lifeboat.ticket.accepted.v1", []byte(`{"items":[{"reasons":null}],"vms":[{}]}`))
	f.Fuzz(func(t *testing.T, ceType string, raw []byte) {
		e := event.New()
		e.SetType(ceType)
		e.DataEncoded = raw
		if events.Sentence(e) == "" && ceType != "" {
			t.Fatal("no sentence")
		}
		data, err := events.Decode(e)
		if err != nil {
			return
		}
		again, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		e.DataEncoded = again
		back, err := events.Decode(e)
		if err != nil {
			t.Fatal(err)
		}
		// An empty list that may be left out is, so compare what is written.
		if fixed, err := json.Marshal(back); err != nil || !bytes.Equal(fixed, again) {
			t.Fatalf("written %s, and again %s, %v", again, fixed, err)
		}
	})
}
