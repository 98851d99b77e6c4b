// Package ansible plays Ansible's modules for Windows on a host of the lab.
//
// Ansible runs a module by starting powershell.exe with a small encoded script
// that reads $input, and sending through standard input a longer script, four
// NULs, and a JSON object: the module's code and arguments, and the wrappers
// that are to run it. Those compile C# and open runspaces inside the process,
// which the PowerShell of this lab does not. So the payload is taken as what it
// also is, a protocol of data: it is known by its structure, never by the text
// of a script, and the module it names is carried out here. The scripts and
// commands in its arguments run as any others do, in a PowerShell or cmd.exe of
// their own, and the answer is the module's JSON.
//
// There are win_shell, win_command, win_ping and setup. Everything else, async,
// become and the script module among it, fails by name the way a module fails.
//
// What this package is not: it is no file system, so chdir, creates and removes
// are refused; and it needs no part of Ansible itself.
package ansible
