package simulation

import (
	"fmt"
	"strings"
	"time"

	"lifeboat.io/events"
)

// Trace is a story as text: what was recorded and what happened on the hosts,
// in the order of time.
func Trace(st *Story) string {
	var b strings.Builder
	entries, _ := st.World.Journal()
	i := 0
	for _, e := range st.Log {
		for ; i < len(entries) && entries[i].Time.Before(e.At); i++ {
			host(&b, st.Begun, entries[i].Time, entries[i].Host, entries[i].Cmdlet+entries[i].Effect, entries[i].Changed, entries[i].ErrorID)
		}
		entry, _ := events.EntryOf(e.Data)
		fmt.Fprintf(&b, "%10s  %-17s %s\n", since(st.Begun, e.At), entry.Event, entry.Sentence(e.Data))
	}
	for ; i < len(entries); i++ {
		host(&b, st.Begun, entries[i].Time, entries[i].Host, entries[i].Cmdlet+entries[i].Effect, entries[i].Changed, entries[i].ErrorID)
	}
	return b.String()
}

func host(b *strings.Builder, begun, at time.Time, name, what string, changed bool, errID string) {
	mark := " "
	if changed {
		mark = "*"
	}
	fmt.Fprintf(b, "%10s    %s %s on %s %s\n", since(begun, at), mark, what, name, errID)
}

// since is a time as seconds from the beginning.
func since(begun, at time.Time) string { return fmt.Sprintf("%.3fs", at.Sub(begun).Seconds()) }
