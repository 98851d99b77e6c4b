package powershell

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fuzzLimits keep one input to a few milliseconds and megabytes.
var fuzzLimits = Limits{Steps: 20_000, Bytes: 8 << 20, Depth: 40, Items: 5000, StringBytes: 1 << 20, Stages: 8}

// FuzzRun: whatever a script does, it ends within its limits, without a panic,
// and leaves the session usable.
func FuzzRun(f *testing.F) {
	seed(f)
	registry := generic()
	f.Fuzz(func(t *testing.T, script string) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		s := NewSession(Options{Seed: 1, Modules: registry, Limits: fuzzLimits,
			Now:   func() time.Time { return time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC) },
			Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
		n := 0
		form := s.NewFormatter(func(line string) error {
			if n += len(line); n > 4<<20 {
				return errors.New("enough")
			}
			return nil
		})
		res := s.Run(ctx, script, Streams{
			Output: form.Add,
			Error:  func(r *ErrorRecord) error { _ = s.ErrorLines(r); return nil },
		})
		var ie *InternalError
		if errors.As(res.Err, &ie) {
			t.Fatalf("%v", res.Err)
		}
		if ctx.Err() != nil {
			t.Fatalf("took longer than limits of %d steps allow", fuzzLimits.Steps)
		}
		if res := s.Run(context.Background(), "1", Streams{}); res.Err != nil {
			t.Fatalf("afterwards: %v", res.Err)
		}
	})
}

// seed gives the fuzzer the scripts of the case files.
func seed(f *testing.F) {
	files, err := filepath.Glob("*/testdata/*.case")
	if err != nil || len(files) == 0 {
		f.Fatalf("no case files: %v", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for part := range strings.SplitSeq(string(b), "\n=== ") {
			if _, body, ok := strings.Cut(part, "\n"); ok {
				script, _, _ := strings.Cut(body, "--- stdout")
				f.Add(script)
				for line := range strings.Lines(script) {
					f.Add(line)
				}
			}
		}
	}
}
