// Package house runs both services on simulated hosts, for tests that ask them
// for something.
//
// What this package is not: a fake of anything; the services and the bus are
// the real ones, and the hosts those of hypersim.
package house
