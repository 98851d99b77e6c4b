package inventory

import (
	"slices"
	"strings"
)

// Inventory is a document that passed every check, completed and indexed. It
// does not change: a new document makes a new Inventory. It is safe for
// concurrent use as long as nobody writes into its document.
type Inventory struct {
	Document
	digest   string
	systems  map[string]int
	accounts map[string]int
	logins   map[string]int
	hosts    map[string]int
	vms      map[string]int
	// named lists VMs by account and name.
	named map[accountName][]int
}

type accountName struct{ account, name string }

// newInventory indexes a document that is complete and without mistakes.
func newInventory(doc Document) *Inventory {
	inv := &Inventory{
		Document: doc,
		digest:   digest(doc),
		systems:  index(doc.Systems, func(s System) string { return s.Name }),
		accounts: index(doc.Accounts, func(a Account) string { return a.ID }),
		logins:   index(doc.Credentials, func(l Credential) string { return l.Name }),
		hosts:    index(doc.Hosts, func(h Host) string { return h.Name }),
		vms:      index(doc.VMs, func(v VM) string { return v.ID }),
		named:    make(map[accountName][]int, len(doc.VMs)),
	}
	for i, v := range doc.VMs {
		key := accountName{v.Account, v.Name}
		inv.named[key] = append(inv.named[key], i)
	}
	return inv
}

func index[T any](elements []T, key func(T) string) map[string]int {
	m := make(map[string]int, len(elements))
	for i, e := range elements {
		m[key(e)] = i
	}
	return m
}

// System finds a ticket system by name.
func (inv *Inventory) System(name string) (System, bool) {
	return pick(inv.Systems, inv.systems, name)
}

// Account finds an account by id.
func (inv *Inventory) Account(id string) (Account, bool) {
	return pick(inv.Accounts, inv.accounts, id)
}

// Credential finds a login by name.
func (inv *Inventory) Credential(name string) (Credential, bool) {
	return pick(inv.Credentials, inv.logins, name)
}

// Host finds a host by name.
func (inv *Inventory) Host(name string) (Host, bool) {
	return pick(inv.Hosts, inv.hosts, name)
}

// VM finds a VM by its VMId, in any account.
func (inv *Inventory) VM(id string) (VM, bool) {
	return pick(inv.VMs, inv.vms, NormalVMID(id))
}

func pick[T any](elements []T, index map[string]int, key string) (T, bool) {
	i, ok := index[key]
	if !ok {
		var none T
		return none, false
	}
	return elements[i], true
}

// MaySubmitFor reports whether the system may submit tickets of the account.
func (s System) MaySubmitFor(account string) bool {
	return slices.Contains(s.Accounts, account) || slices.Contains(s.Accounts, AllAccounts)
}

// Contact finds a contact by e-mail address, without regard to case.
func (a Account) Contact(email string) (Contact, bool) {
	for _, c := range a.Contacts {
		if strings.EqualFold(c.Email, email) {
			return c, true
		}
	}
	return Contact{}, false
}

// Has reports whether the contact has the right.
func (c Contact) Has(right Right) bool { return slices.Contains(c.May, right) }
