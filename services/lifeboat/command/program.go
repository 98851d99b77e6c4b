package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lifeboat.io/services/lifeboat/terminal"
)

// Program is one invocation of lifeboat.
type Program struct {
	// In, Out and Err are the standard streams.
	In       io.Reader
	Out, Err io.Writer
	// Env reads the environment.
	Env func(name string) string
	// Now is the clock.
	Now func() time.Time
}

// Run carries out a command line, without the program's name, and returns the
// exit code. The context ends when the person has had enough.
func (p Program) Run(ctx context.Context, args []string) int {
	c := &cli{Program: p, page: terminal.NewPage(p.Out), aside: terminal.NewPage(p.Err)}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	at, err := root.ExecuteContextC(ctx)
	c.tell(at, err)
	return codeOf(err)
}

// cli is what the commands share.
type cli struct {
	Program
	// page prints answers, aside everything said meanwhile.
	page, aside *terminal.Page
	reach       reach
}

// tell prints an error, in terms of the command it happened in.
func (c *cli) tell(at *cobra.Command, err error) {
	var e *exit
	if err == nil || errors.As(err, &e) && e.err == nil {
		return
	}
	for _, line := range strings.Split(strings.TrimRight(err.Error(), "\n"), "\n") {
		c.aside.Printf("%s %s\n", c.aside.In(terminal.Bad, "lifeboat:"), terminal.Safe(line))
	}
	if errors.As(err, &e) && e.help {
		c.aside.Printf("See '%s --help'.\n", at.CommandPath())
	}
}

// say tells a person something that is not the answer.
func (c *cli) say(format string, args ...any) { c.aside.Printf(format+"\n", args...) }

// log is where libraries write: warnings only, as a command line has no use for more.
func (c *cli) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// group is a command that only has others below it.
func group(use, short, long string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				_ = cmd.Help() // fails only when the output does
				return quietly(ExitUsage)
			}
			return unknownCommand(cmd, args[0])
		},
	}
	cmd.AddCommand(below...)
	return cmd
}

// suggestWithin is how many letters a command may differ from what was typed.
const suggestWithin = 2

// unknownCommand names the commands that may have been meant.
func unknownCommand(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = suggestWithin
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return usage("there is no command %q; did you mean %s?", cmd.CommandPath()+" "+name, strings.Join(near, " or "))
	}
	return usage("there is no command %q", cmd.CommandPath()+" "+name)
}

// exactly wants a number of arguments, named for the error.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage("%s: <%s> is missing", cmd.CommandPath(), names[len(args)])
		}
		if len(args) > len(names) {
			return usage("%s: %q is one argument too many; quote names with spaces", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}

// examples indents example lines the way help shows them.
func examples(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	return strings.TrimRight(b.String(), "\n")
}
