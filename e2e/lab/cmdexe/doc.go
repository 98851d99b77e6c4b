// Package cmdexe is cmd.exe /C, as far as remote shells need it: it expands
// %VARIABLES%, takes commands joined by &, && and ||, has the few built-in
// commands that probes use, and starts powershell.exe.
//
// What this package is not: it has no file system, no batch files, no pipes and
// no redirections except to NUL and 2>&1; these fail by name. Any program but
// those listed is not found.
package cmdexe
