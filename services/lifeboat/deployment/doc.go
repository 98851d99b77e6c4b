// Package deployment proves the samples in deploy/ and the page docs/operate.md:
// its tests load each sample with the loader that will load it, start a NATS
// server from its configuration, let the services carry a ticket out through
// its permissions, and type the page's commands.
//
// What this package is not: a part of any program. It has tests only.
package deployment
