package programs

import (
	"context"
	"io"
)

// Lifeboat is a running `lifeboat serve`.
type Lifeboat struct {
	*Program
	// NATS is the bus's address, HTTP ticket-intake's.
	NATS string `json:"nats"`
	HTTP string `json:"http"`
}

// StartLifeboat starts `lifeboat serve` on a configuration.
func StartLifeboat(ctx context.Context, folder, config string, env []string, log io.Writer, args ...string) (*Lifeboat, error) {
	var l Lifeboat
	p, err := Start(ctx, folder, "lifeboat", append([]string{"serve", "--config", config}, args...), env, log, &l)
	l.Program = p
	return &l, err
}
