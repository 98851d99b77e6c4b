package inventory_test

import (
	"reflect"
	"testing"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
)

const (
	bankDB  = "5d5c2b0e-6f6b-4c2a-9f0d-0a3c1c5f7e01"
	twinOne = "5d5c2b0e-6f6b-4c2a-9f0d-0a3c1c5f7e02"
	twinTwo = "5d5c2b0e-6f6b-4c2a-9f0d-0a3c1c5f7e03"
	twins   = "app's \"Zürich\" №1"
)

func TestFindVM(t *testing.T) {
	inv := load(t, "everything.yaml")
	tests := []struct {
		name    string
		account string
		ref     events.VMRef
		outcome inventory.LookupOutcome
		ids     []string
	}{
		{"by name", "acme", events.VMRef{Name: "bank-db-1"}, inventory.FoundVM, []string{bankDB}},
		{"by id", "acme", events.VMRef{ID: bankDB}, inventory.FoundVM, []string{bankDB}},
		{"by id in Microsoft's spelling", "acme", events.VMRef{ID: "{5D5C2B0E-6F6B-4C2A-9F0D-0A3C1C5F7E01}"}, inventory.FoundVM, []string{bankDB}},
		{"by both", "acme", events.VMRef{ID: twinTwo, Name: twins}, inventory.FoundVM, []string{twinTwo}},
		{"ambiguous", "acme", events.VMRef{Name: twins}, inventory.ManyVMs, []string{twinOne, twinTwo}},
		{"id and name disagree", "acme", events.VMRef{ID: bankDB, Name: "bank-db-2"}, inventory.OtherName, []string{bankDB}},
		{"unknown name", "acme", events.VMRef{Name: "bank-db-2"}, inventory.NoVM, nil},
		{"names have case", "acme", events.VMRef{Name: "BANK-DB-1"}, inventory.NoVM, nil},
		{"unknown id", "acme", events.VMRef{ID: "5d5c2b0e-6f6b-4c2a-9f0d-0a3c1c5f7e99"}, inventory.NoVM, nil},
		{"somebody else's by name", "globex", events.VMRef{Name: "bank-db-1"}, inventory.NoVM, nil},
		{"somebody else's by id", "globex", events.VMRef{ID: bankDB}, inventory.NoVM, nil},
		{"nothing", "acme", events.VMRef{}, inventory.NoVM, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := inv.FindVM(tt.account, tt.ref)
			var ids []string
			if got.VM.ID != "" {
				ids = append(ids, got.VM.ID)
			}
			for _, c := range got.Candidates {
				ids = append(ids, c.ID)
			}
			if got.Outcome != tt.outcome || !reflect.DeepEqual(ids, tt.ids) {
				t.Errorf("got %s %v, want %s %v", got.Outcome, ids, tt.outcome, tt.ids)
			}
		})
	}
}

func TestLookupsByName(t *testing.T) {
	inv := load(t, "everything.yaml")
	if s, ok := inv.System("desk"); !ok || !s.MaySubmitFor("acme") || s.MaySubmitFor("hybrid:12345") {
		t.Errorf("desk speaks for the wrong accounts: %+v", s)
	}
	if s, ok := inv.System("jira.internal"); !ok || !s.MaySubmitFor("hybrid:12345") {
		t.Errorf("jira.internal speaks for the wrong accounts: %+v", s)
	}
	if l, ok := inv.Credential("local"); !ok || l.Password.Env != "HV_PASSWORD" {
		t.Errorf("credential local is %+v", l)
	}
	if h, ok := inv.Host("hv05"); !ok || h.Site != "vault" {
		t.Errorf("host hv05 is %+v", h)
	}
	for what, ok := range map[string]bool{
		"system":     second(inv.System("disk")),
		"account":    second(inv.Account("Acme")),
		"credential": second(inv.Credential("")),
		"host":       second(inv.Host("hv03")),
	} {
		if ok {
			t.Errorf("found a %s that is not there", what)
		}
	}
}

func second[T any](_ T, ok bool) bool { return ok }

func TestContacts(t *testing.T) {
	account, ok := load(t, "everything.yaml").Account("acme")
	if !ok {
		t.Fatal("no account acme")
	}
	alex, ok := account.Contact("ALEX@Acme.example")
	if !ok || !alex.Has(inventory.MayOverride) {
		t.Errorf("Alex is %+v, want one with the right to override", alex)
	}
	if kim, ok := account.Contact("kim@acme.example"); !ok || kim.Has(inventory.MayTest) {
		t.Errorf("Kim is %+v, want one without rights", kim)
	}
	if _, ok := account.Contact("mallory@acme.example"); ok {
		t.Error("found a contact that is not there")
	}
}

func TestEveryKindOfFailoverNeedsARight(t *testing.T) {
	for _, kind := range events.Names(events.Kind("")) {
		right := inventory.RightTo(events.Kind(kind))
		if !events.Known(right, string(right)) {
			t.Errorf("kind %s needs right %q, which is none", kind, right)
		}
	}
	if right := inventory.RightTo("migration"); right != "" {
		t.Errorf("an unknown kind needs right %q, want one nobody has", right)
	}
}

func TestTicketsPrecedeDefaults(t *testing.T) {
	account := inventory.Account{Defaults: inventory.Defaults{HoldOpenMinutes: 100, CommitAfterMinutes: 200}}
	if got := account.HoldOpenMinutes(nil); got != 100 {
		t.Errorf("hold open %d, want the account's 100", got)
	}
	if got := account.HoldOpenMinutes(&events.TestOptions{HoldOpenMinutes: 5}); got != 5 {
		t.Errorf("hold open %d, want the ticket's 5", got)
	}
	if got := account.CommitAfterMinutes(&events.UnplannedOptions{}); got != 200 {
		t.Errorf("commit after %d, want the account's 200", got)
	}
	if got := account.CommitAfterMinutes(&events.UnplannedOptions{CommitAfterMinutes: 5}); got != 5 {
		t.Errorf("commit after %d, want the ticket's 5", got)
	}
}

func TestNetwork(t *testing.T) {
	vm := inventory.VM{Test: inventory.TestNetwork{Switch: "Isolated", Adapters: []inventory.Adapter{{Adapter: "Backup"}}}}
	tests := []struct {
		name  string
		asked *events.TestOptions
		want  map[string]string
	}{
		{"nothing asked", nil, map[string]string{"LAN": "Isolated", "Backup": ""}},
		{"only a duration asked", &events.TestOptions{HoldOpenMinutes: 5}, map[string]string{"LAN": "Isolated", "Backup": ""}},
		{"a switch asked", &events.TestOptions{Switch: "Other"}, map[string]string{"LAN": "Other", "Backup": "Other"}},
		{"an adapter asked", &events.TestOptions{Adapters: []events.AdapterSwitch{{Adapter: "LAN", Switch: "Other"}}}, map[string]string{"LAN": "Other", "Backup": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			network := vm.Network(tt.asked)
			if !network.Given() {
				t.Error("the network is not given")
			}
			for adapter, want := range tt.want {
				if got := network.SwitchOf(adapter); got != want {
					t.Errorf("adapter %s gets %q, want %q", adapter, got, want)
				}
			}
		})
	}
	if (inventory.VM{}).Network(nil).Given() {
		t.Error("a VM without any network has one")
	}
}
