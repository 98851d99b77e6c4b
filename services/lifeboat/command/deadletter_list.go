package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/lifeboat/terminal"
)

// deadletterList lists dead letters.
func (c *cli) deadletterList() *cobra.Command {
	var o output
	var q bus.DeadLetterQuery
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List dead letters, newest first",
		Example: examples(
			"lifeboat deadletter list           # those nobody has settled",
			"lifeboat deadletter list --all -o json",
			"lifeboat deadletter list -o name  # the ids alone",
		),
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			q.OpenOnly = !all
			return c.withBus(cmd.Context(), func(b *bus.Bus) error { return c.listLetters(cmd.Context(), b, q, &o) })
		},
	}
	outputFlag(cmd, &o, formTable, formJSON, formYAML, formName)
	cmd.Flags().BoolVar(&all, "all", false, "those that were settled too")
	cmd.Flags().StringVar(&q.Stream, "stream", "", "only those of this stream, such as INBOX")
	cmd.Flags().StringVar(&q.Consumer, "consumer", "", "only those this consumer gave up on, such as ticket-intake")
	cmd.Flags().IntVar(&q.Limit, "limit", 100, "at most this many")
	return cmd
}

func (c *cli) listLetters(ctx context.Context, b *bus.Bus, q bus.DeadLetterQuery, o *output) error {
	letters, err := b.DeadLetters(ctx, q)
	if err != nil {
		return err
	}
	if o.form == formName {
		for _, d := range letters {
			c.page.Printf("%d\n", d.ID)
		}
		return nil
	}
	if !o.people() {
		out := make([]letter, len(letters))
		for i, d := range letters {
			out[i] = letterOf(d)
		}
		return c.data(o, out, false)
	}
	if len(letters) == 0 {
		c.say("No dead letters%s.", map[bool]string{true: " that nobody has settled; --all lists the others", false: ""}[q.OpenOnly])
		return nil
	}
	table := c.page.NewTable("ID", "BURIED", "CONSUMER", "STREAM", "SEQ", "TRIES", "SETTLED", "REASON")
	for _, d := range letters {
		row := terminal.Text(strconv.FormatUint(d.ID, 10), c.ago(d.Buried), d.Consumer, d.Stream,
			strconv.FormatUint(d.Seq, 10), strconv.Itoa(d.Deliveries))
		table.Print(append(row, settled(d), terminal.Cell{Text: terminal.Cut(d.Reason, 100)}))
	}
	return nil
}

// settled tells what was done last about a dead letter.
func settled(d bus.DeadLetter) terminal.Cell {
	if d.Open() {
		return terminal.Cell{Text: "no", Mood: terminal.Bad}
	}
	last := d.Settlements[len(d.Settlements)-1]
	return terminal.Cell{Text: string(last.Action) + " by " + last.By, Mood: terminal.Old}
}
