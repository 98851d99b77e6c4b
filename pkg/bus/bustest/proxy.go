package bustest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands between a client and a server and spoils their connection on
// demand.
type Proxy struct {
	listener net.Listener
	target   string
	mute     atomic.Bool

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool
}

// NewProxy starts a proxy to a TCP address and ends it with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("proxy: %v", err)
	}
	p := &Proxy{listener: l, target: target, conns: make(map[net.Conn]bool)}
	go p.serve()
	t.Cleanup(p.Close)
	return p
}

// URL is where clients connect instead of the server.
func (p *Proxy) URL() string { return "nats://" + p.listener.Addr().String() }

// LoseAnswers makes everything the server sends vanish from now on, or no
// longer, while what clients send still arrives. A stream of bytes with a hole
// is worthless, so follow the end of it with Cut.
func (p *Proxy) LoseAnswers(lose bool) { p.mute.Store(lose) }

// Cut breaks all connections there are.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// Close breaks all connections and takes no more.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Cut()
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil || !p.keep(client, server) {
			_ = client.Close()
			continue
		}
		go p.pass(server, client, func() bool { return false })
		go p.pass(client, server, p.mute.Load)
	}
}

func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.closed {
			_ = c.Close()
			continue
		}
		p.conns[c] = true
	}
	return !p.closed
}

// pass copies one direction, dropping what lose says.
func (p *Proxy) pass(to, from net.Conn, lose func() bool) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !lose() {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
