// Package script holds the PowerShell that runs on hosts: a bootstrap, which
// is the command line of a lane, and a function library, which is the first
// thing a lane is sent. Both are constant; values never become part of them.
//
// The bootstrap reads the library from standard input, checks its SHA-256
// against the digest written in itself, and enters the loop that answers
// frames (lane.ps1). Its text must not name PowerShell's pipeline variable for
// input: powershell.exe looks for it in the command it is given, and if it is
// there reads standard input itself, in competition with the loop.
//
// The scripts are written for Windows PowerShell 5.1 in full language mode,
// and keep to what the subset interpreter of the lab understands.
//
// What this package is not: it runs nothing and knows nothing of WinRM.
package script
