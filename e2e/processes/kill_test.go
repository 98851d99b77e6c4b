package processes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/e2e/programs"
	"lifeboat.io/events"
	"lifeboat.io/pkg/bus/binding"
	"lifeboat.io/services/failover-executor/run"
)

// endWithin bounds how long the failovers may take after the last kill.
const endWithin = 4 * time.Minute

// TestKills kills processes at random moments while every VM of the lab is
// failed over, and compares the log with what really happened.
func TestKills(t *testing.T) {
	if *seed == 0 {
		*seed = time.Now().UnixNano()
	}
	t.Logf("kills of seed %d (-seed %d tells them again)", *seed, *seed)
	r := rand.New(rand.NewPCG(uint64(*seed), 1))
	h := newHouse(t, "127.0.31.1")
	ctx, cancel := context.WithTimeout(t.Context(), endWithin+time.Duration(*rounds)*5*time.Second)
	defer cancel()
	vms := h.vms(ctx)
	// There and back again: the second wave begins where the first has ended.
	for _, there := range []string{"there", "back"} {
		t.Log(there)
		h.wave(ctx, r, vms)
	}
}

// wave fails every VM over while processes are killed.
func (h *house) wave(ctx context.Context, r *rand.Rand, vms []vm) {
	t := h.t
	before, err := h.lab.Changes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var tickets []string
	for _, vm := range vms {
		tickets = append(tickets, h.submit(ctx, vm))
	}
	for range *rounds / 2 {
		select {
		case <-time.After(time.Duration(200+r.IntN(1500)) * time.Millisecond):
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		}
		victim := victims[r.IntN(len(victims))]
		t.Logf("kill -9 %s", victim)
		h.kill(victim)
	}
	var all sync.WaitGroup
	for i, id := range tickets {
		all.Go(func() {
			answer, err := h.lab.Await(ctx, id, func(a programs.Ticket) bool { return a.Outcome() != "" })
			if err != nil || answer.Outcome() != "succeeded" {
				t.Errorf("%s of %s: %v %s", id, vms[i].name, err, answer.Said())
			}
		})
	}
	all.Wait()
	h.compare(ctx, vms, len(before))
}

// vm is a VM of the lab.
type vm struct{ id, name, account string }

// vms are the lab's VMs. Which account has which is the inventory's to know;
// both have contacts with all rights.
func (h *house) vms(ctx context.Context) []vm {
	h.t.Helper()
	truth, err := h.lab.Truth(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	accounts := h.accounts()
	seen := map[string]bool{}
	var out []vm
	for _, c := range truth.Copies {
		if !seen[c.VM] && !c.Test {
			seen[c.VM] = true
			out = append(out, vm{c.VM, c.Name, accounts[c.VM]})
		}
	}
	return out
}

// submit asks for a planned failover, twice, as ticket systems do.
func (h *house) submit(ctx context.Context, v vm) string {
	h.t.Helper()
	id, err := h.lab.Submit(ctx, map[string]any{
		"account": v.account, "action": "planned", "requester": h.requester(v.account), "vms": []map[string]string{{"id": v.id}},
	}, 2)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// effects are what a planned failover changes, each exactly once.
var effects = []string{"Stop-VM", "Start-VMFailover -Prepare", "Start-VMFailover", "Set-VMReplication -Reverse", "Start-VM"}

// compare compares the log with the truth: of the changes on the hosts, those
// since the wave began.
func (h *house) compare(ctx context.Context, vms []vm, since int) {
	h.t.Helper()
	truth, err := h.lab.Truth(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, o := range truth.Overlaps {
		h.t.Errorf("two copies of %s ran at once, on %v from %s", o.VM, o.Hosts, o.From)
	}
	for _, c := range truth.Copies {
		if c.Runs && c.Lost > 0 {
			h.t.Errorf("%s on %s lacks %d writes", c.Name, c.Host, c.Lost)
		}
	}
	changes, err := h.lab.Changes(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	count := map[string]int{}
	for _, c := range changes[since:] {
		count[c.VM+" "+c.Cmdlet]++
	}
	for _, v := range vms {
		for _, effect := range effects {
			if n := count[v.id+" "+effect]; n != 1 {
				h.t.Errorf("%s: %s changed something %d times", v.name, effect, n)
			}
		}
		h.log(ctx, v)
	}
}

// log reads a VM's log as any consumer could, and folds it.
func (h *house) log(ctx context.Context, v vm) {
	h.t.Helper()
	history, err := history(ctx, h.url, events.Aggregate{Family: events.FamilyFailover, Account: v.account, ID: v.id})
	if err != nil {
		h.t.Errorf("%s: %v", v.name, err)
		return
	}
	state, err := run.Fold(history)
	if err != nil {
		h.t.Errorf("%s: the log does not fold: %v", v.name, err)
		return
	}
	h.waves[v.id]++
	if state.Run == nil || state.Run.Outcome != events.OutcomeSucceeded || len(state.Ended) != h.waves[v.id] {
		h.t.Errorf("%s: %d runs, the last %+v", v.name, len(state.Ended), state.Run)
	}
}

// history reads an aggregate with a plain NATS client, checking that its
// sequence has no gap and no event twice.
func history(ctx context.Context, url string, agg events.Aggregate) ([]run.Event, error) {
	nc, err := nats.Connect(url)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	c, err := js.OrderedConsumer(ctx, "EVENTS", jetstream.OrderedConsumerConfig{FilterSubjects: []string{agg.Filter()}})
	if err != nil {
		return nil, err
	}
	info, err := c.Info(ctx)
	if err != nil {
		return nil, err
	}
	var out []run.Event
	ids := map[string]bool{}
	for range info.NumPending {
		m, err := c.Next(jetstream.FetchMaxWait(10 * time.Second))
		if err != nil {
			return nil, err
		}
		e, err := binding.Decode(m.Headers(), m.Data())
		if err != nil {
			return nil, err
		}
		if ids[e.ID()] {
			return nil, fmt.Errorf("event %s is stored twice", e.ID())
		}
		ids[e.ID()] = true
		if got, want := events.Extension(e, events.ExtSequence), fmt.Sprintf("%010d", len(out)+1); got != want {
			return nil, fmt.Errorf("event %s has sequence %s, want %s", e.ID(), got, want)
		}
		data, err := events.Decode(e)
		if err != nil {
			return nil, err
		}
		meta, err := m.Metadata()
		if err != nil {
			return nil, err
		}
		out = append(out, run.Event{Seq: meta.Sequence.Stream, At: e.Time(), Data: data})
	}
	if len(out) == 0 {
		return nil, errors.New("there is no event")
	}
	return out, nil
}
