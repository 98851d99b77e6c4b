package connection_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lifeboat.io/pkg/hyperv/connection"
)

func TestNoWireLogUnlessAsked(t *testing.T) {
	l, err := connection.OpenWireLog(t.TempDir(), connection.WireLogConfig{})
	if l != nil || err != nil {
		t.Errorf("%v, %v", l, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestWireLogRefuses(t *testing.T) {
	for _, tt := range []struct {
		config connection.WireLogConfig
		want   string
	}{
		{connection.WireLogConfig{File: "wire.jsonl", MaxMegabytes: 1}, "wireLog.maxMegabytes: 1: must be 2 to 10000"},
		{connection.WireLogConfig{File: "wire.jsonl", MaxMegabytes: 10_001}, "wireLog.maxMegabytes: 10001"},
		{connection.WireLogConfig{MaxMegabytes: 5}, "wireLog.file: is missing"},
		{connection.WireLogConfig{File: "nowhere/wire.jsonl"}, "wireLog.file: open"},
	} {
		if _, err := connection.OpenWireLog(t.TempDir(), tt.config); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v; want %q", tt.config, err, tt.want)
		}
	}
}

// TestWireLogIsBounded: however much is written, by however many, the files
// stay below the bound, hold whole lines, and hold the newest.
func TestWireLogIsBounded(t *testing.T) {
	folder := t.TempDir()
	const writers, each, megabytes = 4, 300, 2
	open := func() *connection.WireLog {
		l, err := connection.OpenWireLog(folder, connection.WireLogConfig{File: "wire.jsonl", MaxMegabytes: megabytes})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	padding := strings.Repeat("x", 8<<10)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				if _, err := l.Write(fmt.Appendf(nil, "{\"writer\":%d,\"n\":%d,\"text\":%q}\n", w, i, padding)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for w := range writers {
		if _, err := fmt.Fprintf(l, "{\"writer\":%d,\"n\":%d}\n", w, each); err != nil {
			t.Error(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write([]byte("{}\n")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("writing after Close: %v", err)
	}
	l = open() // goes on where it was
	if _, err := l.Write([]byte("{\"last\":true}\n")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var size int
	newest := map[int]int{}
	last := false
	for _, name := range []string{"wire.jsonl.old", "wire.jsonl"} {
		path := filepath.Join(folder, name)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, mode %v", name, err, info.Mode())
		}
		size += len(raw)
		for line := range bytes.Lines(raw) {
			var entry struct {
				Writer, N int
				Last      bool
			}
			if err := json.Unmarshal(line, &entry); err != nil {
				t.Fatalf("a line is no JSON: %v", err)
			}
			last = last || entry.Last
			newest[entry.Writer] = max(newest[entry.Writer], entry.N)
		}
	}
	if size > megabytes<<20 || size < megabytes<<20/2 {
		t.Errorf("%d bytes are kept, want at most %d and at least half of it", size, megabytes<<20)
	}
	if !last {
		t.Error("what was written after it was opened again is gone")
	}
	for w := range writers {
		if newest[w] != each {
			t.Errorf("the newest entry of writer %d is %d, want %d", w, newest[w], each)
		}
	}
}
