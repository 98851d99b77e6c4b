// Package cmdlets is what a Hyper-V host adds to PowerShell: the module Hyper-V
// over a host of hypersim, and the few cmdlets of its neighbours that whoever
// runs replication needs: volumes, firewall rules, services, jobs.
//
// Each cmdlet binds its published parameter sets. What it does is one entry of
// a table, which also lists the parameters it carries out; a cmdlet without an
// entry, and a parameter that is not listed, fails by name. Objects have the
// properties, alias properties and default views of module 2.0; errors have its
// ids, categories and texts, per VM and not ending the cmdlet.
//
// The metadata in hyperv.json holds facts of the published reference and of
// reflection stubs; its entry _meta says which, and under what licences.
//
// # What is assumed
//
//   - Objects of a VM and of its replication show what is now: they look again
//     after a cmdlet of the same session has changed something, and when what
//     they show is older than a second of the host's time. A look that fails
//     leaves what was seen last.
//   - A name that matches nothing is an error, a pattern that matches nothing
//     is not.
//   - Get-VMReplication of a VM that is not replicated gives nothing.
//   - -AsJob makes one job of all VMs of a call. It ends with the process, what
//     the host has begun does not.
//   - A request for another computer is refused as one without permission is.
//   - ReplicateHostKvpItems and BypassProxyServer are remembered and change
//     nothing; EnableWriteOrderPreservationAcrossDisks is taken and warned of.
//   - What initial replication is exported to is found by its folder alone:
//     there is no file system to look at. Hypersim's action ship-media carries it.
//   - Firewall rules are remembered and stop no traffic.
//   - (Get-VM).ReplicationState shows the member with WMI's number where the
//     Hyper-V module is 2.0 and PowerShell that of Windows Server 2016 or 2019.
//
// What this package is not: it changes nothing in the world but through
// hypersim's own cmdlets, and knows neither WinRM nor any particular script.
//
// CMDLETS.md tells cmdlet by cmdlet what is carried out.
package cmdlets
