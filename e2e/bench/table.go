package bench

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
)

// Figure is one measured figure with the bar it is held against.
type Figure struct {
	// Name says what was measured.
	Name string
	// Value is the figure, in Unit.
	Value float64
	// Unit is its unit; "×" for a ratio.
	Unit string
	// Bar is what it is held against; 0 for none.
	Bar float64
	// AtLeast means that the figure must reach the bar, not stay below it.
	AtLeast bool
	// How says what it was measured against or over.
	How string
}

// Met reports whether the bar is met; a figure without one always is.
func (f Figure) Met() bool {
	switch {
	case f.Bar == 0:
		return true
	case f.AtLeast:
		return f.Value >= f.Bar
	default:
		return f.Value <= f.Bar
	}
}

// Measure is one measurement.
type Measure struct {
	// Name selects it on the command line.
	Name string
	// About says what it does.
	About string
	// Run makes the figures.
	Run func(ctx context.Context, s Setting) ([]Figure, error)
}

// Setting is what measurements share.
type Setting struct {
	// Programs is the folder with the built programs.
	Programs string
	// Progress gets a line now and then.
	Progress io.Writer
}

func (s Setting) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Progress, format+"\n", args...)
}

// Measures are all measurements.
var Measures = []Measure{
	{"host-client", "100 hosts × 5 commands over WinRM, beside the client library by itself", hostClient},
	{"append", "one event appended with its expectation, beside a raw publish with the same", appending},
	{"failovers", "100 planned failovers at once, beside one alone driven by hand", failovers},
	{"foreign", "the same 100 planned failovers by lifeboat, by pywinrm and by Ansible", foreign},
	{"lab", "500 simulated hosts with 10,000 VMs in one process", labSize},
	{"memory", "lifeboat serve, idle, 100 hosts known", memory},
}

// Print prints figures as a table, and returns how many bars were missed.
func Print(w io.Writer, figures []Figure) int {
	missed := 0
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "WHAT\tFIGURE\tBAR\tMET\tHOW")
	for _, f := range figures {
		bar, met := "-", "-"
		if f.Bar != 0 {
			sign := "≤"
			if f.AtLeast {
				sign = "≥"
			}
			bar, met = fmt.Sprintf("%s %.4g %s", sign, f.Bar, f.Unit), "yes"
			if !f.Met() {
				met = "NO"
				missed++
			}
		}
		_, _ = fmt.Fprintf(t, "%s\t%.3g %s\t%s\t%s\t%s\n", f.Name, f.Value, f.Unit, bar, met, f.How)
	}
	_ = t.Flush()
	return missed
}
