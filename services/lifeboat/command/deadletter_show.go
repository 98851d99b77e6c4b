package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/lifeboat/terminal"
)

// letter is a dead letter for programs.
type letter struct {
	ID          uint64       `json:"id"`
	Stream      string       `json:"stream"`
	Seq         uint64       `json:"seq"`
	Subject     string       `json:"subject"`
	Stored      *time.Time   `json:"stored,omitempty"`
	Consumer    string       `json:"consumer"`
	Deliveries  int          `json:"deliveries"`
	Reason      string       `json:"reason"`
	Buried      time.Time    `json:"buried"`
	EventID     string       `json:"eventId,omitempty"`
	EventType   string       `json:"eventType,omitempty"`
	Settlements []settlement `json:"settlements"`
	// Header and Data are the message's own; only `show` has them. Data that is
	// no text is in DataBase64 instead.
	Header     map[string][]string `json:"header,omitempty"`
	Data       string              `json:"data,omitempty"`
	DataBase64 []byte              `json:"dataBase64,omitempty"`
}

// settlement is what was done about a dead letter.
type settlement struct {
	Action string    `json:"action"`
	By     string    `json:"by"`
	Why    string    `json:"why"`
	At     time.Time `json:"at"`
}

func letterOf(d bus.DeadLetter) letter {
	l := letter{
		ID: d.ID, Stream: d.Stream, Seq: d.Seq, Subject: d.Subject, Consumer: d.Consumer, Deliveries: d.Deliveries,
		Reason: d.Reason, Buried: d.Buried, EventID: d.EventID, EventType: d.EventType, Settlements: []settlement{},
	}
	if !d.Stored.IsZero() {
		l.Stored = &d.Stored
	}
	for _, s := range d.Settlements {
		l.Settlements = append(l.Settlements, settlement{string(s.Action), s.By, s.Why, s.At})
	}
	return l
}

// deadletterShow shows a dead letter with its message.
func (c *cli) deadletterShow() *cobra.Command {
	var o output
	cmd := &cobra.Command{
		Use:     "show <id>",
		Short:   "Show a dead letter with its message",
		Example: examples("lifeboat deadletter show 17", "lifeboat deadletter show 17 -o json | jq -r .data"),
		Args:    exactly("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := letterID(args[0])
			if err != nil {
				return err
			}
			return c.withBus(cmd.Context(), func(b *bus.Bus) error { return c.tellLetter(cmd.Context(), b, id, &o) })
		},
	}
	outputFlag(cmd, &o, formText, formJSON, formYAML)
	return cmd
}

// letterID reads a dead letter's id.
func letterID(text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, usage("%q is no id of a dead letter; lifeboat deadletter list shows them", text)
	}
	return id, nil
}

func (c *cli) tellLetter(ctx context.Context, b *bus.Bus, id uint64, o *output) error {
	d, err := b.DeadLetter(ctx, id)
	if err != nil {
		return fmt.Errorf("%w; lifeboat deadletter list shows those that are kept", err)
	}
	l := letterOf(d.DeadLetter)
	l.Header = d.Header
	if utf8.Valid(d.Data) {
		l.Data = string(d.Data)
	} else {
		l.DataBase64 = d.Data
	}
	if !o.people() {
		return c.data(o, l, false)
	}
	stored := ""
	if l.Stored != nil {
		stored = terminal.Clock(*l.Stored, c.Now())
	}
	c.page.Printf("dead letter %d: %s\n\n", l.ID, terminal.Safe(l.Reason))
	c.page.Fields(
		[2]string{"given up by", fmt.Sprintf("%s, %s (%s), after %d deliveries", terminal.Safe(l.Consumer), terminal.Clock(l.Buried, c.Now()), c.ago(l.Buried), l.Deliveries)},
		[2]string{"message", fmt.Sprintf("%d of %s on %s", l.Seq, l.Stream, terminal.Safe(l.Subject))},
		[2]string{"stored", stored},
		[2]string{"event", terminal.Safe(strings.TrimSpace(l.EventType + " " + l.EventID))},
	)
	for _, s := range l.Settlements {
		c.page.Printf("%s by %s at %s: %s\n", s.Action, terminal.Safe(s.By), terminal.Clock(s.At, c.Now()), terminal.Safe(s.Why))
	}
	c.tellMessage(l)
	if d.Open() {
		id := strconv.FormatUint(l.ID, 10)
		c.offer("Next", []advice{
			{commandLine("deadletter", "replay", id) + " --by <email> --reason <why>", "hand it to " + terminal.Safe(l.Consumer) + " again, once the cause is mended"},
			{commandLine("deadletter", "discard", id) + " --by <email> --reason <why>", "leave it be"},
		})
	}
	return nil
}

// tellMessage prints a message as far as a terminal can take it.
func (c *cli) tellMessage(l letter) {
	c.section("Headers")
	for _, name := range slices.Sorted(maps.Keys(l.Header)) {
		c.page.Printf("  %s: %s\n", terminal.Safe(name), terminal.Safe(strings.Join(l.Header[name], ", ")))
	}
	if len(l.DataBase64) > 0 {
		c.section(fmt.Sprintf("Data, %d bytes, is not text; -o json has it", len(l.DataBase64)))
		return
	}
	c.section(fmt.Sprintf("Data, %d bytes", len(l.Data)))
	for _, line := range strings.Split(strings.TrimRight(l.Data, "\n"), "\n") {
		c.page.Printf("  %s\n", terminal.Safe(line))
	}
}
