package bus_test

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/binding"
	"lifeboat.io/pkg/bus/bustest"
)

// BenchmarkAppend and BenchmarkRawPublish do the same to the same server, one
// through this package and one by the client library alone: same stream, same
// headers, same expectations, connection over TCP. BenchmarkAppendRatio runs
// both in turns and reports append ÷ raw, which is steadier than either.
func BenchmarkAppend(b *testing.B) {
	s := benchBus(b)
	agg := vm("vm-append")
	last := uint64(0)
	e := stepStarted(b, agg, "template")
	n := 0
	for b.Loop() {
		e.SetID(fmt.Sprint("a-", n))
		n++
		var err error
		if last, err = s.Append(b.Context(), agg, last, e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRawPublish(b *testing.B) {
	s := benchBus(b)
	publish := rawPublisher(b, s)
	for b.Loop() {
		publish()
	}
}

func BenchmarkAppendRatio(b *testing.B) {
	s := benchBus(b)
	publish := rawPublisher(b, s)
	agg := vm("vm-append")
	e := stepStarted(b, agg, "template")
	last := uint64(0)
	var appending, raw stopwatch
	const turn = 50
	n := 0
	for b.Loop() {
		appending.run(func() {
			for range turn {
				e.SetID(fmt.Sprint("a-", n))
				n++
				var err error
				if last, err = s.Append(b.Context(), agg, last, e); err != nil {
					b.Fatal(err)
				}
			}
		})
		raw.run(func() {
			for range turn {
				publish()
			}
		})
	}
	b.ReportMetric(float64(raw.total)/float64(appending.total), "append/raw")
	b.ReportMetric(float64(appending.total.Nanoseconds())/float64(n), "ns/append")
	b.ReportMetric(float64(raw.total.Nanoseconds())/float64(n), "ns/raw")
}

func benchBus(b *testing.B) *bus.Bus {
	server := bustest.Open(b, listening)
	return bustest.OpenConfig(b, bus.Config{URL: server.URL(), Replicas: 1, Logger: bustest.Logger(b)})
}

// rawPublisher publishes a chain of messages with the headers Append would write.
func rawPublisher(b *testing.B, s *bus.Bus) func() {
	nc, err := nats.Connect(s.URL(), nats.ReconnectBufSize(-1))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	agg := vm("vm-raw")
	header, data, err := binding.Binary(stepStarted(b, agg, "raw"))
	if err != nil {
		b.Fatal(err)
	}
	last := uint64(0)
	n := 0
	return func() {
		m := &nats.Msg{Subject: agg.Subject("step-started"), Data: data, Header: nats.Header{}}
		for name, values := range header {
			m.Header[name] = values
		}
		ack, err := js.PublishMsg(b.Context(), m, jetstream.WithMsgID(fmt.Sprint("raw-", n)), jetstream.WithExpectStream(bus.StreamEvents),
			jetstream.WithExpectLastSequenceForSubject(last, agg.Filter()))
		if err != nil {
			b.Fatal(err)
		}
		last = ack.Sequence
		n++
	}
}

// BenchmarkHistory reads the 20 events of one aggregate among many others'.
func BenchmarkHistory(b *testing.B) {
	s := crowded(b, 200, 20)
	agg := vm("vm-100")
	for b.Loop() {
		history, err := s.History(b.Context(), agg)
		if err != nil || len(history) != 20 {
			b.Fatalf("%d events, %v", len(history), err)
		}
	}
}

// BenchmarkLastOfEach is what a service does when it starts: it reports the
// time per aggregate.
func BenchmarkLastOfEach(b *testing.B) {
	const aggregates = 1000
	s := crowded(b, aggregates, 3)
	n := 0
	for b.Loop() {
		for _, err := range s.LastOfEach(b.Context(), events.FamilyFailover) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/aggregate")
}

// crowded is a bus with a number of aggregates of as many events each, mixed.
func crowded(b *testing.B, aggregates, each int) *bus.Bus {
	s := benchBus(b)
	last := make([]uint64, aggregates)
	for n := range each {
		for a := range aggregates {
			agg := vm(fmt.Sprint("vm-", a))
			var err error
			if last[a], err = s.Append(b.Context(), agg, last[a], stepStarted(b, agg, fmt.Sprintf("%d/%d", a, n))); err != nil {
				b.Fatal(err)
			}
		}
	}
	return s
}
