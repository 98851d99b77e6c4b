package jaeger_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"lifeboat.io/e2e/jaeger/trace"
	"lifeboat.io/e2e/programs"
)

const (
	// endWithin bounds the failovers.
	endWithin = 4 * time.Minute
	// showWithin bounds how long a store of traces may take to show what it was sent.
	showWithin = 10 * time.Second
)

// search asks a store of traces.
type search func(ctx context.Context, service string, tags map[string]string) ([]trace.Trace, error)

// TestOneTicketOneTrace runs a planned failover asked for over HTTP, a test
// failover with its cleanup asked for over the bus, and a planned failover in
// the middle of which the executor is killed twice, the first time before it
// has sent any span; and then asks for their traces.
func TestOneTicketOneTrace(t *testing.T) {
	server := jaegerToAsk(t)
	next := ""
	if server != nil {
		next = server.OTLP
	}
	collector := newSink(t, next)
	h := newHouse(t, collector.url)
	ctx, cancel := context.WithTimeout(t.Context(), endWithin)
	defer cancel()

	planned := h.submit(ctx, true, map[string]any{"action": "planned", "vms": []any{map[string]string{"name": "web01"}}})
	tested := h.submit(ctx, false, map[string]any{"action": "test", "vms": []any{map[string]string{"name": "app01"}}})
	if _, err := h.lab.Await(ctx, tested, func(t programs.Ticket) bool { return t.Progressed("awaiting-cleanup") || t.Outcome() != "" }); err != nil {
		t.Fatal(err)
	}
	cleanup := h.submit(ctx, false, map[string]any{"action": "cleanup", "refers": tested})
	for _, id := range []string{planned, tested, cleanup} {
		h.succeeded(ctx, id)
	}
	h.end(h.executor)
	h.startExecutor("OTEL_BSP_SCHEDULE_DELAY=60000")
	killed := h.submit(ctx, false, map[string]any{"action": "planned", "vms": []any{map[string]string{"name": "sql01"}}})
	h.killAfter(ctx, "sql01", "Start-VMFailover -Prepare")
	h.startExecutor()
	died := h.killAfter(ctx, "sql01", "Set-VMReplication -Reverse")
	h.startExecutor()
	h.succeeded(ctx, killed)
	stories := h.stories(ctx)
	h.end(h.executor)
	h.end(h.lifeboat.Program)

	cases := []audit{
		{ticket: planned, root: "POST /v1/tickets", story: stories[planned]},
		{ticket: tested, root: "process lifeboat.inbox.{account}", story: stories[tested], steeredBy: cleanup},
		{ticket: killed, root: "process lifeboat.inbox.{account}", story: stories[killed], died: died},
	}
	stores := map[string]search{"collector": func(_ context.Context, service string, tags map[string]string) ([]trace.Trace, error) {
		return collector.search(service, tags), nil
	}}
	if server == nil {
		t.Log("no Jaeger was built; only the collector is asked")
	} else {
		stores["jaeger"] = server.Search
	}
	for name, ask := range stores {
		t.Run(name, func(t *testing.T) {
			for _, a := range cases {
				t.Run(a.ticket, func(t *testing.T) {
					if a.story == nil || a.story.succeeded == nil {
						t.Fatal("the log knows no run of this ticket that succeeded")
					}
					tr := settled(t, ask, a)
					for _, fault := range a.faults(t.Context(), ask, tr) {
						t.Error(fault)
					}
				})
			}
		})
	}
	t.Run("log", func(t *testing.T) { h.auditLogs(collector, cases) })
}

// settled waits until a store shows the one trace of a ticket as a whole, and
// returns what it shows in the end.
func settled(t *testing.T, ask search, a audit) trace.Trace {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), showWithin)
	defer cancel()
	for {
		tr, err := a.find(ctx, ask)
		if err == nil && len(a.faults(ctx, ask, tr)) == 0 {
			return tr
		}
		select {
		case <-time.After(100 * time.Millisecond):
			continue
		case <-ctx.Done():
		}
		if tr, err = a.find(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
		return tr
	}
}

// find finds the one trace that is about a ticket.
func (a audit) find(ctx context.Context, ask search) (trace.Trace, error) {
	found := map[string]trace.Trace{}
	// Stretches have both tags; publishing an answer to another ticket does not.
	for _, service := range services {
		traces, err := ask(ctx, service, map[string]string{trace.TagTicket: "desk~" + a.ticket, "lifeboat.account": "acme"})
		if err != nil {
			return trace.Trace{}, err
		}
		for _, t := range traces {
			found[t.ID] = t
		}
	}
	if len(found) != 1 {
		return trace.Trace{}, fmt.Errorf("ticket %s has %d traces, want one", a.ticket, len(found))
	}
	for _, t := range found {
		return t, nil
	}
	return trace.Trace{}, nil
}

// services are who takes part in a failover, in order of the names.
var services = []string{"failover-executor", "ticket-intake"}

// all of a trace's spans with a name.
func named(t trace.Trace, name string) []trace.Span {
	return t.Sorted(func(s trace.Span) bool { return s.Name == name })
}

// names of spans, for an error.
func names(spans []trace.Span) []string {
	var out []string
	for _, s := range spans {
		out = append(out, s.Service+": "+s.Name)
	}
	return slices.Compact(out)
}
