// Package bustest gives tests a real bus: an embedded one in a temporary
// directory, a cluster of servers whose members can be stopped and started, and
// a proxy that cuts connections or loses answers on demand.
//
// What this package is not: a fake. Everything here is the server that runs in
// production.
package bustest
