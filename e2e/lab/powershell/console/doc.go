// Package console is powershell.exe: it splits and reads a command line, runs
// what it names and writes what comes of it the way the program does, with its
// exit codes, its text on standard error, or CLIXML there when the command was
// encoded and nobody asked for text.
//
// It is not cmd.exe: it expands no %VARIABLES% and knows no redirections.
package console
