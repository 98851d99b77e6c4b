package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/lifeboat/config"
)

// findPatience bounds the search for a VM on a host.
const findPatience = 60 * time.Second

// configFindVM resolves a VM's name on a host to its id.
func (c *cli) configFindVM() *cobra.Command {
	var host, name, account string
	cmd := &cobra.Command{
		Use:   "find-vm --host <host> --name <vm>",
		Short: "Resolve a VM's name on a host to its VMId, and print its entry for the inventory",
		Long: `Resolve a VM's name on a host to its VMId, and print its entry for the inventory.
Names are not unique and change; lifeboat goes by the id only. The host must be in
the inventory, and this machine must have the secrets to log in to it.`,
		Example: examples("lifeboat config find-vm --config lifeboat.yaml --host ams-hv1 --name web01 --account acme"),
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if host == "" || name == "" {
				return usage("give --host and --name")
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
			vm, err := findVM(ctx, conf, inv, h, name)
			if err != nil {
				return err
			}
			return c.printEntry(inv, h, vm, account)
		},
	}
	cmd.Flags().StringVar(&host, "host", "", "the host's name in the inventory")
	cmd.Flags().StringVar(&name, "name", "", "the VM's name on the host, exactly as it is written there")
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
func findVM(ctx context.Context, conf config.Config, inv *inventory.Inventory, h inventory.Host, name string) (hyperv.VM, error) {
	host, err := connection.Dialer{Folder: conf.SecretsFolder()}.Connect(ctx, inv, h)
	if err != nil {
		return hyperv.VM{}, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		_ = host.Close(closing) // a shell left behind is the host's to clean up
	}()
	id, err := host.FindVM(ctx, name)
	if err != nil {
		return hyperv.VM{}, err
	}
	return host.Read(ctx, id)
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
