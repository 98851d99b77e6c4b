package hypersim

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestQueueKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var want []event
		order := func(a, b event) int {
			if a.at != b.at {
				return int(a.at - b.at)
			}
			return int(a.seq) - int(b.seq)
		}
		for seq, push := range rapid.SliceOf(rapid.Bool()).Draw(t, "pushes") {
			if push || len(want) == 0 {
				e := event{at: instant(rapid.IntRange(0, 9).Draw(t, "at")), seq: uint64(seq)}
				q.push(e)
				want = append(want, e)
				slices.SortFunc(want, order)
				continue
			}
			if got := q.pop(); order(got, want[0]) != 0 {
				t.Fatalf("popped %+v, want %+v", got, want[0])
			}
			want = want[1:]
		}
	})
}

func TestGUIDs(t *testing.T) {
	r := random{1}
	seen := map[string]bool{}
	for range 10_000 {
		g := r.guid()
		if len(g) != 36 || g[14] != '4' || g[19] != '8' && g[19] != '9' && g[19] != 'a' && g[19] != 'b' || g[8] != '-' || g[23] != '-' || seen[g] {
			t.Fatalf("%q", g)
		}
		seen[g] = true
	}
}
