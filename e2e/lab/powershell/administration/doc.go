// Package administration has scripts as administrators of Hyper-V Replica write
// them, with what they give on hosts of the lab: reports, test failovers,
// planned failovers, authorisation, resynchronisation, capacity.
//
// It holds tests only. A case tells which host of which world it runs on, and
// records what the script writes and which cmdlets changed something.
//
// What it is not: it says nothing of lifeboat's own scripts, and what cmdlets do
// is tested beside them, in package cmdlets.
package administration
