package inventory

import "lifeboat.io/events"

// Lookup is the answer to a VM that a ticket names.
type Lookup struct {
	// Outcome tells whether there is exactly one such VM.
	Outcome LookupOutcome
	// VM is the VM, when Outcome is FoundVM, or the one with the id asked for, when it is OtherName.
	VM VM
	// Candidates are the VMs with the name asked for, when Outcome is ManyVMs.
	Candidates []VM
}

// LookupOutcome tells how a lookup of a VM went.
type LookupOutcome string

const (
	// FoundVM means there is exactly one such VM.
	FoundVM LookupOutcome = "found"
	// NoVM means the account has no such VM. A VM of another account is no such VM.
	NoVM LookupOutcome = "none"
	// ManyVMs means the account has several VMs of that name, and no id was given.
	ManyVMs LookupOutcome = "many"
	// OtherName means the account has a VM with the id, under another name than the one given along.
	OtherName LookupOutcome = "other-name"
)

// FindVM finds a VM of an account by id, by name, or by both. Names are
// compared exactly, as Hyper-V allows two that differ only in case.
func (inv *Inventory) FindVM(account string, ref events.VMRef) Lookup {
	if ref.ID != "" {
		vm, ok := inv.VM(ref.ID)
		switch {
		case !ok || vm.Account != account:
			return Lookup{Outcome: NoVM}
		case ref.Name != "" && ref.Name != vm.Name:
			return Lookup{Outcome: OtherName, VM: vm}
		}
		return Lookup{Outcome: FoundVM, VM: vm}
	}
	found := inv.named[accountName{account, ref.Name}]
	switch len(found) {
	case 0:
		return Lookup{Outcome: NoVM}
	case 1:
		return Lookup{Outcome: FoundVM, VM: inv.VMs[found[0]]}
	}
	candidates := make([]VM, len(found))
	for i, n := range found {
		candidates[i] = inv.VMs[n]
	}
	return Lookup{Outcome: ManyVMs, Candidates: candidates}
}
