package trace

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Tell tells a trace in plain lines: what happened when, for how long, by
// whom, and how many requests to which hosts it took. Publishing and handling
// of messages are left out, for the stretches between the events tell the same.
func Tell(w io.Writer, t Trace) {
	all := t.Sorted(nil)
	if len(all) == 0 {
		return
	}
	began := all[0].Start
	for _, s := range t.Sorted(Span.IsStretch) {
		if s.Start.Before(began) {
			began = s.Start
		}
	}
	for _, s := range append(t.Roots(), t.Sorted(Span.IsStretch)...) {
		_, _ = fmt.Fprintf(w, "  %8s %8s  %-17s  %s\n", seconds(s.Start.Sub(began)), seconds(s.End.Sub(s.Start)), s.Service, t.words(s))
	}
}

// words are a span's name with where it happened and how it ended.
func (t Trace) words(s Span) string {
	words := []string{s.Name}
	if host := s.Tags[TagHost]; host != "" {
		words = append(words, "on "+host)
	}
	if outcome := s.Tags[TagOutcome]; outcome != "" && outcome != "started" {
		words = append(words, "("+outcome+")")
	}
	calls, requests := 0, 0
	for _, call := range t.Children(s) {
		if !call.IsCall() {
			continue
		}
		calls++
		for _, request := range t.Children(call) {
			if request.IsRequest() {
				requests++
			}
		}
	}
	if calls > 0 {
		words = append(words, fmt.Sprintf("· %d calls to hosts in %d requests", calls, requests))
	}
	return strings.Join(words, " ")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }
