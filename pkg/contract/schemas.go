package contract

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lifeboat.io/events"
)

// schemas holds the compiled schema of every event type. A compiled schema is
// safe for concurrent use.
var schemas = sync.OnceValues(compile)

// compile compiles every schema of package events. Formats are checked, and
// nothing is ever loaded from elsewhere.
func compile() (map[string]*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	compiled := map[string]*jsonschema.Schema{}
	for _, entry := range events.Catalogue() {
		text, err := events.Schema(entry.Type)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", entry.Type, err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", entry.Type, err)
		}
		if err := compiler.AddResource(entry.SchemaURI(), doc); err != nil {
			return nil, fmt.Errorf("schema of %s: %w", entry.Type, err)
		}
	}
	for _, entry := range events.Catalogue() {
		schema, err := compiler.Compile(entry.SchemaURI())
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", entry.Type, err)
		}
		compiled[entry.Type] = schema
	}
	return compiled, nil
}

// follow resolves a reference.
func follow(s *jsonschema.Schema) *jsonschema.Schema {
	for s != nil && s.Ref != nil {
		s = s.Ref
	}
	return s
}

// child is the schema of one member or entry of what s describes; nil when
// there is none. It is returned as it stands there, before its reference is
// followed, because its description stands there too.
func child(s *jsonschema.Schema, token string) *jsonschema.Schema {
	s = follow(s)
	if s == nil {
		return nil
	}
	if p, ok := s.Properties[token]; ok {
		return p
	}
	return s.Items2020
}

// at is the schema of what stands at a location below what s describes.
func at(s *jsonschema.Schema, location []string) *jsonschema.Schema {
	for _, token := range location {
		s = child(s, token)
	}
	return s
}
