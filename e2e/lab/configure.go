package lab

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"

	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/secret"
)

// Files of a lab's directory, besides the two in YAML.
const (
	ConfigFile    = "lifeboat.yaml"
	InventoryFile = "inventory.yaml"
	caFile        = "ca.pem"
	passwordFile  = "secrets/administrator"
	bearerFile    = "secrets/desk-bearer"
	hmacFile      = "secrets/desk-hmac"
	busFolder     = "bus"
)

// TicketSystem is the name of the lab's ticket system.
const TicketSystem = "desk"

// The accounts of a lab's inventory.
const (
	ManagedAccount   = "acme"
	UnmanagedAccount = "globex"
)

// IsolatedSwitch is the switch test VMs are connected to.
const IsolatedSwitch = "Isolated"

// Objectives of every VM, in minutes.
const (
	rpoMinutes = 15
	rtoMinutes = 60
)

// Configure writes into a directory, which must exist, all that `lifeboat serve
// --config <path>` needs to look after this world, and returns that path. The
// bus will listen where the URL says. What was there before is overwritten,
// except the bus's own folder.
func (l *Lab) Configure(dir string, nats string) (path string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("directory %q: %w", dir, err)
	}
	bus, err := url.Parse(nats)
	if err != nil || bus.Host == "" || bus.Port() == "" {
		return "", fmt.Errorf("nats %q: give a URL with a port, such as nats://127.0.0.1:4222", nats)
	}
	doc := l.Inventory()
	if _, err := inventory.New(doc); err != nil {
		return "", fmt.Errorf("world: it makes no valid inventory:\n%w", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("directory %q: %w; it must exist", dir, err)
	}
	files := map[string][]byte{
		caFile: l.ca.PEM(), passwordFile: []byte(l.options.Password.Reveal() + "\n"),
		bearerFile: []byte(rand.Text() + "\n"), hmacFile: []byte(rand.Text() + "\n"),
	}
	if files[InventoryFile], err = asYAML("# The inventory of a simulated world. Written by the program lab.", doc); err != nil {
		return "", err
	}
	if files[ConfigFile], err = asYAML("# lifeboat for a simulated world. Written by the program lab.", serviceConfig(dir, bus.Host)); err != nil {
		return "", err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), content, 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, ConfigFile), nil
}

// asYAML writes a document by its JSON names, under a comment.
func asYAML(comment string, document any) ([]byte, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	text, err = yaml.JSONToYAML(text)
	if err != nil {
		return nil, err
	}
	return append([]byte(comment+"\n"), text...), nil
}

// serviceConfig is lifeboat.yaml.
func serviceConfig(dir, busAddress string) any {
	type section struct {
		Bus       map[string]string `json:"bus"`
		Inventory string            `json:"inventory"`
		Intake    any               `json:"intake"`
		Executor  map[string]string `json:"executor"`
		Health    map[string]string `json:"health"`
	}
	type caller struct {
		Name     string     `json:"name"`
		Systems  []string   `json:"systems"`
		Accounts []string   `json:"accounts"`
		Bearer   secret.Ref `json:"bearer"`
		HMAC     secret.Ref `json:"hmac"`
	}
	return section{
		Bus:       map[string]string{"dir": filepath.Join(dir, busFolder), "listen": busAddress},
		Inventory: InventoryFile,
		Intake: map[string]any{
			"listen":  "127.0.0.1:0",
			"callers": []caller{{TicketSystem, []string{TicketSystem}, []string{"*"}, secret.Ref{File: bearerFile}, secret.Ref{File: hmacFile}}},
		},
		Executor: map[string]string{"instance": "lab"},
		Health:   map[string]string{"listen": "127.0.0.1:0"},
	}
}

// Inventory is what lifeboat is told of this world. VMs that are not replicated
// are not in it: there is nothing to fail over.
func (l *Lab) Inventory() inventory.Document {
	const everything = "*"
	doc := inventory.Document{
		Systems:     []inventory.System{{Name: TicketSystem, Accounts: []string{everything}}},
		Accounts:    accounts(),
		Credentials: []inventory.Credential{{Name: "hosts", User: Administrator, Password: secret.Ref{File: passwordFile}}},
	}
	known := map[string]bool{}
	for _, h := range l.hosts {
		if site := siteOf(h.spec); !known[site] {
			known[site] = true
			doc.Sites = append(doc.Sites, inventory.Site{Name: site})
		}
		_, port := h.Ports()
		doc.Hosts = append(doc.Hosts, inventory.Host{
			Name: h.Name(), Site: siteOf(h.spec), Address: h.address, FQDN: h.FQDN(),
			WinRM:   inventory.WinRM{Transport: inventory.HTTPS, Port: port, Auth: inventory.NTLM, Credential: "hosts", CA: caFile},
			Replica: receives(h.spec.Server),
		})
	}
	doc.VMs = l.inventoryVMs()
	return doc
}

func siteOf(h hypersim.HostSpec) string {
	if h.Site == "" {
		return "home"
	}
	return h.Site
}

// receives is how a host receives replication; nil when it does not.
func receives(s *hypersim.ReplicationServer) *inventory.Replica {
	switch {
	case s == nil:
		return &inventory.Replica{Authentication: inventory.Kerberos}
	case !s.ReplicationEnabled:
		return nil
	case s.AllowedAuthenticationType == string(inventory.Certificate):
		return &inventory.Replica{Authentication: inventory.Certificate, Port: s.CertificateAuthenticationPort, CertificateThumbprint: s.CertificateThumbprint}
	}
	return &inventory.Replica{Authentication: inventory.Kerberos, Port: s.KerberosAuthenticationPort}
}

// accounts are two customers, one managed and one not, with people who may do
// everything and people who may only test.
func accounts() []inventory.Account {
	everything := []inventory.Right{inventory.MayTest, inventory.MayPlanned, inventory.MayUnplanned, inventory.MayOverride}
	return []inventory.Account{
		{ID: ManagedAccount, Name: "Acme Bank", Kind: inventory.Managed, Contacts: []inventory.Contact{
			{Name: "Alex Example", Email: "alex@acme.example", May: everything},
			{Name: "Sam Example", Email: "sam@acme.example", May: []inventory.Right{inventory.MayTest}},
		}},
		{ID: UnmanagedAccount, Name: "Globex", Kind: inventory.Unmanaged, Contacts: []inventory.Contact{
			{Name: "Robin Example", Email: "robin@globex.example", May: everything},
			{Name: "Kim Example", Email: "kim@globex.example", May: []inventory.Right{inventory.MayTest}},
		}},
	}
}

// inventoryVMs are the replicated VMs, every other one of each account.
func (l *Lab) inventoryVMs() []inventory.VM {
	var vms []inventory.VM
	for _, spec := range l.options.World.VMs {
		if spec.Replica == "" {
			continue
		}
		account := ManagedAccount
		if len(vms)%2 == 1 {
			account = UnmanagedAccount
		}
		vm := inventory.VM{ID: string(spec.ID), Name: spec.Name, Account: account, Primary: spec.Host, Replica: spec.Replica, Extended: spec.Extended,
			RPOMinutes: rpoMinutes, RTOMinutes: rtoMinutes}
		if s := l.byName[spec.Replica].spec.Switches; s == nil || slices.Contains(s, IsolatedSwitch) {
			vm.Test.Switch = IsolatedSwitch
		}
		vms = append(vms, vm)
	}
	return vms
}

// DeskBearer reads the ticket system's token from a directory Configure has
// written.
func DeskBearer(dir string) (secret.Text, error) { return secret.Ref{File: bearerFile}.Read(dir) }
