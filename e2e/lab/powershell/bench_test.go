package powershell

import (
	"context"
	"runtime"
	"testing"
)

func BenchmarkNewSession(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewSession(Options{Seed: 1})
	}
}

func BenchmarkFunctionCall(b *testing.B) {
	s := NewSession(Options{Seed: 1})
	if res := s.Run(context.Background(), "function f { param([string]$Name, [int]$N) $N + 1 }", Streams{}); res.Err != nil {
		b.Fatal(res.Err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if res := s.Run(context.Background(), "f -Name x -N 5", Streams{}); res.Err != nil {
			b.Fatal(res.Err)
		}
	}
}

func BenchmarkLoop(b *testing.B) {
	s := NewSession(Options{Seed: 1})
	b.ReportAllocs()
	for b.Loop() {
		if res := s.Run(context.Background(), "$t = 0; for ($i = 0; $i -lt 1000; $i++) { $t += $i }", Streams{}); res.Err != nil {
			b.Fatal(res.Err)
		}
	}
}

// BenchmarkIdleSession reports what an idle session with a few functions holds.
func BenchmarkIdleSession(b *testing.B) {
	const n = 1000
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		list := make([]*Session, n)
		for i := range list {
			list[i] = NewSession(Options{Seed: 1})
			list[i].Run(context.Background(), "function f { 1 }; $x = @{ a = 1 }; f", Streams{})
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/session")
		runtime.KeepAlive(list)
	}
}
