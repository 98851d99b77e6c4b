package hypertest

import "context"

// T is what a case tells how it goes: *testing.T in tests, and the kit's
// record where the suite is a command. Fatal, Fatalf, Skip and Skipf end the
// case at once, as they do in tests.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Skip(args ...any)
	Skipf(format string, args ...any)
}

// Case is one case of the suite.
type Case struct {
	// Name names it, such as "PlannedFailover".
	Name string
	run  func(t *trial)
}

// Cases lists the suite in the order it runs.
func Cases() []Case {
	var all []Case
	for _, group := range cases {
		all = append(all, group...)
	}
	return all
}

// NewCase makes a case beside the suite's own, which runs as they do: on a pair
// that was seen to be in its starting state and is brought back afterwards.
func NewCase(name string, run func(t T, p *Pair)) Case {
	return Case{Name: name, run: func(t *trial) { run(t.T, t.Pair) }}
}

// Run runs the case on a pair in its starting state, which it checks first.
// A pair that is not Disposable is brought back by a T.Cleanup.
func (c Case) Run(t T, p *Pair) {
	t.Helper()
	p.mustBeMarked(t)
	x := &trial{T: t, Pair: p}
	x.start()
	if !p.Disposable {
		p.bringBackAfter(t)
	}
	c.run(x)
}
