package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxConfigBytes bounds a configuration file.
const maxConfigBytes = 1 << 20

// Load reads a YAML file into a configuration, which keeps its defaults where
// the file says nothing. A key that the configuration does not have, a key
// given twice and a value of the wrong kind are errors that name the place and,
// for a key, the nearest one there is. Errors never repeat lines of the file.
func Load(path string, into any) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if len(raw) > maxConfigBytes {
		return fmt.Errorf("configuration %s: larger than %d bytes; is this the right file?", path, maxConfigBytes)
	}
	return Parse(path, raw, into)
}

// Folder is where relative paths in a configuration file start: its own folder.
func Folder(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("configuration %s: %w", path, err)
	}
	return filepath.Dir(absolute), nil
}

// Parse is Load for text that was read already. name is only for errors.
func Parse(name string, raw []byte, into any) error {
	body, err := parse(name, raw)
	if err != nil || body == nil {
		return err
	}
	if err := unknownKeys(name, body, into); err != nil {
		return err
	}
	if err := yaml.NodeToValue(body, into, yaml.Strict()); err != nil {
		return located(name, err)
	}
	return nil
}

// parse makes the tree of the one document a file may hold; nil when it is
// empty. A panic of the parser on broken text becomes an error.
func parse(name string, raw []byte) (body ast.Node, err error) {
	defer func() {
		if recover() != nil {
			body, err = nil, fmt.Errorf("%s: not YAML", name)
		}
	}()
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, located(name, err)
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.NullType {
			continue
		}
		if body != nil {
			at := doc.Body.GetToken().Position
			return nil, fmt.Errorf("%s:%d:%d: a second document begins here; put everything into one", name, at.Line, at.Column)
		}
		body = doc.Body
	}
	return body, nil
}

// located tells a library's error with its place, and without the lines of the
// file that the library would print along.
func located(name string, err error) error {
	var at yaml.Error
	if !errors.As(err, &at) {
		return fmt.Errorf("%s: %w", name, err)
	}
	message, _, _ := strings.Cut(at.GetMessage(), "\n")
	token := at.GetToken()
	if token == nil || token.Position == nil {
		return fmt.Errorf("%s: %s", name, message)
	}
	return fmt.Errorf("%s:%d:%d: %s", name, token.Position.Line, token.Position.Column, message)
}
