package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
)

// describeHost tells one host.
func (c *cli) describeHost() *cobra.Command {
	var o output
	cmd := &cobra.Command{
		Use:     "host <host>",
		Aliases: []string{"hosts"},
		Short:   "Tell one host: how it is reached, when it last answered, which VMs belong on it",
		Example: examples("lifeboat describe host ams-hv1"),
		Args:    exactly("host"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withLookup(cmd.Context(), func(look lookup.Lookup) error {
				return c.tellHostNamed(cmd.Context(), look, args[0], &o)
			})
		},
		ValidArgsFunction: first(c.completeHosts),
	}
	outputFlag(cmd, &o, formText, formJSON, formYAML)
	return cmd
}

func (c *cli) tellHostNamed(ctx context.Context, look lookup.Lookup, name string, o *output) error {
	h, err := look.Host(ctx, name, c.Now())
	if err != nil {
		return err
	}
	if !o.people() {
		return c.data(o, h, false)
	}
	vms, err := look.VMs(ctx, "", c.Now())
	if err != nil {
		return err
	}
	names := make(map[string]string, len(vms))
	for _, v := range vms {
		names[v.ID] = v.Name
	}
	c.page.Printf("host %s\n\n", terminal.Safe(h.Name))
	c.page.Fields(
		[2]string{"site", terminal.Safe(h.Site)},
		[2]string{"address", terminal.Safe(h.Address)},
		[2]string{"fqdn", terminal.Safe(h.FQDN)},
		[2]string{"winrm", fmt.Sprintf("%s, port %d, %s", h.Transport, h.Port, h.Auth)},
		[2]string{"answered", c.coloured(c.answered(h.Seen))},
		[2]string{"primary of", namesOf(names, h.Primaries)},
		[2]string{"replica of", namesOf(names, h.Replicas)},
		[2]string{"extended of", namesOf(names, h.Extended)},
	)
	c.offer("Next", []advice{{commandLine("doctor", "--host", h.Name), "look at the host now: log-on, clock, cmdlets, VMs"}})
	return nil
}

// namesOf lists VMs by name.
func namesOf(names map[string]string, ids []string) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = terminal.Safe(names[id])
	}
	return strings.Join(list, ", ")
}
