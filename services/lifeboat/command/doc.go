// Package command is the command line of lifeboat: one file per command, each a
// thin shell that finds things (package lookup), has them folded (package view)
// and prints them (package terminal).
//
// What a program needs is on standard output, in JSON or YAML when asked for;
// everything said to a person meanwhile is on standard error. How a command
// came out is its exit code, see exit.go.
//
// What this package is not: it decides nothing about tickets and runs, and has
// no way past ticket-intake: what it asks for is a ticket like any other.
package command
