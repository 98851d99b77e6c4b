package submission

import (
	"fmt"
	"slices"
	"strings"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
)

// OperatorSystem is the ticket system an inventory may name for what operators
// submit themselves.
const OperatorSystem = "operator"

// maxNamed bounds how many names an error lists.
const maxNamed = 10

// AccountOf finds the one account that has all of the VMs.
func AccountOf(inv *inventory.Inventory, vms []events.VMRef) (string, error) {
	var candidates []string
	for _, a := range inv.Accounts {
		candidates = append(candidates, a.ID)
	}
	for _, ref := range vms {
		candidates = slices.DeleteFunc(candidates, func(account string) bool {
			return inv.FindVM(account, ref).Outcome == inventory.NoVM
		})
	}
	switch {
	case len(candidates) == 1:
		return candidates[0], nil
	case len(candidates) == 0 && len(vms) > 0:
		return "", fmt.Errorf("no account of the inventory has %s; lifeboat get vms lists them", vmNames(vms))
	case len(candidates) == 0:
		return "", fmt.Errorf("the inventory has no account")
	default:
		return "", fmt.Errorf("it could be any of %s; say which", list(candidates))
	}
}

// SystemFor finds the ticket system to submit an account's tickets as: the
// operators' own, or the only one that may.
func SystemFor(inv *inventory.Inventory, account string) (string, error) {
	var may []string
	for _, s := range inv.Systems {
		if s.MaySubmitFor(account) {
			may = append(may, s.Name)
		}
	}
	switch {
	case slices.Contains(may, OperatorSystem):
		return OperatorSystem, nil
	case len(may) == 1:
		return may[0], nil
	case len(may) == 0:
		return "", fmt.Errorf("no ticket system of the inventory may submit tickets of account %q; add {name: %s, accounts: [%q]} to its systems", account, OperatorSystem, account)
	default:
		return "", fmt.Errorf("several may submit tickets of account %q: %s; say which, or add a system named %s to the inventory", account, list(may), OperatorSystem)
	}
}

func vmNames(vms []events.VMRef) string {
	names := make([]string, len(vms))
	for i, v := range vms {
		names[i] = fmt.Sprintf("%q", v.Name+v.ID)
	}
	return list(names)
}

// list joins names, leaving out what nobody would read.
func list(names []string) string {
	if len(names) > maxNamed {
		names = append(slices.Clone(names[:maxNamed]), fmt.Sprintf("and %d more", len(names)-maxNamed))
	}
	return strings.Join(names, ", ")
}
