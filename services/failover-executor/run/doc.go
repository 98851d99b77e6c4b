// Package run is the core of failover-executor: one VM's failover runs as pure
// functions over values.
//
// State is the fold of the VM's failover events (Apply). Decide is told the
// state, what has been learned in this process's life (Mind) and the time, and
// says the one thing to do next (Ask): record an event, look at hosts, ask one
// effect of one host, wait, or rest. The shell around it does that and nothing
// else, so everything that matters can be simulated: crashes are the loss of
// Mind, lost replies are Results of class unknown, and the promises are checked
// over all of it.
//
// The rules that keep a promise each:
//
//   - An effect is asked of a host only by the process that has just recorded
//     step-started for it (Licence). After a crash there is no licence: the host
//     is looked at first.
//   - A call may begin on the host only within Policy.BeginWithin of its record.
//     An attempt whose effect is not seen is given up only after that time, so
//     that it cannot land later beside another attempt.
//   - What was not caused by this run is not taken for its own: a VM found moved
//     by somebody else holds the run.
//   - The replica is started only on a fresh look at the primary; a primary that
//     comes back is fenced before anything else.
//
// What this package is not: it reads no clock, draws no random number, opens no
// connection and does not know the bus. Package executor does.
package run
