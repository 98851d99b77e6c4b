package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"lifeboat.io/pkg/daemon"
	"lifeboat.io/pkg/inventory"
)

// Problems are everything that is wrong with a configuration.
type Problems []string

// Error is one problem a line.
func (ps Problems) Error() string { return strings.Join(ps, "\n") }

// Check reads lifeboat.yaml and the inventory it names, and lists everything
// that is wrong with either. The error is Problems, or one of reading. What
// could be read is returned along.
func Check(path string) (Config, *inventory.Inventory, error) {
	c, err := Load(path)
	if err != nil {
		return c, nil, problems(err)
	}
	found := places(path, c.validate())
	var inv *inventory.Inventory
	if c.Inventory != "" {
		if inv, err = c.LoadInventory(); err != nil {
			found = append(found, problems(err)...)
		}
	}
	if len(found) > 0 {
		return c, inv, found
	}
	return c, inv, nil
}

// LoadInventory reads the inventory the configuration names.
func (c Config) LoadInventory() (*inventory.Inventory, error) {
	return inventory.Load(shown(c.InventoryPath()))
}

// shown is a path the way a person finds it: below the working directory, when
// it is there.
func shown(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(relative, "..") {
		return path
	}
	return relative
}

// validate lists what is wrong with the values.
func (c Config) validate() []error {
	var faults []error
	for _, err := range []error{c.Bus.Validate(), c.Intake.Validate(), c.Executor.Validate(), c.Telemetry.Validate(), c.Health.validate()} {
		faults = append(faults, flatten(err)...)
	}
	if _, err := daemon.NewLogger(io.Discard, c.Log); err != nil {
		faults = append(faults, err)
	}
	if c.Inventory == "" {
		faults = append(faults, errors.New("inventory is missing: name the inventory's path, such as inventory.yaml"))
	}
	return faults
}

func (h Health) validate() error {
	if h.Listen == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(h.Listen); err != nil {
		return fmt.Errorf("health: listen %q: want host:port, such as \"127.0.0.1:8222\"", h.Listen)
	}
	return nil
}

// flatten takes joined errors apart; an error that wraps several in a sentence
// of its own stays whole.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

// problems are the lines of an error, each a problem of its own.
func problems(err error) Problems {
	var found Problems
	for _, e := range flatten(err) {
		found = append(found, strings.Split(e.Error(), "\n")...)
	}
	return found
}

// field is how the parts of the configuration begin their errors: the part, and
// the field within it.
var field = regexp.MustCompile(`^([a-zA-Z]+)(?:: |\.)([A-Za-z0-9_.\[\]]+)`)

// places gives each fault the place of its field in the file, or of the nearest
// one around it, and puts them in the order of the file. The file was read once
// already, so that failing to read it again costs the places only.
func places(path string, faults []error) Problems {
	var body *ast.File
	if raw, err := os.ReadFile(path); err == nil {
		body, _ = parser.ParseBytes(raw, 0) // a place that cannot be found is left out
	}
	type placed struct {
		line, column int
		text         string
	}
	list := make([]placed, len(faults))
	for i, fault := range faults {
		list[i].text = path + ": " + fault.Error()
		if m := field.FindStringSubmatch(fault.Error()); m != nil && body != nil {
			if line, column, ok := find(body, m[1]+"."+m[2]); ok {
				list[i] = placed{line, column, fmt.Sprintf("%s:%d:%d: %s", path, line, column, fault)}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	var found Problems
	for _, p := range list {
		found = append(found, p.text)
	}
	return found
}

// find is where a field stands, or the nearest one around it.
func find(file *ast.File, name string) (line, column int, ok bool) {
	for name != "" {
		path, err := yaml.PathString("$." + name)
		if err == nil {
			if node, err := path.FilterFile(file); err == nil && node.GetToken() != nil {
				at := node.GetToken().Position
				return at.Line, at.Column, true
			}
		}
		cut := strings.LastIndexAny(name, ".[")
		if cut < 0 {
			return 0, 0, false
		}
		name = name[:cut]
	}
	return 0, 0, false
}
