package events

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
)

// runIDChars is how many base-32 characters of the hash make a run id: 65
// bits, so that two of a million runs collide with a chance below 10⁻⁷.
const runIDChars = 13

// runAlphabet is base 32 in lower case, without padding.
var runAlphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// RunID is the run that a ticket's revision starts for a VM: "r-" and 13
// lower-case base-32 characters of the SHA-256 over
//
//	<length of system>:<system><length of ticket>:<ticket><revision>:<vmid>
//
// with lengths in bytes and numbers in decimal. The same request has the same
// run however often it is delivered and whoever computes it. vmid is the VMId
// GUID in lower case without braces.
func RunID(t TicketRef, vmid string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s%d:%s", len(t.System), t.System, len(t.Ticket), t.Ticket, t.Revision, vmid))
	return "r-" + runAlphabet.EncodeToString(sum[:])[:runIDChars]
}
