package documents

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"lifeboat.io/events"
)

// schemaFolder is where the schemas stand below the events folder.
const schemaFolder = "schema"

// Render makes every document from the compiled-in package events and from the
// comments of its source, which stands in the folder eventsDir. The keys are
// paths below that folder, with slashes.
func Render(eventsDir string) (map[string][]byte, error) {
	schemas, err := newSchemas(eventsDir)
	if err != nil {
		return nil, err
	}
	rendered := map[string][]byte{}
	for _, entry := range events.Catalogue() {
		text, err := schemas.render(entry)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", entry.Type, err)
		}
		rendered[schemaFolder+"/"+entry.SchemaFile()] = text
	}
	if rendered["CATALOGUE.md"], err = renderCatalogue(schemas); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	if rendered["asyncapi.yaml"], err = renderAsyncAPI(); err != nil {
		return nil, fmt.Errorf("AsyncAPI document: %w", err)
	}
	return rendered, nil
}

// Stale compares the rendered documents with what stands in eventsDir and
// returns the paths that are missing, differ, or should not be there, sorted.
func Stale(eventsDir string, rendered map[string][]byte) ([]string, error) {
	var stale []string
	for path, want := range rendered {
		have, err := os.ReadFile(filepath.Join(eventsDir, filepath.FromSlash(path)))
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		if !bytes.Equal(have, want) {
			stale = append(stale, path)
		}
	}
	left, err := leftover(eventsDir, rendered)
	if err != nil {
		return nil, err
	}
	stale = append(stale, left...)
	sort.Strings(stale)
	return stale, nil
}

// Write brings eventsDir up to date and returns the paths it changed, sorted.
func Write(eventsDir string, rendered map[string][]byte) ([]string, error) {
	stale, err := Stale(eventsDir, rendered)
	if err != nil {
		return nil, err
	}
	for _, path := range stale {
		name := filepath.Join(eventsDir, filepath.FromSlash(path))
		text, wanted := rendered[path]
		if !wanted {
			if err := os.Remove(name); err != nil {
				return nil, err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return nil, err
		}
	}
	return stale, nil
}

// leftover lists schemas of event types that are no more.
func leftover(eventsDir string, rendered map[string][]byte) ([]string, error) {
	found, err := os.ReadDir(filepath.Join(eventsDir, schemaFolder))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var left []string
	for _, f := range found {
		path := schemaFolder + "/" + f.Name()
		if _, wanted := rendered[path]; !wanted && strings.HasSuffix(path, ".json") {
			left = append(left, path)
		}
	}
	return left, nil
}
