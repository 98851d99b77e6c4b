// Package scenarios holds one text file per promise or situation, each with
// its golden trace: a script of tickets, crashes and blows above the line, and
// below it everything that was recorded and everything that changed on the
// hosts. They run on the real core and the simulated Hyper-V, in simulated
// time, so a trace is the same to the millisecond every time.
//
// The test plays every file and compares; with -rewrite it writes the traces
// anew, to be read in the diff.
//
// What this package is not: the place where processes are killed for real and
// wires are cut; that is e2e/processes.
package scenarios
