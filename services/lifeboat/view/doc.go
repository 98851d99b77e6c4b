// Package view folds recorded events into what a person asks about: a ticket, a
// run with its steps, a VM, a host. Each is a plain value with JSON names, which
// is what `-o json` prints.
//
// Nothing here guesses: a figure stands with the time it was seen at, and Fresh
// decides from which age on it may no longer be taken for the present. Events of
// types that a newer version writes change nothing but what was heard last.
//
// What this package is not: it reads no bus and no clock, and lays nothing out.
// Finding the events is package lookup, printing the views package terminal and
// the commands.
package view
