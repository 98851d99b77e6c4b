package events

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed schema/*.json example/*.json asyncapi.yaml
var files embed.FS

// Schemas holds the JSON Schema of every event type, each under its
// Entry.SchemaFile, ready to be served below SchemaBase.
func Schemas() fs.FS {
	sub, err := fs.Sub(files, "schema")
	if err != nil {
		panic(err) // "schema" is a valid path: it cannot fail
	}
	return sub
}

// Schema returns the JSON Schema of an event type.
func Schema(ceType string) ([]byte, error) {
	return file(ceType, "schema")
}

// Example returns the golden example of an event type: a whole CloudEvent in
// structured mode.
func Example(ceType string) ([]byte, error) {
	return file(ceType, "example")
}

// AsyncAPI returns the AsyncAPI document of all channels. Its references are
// relative to this module's folder.
func AsyncAPI() []byte {
	doc, err := files.ReadFile("asyncapi.yaml")
	if err != nil {
		panic(err) // embedded by name: it cannot be missing
	}
	return doc
}

// file reads an event type's file from one of the two embedded folders.
func file(ceType, folder string) ([]byte, error) {
	entry, ok := EntryByType(ceType)
	if !ok {
		return nil, fmt.Errorf("event type %q is not in the catalogue", ceType)
	}
	return files.ReadFile(folder + "/" + entry.SchemaFile())
}
