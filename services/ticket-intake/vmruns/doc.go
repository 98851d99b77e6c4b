// Package vmruns folds the failover events of one VM into what a ticket wants
// to know of its runs: which one is under way, what it waits for, how it
// ended, and which tickets steered it.
//
// It trusts the log: whether an event was legal is for failover-executor, its
// one writer.
//
// What this package is not: it decides nothing and knows no tickets beyond the
// references in the events. It is pure.
package vmruns
