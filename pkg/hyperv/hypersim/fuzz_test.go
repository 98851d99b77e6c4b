package hypersim

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// FuzzSpec reads worlds written by others: whatever the text, it makes a world
// that can be lived in, or an error.
func FuzzSpec(f *testing.F) {
	for _, s := range []Spec{Pair(1), TwoSites(), {}} {
		text, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(`{"hosts":[{"name":"a"},{"name":"b","skew":"-1h","server":{"replicationEnabled":true}}],"vms":[{"name":"*","host":"a","replica":"b","off":true,"adapters":[],"disks":[],"guest":{"writesPerSecond":-1}}]}`)
	f.Add(`{"durations":{"prepare":"-5s","connect":"-1h"},"hosts":[{"name":"a","switches":[]}],"vms":[{"name":"x","host":"A.HYPERV.example"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		const maxText = 1 << 14
		var s Spec
		if len(text) > maxText || json.Unmarshal([]byte(text), &s) != nil {
			return
		}
		s.Live = false // nobody would let its time pass
		w, err := New(s)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		for range 1000 {
			w.Step(time.Minute)
		}
		ctx := context.Background()
		for _, c := range w.Truth().Copies {
			h := w.Host(c.Host)
			_, _ = h.Stop(ctx, c.VM, hyperv.StopOptions{Force: true})
			_, _ = h.Prepare(ctx, c.VM)
			_, _ = h.FailOver(ctx, c.VM, "")
			_, _ = h.Reverse(ctx, c.VM, hyperv.ReplicaServer{})
			_, _ = h.Start(ctx, c.VM)
		}
	})
}

// FuzzAction reads actions written by others.
func FuzzAction(f *testing.F) {
	f.Add(`{"do":"kill","host":"p1"}`, int64(1e9))
	f.Add(`{"do":"set-link","from":"p1","to":"r1","link":{"down":true,"latency":"-1s","bandwidth":-3}}`, int64(-1))
	f.Add(`{"do":"inject","fault":{"kind":"late","delay":"-1h","times":-1,"skip":3}}`, int64(0))
	f.Add(`{"do":"set-guest","vm":"6f9619ff-8b86-4011-b42d-00c04fc964ff","guest":{"shutdown":"-1s","ignoreShutdowns":-7}}`, int64(0))
	f.Fuzz(func(t *testing.T, text string, after int64) {
		var a Action
		if json.Unmarshal([]byte(text), &a) != nil {
			return
		}
		s := Pair(1)
		s.VMs[0].ID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
		w := must(t, s)
		if w.Do(a) == nil && w.Schedule(w.Now().Add(time.Duration(after%int64(time.Hour))), a) != nil {
			t.Error("what can be done now cannot be done later")
		}
		ctx := WithDeadline(context.Background(), time.Minute)
		for range 3 {
			_, _ = w.Host("p1").Stop(ctx, s.VMs[0].ID, hyperv.StopOptions{Grace: time.Second, Force: true})
			_, _ = w.Host("r1").FailOver(ctx, s.VMs[0].ID, "")
		}
	})
}
