// Package fakehost is a WinRM listener for tests of the client: shells,
// commands, standard input and output, and every way in which a wire can fail.
// What runs in its shells is a Go function that answers frames.
//
// What this package is not: it knows no PowerShell and no Hyper-V, and checks
// little. The lab has a faithful server; this one is here to break.
package fakehost
