package judgement

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"strings"
	"time"

	"lifeboat.io/events"
)

// Ids of ticket events are derived from what they are about, so that the same
// event has the same id whoever publishes it and however often. The id of an
// answer is derived from the ticket's content as well: that is how a repeated
// submission is told from another content under the same revision.

// id hashes what an event is about. The parts are JSON values, which keeps
// them apart.
func id(prefix string, about ...any) string {
	raw, err := json.Marshal(about)
	if err != nil {
		panic("judgement: plain values cannot be encoded: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	const chars = 26 // 130 bits
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:chars])
}

// AnswerID is the id of the event that answers this content.
func AnswerID(r events.Request) string {
	if w := r.Window; w != nil {
		r.Window = &events.Window{NotBefore: utc(w.NotBefore), NotAfter: utc(w.NotAfter)}
	}
	return id("a-", r)
}

// MalformedID is the id of the event that refuses a ticket which could not be
// read as a whole.
func MalformedID(r events.Request, data []byte) string {
	return id("m-", r.Account, r.TicketRef, sha256.Sum256(data))
}

// SupersededID is the id of the event that a revision was superseded.
func SupersededID(account string, t events.TicketRef) string {
	return id("s-", account, t)
}

// CancelledID is the id of the event that a revision was withdrawn.
func CancelledID(account string, t, by events.TicketRef) string {
	return id("c-", account, t, by)
}

// ProgressedID is the id of the event that passes a failover event on.
func ProgressedID(account string, t events.TicketRef, cause string) string {
	return id("p-", account, t, cause)
}

// ClosedID is the id of the last word on a revision.
func ClosedID(account string, t events.TicketRef) string {
	return id("z-", account, t)
}

// utc is the same instant in the one form in which it is compared.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
