package terminal_test

import (
	"testing"
	"time"

	"lifeboat.io/services/lifeboat/terminal"
)

func TestAge(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		0: "0s", 1530 * time.Millisecond: "1.5s", 12900 * time.Millisecond: "12s", 250 * time.Second: "4m10s",
		3*time.Hour + 5*time.Minute: "3h05m", 47 * time.Hour: "47h00m", 72 * time.Hour: "3d",
		-500 * time.Millisecond: "0s", -5 * time.Minute: "in 5m00s",
	} {
		if got := terminal.Age(now.Add(-ago), now); got != want {
			t.Errorf("%s ago: %q, want %q", ago, got, want)
		}
	}
	if got := terminal.Age(time.Time{}, now); got != "never" {
		t.Errorf("no time: %q", got)
	}
	if got := terminal.Span(-90 * time.Second); got != "-1m30s" {
		t.Errorf("a negative span: %q", got)
	}
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 3, 4, 0, 30, 0, 0, time.UTC)
	for at, want := range map[time.Time]string{
		now.Add(-time.Minute): "00:29:00Z",
		now.Add(-time.Hour):   "2026-03-03 23:30:00Z",
		now.AddDate(-1, 0, 0): "2025-03-04 00:30:00Z",
		time.Date(2026, 3, 4, 2, 0, 0, 0, time.FixedZone("CET", 3600)): "01:00:00Z",
	} {
		if got := terminal.Clock(at, now); got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}
