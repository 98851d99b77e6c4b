package terminal

import (
	"strings"

	"golang.org/x/text/width"
)

// Cell is one cell of a table.
type Cell struct {
	// Text is made Safe when it is printed.
	Text string
	// Mood colours it.
	Mood Mood
}

// Text makes plain cells.
func Text(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i].Text = t
	}
	return cells
}

// columnGap is the room between two columns.
const columnGap = "   "

// Table prints rows in columns. Rows that are printed later stand below the
// earlier ones: columns grow when they must and never shrink.
type Table struct {
	page    *Page
	headers []string
	widths  []int
	begun   bool
}

// NewTable makes a table; without headers it has none.
func (p *Page) NewTable(headers ...string) *Table { return &Table{page: p, headers: headers} }

// Fit makes the columns wide enough for rows that will be printed.
func (t *Table) Fit(rows ...[]Cell) {
	for _, row := range append([][]Cell{Text(t.headers...)}, rows...) {
		for n, cell := range row {
			if n >= len(t.widths) {
				t.widths = append(t.widths, 0)
			}
			t.widths[n] = max(t.widths[n], columns(shown(cell)))
		}
	}
}

// Print prints rows, below the headers when they are the first. An empty cell
// shows as "-".
func (t *Table) Print(rows ...[]Cell) {
	t.Fit(rows...)
	if !t.begun && len(t.headers) > 0 {
		t.line(Text(t.headers...))
	}
	t.begun = true
	for _, row := range rows {
		t.line(row)
	}
}

// line prints one row.
func (t *Table) line(row []Cell) {
	var b strings.Builder
	for n, cell := range row {
		text := shown(cell)
		b.WriteString(t.page.In(cell.Mood, text))
		if n < len(row)-1 {
			b.WriteString(strings.Repeat(" ", t.widths[n]-columns(text)))
			b.WriteString(columnGap)
		}
	}
	t.page.Printf("%s\n", b.String())
}

// shown is a cell's text as it is printed.
func shown(c Cell) string {
	if c.Text == "" {
		return "-"
	}
	return Safe(c.Text)
}

// columns is how many columns of a terminal a text takes.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
