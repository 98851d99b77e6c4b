package hypertest

import (
	"strings"
	"unicode/utf8"

	"lifeboat.io/pkg/hyperv"
)

// Names are names that look like something else to one of the layers between
// lifeboat and a host: code to PowerShell, markup to SOAP, a frame, a
// wildcard, a path, a number. Every one must come back byte for byte. Some are
// no names for Hyper-V itself; a fixture leaves those out.
func Names() []string {
	return []string{
		`a'b`, `a"b`, "a`b", `$(Stop-VM *)`, `$env:USERNAME`, `${x}`, `@{a=1}`, `;Stop-VM x`, `|Out-File c:\x`, `&calc`,
		`--%`, `-Force`, "\u2013Force", "a\u2019; Remove-VM x; \u2018b", "a\u201bb", "a\u201ab", "\u201ca\u201d", "\u201ea",
		"a\nb", "a\r\n'@\nx", `'@`, `"@`, `#>`, `*`, `[a-z]*`, `a?`, "trailing ", "trailing.", " leading",
		"a\u0085b", "a\u2028b", "a\u202eb", "a\u00a0b", "\U0001f6df", "e\u0301", "\u00e9", `]]>`, `</rsp:Command>`, `&amp;`, `<!--`,
		"\x1b[2J", "a\tb", `null`, `True`, `1e3`, `0x10`, `../..\`, `\\?\C:\`, `CON`, `{{.}}`, `%PATH%`, `^&`, `LB1 1 e30=`,
		`e30=`, `[]`, `{}`, `"`, `\`, `\u0041`, strings.Repeat("n", 100), strings.Repeat("\u00fc", 100),
	}
}

var nameCases = []Case{
	{"VMNames", func(t *trial) {
		if t.NewVM == nil {
			t.Skip("the fixture makes no VMs")
		}
		made := 0
		for _, name := range Names() {
			id, ok := t.NewVM(t.T, t.Primary, name)
			if !ok {
				continue
			}
			made++
			if found, err := t.Primary.FindVM(t.Context(), name); err != nil || found != id {
				t.Errorf("FindVM %q: %s, %v; want %s", name, found, err, id)
			}
			if vm := t.readVM(t.Primary, id); vm.Name != name {
				t.Errorf("Read gives %q, want %q", vm.Name, name)
			}
			if s, ok := t.listed(t.Primary, id); !ok || s.Name != name {
				t.Errorf("ListVMs gives %q, want %q", s.Name, name)
			}
		}
		if made == 0 {
			t.Error("the host would have none of the names")
		}
		t.shows(t.Primary, hyperv.ModePrimary, hyperv.StateReplicating)
	}},
	{"AbsentNames", func(t *trial) {
		for _, name := range Names() {
			_, err := t.Replica.FindVM(t.Context(), name)
			t.isError("FindVM "+name, err, hyperv.ClassRefuse, hyperv.CodeVMNotFound)
		}
	}},
	{"AdapterNames", func(t *trial) {
		if t.RenameAdapter == nil {
			t.Skip("the fixture renames no adapters")
		}
		for _, name := range Names() {
			if t.RenameAdapter(t.T, t.Replica, name) {
				t.Adapter = name
				t.onlySetsTestNetwork(t.TestSwitch)
				t.idleTestNetwork()
			}
		}
	}},
	{"SwitchNames", func(t *trial) {
		if t.NewSwitch == nil {
			t.Skip("the fixture makes no switches")
		}
		for _, name := range Names() {
			if t.NewSwitch(t.T, t.Replica, name) {
				t.onlySetsTestNetwork(name)
			}
		}
	}},
	{"UnknownNames", func(t *trial) {
		for _, name := range Names() {
			t.refused("adapter "+name, t.Replica, hyperv.CodeNoSuchAdapter,
				t.testNetwork(t.Replica, hyperv.AdapterSwitch{Adapter: name, Switch: t.TestSwitch}))
			t.refused("switch "+name, t.Replica, hyperv.CodeNoSuchSwitch,
				t.testNetwork(t.Replica, hyperv.AdapterSwitch{Adapter: t.Adapter, Switch: name}))
		}
	}},
	{"UnknownValues", func(t *trial) {
		for _, name := range Names() {
			if !utf8.ValidString(name) {
				continue
			}
			t.refused("recovery point "+name, t.Replica, hyperv.CodeNoSuchRecoveryPoint, t.failOver(t.Replica, hyperv.RecoveryPointID(name)))
			t.refused("start action "+name, t.Replica, "", t.autoStart(t.Replica, hyperv.StartAction(name)))
		}
	}},
}

// onlySetsTestNetwork connects Adapter to a switch for tests, and checks that
// the name comes back as it was given and that nothing else was done.
func (t *trial) onlySetsTestNetwork(name string) {
	t.Helper()
	before := 0
	if t.Changing != nil {
		before = len(t.Changing(t.T, t.Replica))
	}
	call := t.testNetwork(t.Replica, hyperv.AdapterSwitch{Adapter: t.Adapter, Switch: name})
	c, err := call(t.Context())
	if err != nil {
		t.Fatalf("adapter %q, switch %q: %v", t.Adapter, name, err)
	}
	found := false
	for _, a := range c.After.Adapters {
		found = found || a.Name == t.Adapter && a.TestSwitch == name
	}
	if !found {
		t.Errorf("adapter %q should have test switch %q: %+v", t.Adapter, name, c.After.Adapters)
	}
	if t.Changing == nil {
		return
	}
	for _, cmdlet := range t.Changing(t.T, t.Replica)[before:] {
		if cmdlet != "Set-VMNetworkAdapter" {
			t.Errorf("adapter %q, switch %q: %s was carried out", t.Adapter, name, cmdlet)
		}
	}
}

// idleTestNetwork checks that setting the test network again does nothing.
func (t *trial) idleTestNetwork() {
	t.Helper()
	t.idle("SetTestNetwork again", t.testNetwork(t.Replica, hyperv.AdapterSwitch{Adapter: t.Adapter, Switch: t.TestSwitch}))
}
