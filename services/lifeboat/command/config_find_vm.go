package command

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/lifeboat/config"
)

// findPatience bounds the search for a VM on a host.
const findPatience = 60 * time.Second

// vmID is what a VM goes by.
var vmID = regexp.MustCompile(events.PatternVMID)

// configFindVM resolves a VM's name on a host to its id.
func (c *cli) configFindVM() *cobra.Command {
	var host, name, id, account string
	cmd := &cobra.Command{
		Use:   "find-vm --host <host> (--name <vm> | --id <VMId>)",
		Short: "Resolve a VM's name on a host to its VMId, and print its entry for the inventory",
		Long: `Resolve a VM's name on a host to its VMId, and print its entry for the inventory.
Names are not unique and change; lifeboat goes by the id only. Where several VMs of
the host have the name, they are listed, and --id says which one is meant. The host
must be in the inventory, and this machine must have the secrets to log in to it.`,
		Example: examples("lifeboat config find-vm --config lifeboat.yaml --host ams-hv1 --name web01 --account acme"),
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case host == "" || name == "" && id == "":
				return usage("give --host, and --name or --id")
			case name != "" && id != "":
				return usage("give --name or --id, not both: --name %q, --id %q", name, id)
			case id != "" && !vmID.MatchString(inventory.NormalVMID(id)):
				return usage("--id %q is no GUID; give the VMId as Get-VM shows it in Id, 8-4-4-4-12 hexadecimal digits", id)
			}
			conf, inv, err := c.checkedConfig()
			if err != nil {
				return err
			}
			h, ok := inv.Host(host)
			if !ok {
				return usage("--host %q is not in the inventory; it has %s", host, hostNames(inv))
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), findPatience)
			defer cancel()
			vm, err := findVM(ctx, conf, inv, h, name, hyperv.VMID(inventory.NormalVMID(id)))
			if err != nil {
				return err
			}
			return c.printEntry(inv, h, vm, account)
		},
	}
	cmd.Flags().StringVar(&host, "host", "", "the host's name in the inventory")
	cmd.Flags().StringVar(&name, "name", "", "the VM's name on the host, exactly as it is written there")
	cmd.Flags().StringVar(&id, "id", "", "the VM's id, where several have the name")
	cmd.Flags().StringVar(&account, "account", "", "the account to write into the entry")
	return cmd
}

// checkedConfig is the configuration with its inventory, for commands that need both.
func (c *cli) checkedConfig() (config.Config, *inventory.Inventory, error) {
	path, err := c.needConfig()
	if err != nil {
		return config.Config{}, nil, err
	}
	conf, inv, err := config.Check(path)
	if err != nil {
		return conf, inv, wrong(err)
	}
	return conf, inv, nil
}

func hostNames(inv *inventory.Inventory) string {
	names := make([]string, len(inv.Hosts))
	for i, h := range inv.Hosts {
		names[i] = h.Name
	}
	return strings.Join(names, ", ")
}

// findVM asks the host.
func findVM(ctx context.Context, conf config.Config, inv *inventory.Inventory, h inventory.Host, name string, id hyperv.VMID) (hyperv.VM, error) {
	host, err := connection.Dialer{Folder: conf.SecretsFolder()}.Connect(ctx, inv, h)
	if err != nil {
		return hyperv.VM{}, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		_ = host.Close(closing) // a shell left behind is the host's to clean up
	}()
	return vmOn(ctx, host, name, id)
}

// vmOn is the VM of a host that goes by a name or by an id. Its errors say what
// to write instead.
func vmOn(ctx context.Context, host hyperv.Host, name string, id hyperv.VMID) (hyperv.VM, error) {
	if id == "" {
		var err error
		if id, err = host.FindVM(ctx, name); err != nil {
			return hyperv.VM{}, whichVM(ctx, host, name, err)
		}
	}
	vm, err := host.Read(ctx, id)
	if err == nil && !vm.Present {
		err = fmt.Errorf("%s has no VM with id %s; give --name to look for it by its name", host.Name(), id)
	}
	return vm, err
}

// whichVM adds to an error about a name the VMs that may be meant, and what to
// write instead. Without them the error is as it was.
func whichVM(ctx context.Context, host hyperv.Host, name string, err error) error {
	code := hyperv.AsError(err).Code
	if code != hyperv.CodeVMAmbiguous && code != hyperv.CodeVMNotFound {
		return err
	}
	all, failed := host.ListVMs(ctx)
	if failed != nil {
		return err
	}
	var meant []hyperv.VMSummary
	for _, vm := range all {
		if vm.Name == name || code == hyperv.CodeVMNotFound && strings.EqualFold(vm.Name, name) {
			meant = append(meant, vm)
		}
	}
	if len(meant) == 0 {
		return err
	}
	if code == hyperv.CodeVMNotFound {
		return fmt.Errorf("%w; a name is compared letter by letter: did you mean --name %q?", err, meant[0].Name)
	}
	var text strings.Builder
	for _, vm := range meant {
		fmt.Fprintf(&text, "\n  --id %s  %s, replication %s", vm.ID, vm.Power, vm.Mode)
	}
	return fmt.Errorf("host %s has %d VMs named %q; give one of these instead of --name:%s", host.Name(), len(meant), name, text.String())
}

// printEntry prints a VM as the inventory would have it. Comments say what is
// left for a person to fill in.
func (c *cli) printEntry(inv *inventory.Inventory, h inventory.Host, vm hyperv.VM, account string) error {
	entry := entryOf(inv, h, vm, account)
	raw, err := yaml.MarshalWithOptions([]inventory.VM{entry}, yaml.IndentSequence(true))
	if err != nil {
		return fmt.Errorf("print the entry: %w", err)
	}
	c.page.Printf("%s", raw)
	for _, missing := range [][2]string{{entry.Account, "account"}, {entry.Primary, "primary"}, {entry.Replica, "replica"}} {
		if missing[0] == "" {
			c.say("Fill in %s: the host does not tell.", missing[1])
		}
	}
	if _, listed := inv.VM(entry.ID); listed {
		c.say("The inventory has this VM already.")
	}
	return nil
}

// entryOf is a VM's entry, with its hosts as far as its replication names them.
func entryOf(inv *inventory.Inventory, h inventory.Host, vm hyperv.VM, account string) inventory.VM {
	entry := inventory.VM{ID: string(vm.ID), Name: vm.Name, Account: account}
	switch vm.Replication.Mode {
	case hyperv.ModePrimary:
		entry.Primary, entry.Replica = h.Name, hostByFQDN(inv, vm.Replication.ReplicaServer)
	case hyperv.ModeReplica:
		entry.Primary, entry.Replica = hostByFQDN(inv, vm.Replication.PrimaryServer), h.Name
	case hyperv.ModeExtendedReplica:
		entry.Replica, entry.Extended = hostByFQDN(inv, vm.Replication.PrimaryServer), h.Name
	case hyperv.ModeNone, hyperv.ModeTestReplica:
		entry.Primary = h.Name
	}
	return entry
}

func hostByFQDN(inv *inventory.Inventory, fqdn string) string {
	i := slices.IndexFunc(inv.Hosts, func(h inventory.Host) bool { return strings.EqualFold(h.FQDN, fqdn) })
	if i < 0 {
		return ""
	}
	return inv.Hosts[i].Name
}
