package telemetry

import (
	"log/slog"
	"sync"
	"time"
)

// complaints logs errors of the export now and then, with how many were not
// logged in between: a collector that is down for a day must not fill the log.
type complaints struct {
	log   *slog.Logger
	every time.Duration

	mu     sync.Mutex
	last   time.Time
	silent int
}

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	if err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if !c.last.IsZero() && now.Sub(c.last) < c.every {
		c.silent++
		return
	}
	c.log.Warn("traces are not exported", "error", err, "notLogged", c.silent)
	c.last, c.silent = now, 0
}
