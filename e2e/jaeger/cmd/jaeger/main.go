// The program jaeger starts a real Jaeger, gives the demonstration with traces
// on, and shows where to look at them.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lifeboat.io/e2e/demo"
	"lifeboat.io/e2e/jaeger"
	"lifeboat.io/e2e/jaeger/trace"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "jaeger:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	programs, binary string
	buildOnly, once  bool
}

func command() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "jaeger",
		Short: "Give the demonstration with traces on, and show them in a real Jaeger",
		Long: `jaeger builds Jaeger ` + jaeger.Version + ` from its Go module (some minutes, the first time
only), starts it on free ports of this machine, gives the demonstration with its
traces sent there, tells each trace in plain lines, and says where to look at it.
It stays until it is interrupted.

The module lacks Jaeger's pages: what is built here answers the query API and
shows a placeholder to browsers. An official all-in-one of version 1, named by
--jaeger or ` + jaeger.Variable + `, shows the pages too.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(c *cobra.Command, _ []string) error { return s.run(c.Context(), c.OutOrStdout()) },
	}
	c.Flags().StringVar(&s.programs, "programs", "bin", "`folder` with the programs lab, lifeboat and failover-executor; Jaeger is kept there too")
	c.Flags().StringVar(&s.binary, "jaeger", os.Getenv(jaeger.Variable), "`path` of an all-in-one to use instead of building one")
	c.Flags().BoolVar(&s.buildOnly, "build-only", false, "only build Jaeger")
	c.Flags().BoolVar(&s.once, "once", false, "end after the demonstration instead of waiting to be interrupted")
	return c
}

func (s settings) run(ctx context.Context, out io.Writer) error {
	binary := s.binary
	if binary == "" {
		var err error
		if binary, err = jaeger.Build(ctx, s.programs, out); err != nil || s.buildOnly {
			return err
		}
	}
	server, err := jaeger.Start(ctx, binary, nil)
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop() }() // it keeps nothing
	if err := demo.Run(ctx, demo.Options{Programs: s.programs, Out: out, Env: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + server.OTLP}}); err != nil {
		return err
	}
	if err := show(ctx, server, out); err != nil || s.once {
		return err
	}
	_, _ = fmt.Fprintln(out, "\nJaeger stays until you interrupt this (Ctrl-C).")
	<-ctx.Done()
	return nil
}

// show tells every ticket's trace and where it is.
func show(ctx context.Context, server *jaeger.Server, out io.Writer) error {
	traces, err := server.Search(ctx, "ticket-intake", nil)
	if err != nil {
		return err
	}
	slices.SortFunc(traces, func(a, b trace.Trace) int { return a.Sorted(nil)[0].Start.Compare(b.Sorted(nil)[0].Start) })
	for _, t := range traces {
		if len(t.Sorted(trace.Span.IsStretch)) == 0 {
			continue // the same ticket once more, which changed nothing
		}
		_, _ = fmt.Fprintf(out, "\n== %s\n   %d spans by %s\n   page %s\n   data %s\n", title(t), len(t.Spans), strings.Join(t.Services(), " and "),
			server.Page(t.ID), server.Document(t.ID))
		trace.Tell(out, t)
	}
	_, _ = fmt.Fprintf(out, "\nEverything: %s/search?service=failover-executor&lookback=1h\n", server.Query)
	return nil
}

// title says in a few words which ticket a trace is about.
func title(t trace.Trace) string {
	for _, s := range t.Sorted(trace.Span.IsStretch) {
		if action := s.Tags["lifeboat.action"]; action != "" {
			_, ticket, _ := strings.Cut(s.Tags[trace.TagTicket], "~")
			return fmt.Sprintf("%s asks for %s: %s", cmp.Or(ticket, "a ticket"), action, s.Tags[trace.TagOutcome])
		}
	}
	return "a trace without a ticket"
}
