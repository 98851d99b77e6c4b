package winrm

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"

	"lifeboat.io/e2e/lab/winrm/ntlm"
)

// conn is one TCP connection of a host. It carries the log-on of the
// connection, and stands still while the host is frozen.
type conn struct {
	net.Conn
	host   *Server
	once   sync.Once
	closed chan struct{}
	auth   login            // used by one request at a time: HTTP/1.1 answers in order
	shown  *tls.Certificate // in the handshake, before any request; nil without TLS
}

// login is what a connection knows of its client.
type login struct {
	handshake *ntlm.Handshake // begun and not finished
	spnego    *negotiation    // the SPNEGO around it; nil when raw
	user      *account        // nil until logged on
	sealer    sealer          // nil when messages cannot be sealed
}

// sealer protects messages once a client is logged on. NTLM and Kerberos are one.
type sealer interface {
	// CanSeal tells whether client and server agreed on sealing.
	CanSeal() bool
	// Seal encrypts a message; header precedes it on the wire.
	Seal(plain []byte) (header, sealed []byte, err error)
	// Unseal is the reverse for a message from the client.
	Unseal(header, sealed []byte) ([]byte, error)
}

type connKey struct{}

// connOf finds the connection of a request.
func connOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connKey{}).(*conn)
	return c
}

// Read holds what it read back while the host is frozen.
func (c *conn) Read(b []byte) (int, error) {
	if err := c.thawed(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if frozen := c.thawed(); frozen != nil {
		return 0, frozen
	}
	return n, err
}

// Write sends nothing while the host is frozen.
func (c *conn) Write(b []byte) (int, error) {
	if err := c.thawed(); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// thawed waits until the host is not frozen.
func (c *conn) thawed() error {
	for {
		ice := c.host.ice.Load()
		if ice == nil {
			return nil
		}
		select {
		case <-*ice:
		case <-c.closed:
			return net.ErrClosed
		}
	}
}

// Close closes the connection.
func (c *conn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.host.forgetConn(c)
	})
	return c.Conn.Close()
}

// reset closes it with a TCP reset, past TLS and whatever is still to be sent.
func (c *conn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // only fails on a closed connection
	}
	_ = c.Close()
}

// listener hands out conns and counts them.
type listener struct {
	net.Listener
	host *Server
}

// Accept closes connections beyond the quota at once.
func (l listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: raw, host: l.host, closed: make(chan struct{})}
		if l.host.addConn(c) {
			return c, nil
		}
		_ = raw.Close() // the client is told nothing, as by http.sys
	}
}

// ice is closed when the host thaws.
type ice = atomic.Pointer[chan struct{}]
