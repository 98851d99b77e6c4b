// Package telemetry sets OpenTelemetry tracing up in one call: an OTLP export
// that is off unless configured, a bounded queue that drops rather than blocks,
// one queue for all services of a process with a name for each, and a log
// handler that writes the trace's ids. A span that one process begins and
// another ends is one span by its key (Keyed).
//
// The standard variables are honoured: OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER
// (otlp or none), OTEL_EXPORTER_OTLP_* and OTEL_EXPORTER_OTLP_TRACES_*,
// OTEL_TRACES_SAMPLER and its argument, OTEL_BSP_*, OTEL_RESOURCE_ATTRIBUTES.
// OTEL_SERVICE_NAME is not: a process may run several services, and each has
// its own name.
//
// What this package is not: it makes no spans. The bus, the host client and the
// services make their own, with the provider they are given. How a trace
// travels inside events is package journey.
package telemetry
