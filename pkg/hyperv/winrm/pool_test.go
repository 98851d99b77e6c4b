package winrm

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"lifeboat.io/pkg/hyperv/winrm/lane"
	"lifeboat.io/pkg/hyperv/winrm/wsman"
)

// TestPoolKeepsItsRules takes and gives back slots at random: no more actions
// than allowed, no slot twice or lost, nobody waits who could be served, and
// callers of a kind are served in the order they came.
func TestPoolKeepsItsRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reads, actions := rapid.IntRange(1, 2).Draw(t, "read lanes"), rapid.IntRange(1, 2).Draw(t, "action lanes")
		limit := rapid.IntRange(0, 3).Draw(t, "limit")
		p := newPool(reads, actions, limit)
		var held []*slot
		var queue []*waiter
		collect := func() {
			served := map[bool]bool{}
			for i := 0; i < len(queue); {
				w := queue[i]
				select {
				case s := <-w.turn:
					if served[w.acting] {
						t.Fatal("a later caller was served before an earlier one of its kind")
					}
					held = append(held, s)
					queue = append(queue[:i], queue[i+1:]...)
				default:
					served[w.acting] = true // somebody of this kind waits
					i++
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				acting := rapid.Bool().Draw(t, "acting")
				w, err := p.enter(acting)
				if err == nil {
					queue = append(queue, w)
				}
				collect()
			},
			"leave": func(t *rapid.T) {
				if len(queue) == 0 {
					t.Skip("nobody waits")
				}
				i := rapid.IntRange(0, len(queue)-1).Draw(t, "who")
				p.leave(queue[i])
				queue = append(queue[:i], queue[i+1:]...)
				collect()
			},
			"give": func(t *rapid.T) {
				if len(held) == 0 {
					t.Skip("nobody has a slot")
				}
				i := rapid.IntRange(0, len(held)-1).Draw(t, "which")
				p.give(held[i], 0, nil)
				held = append(held[:i], held[i+1:]...)
				collect()
			},
			"": func(t *rapid.T) { checkPool(t, p, held, queue) },
		})
	})
}

func checkPool(t *rapid.T, p *pool, held []*slot, queue []*waiter) {
	acting, all := 0, map[*slot]bool{}
	for _, s := range held {
		all[s] = true
		if s.acting {
			acting++
		}
	}
	for _, s := range p.free {
		all[s] = true
	}
	waiting := map[bool]int{}
	for _, w := range queue {
		waiting[w.acting]++
	}
	switch {
	case acting > p.actions || acting != p.acting:
		t.Fatalf("%d actions run, counted as %d, %d are allowed", acting, p.acting, p.actions)
	case len(all) != p.size || len(held)+len(p.free) != p.size:
		t.Fatalf("%d slots are held and %d free of %d", len(held), len(p.free), p.size)
	case len(p.free) > 0 && (waiting[false] > 0 || waiting[true] > 0 && acting < p.actions):
		t.Fatalf("%d slots are free while %d readings and %d actions wait", len(p.free), waiting[false], waiting[true])
	case waiting[true] > p.limit || waiting[false] > p.limit:
		t.Fatalf("%v wait, the limit is %d", waiting, p.limit)
	}
}

// TestWaitingEndsWithItsContext: while others have all slots.
func TestWaitingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 1, 1)
		held, err := p.take(t.Context(), true, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := p.take(ctx, true, time.Time{})
			result <- err
		}()
		synctest.Wait() // it waits
		select {
		case err := <-result:
			t.Fatalf("there was no slot, and it came back with %v", err)
		default:
		}
		cancel()
		synctest.Wait()
		select {
		case err := <-result:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		default:
			t.Error("it still waits")
		}
		p.give(held, 0, nil)
		if len(p.waiting) != 0 || len(p.free) != 2 {
			t.Errorf("%d wait and %d slots are free, want none and both", len(p.waiting), len(p.free))
		}
	})
}

// TestTimerOfAnEarlierRest: a timer that goes off while its slot is being taken
// cannot be stopped any more, and comes when the slot rests again.
func TestTimerOfAnEarlierRest(t *testing.T) {
	p := newPool(1, 0, 1)
	rests := func(l *lane.Lane) (*slot, int) {
		s, err := p.take(t.Context(), false, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		s.lane = l
		p.give(s, time.Hour, func(*slot) {})
		return s, s.rest
	}
	l := lane.New(nil, wsman.ShellSettings{})
	_, first := rests(l)
	s, second := rests(l)
	if p.remove(s, first) {
		t.Fatal("it took the lane that has just been used")
	}
	_, third := rests(nil)
	if p.remove(s, second) {
		t.Fatal("it took a slot without a lane")
	}
	if !p.remove(s, third) || len(p.free) != 0 {
		t.Error("the timer of this rest takes it")
	}
}
