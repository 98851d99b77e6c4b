package terminal_test

import (
	"bytes"
	"strings"
	"testing"

	"lifeboat.io/services/lifeboat/terminal"
)

func TestTableAligns(t *testing.T) {
	var out bytes.Buffer
	page := &terminal.Page{W: &out}
	table := page.NewTable("VM", "STATUS", "NOTE")
	table.Print(terminal.Text("web01", "running", ""), terminal.Text("日本", "held", "wide"))
	table.Print(terminal.Text("a-longer-name", "x", "later"))
	want := strings.Join([]string{
		"VM      STATUS    NOTE",
		"web01   running   -",
		"日本    held      wide",
		"a-longer-name   x         later",
		"",
	}, "\n")
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// TestColoursTakeNoRoom: a table is laid out alike with and without colours.
func TestColoursTakeNoRoom(t *testing.T) {
	print := func(colour bool) string {
		var out bytes.Buffer
		page := &terminal.Page{W: &out, Colour: colour}
		rows := [][]terminal.Cell{{{Text: "ok", Mood: terminal.Good}, {Text: "x"}}, {{Text: "failed", Mood: terminal.Bad}, {Text: "y"}}}
		table := page.NewTable("STATUS", "WHAT")
		table.Fit(rows...)
		table.Print(rows...)
		return out.String()
	}
	plain, coloured := print(false), print(true)
	if strings.Contains(plain, "\x1b") {
		t.Errorf("colours where none are wanted: %q", plain)
	}
	if !strings.Contains(coloured, "\x1b[31mfailed\x1b[0m") {
		t.Errorf("no colours where they are wanted: %q", coloured)
	}
	for _, code := range []string{"\x1b[31m", "\x1b[32m", "\x1b[0m"} {
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	if coloured != plain {
		t.Errorf("colours change the layout:\n%q\n%q", coloured, plain)
	}
}

func TestATableCannotBeForged(t *testing.T) {
	var out bytes.Buffer
	page := &terminal.Page{W: &out}
	page.NewTable("VM").Print(terminal.Text("a\nweb01   running\x1b[2J"))
	if got := strings.Count(out.String(), "\n"); got != 2 || strings.Contains(out.String(), "\x1b") {
		t.Errorf("a name wrote %d lines: %q", got, out.String())
	}
}

func TestFields(t *testing.T) {
	var out bytes.Buffer
	(&terminal.Page{W: &out}).Fields([2]string{"a", "1"}, [2]string{"empty", ""}, [2]string{"long", "2\n3"})
	if want := "a     1\nlong  2\n      3\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestNoTerminalHasNoColours(t *testing.T) {
	if terminal.NewPage(&bytes.Buffer{}).Colour {
		t.Error("colours in a buffer")
	}
}
