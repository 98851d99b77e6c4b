package command

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"lifeboat.io/services/lifeboat/server"
)

// serveName is the one command that takes signals itself.
const serveName = "serve"

// serve runs the services.
func (c *cli) serve() *cobra.Command {
	var services string
	cmd := &cobra.Command{
		Use:   serveName + " --config <lifeboat.yaml>",
		Short: "Run all services in one process, on an embedded bus",
		Long: `Run all services in one process, on the bus that the configuration names: embedded,
with its streams on disk, or an external one by url.

When everything is ready, one line of JSON is printed on standard output:
  {"ready":true,"nats":"nats://127.0.0.1:4222","http":"http://127.0.0.1:8480"}
Everything else goes to standard error. SIGHUP reads the inventory again; one with
mistakes is refused with all of them, and the one before it goes on to hold.
SIGTERM and Ctrl-C stop in order: what has begun is finished or left where the
next start goes on. A second one stops at once, which loses nothing either.

--services picks which services run here, so that others can run as programs of
their own; "none" runs the bus only and keeps the inventory on it.`,
		Example: examples(
			"lifeboat serve --config lifeboat.yaml",
			"lifeboat serve --config lifeboat.yaml --services ticket-intake",
			"lifeboat serve --config lifeboat.yaml --services none",
		),
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := c.needConfig()
			if err != nil {
				return err
			}
			names, err := server.ParseServices(services)
			if err != nil {
				return usage("--services: %w", err)
			}
			err = server.Serve(cmd.Context(), server.Options{ConfigPath: path, Services: names, Out: c.Out, Log: c.Err})
			var bad *server.ConfigError
			if errors.As(err, &bad) {
				return wrong(err)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&services, "services", "all", "which services to run here: all, none, or some of "+strings.Join(server.Services, ","))
	_ = cmd.RegisterFlagCompletionFunc("services", cobra.FixedCompletions(append([]string{"all", server.None}, server.Services...), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
