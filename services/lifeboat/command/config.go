package command

import (
	"github.com/spf13/cobra"

	"lifeboat.io/services/lifeboat/config"
	"lifeboat.io/services/lifeboat/terminal"
)

// config is for the configuration and the inventory.
func (c *cli) config() *cobra.Command {
	return group("config", "Check the configuration and the inventory, and write entries for it", "", c.configCheck(), c.configFindVM())
}

// configCheck lists everything that is wrong with the files.
func (c *cli) configCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "List everything that is wrong with lifeboat.yaml and its inventory",
		Long: `List everything that is wrong with lifeboat.yaml and the inventory it names, each with
file, line and column. Nothing is started and no host is asked; lifeboat doctor
does that.`,
		Example: examples("lifeboat config check --config lifeboat.yaml"),
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			path, err := c.needConfig()
			if err != nil {
				return err
			}
			conf, inv, err := config.Check(path)
			if err != nil {
				return wrong(err)
			}
			c.page.Printf("%s and %s are in order: %d accounts, %d hosts, %d VMs. Inventory %.12s\n", terminal.Safe(path), terminal.Safe(conf.Inventory),
				len(inv.Accounts), len(inv.Hosts), len(inv.VMs), inv.Digest())
			return nil
		},
	}
}
