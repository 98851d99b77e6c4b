package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lifeboat.io/events"
)

// eventsDir is the events module as the programs in js see it.
const eventsDir = "../../../events"

func TestOfficialParserAcceptsAsyncAPI(t *testing.T) {
	out := runNode(t, "validate-asyncapi.mjs", eventsDir+"/asyncapi.yaml")
	var got struct {
		Version  string
		Channels []struct {
			Address  string
			Types    []string
			Resolved bool
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("output %q: %v", out, err)
	}
	if got.Version != "3.0.0" {
		t.Errorf("AsyncAPI version %q, want 3.0.0", got.Version)
	}
	var types []string
	for _, c := range got.Channels {
		types = append(types, c.Types...)
		if !c.Resolved {
			t.Errorf("channel %s: the parser did not resolve its payload", c.Address)
		}
	}
	if want := catalogueTypes(); !slices.Equal(types, want) {
		t.Errorf("channels carry\n%s\nwant\n%s", strings.Join(types, "\n"), strings.Join(want, "\n"))
	}
}

func TestOfficialParserRefusesBrokenAsyncAPI(t *testing.T) {
	text := string(events.AsyncAPI())
	for name, broken := range map[string]string{
		"unknown action":   strings.Replace(text, "action: send", "action: shout", 1),
		"dangling message": strings.Replace(text, "#/components/messages/failover.planned", "#/components/messages/nowhere", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if broken == text {
				t.Fatal("nothing was broken")
			}
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "schema"), events.Schemas()); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "asyncapi.yaml")
			if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := node(t, "validate-asyncapi.mjs", path); err == nil {
				t.Fatalf("the parser accepted it: %s", out)
			}
		})
	}
}

func TestJavaScriptValidatesExamples(t *testing.T) {
	out := runNode(t, "validate-examples.mjs", eventsDir)
	var got struct{ Checked []string }
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("output %q: %v", out, err)
	}
	want := catalogueTypes()
	slices.Sort(want)
	slices.Sort(got.Checked)
	if !slices.Equal(got.Checked, want) {
		t.Errorf("checked\n%s\nwant\n%s", strings.Join(got.Checked, "\n"), strings.Join(want, "\n"))
	}
}

// catalogueTypes lists every event type in the catalogue's order.
func catalogueTypes() []string {
	var types []string
	for _, entry := range events.Catalogue() {
		types = append(types, entry.Type)
	}
	return types
}
