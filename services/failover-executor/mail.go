package executor

import (
	"sync"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/failover-executor/run"
)

// letter is an order for a worker, with where its answer is awaited.
type letter struct {
	order  run.Order
	from   bus.Recorded
	answer chan<- error // has room for one
}

// reply gives the answer; a second one is dropped.
func (l letter) reply(err error) {
	select {
	case l.answer <- err:
	default:
	}
}

// mailbox is what has arrived for a worker.
type mailbox struct {
	mu      sync.Mutex
	letters []letter
	woken   bool
	bell    chan struct{}
}

func newMailbox() *mailbox { return &mailbox{bell: make(chan struct{}, 1)} }

func (m *mailbox) ring() {
	select {
	case m.bell <- struct{}{}:
	default:
	}
}

// post delivers a letter.
func (m *mailbox) post(l letter) {
	m.mu.Lock()
	m.letters = append(m.letters, l)
	m.mu.Unlock()
	m.ring()
}

// wake makes the worker look at its run again.
func (m *mailbox) wake() {
	m.mu.Lock()
	m.woken = true
	m.mu.Unlock()
	m.ring()
}

// take empties the box.
func (m *mailbox) take() (letters []letter, woken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	letters, woken = m.letters, m.woken
	m.letters, m.woken = nil, false
	return letters, woken
}

// hasMail reports whether anything has arrived that was not taken.
func (m *mailbox) hasMail() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.letters) > 0 || m.woken
}
