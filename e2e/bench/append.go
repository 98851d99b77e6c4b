package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/binding"
	"lifeboat.io/pkg/contract"
)

const (
	appendTurns   = 40
	appendPerTurn = 50
)

// appending appends to one aggregate and publishes raw to another, in turns, on
// the same server with the same headers and expectations.
func appending(ctx context.Context, s Setting) ([]Figure, error) {
	dir, err := os.MkdirTemp("", "lifeboat-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b, err := bus.Open(ctx, bus.Config{Dir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		return nil, err
	}
	defer func() { _ = b.Close(context.WithoutCancel(ctx)) }()
	client, err := bus.Open(ctx, bus.Config{URL: b.URL(), Replicas: 1, Check: contract.Validate})
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close(context.WithoutCancel(ctx)) }()
	unchecked, err := bus.Open(ctx, bus.Config{URL: b.URL(), Replicas: 1})
	if err != nil {
		return nil, err
	}
	defer func() { _ = unchecked.Close(context.WithoutCancel(ctx)) }()
	raw, err := newRawPublisher(ctx, b.URL())
	if err != nil {
		return nil, err
	}
	defer raw.nc.Close()
	s.say("  %d events each, in turns", appendTurns*appendPerTurn)
	lanes := []*lane{{do: appender(client)}, {do: appender(unchecked)}, {do: raw.publish}}
	for range appendTurns {
		for _, l := range lanes {
			if err := l.turn(ctx); err != nil {
				return nil, err
			}
		}
	}
	per := func(l *lane) time.Duration { return l.took / (appendTurns * appendPerTurn) }
	return []Figure{
		{Name: "append: rate", Value: float64(lanes[2].took) / float64(lanes[1].took), Unit: "×", Bar: 0.7, AtLeast: true,
			How: fmt.Sprintf("%s beside %s of js.PublishMsg", per(lanes[1]).Round(time.Microsecond), per(lanes[2]).Round(time.Microsecond))},
		{Name: "append: rate with the contract checked", Value: float64(lanes[2].took) / float64(lanes[0].took), Unit: "×",
			How: fmt.Sprintf("%s an event, as the services do it", per(lanes[0]).Round(time.Microsecond))},
	}, nil
}

// lane is one way of storing events, with the time it took.
type lane struct {
	do   func(ctx context.Context) error
	took time.Duration
}

func (l *lane) turn(ctx context.Context) error {
	began := time.Now()
	for range appendPerTurn {
		if err := l.do(ctx); err != nil {
			return err
		}
	}
	l.took += time.Since(began)
	return nil
}

// sample is an event as a run records most of.
func sample(agg events.Aggregate, sequence uint64) (events.Meta, *events.StepStarted) {
	return events.Meta{ID: uuid.NewString(), Source: events.FamilyFailover.Source(), Time: time.Now(), Sequence: sequence, Correlation: "desk~T-1"},
		&events.StepStarted{
			RunRef: events.RunRef{Account: agg.Account, Run: "r-aaaaaaaaaaaaa", VM: events.VMRef{ID: agg.ID, Name: "db"}, Kind: events.KindPlanned,
				Ticket: events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}},
			Step: events.StepStartReplica, Host: "hv01", Attempt: 1,
		}
}

// appender appends to an aggregate of its own.
func appender(b *bus.Bus) func(context.Context) error {
	agg := events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: uuid.NewString()}
	var last, n uint64
	return func(ctx context.Context) error {
		n++
		meta, data := sample(agg, n)
		e, err := events.New(agg, meta, data)
		if err != nil {
			return err
		}
		last, err = b.Append(ctx, agg, last, e)
		return err
	}
}

// rawPublisher does with the client library alone what Append does.
type rawPublisher struct {
	nc   *nats.Conn
	js   jetstream.JetStream
	agg  events.Aggregate
	last uint64
	n    uint64
}

func newRawPublisher(_ context.Context, url string) (*rawPublisher, error) {
	nc, err := nats.Connect(url)
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	return &rawPublisher{nc: nc, js: js, agg: events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: uuid.NewString()}}, err
}

func (r *rawPublisher) publish(ctx context.Context) error {
	r.n++
	meta, data := sample(r.agg, r.n)
	e, err := events.New(r.agg, meta, data)
	if err != nil {
		return err
	}
	m := nats.NewMsg(r.agg.Subject(events.ShortName(e.Type())))
	header, body, err := binding.Binary(e)
	if err != nil {
		return err
	}
	m.Header, m.Data = header, body
	ack, err := r.js.PublishMsg(ctx, m, jetstream.WithMsgID(e.Source()+"|"+e.ID()), jetstream.WithExpectLastSequenceForSubject(r.last, r.agg.Filter()))
	if err != nil {
		return err
	}
	r.last = ack.Sequence
	return nil
}
