// Package lint finds what a script uses that is outside the PowerShell subset:
// constructs, commands, parameters, types, static members, attributes and files
// as redirection targets. What only shows when a script runs, such as a command
// whose name is computed or a method of an object, it cannot see.
//
// It is no style checker.
package lint
