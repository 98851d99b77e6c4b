package jaeger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat.io/e2e/jaeger/trace"
)

// resolution is how exactly events tell the time. Two stretches that meet at an
// event cannot be further apart than that: it is the largest gap allowed,
// however fast or slow the machine is.
const resolution = time.Millisecond

// audit is what the trace of a ticket must be.
type audit struct {
	ticket string
	// root is the one span that everything follows from.
	root  string
	story *story
	// steeredBy is a later ticket whose trace a span must link to; may be empty.
	steeredBy string
	// died is when the executor was killed; zero when it was not.
	died time.Time
}

// faults lists everything that is wrong with the trace.
func (a audit) faults(ctx context.Context, ask search, t trace.Trace) []string {
	return slices.Concat(a.whole(t), a.order(t), a.steps(t), a.rto(t), a.steered(ctx, ask, t))
}

// whole: one root, the services there should be, and nothing in the air.
func (a audit) whole(t trace.Trace) []string {
	var faults []string
	if roots := t.Roots(); len(roots) != 1 || roots[0].Name != a.root || roots[0].Service != "ticket-intake" {
		faults = append(faults, fmt.Sprintf("the roots are %q, want %q alone", names(roots), a.root))
	}
	if got := t.Services(); !slices.Equal(got, services) {
		faults = append(faults, fmt.Sprintf("the services are %q, want %q", got, services))
	}
	for _, s := range t.Unreached() {
		// A request may have gone out before its call, which died with the
		// process: that parent is lost for good.
		if s.IsRequest() && s.End.Before(a.died) {
			continue
		}
		faults = append(faults, fmt.Sprintf("%s: %s leads to no root: %v", s.Service, s.Name, s.Refs))
	}
	return faults
}

// order: the path from the request to the answer, each after what caused it.
func (a audit) order(t trace.Trace) []string {
	path := []string{"process lifeboat.inbox.{account}", "publish lifeboat.ticket.{account}.{id}.accepted",
		"process lifeboat.ticket.{account}.{id}.accepted", "publish lifeboat.failover.{account}.{id}.planned"}
	if a.root != path[0] {
		path = append([]string{a.root, "publish lifeboat.inbox.{account}"}, path...)
	}
	if !a.died.IsZero() {
		path = path[:2] // spans of its work may have died with it
	}
	for _, s := range a.story.steps {
		path = append(path, "step "+string(s.Step))
	}
	path = append(path, "record succeeded", "process lifeboat.failover.{account}.{id}.succeeded", "publish lifeboat.ticket.{account}.{id}.closed")
	var faults []string
	var last trace.Span
	for _, name := range path {
		spans := named(t, name)
		if len(spans) == 0 {
			faults = append(faults, fmt.Sprintf("there is no span %q", name))
			continue
		}
		if spans[0].Start.Before(last.Start) {
			faults = append(faults, fmt.Sprintf("%q begins before %q", name, last.Name))
		}
		last = spans[0]
	}
	return faults
}

// steps: a span for each step of the log, from event to event, that says what
// it was; and within it the calls to its host, each with its requests.
func (a audit) steps(t trace.Trace) []string {
	var faults []string
	for _, s := range a.story.steps {
		spans := named(t, "step "+string(s.Step))
		if len(spans) != 1 {
			faults = append(faults, fmt.Sprintf("%s has %d spans, want one", s.Step, len(spans)))
			continue
		}
		span := spans[0]
		for tag, want := range map[string]string{
			trace.TagVM: a.story.vm, trace.TagHost: s.Host, trace.TagKind: string(a.story.kind), trace.TagOutcome: string(s.How), trace.TagStep: string(s.Step),
		} {
			if got := span.Tags[tag]; got != want {
				faults = append(faults, fmt.Sprintf("%s: %s is %q, want %q", span.Name, tag, got, want))
			}
		}
		if span.Start.Sub(s.from).Abs() >= resolution || span.End.Sub(s.to).Abs() >= resolution {
			faults = append(faults, fmt.Sprintf("%s spans %s to %s, its events %s to %s", span.Name, span.Start, span.End, s.from, s.to))
		}
		faults = append(faults, a.calls(t, s, span)...)
	}
	return faults
}

