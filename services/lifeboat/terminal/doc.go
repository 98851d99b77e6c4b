// Package terminal prints for people: tables, times and their ages, colours
// that never carry a meaning of their own, and texts from outside made harmless.
//
// What this package is not: it knows nothing of tickets and runs, and what
// programs read (JSON, YAML) does not go through it.
package terminal
