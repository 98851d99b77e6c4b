package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestComplaintsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		c := &complaints{log: slog.New(slog.NewTextHandler(&buf, nil)), every: time.Minute}
		c.Handle(nil)
		for range 100 {
			c.Handle(errors.New("collector is away"))
		}
		time.Sleep(time.Minute) // virtual
		c.Handle(errors.New("still away"))
		lines := strings.Split(strings.TrimSpace(buf.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[1], "notLogged=99") || !strings.Contains(lines[1], "still away") {
			t.Fatalf("logged:\n%s", buf.String())
		}
	})
}