// calls: a step that acted asked its host, and did so over WinRM. A step that
// waits has others before it that looked, and may ask no more.
func (a audit) calls(t trace.Trace, s step, span trace.Span) []string {
	if !a.died.IsZero() && span.Start.Before(a.died) {
		return nil // they may have died with it
	}
	var faults []string
	for _, call := range t.Children(span) {
		if !call.IsCall() {
			continue
		}
		requests := slices.DeleteFunc(t.Children(call), func(r trace.Span) bool { return !r.IsRequest() })
		if len(requests) == 0 {
			faults = append(faults, fmt.Sprintf("%s: %s made no request", span.Name, call.Name))
		}
		for _, r := range requests {
			if r.Tags[trace.TagHost] != call.Tags[trace.TagHost] {
				faults = append(faults, fmt.Sprintf("%s on %s: %s went to %s", call.Name, call.Tags[trace.TagHost], r.Name, r.Tags[trace.TagHost]))
			}
		}
	}
	if verb := acts[string(s.Step)]; verb != "" && s.How == "acted" {
		on := func(c trace.Span) bool { return c.Name == "hyperv "+verb && c.Tags[trace.TagHost] == s.Host }
		if !slices.ContainsFunc(t.Children(span), on) {
			faults = append(faults, fmt.Sprintf("%s: no call hyperv %s on %s within it, but %q", span.Name, verb, s.Host, names(t.Children(span))))
		}
	}
	return faults
}

// acts are the verbs that steps ask of their host.
var acts = map[string]string{
	"ShutDownPrimary": "Stop", "PreparePrimary": "Prepare", "FailOverReplica": "FailOver", "ReverseReplication": "Reverse", "StartReplica": "Start",
	"SetTestNetwork": "SetTestNetwork", "StartTestFailover": "StartTestFailover", "StartTestVM": "Start", "StopTestFailover": "StopTestFailover",
}

// rto: every moment of the RTO, and each of its parts, lies in a stretch.
func (a audit) rto(t trace.Trace) []string {
	var faults []string
	stretches := t.Sorted(trace.Span.IsStretch)
	total := int64(0)
	for _, part := range a.story.succeeded.RTO.Parts {
		total += part.Millis
		for _, gap := range trace.Gaps(stretches, part.From, part.From.Add(time.Duration(part.Millis)*time.Millisecond)) {
			if gap.To.Sub(gap.From) > resolution {
				faults = append(faults, fmt.Sprintf("RTO part %s: nothing spans %s to %s", part.Name, gap.From, gap.To))
			}
		}
	}
	if total == 0 || total != a.story.succeeded.RTO.Millis {
		faults = append(faults, fmt.Sprintf("the parts of the RTO are %d ms of %d ms", total, a.story.succeeded.RTO.Millis))
	}
	return faults
}

// steered: the later ticket has a trace of its own, and a span links to it.
func (a audit) steered(ctx context.Context, ask search, t trace.Trace) []string {
	if a.steeredBy == "" {
		return nil
	}
	other, err := audit{ticket: a.steeredBy}.find(ctx, ask)
	if err != nil {
		return []string{err.Error()}
	}
	for _, s := range t.Spans {
		for _, r := range s.Refs {
			if _, known := other.Spans[r.Span]; known && r.Trace == other.ID {
				return nil
			}
		}
	}
	return []string{fmt.Sprintf("no span links to the trace of %s", a.steeredBy)}
}

// auditLogs: what was logged of a run leads to its trace, and so does what was
// logged of its ticket.
func (h *house) auditLogs(collector *sink, cases []audit) {
	for _, a := range cases {
		t, err := a.find(h.t.Context(), func(_ context.Context, service string, tags map[string]string) ([]trace.Trace, error) {
			return collector.search(service, tags), nil
		})
		if err != nil {
			h.t.Error(err)
			continue
		}
		about := map[*lockedBuffer]func(line logLine) bool{
			h.executorLog: func(l logLine) bool { return l.VM == a.story.vm && l.Event != "" },
			h.intakeLog:   func(l logLine) bool { return l.Ticket == "desk "+a.ticket && l.Msg == "said" },
		}
		for log, is := range about {
			n := 0
			for line := range strings.Lines(log.String()) {
				var l logLine
				if json.Unmarshal([]byte(line), &l) != nil || !is(l) {
					continue
				}
				n++
				if l.TraceID != t.ID {
					h.t.Errorf("ticket %s: %s leads to trace %q, want %q", a.ticket, line, l.TraceID, t.ID)
				}
			}
			if n == 0 {
				h.t.Errorf("ticket %s: nothing was logged of it", a.ticket)
			}
		}
	}
}

// logLine is what matters of a line of a log.
type logLine struct {
	Msg     string `json:"msg"`
	VM      string `json:"vm"`
	Event   string `json:"event"`
	Ticket  string `json:"ticket"`
	TraceID string `json:"trace_id"`
}
