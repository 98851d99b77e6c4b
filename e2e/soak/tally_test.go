package soak_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// tally is what callers were told, and what came of it.
type tally struct {
	read, readFailed, done, notDone, unknown, happened int
	swaps                                              int            // how often a replica became the primary
	times                                              map[string]int // that a verb, a course or a repair succeeded
}

func (a *tally) add(b tally) {
	a.read += b.read
	a.readFailed += b.readFailed
	a.done += b.done
	a.notDone += b.notDone
	a.unknown += b.unknown
	a.happened += b.happened
	a.swaps += b.swaps
	for what, n := range b.times {
		a.count(what, n)
	}
}

func (a *tally) succeeded(what string) { a.count(what, 1) }

func (a *tally) count(what string, n int) {
	if a.times == nil {
		a.times = map[string]int{}
	}
	a.times[what] += n
}

// wantEverything demands that every verb had its effect, that failovers of
// every kind came to their end, and that roles changed.
func (a *tally) wantEverything(t *testing.T) {
	t.Helper()
	for _, d := range deeds {
		if a.times[d.name] == 0 {
			t.Errorf("%s never had an effect", d.name)
		}
	}
	for _, c := range courses {
		if a.times[c.name] == 0 {
			t.Errorf("no %s came to its end", c.name)
		}
	}
	if a.swaps == 0 {
		t.Error("no replica became the primary")
	}
}

func (a tally) String() string {
	var times strings.Builder
	for _, what := range slices.Sorted(maps.Keys(a.times)) {
		fmt.Fprintf(&times, "\n%6d %s", a.times[what], what)
	}
	return fmt.Sprintf("%d readings and %d that failed; %d effects done, %d calls not done, %d unknown of which %d had happened; %d changes of roles%s",
		a.read, a.readFailed, a.done, a.notDone, a.unknown, a.happened, a.swaps, times.String())
}
