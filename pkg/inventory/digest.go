package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Digest is the SHA-256 of the canonical form in hexadecimal. Two documents
// have the same digest exactly when they say the same, whatever the order of
// their lists, their comments and the defaults they spell out.
func (inv *Inventory) Digest() string { return inv.digest }

// Canonical is the inventory as JSON in one fixed form: completed, with
// every list in the order of its names. Parse reads it back.
func (inv *Inventory) Canonical() []byte { return canonical(inv.Document) }

func digest(doc Document) string {
	sum := sha256.Sum256(canonical(doc))
	return hex.EncodeToString(sum[:])
}

// canonical writes a completed document in its fixed form.
func canonical(doc Document) []byte {
	doc = clone(doc)
	sortBy(doc.Systems, func(s System) string { return s.Name })
	for _, s := range doc.Systems {
		slices.Sort(s.Accounts)
	}
	sortBy(doc.Accounts, func(a Account) string { return a.ID })
	for _, a := range doc.Accounts {
		sortBy(a.Contacts, func(c Contact) string { return strings.ToLower(c.Email) })
		for _, c := range a.Contacts {
			slices.Sort(c.May)
		}
	}
	sortBy(doc.Sites, func(s Site) string { return s.Name })
	sortBy(doc.Credentials, func(l Credential) string { return l.Name })
	sortBy(doc.Hosts, func(h Host) string { return h.Name })
	sortBy(doc.VMs, func(v VM) string { return v.ID })
	for _, v := range doc.VMs {
		sortBy(v.Test.Adapters, func(a Adapter) string { return a.Adapter })
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		panic("inventory: a document of plain values cannot be encoded: " + err.Error())
	}
	return raw
}

func sortBy[T any](list []T, key func(T) string) {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
}
