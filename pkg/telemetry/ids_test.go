package telemetry_test

import (
	"testing"

	oteltrace "go.opentelemetry.io/otel/trace"

	"lifeboat.io/pkg/telemetry"
)

func TestKeyedSpansAreTheSameInEveryProcess(t *testing.T) {
	clean(t)
	ids := map[string]oteltrace.SpanID{}
	for _, process := range []string{"one", "another"} {
		var s sink
		tel, err := telemetry.Setup(t.Context(), telemetry.Config{Endpoint: s.serveHTTP(t)})
		if err != nil {
			t.Fatal(err)
		}
		tracer := tel.For("failover-executor").Tracer("test")
		ctx, root := tracer.Start(t.Context(), "ticket")
		ctx, step := tracer.Start(telemetry.Keyed(ctx, "step 1"), "step")
		below, call := tracer.Start(ctx, "call")
		_, request := tracer.Start(below, "request")
		ids[process] = step.SpanContext().SpanID()
		own := map[oteltrace.SpanID]bool{}
		for _, span := range []oteltrace.Span{root, step, call, request} {
			own[span.SpanContext().SpanID()] = true
			span.End()
		}
		if len(own) != 4 {
			t.Errorf("%s: four spans have %d ids: a key is for one span only", process, len(own))
		}
		_, other := tracer.Start(telemetry.Keyed(t.Context(), "step 2"), "step")
		if other.SpanContext().SpanID() == step.SpanContext().SpanID() {
			t.Error("two keys give one id")
		}
		other.End()
		if err := tel.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if ids["one"] != ids["another"] || !ids["one"].IsValid() {
		t.Errorf("one key gives %v", ids)
	}
}
