// Package lookup finds on the bus what a person asks about, by the names people
// use: a ticket by its number, a run by its id, a VM by its name. It reads the
// log and the stored inventory and hands both to package view.
//
// What this package is not: it writes nothing, and decides nothing.
package lookup
