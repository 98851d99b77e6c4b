package winrm_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
)

func TestSecretsAreNowhere(t *testing.T) {
	var logged bytes.Buffer
	h := &fakehost.Host{}
	w := host(t, h, func(c *winrm.Config) { c.WireLog = &logged })
	if _, err := w.Reverse(t.Context(), vm, hyperv.ReplicaServer{Server: "payload-word"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"hunter2", "payload-word", "Authorization", "EncodedCommand"} {
		if strings.Contains(logged.String(), word) {
			t.Errorf("%q is in the wire log", word)
		}
	}
	if n := strings.Count(logged.String(), "\n"); n != 2*8 { // Create, Command, 2 × (Send, Receive), Signal, Delete
		t.Errorf("%d lines:\n%s", n, logged.String())
	}
}

func TestSpans(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	h := &fakehost.Host{}
	w := host(t, h, func(c *winrm.Config) { c.Tracer = provider.Tracer("test") })
	if _, err := w.Prepare(t.Context(), vm); err != nil {
		t.Fatal(err)
	}
	var call sdktrace.ReadOnlySpan
	requests := 0
	for _, s := range recorder.Ended() {
		switch {
		case s.Name() == "hyperv Prepare":
			call = s
		case strings.HasPrefix(s.Name(), "winrm "):
			requests++
		}
	}
	if call == nil || requests != 6 {
		t.Fatalf("call %v, %d requests", call, requests)
	}
	for _, want := range []attribute.KeyValue{attribute.String("lifeboat.host", "hv01"), attribute.String("lifeboat.verb", "Prepare"),
		attribute.String("lifeboat.vm", string(vm)), attribute.String("lifeboat.outcome", "done"), attribute.Int("lifeboat.attempts", 1)} {
		if !slices.Contains(call.Attributes(), want) {
			t.Errorf("no %v in %v", want, call.Attributes())
		}
	}
	for _, s := range recorder.Ended() {
		if s != call && s.Parent().SpanID() != call.SpanContext().SpanID() {
			t.Errorf("%s is not part of the call", s.Name())
		}
	}
}
