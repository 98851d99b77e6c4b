package command

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// getHosts lists hosts.
func (c *cli) getHosts() *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:     "hosts",
		Aliases: []string{"host"},
		Short:   "List the hosts of the inventory and when a run last looked at them",
		Long: `List the hosts of the inventory and when a run last looked at them. What was not
seen lately is "unknown"; lifeboat doctor looks at the hosts now.`,
		Example: examples("lifeboat get hosts", "lifeboat get hosts -o yaml"),
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.listHosts(cmd.Context(), f) },
	}
	f.add(cmd)
	return cmd
}

func (c *cli) listHosts(ctx context.Context, f listFlags) error {
	list := func(ctx context.Context, look lookup.Lookup) ([]view.Host, error) { return look.Hosts(ctx, c.Now()) }
	return show(ctx, c, listing[view.Host]{
		none:    "The inventory has no hosts.",
		headers: []string{"HOST", "SITE", "ADDRESS", "WINRM", "PRIMARIES", "REPLICAS", "ANSWERED"},
		row:     c.hostRow,
		name:    func(h view.Host) string { return h.Name },
		list:    list,
		changed: func(ctx context.Context, look lookup.Lookup, _ events.Aggregate) ([]view.Host, error) {
			return list(ctx, look)
		},
		family: events.FamilyFailover,
	}, &f.output, f.watch)
}

func (c *cli) hostRow(h view.Host) []terminal.Cell {
	cells := terminal.Text(h.Name, h.Site, h.Address, fmt.Sprintf("%s:%d %s", h.Transport, h.Port, h.Auth),
		strconv.Itoa(len(h.Primaries)), strconv.Itoa(len(h.Replicas)))
	return append(cells, c.answered(h.Seen))
}

// answered tells whether a host answered when a run looked at it last.
func (c *cli) answered(s *view.HostSighting) terminal.Cell {
	if s == nil {
		return terminal.Cell{Text: "unknown", Mood: terminal.Old}
	}
	word := "yes"
	cell := terminal.Cell{}
	if s.Fault != nil {
		word, cell.Mood = "NO: "+s.Fault.Code, terminal.Bad
	}
	cell.Text = fmt.Sprintf("%s, %s", word, c.ago(s.At))
	if s.Stale {
		cell.Text, cell.Mood = fmt.Sprintf("unknown (%s)", cell.Text), terminal.Old
	}
	return cell
}
