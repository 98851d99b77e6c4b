package simulation

import (
	"context"
	"math/rand/v2"
	"time"

	"lifeboat.io/pkg/hyperv/hypersim"
)

// hand is something a person does on a host, behind lifeboat's back.
type hand struct {
	after time.Duration
	what  string
}

// handReplicaOff takes the live copy down, which lifeboat does not see at once.
const handReplicaOff = "turn the replica off"

// handiwork is what hands may do.
var handiwork = map[string]func(context.Context, *Story) error{
	"fail over on the replica": func(ctx context.Context, st *Story) error {
		return st.World.Machine("r1").StartVMFailover(ctx, st.VM, hypersim.StartVMFailoverOptions{})
	},
	"take the failover or the test back": func(ctx context.Context, st *Story) error {
		return st.World.Machine("r1").StopVMFailover(ctx, st.VM)
	},
	"make a test VM": func(ctx context.Context, st *Story) error {
		return st.World.Machine("r1").StartVMFailover(ctx, st.VM, hypersim.StartVMFailoverOptions{AsTest: true})
	},
	"prepare the primary": func(ctx context.Context, st *Story) error {
		return st.World.Machine("p1").StartVMFailover(ctx, st.VM, hypersim.StartVMFailoverOptions{Prepare: true})
	},
	"take the preparation back": func(ctx context.Context, st *Story) error {
		return st.World.Machine("p1").StopVMFailover(ctx, st.VM)
	},
	"suspend replication": func(ctx context.Context, st *Story) error {
		return st.World.Machine("p1").SuspendVMReplication(ctx, st.VM, "")
	},
	handReplicaOff: func(ctx context.Context, st *Story) error {
		return st.World.Machine("r1").StopVM(ctx, st.VM, hypersim.StopVMOptions{TurnOff: true})
	},
	"start the replica": func(ctx context.Context, st *Story) error {
		return st.World.Machine("r1").StartVM(ctx, st.VM)
	},
	"resume replication": func(ctx context.Context, st *Story) error {
		return st.World.Machine("p1").ResumeVMReplication(ctx, st.VM, hypersim.ResumeVMReplicationOptions{})
	},
}

// handNames are the keys of handiwork in a fixed order, for chance to draw from.
// Starting VMs is left out: a person who does that makes two copies run whatever
// lifeboat does.
var handNames = []string{
	"fail over on the replica", "take the failover or the test back", "make a test VM", "prepare the primary",
	"take the preparation back", "suspend replication", "resume replication", handReplicaOff,
}

// hands draws what people do behind lifeboat's back, in one story of twelve.
func hands(r *rand.Rand) []hand {
	if r.IntN(12) != 0 {
		return nil
	}
	var out []hand
	for range 1 + r.IntN(3) {
		out = append(out, hand{time.Duration(r.Int64N(int64(6 * time.Minute))), handNames[r.IntN(len(handNames))]})
	}
	return out
}

// lendHands does what is due. What the host refuses does not happen.
func (st *Story) lendHands() {
	kept := st.hands[:0]
	for _, h := range st.hands {
		if st.World.Now().Sub(st.Begun) < h.after {
			kept = append(kept, h)
			continue
		}
		before, _ := st.World.Journal()
		_ = handiwork[h.what](context.Background(), st)
		after, _ := st.World.Journal()
		for _, e := range after[len(before):] {
			st.byHand[e] = true
		}
	}
	st.hands = kept
}
