// Package powershell runs scripts in a subset of Windows PowerShell 5.1.
//
// A Session is a runspace: it keeps variables and functions, finds the cmdlets
// of a Registry of modules beside the generic ones, and runs scripts with the
// semantics scripts depend on: unrolling pipelines, one-element collapse,
// dynamic scopes, terminating and non-terminating errors, parameter sets,
// ShouldProcess, the JSON and the layout of 5.1. Whatever is outside the subset
// fails by name, as an unknown command, parameter, type or member does, or with
// the error id UnsupportedConstruct. SUBSET.md lists what is in and what is not.
//
// Nothing of a script is recognised by its text.
//
// Modules are written in Go: classes of objects, enumerations and cmdlets with
// parameter sets, which LoadMetadata also reads from JSON. Everything a cmdlet
// does to the world goes through its Call.
//
// Limits bound steps, memory, depth, output and pipelines; a cancelled context
// ends a run within the time of one step, or of finallyGrace when finally
// blocks are to be run. A panic inside becomes an InternalError.
//
// What this package is not: it touches no file, no process, no network and no
// registry of the machine it runs on; it is no remoting server and no console
// (see package console); and it is no security boundary against a script that
// wants to waste its own limits.
package powershell
