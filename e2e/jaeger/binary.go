package jaeger

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	// module and Version are what is built. From version 2 on Jaeger is another
	// program with another configuration.
	module  = "github.com/jaegertracing/jaeger"
	Version = "v1.76.0"
	// Variable names a built all-in-one to use instead, such as an official
	// one, which has the pages that the module lacks.
	Variable = "LIFEBOAT_JAEGER"
	// tellEvery is how often the building says that it goes on.
	tellEvery = 30 * time.Second
)

// Binary is where Build keeps the program.
func Binary(folder string) string { return filepath.Join(folder, "jaeger-all-in-one-"+Version) }

// Build builds Jaeger's all-in-one into a folder, unless it is there, and
// returns its path. The first time takes some minutes; progress gets a line now
// and then.
func Build(ctx context.Context, folder string, progress io.Writer) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	binary := Binary(folder)
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	scratch, err := os.MkdirTemp("", "lifeboat-jaeger-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	say := narrator(progress)
	say("downloading %s %s", module, Version)
	source, err := download(ctx, scratch)
	if err != nil {
		return "", err
	}
	// A main module must lie where its go.sum may be written, and the module
	// cache is read-only.
	tree := filepath.Join(scratch, "source")
	if err := copyTree(tree, source); err != nil {
		return "", fmt.Errorf("copy the source of Jaeger: %w", err)
	}
	say("building it; this takes some minutes, and only the first time")
	built := filepath.Join(scratch, "all-in-one")
	if err := compile(ctx, tree, built, say); err != nil {
		return "", err
	}
	if err := install(built, binary); err != nil {
		return "", err
	}
	say("built %s", binary)
	return binary, nil
}

// narrator tells how far the building is, with the seconds since it began.
func narrator(w io.Writer) func(format string, args ...any) {
	began := time.Now()
	return func(format string, args ...any) {
		_, _ = fmt.Fprintf(w, "jaeger: %4.0fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
}

// download has Go fetch the module, checked against the checksum database, and
// returns where it lies.
func download(ctx context.Context, scratch string) (string, error) {
	cmd := goCommand(ctx, scratch, "mod", "download", "-json", module+"@"+Version)
	out, err := cmd.Output()
	var answer struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &answer); jsonErr == nil && answer.Error != "" {
		return "", fmt.Errorf("download Jaeger: %s", answer.Error)
	}
	if err != nil || answer.Dir == "" {
		return "", fmt.Errorf("download Jaeger: %w: %s", err, out)
	}
	return answer.Dir, nil
}

// compile builds the program, saying now and then that it still does.
func compile(ctx context.Context, tree, to string, say func(string, ...any)) error {
	ended := make(chan error, 1)
	go func() {
		cmd := goCommand(ctx, tree, "build", "-mod=mod", "-trimpath", "-o", to, "./cmd/all-in-one")
		if out, err := cmd.CombinedOutput(); err != nil {
			ended <- fmt.Errorf("build Jaeger: %w\n%s", err, out)
			return
		}
		ended <- nil
	}()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick.C:
			say("still building")
		}
	}
}

// goCommand is the go command in a folder outside of this repository's
// workspace, and with none of its flags.
func goCommand(ctx context.Context, folder string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
	return cmd
}

// copyTree copies a folder of the module cache, with everything writable.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), raw, 0o644)
	})
}

// install puts the program in its place as a whole, so that nobody starts half
// of one.
func install(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	half := to + ".new"
	if err := os.WriteFile(half, raw, 0o755); err != nil {
		return err
	}
	return os.Rename(half, to)
}
