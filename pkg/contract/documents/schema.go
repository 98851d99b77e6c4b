package documents

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"lifeboat.io/events"
)

// schemas renders JSON Schemas; it holds the comments of the source.
type schemas struct {
	comments map[string]string
	prefix   string
}

// newSchemas reads the comments of the Go source in eventsDir.
func newSchemas(eventsDir string) (*schemas, error) {
	var r jsonschema.Reflector
	if err := r.AddGoComments("", eventsDir, jsonschema.WithFullComment()); err != nil {
		return nil, fmt.Errorf("read comments of %s: %w", eventsDir, err)
	}
	// The reflector keys comments by the folder they were found in.
	s := &schemas{comments: r.CommentMap, prefix: path.Clean(filepath.ToSlash(eventsDir)) + "."}
	if s.comment(reflect.TypeFor[events.TicketSubmitted](), "") == "" {
		return nil, fmt.Errorf("%s holds no comment of TicketSubmitted: is it the folder of package events?", eventsDir)
	}
	return s, nil
}

// render makes the schema of one event type. Events that lifeboat writes may
// gain members within a version, so unknown ones are allowed; a submitted
// ticket's members are all known, because one that is misspelt would otherwise
// silently not apply.
func (s *schemas) render(entry events.Entry) ([]byte, error) {
	root := reflect.TypeOf(entry.New()).Elem()
	submitted := entry.Submitted()
	enums := map[string]reflect.Type{}
	r := &jsonschema.Reflector{
		Anonymous:                 true,
		ExpandedStruct:            true,
		AllowAdditionalProperties: !submitted,
		Lookup:                    func(t reflect.Type) jsonschema.ID { return enumRef(t, enums) },
		LookupComment:             s.comment,
	}
	doc := r.ReflectFromType(root)
	doc.ID = jsonschema.ID(entry.SchemaURI())
	doc.Title = string(entry.Family) + "." + entry.Event
	for name, t := range enums {
		doc.Definitions[name] = s.enum(t)
	}
	if err := constrain(root, doc, submitted); err != nil {
		return nil, err
	}
	if submitted {
		doc.AllOf = conditions()
	} else {
		allowUnknown(doc)
	}
	if entry.Family == events.FamilyFailover {
		demand(entry, doc)
	}
	return encode(doc)
}

// demand asks of a run's events for what Go would leave out when empty. Intake
// may know a VM by name alone; whoever acts on it knows its id. Every run is of
// some kind; only an instruction to a run that never was has none.
func demand(entry events.Entry, doc *jsonschema.Schema) {
	doc.Definitions["VMRef"].Required = []string{"id"}
	if entry.Event != "refused" {
		doc.Required = append(doc.Required, "kind")
	}
}

// encode writes a schema as people read it.
func encode(doc *jsonschema.Schema) ([]byte, error) {
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// enumRef refers to an enumeration's definition, and notes that it is used.
func enumRef(t reflect.Type, used map[string]reflect.Type) jsonschema.ID {
	if _, ok := enumOf(t); !ok {
		return jsonschema.EmptyID
	}
	used[t.Name()] = t
	return jsonschema.ID("#/$defs/" + t.Name())
}

// enumOf returns the enumeration a type is, when it is one.
func enumOf(t reflect.Type) (events.Enum, bool) {
	e, ok := reflect.Zero(t).Interface().(events.Enum)
	return e, ok
}

// enum is an enumeration's definition: its values, each with its sentence.
func (s *schemas) enum(t reflect.Type) *jsonschema.Schema {
	e, _ := enumOf(t)
	def := &jsonschema.Schema{Type: "string"}
	text := []string{s.comment(t, "")}
	for _, v := range e.Values() {
		def.Enum = append(def.Enum, v.Name)
		text = append(text, v.Name+": "+v.Doc)
	}
	def.Description = strings.Join(text, "\n")
	return def
}

// comment finds the comment of a type, or of one of its fields, told with the
// field's name in JSON.
func (s *schemas) comment(t reflect.Type, field string) string {
	if t.PkgPath() != reflect.TypeFor[events.Entry]().PkgPath() {
		return ""
	}
	if field == "" {
		return strings.Join(strings.Fields(s.comments[s.prefix+t.Name()]), " ")
	}
	text := strings.Join(strings.Fields(s.comments[s.prefix+t.Name()+"."+field]), " ")
	if f, ok := t.FieldByName(field); ok && strings.HasPrefix(text, field+" ") {
		text = jsonName(f) + strings.TrimPrefix(text, field)
	}
	return text
}

// jsonName is a field's name in JSON, or "" when it is embedded.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// allowUnknown says aloud what JSON Schema takes for granted: that an object
// may have members the schema does not know.
func allowUnknown(doc *jsonschema.Schema) {
	doc.AdditionalProperties = jsonschema.TrueSchema
	for _, def := range doc.Definitions {
		if def.Type == "object" {
			def.AdditionalProperties = jsonschema.TrueSchema
		}
	}
}

// plainStruct reports whether a type is a struct whose fields matter here.
func plainStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]()
}
