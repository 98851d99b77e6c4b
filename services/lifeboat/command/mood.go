package command

import (
	"time"

	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// moods colour the words that tell how tickets, runs and steps stand.
var moods = map[string]terminal.Mood{
	"succeeded": terminal.Good, "done": terminal.Good, "ok": terminal.Good,
	"awaiting cleanup": terminal.Warning, "awaiting commit": terminal.Warning, "being undone": terminal.Warning,
	"retrying": terminal.Warning, "unknown": terminal.Warning, "mixed": terminal.Warning, "warn": terminal.Warning,
	"held": terminal.Bad, "failed": terminal.Bad, "refused": terminal.Bad, "fail": terminal.Bad,
	"cancelled": terminal.Old, "superseded": terminal.Old, "not-taken": terminal.Old, "closed": terminal.Old,
}

// status is a word on how something stands, in its colour. What must not be
// missed is in capitals besides.
func status(word string) terminal.Cell {
	cell := terminal.Cell{Text: word, Mood: moods[word]}
	if word == "held" {
		cell.Text = "HELD"
	}
	return cell
}

// heard is how long ago something was heard of. While something is under way,
// what was not heard of lately is marked.
func (c *cli) heard(at time.Time, over bool) terminal.Cell {
	cell := terminal.Cell{Text: c.ago(at)}
	if !over && !view.Fresh(at, c.Now()) {
		cell.Text += " (old)"
		cell.Mood = terminal.Old
	}
	return cell
}

// ago is how long ago something was.
func (c *cli) ago(at time.Time) string {
	age := terminal.Age(at, c.Now())
	if at.IsZero() || at.After(c.Now()) {
		return age
	}
	return age + " ago"
}
