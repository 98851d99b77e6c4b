package documents

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lifeboat.io/events"
)

// eventsDir is the source of package events.
const eventsDir = "../../../events"

// rendered renders every document from the source as it is.
func rendered(t *testing.T) map[string][]byte {
	t.Helper()
	docs, err := Render(eventsDir)
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

func TestDocumentsAreUpToDate(t *testing.T) {
	stale, err := Stale(eventsDir, rendered(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(stale) > 0 {
		t.Errorf("stale, run make generate:\n%s", strings.Join(stale, "\n"))
	}
}

func TestRenderingIsRepeatable(t *testing.T) {
	if a, b := rendered(t), rendered(t); !reflect.DeepEqual(a, b) {
		t.Error("two renderings differ")
	}
}

func TestWriteMendsStaleDocuments(t *testing.T) {
	dir := t.TempDir()
	docs := rendered(t)
	if changed, err := Write(dir, docs); err != nil || len(changed) != len(docs) {
		t.Fatalf("first writing changed %d of %d: %v", len(changed), len(docs), err)
	}
	want := []string{"CATALOGUE.md", "schema/io.lifeboat.failover.gone.v1.json", "schema/io.lifeboat.failover.held.v1.json"}
	for _, path := range want[:2] {
		if err := os.WriteFile(filepath.Join(dir, path), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, want[2])); err != nil {
		t.Fatal(err)
	}
	stale, err := Stale(dir, docs)
	if err != nil || !slices.Equal(stale, want) {
		t.Errorf("stale %q, %v; want %q", stale, err, want)
	}
	if changed, err := Write(dir, docs); err != nil || !slices.Equal(changed, want) {
		t.Errorf("changed %q, %v; want %q", changed, err, want)
	}
	if stale, err := Stale(dir, docs); err != nil || len(stale) > 0 {
		t.Errorf("still stale: %q, %v", stale, err)
	}
}

func TestRenderNeedsTheSource(t *testing.T) {
	if _, err := Render(t.TempDir()); err == nil || !strings.Contains(err.Error(), "package events") {
		t.Errorf("error %v, want one that names the folder's fault", err)
	}
}

// A constraint on a field that is no more would silently not apply.
func TestConstraintsNameFields(t *testing.T) {
	types := map[string]reflect.Type{}
	for _, entry := range events.Catalogue() {
		structsOf(reflect.TypeOf(entry.New()), types)
	}
	for _, table := range []map[string][]constraint{shapes, refusedShapes, submittedShapes} {
		for key := range table {
			name, field, _ := strings.Cut(key, ".")
			if structType, ok := types[name]; !ok {
				t.Errorf("%s: there is no such type", key)
			} else if f, ok := structType.FieldByName(field); !ok || f.Anonymous {
				t.Errorf("%s: there is no such field", key)
			}
		}
	}
}

// Every text and list that others write has a limit.
func TestSubmittedIsBounded(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(rendered(t)["schema/io.lifeboat.ticket.submitted.v1.json"], &schema); err != nil {
		t.Fatal(err)
	}
	objects := map[string]any{"ticket": schema}
	for name, def := range schema["$defs"].(map[string]any) {
		objects[name] = def
	}
	for name, def := range objects {
		object := def.(map[string]any)
		if object["type"] != "object" {
			continue
		}
		if object["additionalProperties"] != false {
			t.Errorf("%s allows unknown members", name)
		}
		for member, p := range object["properties"].(map[string]any) {
			property := p.(map[string]any)
			limit := map[any]string{"string": "maxLength", "array": "maxItems", "integer": "maximum"}[property["type"]]
			if limit != "" && property[limit] == nil && property["format"] == nil && property["pattern"] != events.PatternVMID {
				t.Errorf("%s.%s has no %s", name, member, limit)
			}
		}
	}
}

// Everything a reader meets in a schema says what it is.
func TestSchemasDescribeEverything(t *testing.T) {
	for path, text := range rendered(t) {
		if !strings.HasPrefix(path, schemaFolder+"/") {
			continue
		}
		var schema map[string]any
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		objects := map[string]any{"event": schema}
		defs, _ := schema["$defs"].(map[string]any)
		for name, def := range defs {
			objects[name] = def
		}
		for name, def := range objects {
			object := def.(map[string]any)
			if object["description"] == nil {
				t.Errorf("%s: %s has no description", path, name)
			}
			properties, _ := object["properties"].(map[string]any)
			for member, p := range properties {
				if p.(map[string]any)["description"] == nil {
					t.Errorf("%s: %s.%s has no description", path, name, member)
				}
			}
		}
	}
}

func TestAsyncAPICoversTheCatalogue(t *testing.T) {
	var doc struct {
		Channels map[string]struct {
			Address    string
			Messages   map[string]map[string]string
			Parameters map[string]any
			JetStream  struct{ Stream string } `yaml:"x-jetstream"`
		}
		Operations map[string]struct {
			Action  string
			Channel map[string]string
		}
		Components struct {
			Messages map[string]struct {
				Name    string
				Payload map[string]string
				Example string `yaml:"x-example"`
			}
		}
	}
	docs := rendered(t)
	if err := yaml.Unmarshal(docs["asyncapi.yaml"], &doc); err != nil {
		t.Fatal(err)
	}
	for _, entry := range events.Catalogue() {
		key, action, stream := string(entry.Family)+"."+entry.Event, "send", "EVENTS"
		if entry.Submitted() {
			action, stream = "receive", "INBOX"
		}
		channel := doc.Channels[key]
		if channel.JetStream.Stream != stream {
			t.Errorf("%s: stream %q, want %q", key, channel.JetStream.Stream, stream)
		}
		for name := range channel.Parameters {
			if !strings.Contains(channel.Address, "{"+name+"}") {
				t.Errorf("%s: address %s has no {%s}", key, channel.Address, name)
			}
		}
		if op := doc.Operations[action+"."+key]; op.Action != action || op.Channel["$ref"] != "#/channels/"+key {
			t.Errorf("%s: operation %+v", key, op)
		}
		message := doc.Components.Messages[key]
		if message.Name != entry.Type {
			t.Errorf("%s: message of %q", key, message.Name)
		}
		if _, ok := docs[strings.TrimPrefix(message.Payload["$ref"], "./")]; !ok {
			t.Errorf("%s: payload %q is not rendered", key, message.Payload["$ref"])
		}
		if _, err := os.Stat(filepath.Join(eventsDir, message.Example)); err != nil {
			t.Errorf("%s: example: %v", key, err)
		}
	}
	if len(doc.Channels) != len(events.Catalogue()) {
		t.Errorf("%d channels for %d types", len(doc.Channels), len(events.Catalogue()))
	}
}
