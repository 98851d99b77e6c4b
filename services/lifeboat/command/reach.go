package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/pflag"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/services/lifeboat/lookup"
)

// Environment variables that stand in for flags.
const (
	envNATS      = "LIFEBOAT_NATS"
	envConfig    = "LIFEBOAT_CONFIG"
	envRequester = "LIFEBOAT_REQUESTER"
	envSystem    = "LIFEBOAT_SYSTEM"
)

const (
	// defaultNATS is where lifeboat serve listens unless it is told otherwise.
	defaultNATS = "nats://127.0.0.1:4222"
	// quickly bounds what completes a word on the command line, in all.
	quickly = 700 * time.Millisecond
	// closeWithin bounds the end of a connection.
	closeWithin = 3 * time.Second
)

// reach says where the bus is.
type reach struct {
	config, nats, creds string
}

func (r *reach) flags(f *pflag.FlagSet) {
	f.StringVar(&r.config, "config", "", "path of lifeboat.yaml (default $"+envConfig+")")
	f.StringVar(&r.nats, "nats", "", "URL of the bus (default $"+envNATS+", then what the configuration says, then "+defaultNATS+")")
	f.StringVar(&r.creds, "creds", "", "NATS credentials file to use with --nats")
}

// configPath is the configuration's path; empty when none is named.
func (c *cli) configPath() string {
	if c.reach.config != "" {
		return c.reach.config
	}
	return c.Env(envConfig)
}

// busConfig is how the bus is reached: as a guest, who creates nothing.
func (c *cli) busConfig() (bus.Config, error) {
	var out bus.Config
	url := c.reach.nats
	if url == "" {
		url = c.Env(envNATS)
	}
	switch path := c.configPath(); {
	case url != "":
		out.URL, out.Credentials.CredsFile = url, c.reach.creds
	case path != "":
		var err error
		if out, err = c.configuredBus(path); err != nil {
			return out, err
		}
	default:
		out.URL = defaultNATS
	}
	out.Attach, out.Name, out.Check, out.Logger = true, "lifeboat-cli", contract.Validate, c.log()
	return out, nil
}

// open connects to the bus. The error says where it was looked for and how to
// say so.
func (c *cli) open(ctx context.Context) (*bus.Bus, error) {
	config, err := c.busConfig()
	if err != nil {
		return nil, err
	}
	b, err := bus.Open(ctx, config)
	switch {
	case err == nil:
		return b, nil
	case isAway(err):
		return nil, fmt.Errorf("no bus answers at %s; is lifeboat serve running there? Otherwise say where with --nats, $%s or --config (%w)", config.URL, envNATS, err)
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return nil, fmt.Errorf("the bus at %s does not let us in; name a credentials file with --creds, or a configuration with --config (%w)", config.URL, err)
	}
	return nil, err
}

// isAway reports whether nobody answered at all.
func isAway(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) || errors.As(err, &op) || errors.As(err, &dns)
}

// withBus connects for as long as do runs.
func (c *cli) withBus(ctx context.Context, do func(*bus.Bus) error) error {
	b, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer c.close(ctx, b)
	return do(b)
}

// close ends a connection, although ctx may be over.
func (c *cli) close(ctx context.Context, b *bus.Bus) {
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	if err := b.Close(closing); err != nil {
		c.say("%v", err)
	}
}

// withLookup is withBus for commands that only look.
func (c *cli) withLookup(ctx context.Context, do func(lookup.Lookup) error) error {
	return c.withBus(ctx, func(b *bus.Bus) error { return do(lookup.Lookup{Bus: b}) })
}

// openQuickly is bus.Open for whoever has no patience: a server that does not
// answer in time is left behind, trying.
func openQuickly(ctx context.Context, config bus.Config) (*bus.Bus, error) {
	type opened struct {
		bus *bus.Bus
		err error
	}
	result := make(chan opened, 1)
	go func() {
		b, err := bus.Open(ctx, config)
		result <- opened{b, err}
	}()
	select {
	case o := <-result:
		return o.bus, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
