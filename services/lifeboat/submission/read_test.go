package submission_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/submission"
)

func TestReadTakesEveryForm(t *testing.T) {
	whole, err := events.Example("io.lifeboat.ticket.submitted.v1")
	if err != nil {
		t.Fatal(err)
	}
	var parts struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(whole, &parts); err != nil {
		t.Fatal(err)
	}
	var want events.Request
	if err := json.Unmarshal(parts.Data, &want); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"the whole event": whole, "its data": parts.Data} {
		got, err := submission.Read(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestReadRefusesWhatItDoesNotKnow(t *testing.T) {
	for text, want := range map[string]string{
		"vmz: [{name: a}]": `unknown field "vmz"`,
		"revision: two":    "is no ticket",
		"a: [":             "neither JSON nor YAML",
		`{"specversion":"1.0","type":"io.lifeboat.failover.held.v1","data":{}}`: "a ticket is io.lifeboat.ticket.submitted.v1",
		"reason: " + strings.Repeat("x", 300<<10):                               "bytes long",
	} {
		if _, err := submission.Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "ticket: DR-1", `{"vms":[{"id":"x"}]}`, "a: &a [*a]", "<<: {a: b}", "- - -", `{"specversion":"1.0"}`, "window: {notBefore: 1}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := submission.Read([]byte(text)); err == nil {
			if _, err := json.Marshal(r); err != nil {
				t.Errorf("%q was read but cannot be written: %v", text, err)
			}
		}
	})
}
