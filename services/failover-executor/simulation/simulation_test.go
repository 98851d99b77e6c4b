package simulation

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lifeboat.io/events"
)

var (
	schedules = flag.Int("schedules", 100_000, "how many schedules to simulate; -short simulates 2,000")
	firstSeed = flag.Uint64("seed", 0, "seed of the first schedule")
	oneSeed   = flag.Int64("tell", -1, "tell the story of this seed, whole")
)

// TestSchedules tells many stories and checks every promise at the end of each.
func TestSchedules(t *testing.T) {
	if *oneSeed >= 0 {
		st := Tell(Plan(uint64(*oneSeed)))
		t.Logf("%s\n%s", st.Schedule, Trace(st))
		for _, b := range st.Broken() {
			t.Error(b)
		}
		return
	}
	if testing.Short() {
		*schedules = min(*schedules, 2_000)
	}
	var next, broken atomic.Uint64
	var mu sync.Mutex
	sum := newTally()
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			own := newTally()
			for broken.Load() < 10 {
				i := next.Add(1) - 1
				if i >= uint64(*schedules) {
					break
				}
				st := Tell(Plan(*firstSeed + i))
				own.add(st)
				if b := st.Broken(); len(b) > 0 {
					broken.Add(1)
					t.Errorf("%s\n  %s\n  tell it again: go test ./failover-executor/simulation -run TestSchedules -v -tell %d",
						st.Schedule, strings.Join(b, "\n  "), st.Schedule.Seed)
				}
			}
			mu.Lock()
			sum.merge(own)
			mu.Unlock()
		})
	}
	wg.Wait()
	t.Logf("seeds %d to %d\n%s", *firstSeed, *firstSeed+uint64(*schedules)-1, sum)
	if *schedules >= 20_000 {
		for _, missing := range sum.missing() {
			t.Errorf("the schedules do not cover %s", missing)
		}
	}
}

// tally counts what the stories were about, so that a simulation that covers
// less than it says can be seen.
type tally struct {
	stories, deaths, twice int
	outcomes               map[string]int
	crashes                map[string]bool
}

func newTally() *tally { return &tally{outcomes: map[string]int{}, crashes: map[string]bool{}} }

func (c *tally) add(st *Story) {
	c.stories++
	c.deaths += st.deaths
	if st.deaths > 1 {
		c.twice++
	}
	outcome := "refused"
	if r := st.State.Run; r != nil {
		outcome = string(r.Outcome)
	}
	c.outcomes[string(st.Schedule.Kind)+" "+outcome]++
	if st.deaths > 0 {
		c.crashes[fmt.Sprintf("%s %d", st.Schedule.Kind, st.Schedule.Crashes[0])] = true
	}
}

func (c *tally) merge(o *tally) {
	c.stories += o.stories
	c.deaths += o.deaths
	c.twice += o.twice
	for k, n := range o.outcomes {
		c.outcomes[k] += n
	}
	for k := range o.crashes {
		c.crashes[k] = true
	}
}

// missing lists what must have happened and has not.
func (c *tally) missing() []string {
	var out []string
	for _, kind := range []string{"test", "planned", "unplanned"} {
		for _, outcome := range []events.Outcome{events.OutcomeSucceeded, events.OutcomeCancelled, events.OutcomeFailed, events.OutcomeRefused} {
			if c.outcomes[kind+" "+string(outcome)] == 0 {
				out = append(out, "a "+kind+" failover that "+string(outcome))
			}
		}
		// A story without trouble sees some fifty points; each is a crash point.
		for p := range 45 {
			if !c.crashes[fmt.Sprintf("%s %d", kind, p)] {
				out = append(out, fmt.Sprintf("a crash at point %d of a %s failover", p, kind))
			}
		}
	}
	return out
}

func (c *tally) String() string {
	return fmt.Sprintf("%d stories, %d kills, %d stories with a second kill during recovery\noutcomes: %v", c.stories, c.deaths, c.twice, c.outcomes)
}
