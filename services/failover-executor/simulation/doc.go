// Package simulation runs the executor's core against simulated Hyper-V hosts,
// thousands of times, with everything that can go wrong: the process is killed
// at any point, once and again while it recovers; requests and replies are
// lost, late or garbage; hosts die, freeze, are cut off and come back; tickets
// arrive twice, steer runs, or never answer.
//
// A Schedule is one such story and is made from a seed alone, so that a story
// that ends badly can be told again. Simulate tells it; Broken lists the
// promises it broke. The core is the real one (package run), the hosts are
// hypersim, and only the shell between them is this package's own: a log in
// memory with the same expected-sequence rule as the bus.
//
// What this package is not: a test of the bus, of WinRM or of the executor's
// own shell. Those are tested with real servers and processes.
package simulation
