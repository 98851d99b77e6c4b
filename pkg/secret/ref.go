package secret

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Ref says where a secret is. Exactly one of its fields is set.
type Ref struct {
	// File is the path of a file that holds the secret and nothing else; one line break at its end is not part of it.
	// A relative path starts at the folder of the configuration it stands in.
	File string `json:"file,omitempty"`
	// Env is the name of an environment variable that holds the secret.
	Env string `json:"env,omitempty"`
}

// maxBytes bounds a secret, in bytes: passwords, tokens and keys are far
// smaller, and a Ref that points at a disk image is a mistake.
const maxBytes = 64 << 10

// envName is what a portable environment variable is called.
var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// IsZero reports whether the reference points nowhere.
func (r Ref) IsZero() bool { return r == Ref{} }

// Check reports what is wrong with the reference itself; it reads nothing.
func (r Ref) Check() error {
	switch {
	case r.IsZero():
		return errors.New("no secret is named: write {file: <path>} or {env: <NAME>}")
	case r.File != "" && r.Env != "":
		return errors.New("both file and env are given: keep one of them")
	case r.Env != "" && !envName.MatchString(r.Env):
		return fmt.Errorf("env %q is no name of an environment variable: use letters, digits and _", r.Env)
	case strings.ContainsRune(r.File, 0):
		return errors.New("file has a NUL byte in its name: correct the path")
	}
	return nil
}

// Read fetches the secret. Relative files are looked for in folder. An empty
// or overlong secret is an error; no error ever holds the secret.
func (r Ref) Read(folder string) (Text, error) {
	if err := r.Check(); err != nil {
		return Text{}, err
	}
	if r.Env != "" {
		return r.finish(os.Getenv(r.Env))
	}
	path := r.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return Text{}, fmt.Errorf("secret: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return Text{}, fmt.Errorf("secret: %w", err)
	}
	text := strings.TrimSuffix(string(raw), "\n")
	return r.finish(strings.TrimSuffix(text, "\r"))
}

// finish wraps a secret that was read, unless it cannot be one.
func (r Ref) finish(value string) (Text, error) {
	switch {
	case value == "":
		return Text{}, fmt.Errorf("secret %s is empty or not set", r)
	case len(value) > maxBytes:
		return Text{}, fmt.Errorf("secret %s is longer than %d bytes", r, maxBytes)
	}
	return NewText(value), nil
}

// String says where the secret is, for errors and logs.
func (r Ref) String() string {
	switch {
	case r.Env != "":
		return "env " + r.Env
	case r.File != "":
		return "file " + r.File
	default:
		return "nowhere"
	}
}
