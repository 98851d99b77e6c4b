package terminal

import (
	"fmt"
	"time"
)

// Age is how long ago something was, in at most two units: "12s", "4m10s",
// "3h05m", "2d", "never". A time to come is told as "in 5m".
func Age(at, now time.Time) string {
	if at.IsZero() {
		return "never"
	}
	if d := now.Sub(at); d > -time.Second {
		return Span(max(d, 0))
	}
	return "in " + Span(at.Sub(now))
}

// Span is a duration for people, in at most two units.
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Span(-d)
	case d < 10*time.Second:
		return d.Truncate(100 * time.Millisecond).String()
	case d < time.Minute:
		return d.Truncate(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd", int(d.Hours())/24)
	}
}

// Measured is a duration to the hundredth of a second, for figures that were
// measured: "41.88s", "1m48s".
func Measured(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }

// Clock is a time of day in UTC, with the date when it is not today's.
func Clock(at, now time.Time) string {
	at, now = at.UTC(), now.UTC()
	if at.Year() == now.Year() && at.YearDay() == now.YearDay() {
		return at.Format("15:04:05Z")
	}
	return at.Format("2006-01-02 15:04:05Z")
}
