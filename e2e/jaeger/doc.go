// Package jaeger builds a real Jaeger from its Go module, starts it, and asks
// its query API for traces. Its test runs the real programs with traces on and
// asks whether a failover is one trace that accounts for every moment of the
// RTO: of a collector of its own always, and of Jaeger where one was built.
//
// What this package is not: a part of lifeboat, which knows no other protocol
// of tracing than OTLP. What a trace is and what can be asked of one stands in
// package trace.
package jaeger
