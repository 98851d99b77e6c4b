// Package hypersim is Hyper-V in memory: sites with hosts, links between them,
// VMs that replicate, a clock, and faults. It is a second implementation of
// hyperv.Host, and the engine of the lab.
//
// A World is made from a Spec, which is plain data. It is looked at and
// changed from three sides:
//
//   - World.Host gives a hyperv.Host: lifeboat's own view, over a network that
//     can lose requests and answers.
//   - World.Machine gives the host from within: its methods are the Hyper-V
//     cmdlets with their preconditions, effects and errors. The lab's
//     PowerShell is a thin layer over them. Names and wildcards are resolved
//     there; here a VM goes by its id.
//   - World.Do and World.Schedule do what befalls hosts and links, and
//     World.Truth, Running, Overlaps, Copy and Journal tell what really
//     happened, which no host would.
//
// # Time
//
// The world has its own clock and nothing happens between its events. In a
// stepped world, the default, a call that takes time carries the clock forward
// itself, and with it everything else that is due. In a live world calls wait
// until someone calls Advance. A call that is under way when its caller gives
// up goes on, as a script on a host does. The same Spec and the same calls in
// the same order give the same world.
//
// # Writes
//
// Every copy of a VM's disks carries a counter of the writes it holds. It
// grows while the copy runs; replication carries it over; a copy that runs on
// its own begins a branch. From that follow lost writes, zero loss and
// divergence, exactly. All replicated disks of a copy share one counter,
// because Hyper-V Replica keeps the order of writes across disks.
//
// # What is assumed
//
// Assumptions holds the switches; besides, where sources are silent:
//
//   - A verb that is refused on a reading is refused with CodeWrongState and
//     runs no cmdlet. A cmdlet that fails has had no effect: after a failure
//     the VM is read, and an effect that is there counts.
//   - Texts of errors that no source gives are neutral English, and marked
//     Simulated in CmdletError.
//   - A relationship whose receiver does not take a delta because it is no
//     longer its replica (failed over, promoted, removed) falls into Error at
//     once; for network, pause, a frozen host or full storage it tries again
//     with the next cycle, up to Assumptions.FailuresBeforeError times.
//   - A delta is taken only by disks that are a past of the sender's;
//     otherwise resynchronization is required.
//   - With RecoveryHistory 0 a replica has no recovery points; with n it keeps
//     the newest n, one made by the first delta of each hour. The latest data
//     is not among them.
//   - A replica that got the last delta of a preparation says Planned when it
//     is failed over, until the next ordinary delta arrives: also when the
//     preparation has been cancelled meanwhile, of which it knows nothing.
//   - Reversing to a prepared primary that holds more than the recovery point
//     the replica was failed over to leaves the new primary waiting for
//     resynchronization.
//   - Replication from a middle host to its extended replica rests while the
//     middle host is failed over, until Resume-VMReplication -Continue.
//   - What initial replication is exported to is one folder for each VM, found
//     by its path, on a host or a share, in any letters' case. Drives need not
//     exist, space is not counted, and DoShipMedia is whoever carries it. A
//     crash of the primary with the VM running voids it.
//   - The guest is asked to shut down once and may do so after Stop-VM has
//     given up. A guest that boots finishes booting first.
//   - A frozen host neither answers nor replicates, but its guests run on.
//     Requests that reach it are carried out when it goes on.
//   - Remove-VM refuses a replicated VM, except a test VM.
//   - Start-VMFailover works with a test VM present.
//   - One direction of a link stands for connections opened that way.
//
// What this package is not: it knows nothing of WinRM, PowerShell text,
// clusters, groups of VMs or Azure Site Recovery, keeps nothing on disk, and
// models performance only as durations.
package hypersim
