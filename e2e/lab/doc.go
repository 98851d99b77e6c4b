// Package lab is a simulated world that programs can reach: the hosts of a
// hypersim world, each with a WinRM service of its own on loopback, PowerShell
// that is interpreted behind it, and a clock that moves the world along real
// time.
//
// What befalls a host in the world shows on its wire. A host without power
// refuses connections; one that is frozen, or cut off, accepts them and never
// answers; a restart of WinRM takes every shell with it. Faults of the wire
// itself are those of package winrm; faults of cmdlets are hypersim's.
//
// Lab.Configure writes what lifeboat needs to look after this world: a
// lifeboat.yaml, an inventory, the authority's certificate and secret files.
//
// # What is assumed
//
//   - Cutting a host off drops packets rather than refusing them: what is on
//     its way arrives once the way is back.
//   - Start-Sleep and the other waits of scripts take the host's time, which is
//     the world's; starting PowerShell and the latency of cmdlets take real time.
//   - A process of PowerShell takes memoryPerPowerShell of its shell's quota.
//
// What this package is not: it is no HTTP API (package admin is) and no ticket
// system (package ticketing is), and it has no KDC: its hosts accept Basic over
// TLS, NTLM and client certificates, and Kerberos when given the keys of a realm.
package lab
