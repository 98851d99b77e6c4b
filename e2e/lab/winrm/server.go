package winrm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"lifeboat.io/e2e/lab/winrm/kerberos"
	"lifeboat.io/e2e/lab/winrm/ntlm"
)

// Time limits of the service.
const (
	// packetRetrieval is how long a client may take to send a request's
	// headers: MaxPacketRetrievalTimeSeconds, 120.
	packetRetrieval = 120 * time.Second
	// idleConnection is how long a connection is kept without requests: http.sys' default.
	idleConnection = 120 * time.Second
	// closeGrace is how long Close waits for processes and listeners to end.
	closeGrace = 10 * time.Second
)

// Server is the WinRM service of one host. All methods are safe for concurrent use.
type Server struct {
	cfg      Config
	netBIOS  string
	target   ntlm.Target
	accounts *accounts
	kerberos *kerberos.Service
	faults   *injector
	stats    counters
	cert     atomic.Pointer[tls.Certificate]
	http     *http.Server
	ice      ice
	dark     atomic.Bool    // there is no power
	grace    time.Duration  // of Close
	running  sync.WaitGroup // processes
	serving  sync.WaitGroup // listeners

	mu        sync.Mutex
	shells    map[string]*shell
	underWay  map[*account]int // requests
	contexts  []*enumContext
	reaper    *time.Timer
	conns     map[*conn]struct{}
	addresses [2]string // HTTP, HTTPS; "" when there is none
	listeners []net.Listener
	closed    bool
}

// New makes a host that does not listen yet.
func New(cfg Config) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, netBIOS: netBIOSName(cfg.Name), faults: newInjector(cfg.Seed), grace: closeGrace,
		shells: map[string]*shell{}, underWay: map[*account]int{}, conns: map[*conn]struct{}{},
	}
	domain := cfg.Domain
	if domain == "" {
		domain = s.netBIOS
	}
	s.accounts = newAccounts(cfg.Users, domain)
	s.target = ntlm.Target{NetBIOSComputer: s.netBIOS, NetBIOSDomain: domain, DNSComputer: cfg.Name, DNSDomain: dnsDomain(cfg.Name)}
	if cfg.Keytab != nil {
		s.kerberos = kerberos.NewService(cfg.Keytab)
	}
	s.cert.Store(cfg.Certificate)
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: packetRetrieval,
		IdleTimeout:       idleConnection,
		ErrorLog:          log.New(io.Discard, "", 0), // failed TLS handshakes are what tests are made of
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if t, ok := c.(*tls.Conn); ok {
				c = t.NetConn()
			}
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	return s, nil
}

// dnsDomain is the part of a DNS name after the host; the name itself without one.
func dnsDomain(name string) string {
	for i := range name {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return name
}

// Name is the host's name.
func (s *Server) Name() string { return s.cfg.Name }

// Start listens for HTTP and HTTPS at these addresses; an empty one is left
// out. HTTPS needs a certificate. A port 0 is chosen by the system and kept.
func (s *Server) Start(httpAddress, httpsAddress string) error {
	if httpAddress == "" && httpsAddress == "" {
		return errors.New("winrm: no address to listen at: give one for HTTP or HTTPS")
	}
	if httpsAddress != "" && s.cert.Load() == nil {
		return errors.New("winrm: an HTTPS address is given but no certificate: set Config.Certificate")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addresses != [2]string{} {
		return errors.New("winrm: " + s.cfg.Name + " was started before: use Resume")
	}
	s.addresses = [2]string{httpAddress, httpsAddress}
	if err := s.listen(); err != nil {
		s.addresses = [2]string{}
		return err
	}
	return nil
}

// listen opens the listeners; mu must be held.
func (s *Server) listen() error {
	if s.closed {
		return errors.New("winrm: " + s.cfg.Name + " is closed")
	}
	if len(s.listeners) > 0 {
		return errors.New("winrm: " + s.cfg.Name + " is listening already")
	}
	var opened []net.Listener
	for i, address := range s.addresses {
		if address == "" {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			for _, o := range opened {
				_ = o.Close()
			}
			return fmt.Errorf("winrm: %s: %w", s.cfg.Name, err)
		}
		s.addresses[i] = l.Addr().String()
		var wrapped net.Listener = listener{l, s}
		if i == 1 {
			wrapped = tls.NewListener(wrapped, s.tlsConfig())
		}
		opened = append(opened, wrapped)
	}
	s.listeners = opened
	for _, l := range opened {
		s.serving.Add(1)
		go func() {
			defer s.serving.Done()
			_ = s.http.Serve(l) // ends when the listener is closed
		}()
	}
	return nil
}

func (s *Server) tlsConfig() *tls.Config {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		Time:       s.cfg.Now,
		// Every connection is shown a certificate, and is bound to that one.
		SessionTicketsDisabled: true,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			shown := s.cert.Load()
			if c, ours := hello.Conn.(*conn); ours {
				c.shown = shown
			}
			return shown, nil
		},
	}
	if s.cfg.Auth.Certificate {
		c.ClientAuth, c.ClientCAs = tls.RequestClientCert, s.cfg.ClientCAs
	}
	return c
}

// Addresses are where the host listens: HTTP and HTTPS, empty when it does not.
func (s *Server) Addresses() (httpAddress, httpsAddress string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addresses[0], s.addresses[1]
}

// SetCertificate exchanges what HTTPS shows: an expired certificate, one for
// another name. Connections there are stay.
func (s *Server) SetCertificate(c tls.Certificate) { s.cert.Store(&c) }

// addConn takes a connection in, unless there are too many.
func (s *Server) addConn(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.listeners) == 0 || len(s.conns) >= s.cfg.Quotas.MaxConnections {
		return false
	}
	s.conns[c] = struct{}{}
	s.stats.connection(1)
	return true
}

func (s *Server) forgetConn(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.stats.connection(-1)
}

// Freeze makes the host stand still: connections are accepted by the system,
// but nothing is read or answered until Thaw. Processes are the Runner's; they
// stand still once their output is not fetched.
func (s *Server) Freeze() {
	c := make(chan struct{})
	s.ice.CompareAndSwap(nil, &c)
}

// Thaw ends Freeze. It does not bring power back.
func (s *Server) Thaw() {
	if !s.dark.Load() {
		s.melt()
	}
}

func (s *Server) melt() {
	if c := s.ice.Swap(nil); c != nil {
		close(*c)
	}
}

// Frozen tells whether the host stands still.
func (s *Server) Frozen() bool { return s.ice.Load() != nil }

// Restart restarts the WinRM service: every shell with its processes, every
// enumeration and every connection vanishes; listening goes on.
func (s *Server) Restart() {
	if s.Powerless() {
		return
	}
	s.mu.Lock()
	s.vanish()
	conns := s.openConns()
	s.mu.Unlock()
	for _, c := range conns {
		c.reset()
	}
}

// Stop takes the host down: like Restart, and its ports are closed, so that
// connections are refused, until Resume.
func (s *Server) Stop() {
	if s.Powerless() {
		return
	}
	s.mu.Lock()
	s.vanish()
	listeners := s.listeners
	s.listeners = nil
	conns := s.openConns()
	s.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close() // closing twice is no harm
	}
	for _, c := range conns {
		c.reset()
	}
}

// CutPower takes the power of the host away, in the middle of whatever it does:
// shells and processes are gone, and nobody is told. Connections there are stay
// and are silent, and so are new ones, as no machine is there to refuse them;
// that those are accepted is the system's doing here, as for Freeze. Resume
// brings power back.
func (s *Server) CutPower() {
	s.mu.Lock()
	cut := !s.dark.Swap(true)
	s.Freeze() // first, or what vanishes would tell
	s.vanish()
	s.mu.Unlock()
	if cut && s.cfg.PowerCut != nil {
		s.cfg.PowerCut()
	}
}

// Powerless tells whether the power is cut.
func (s *Server) Powerless() bool { return s.dark.Load() }

// Resume listens again, at the same addresses, after Stop. After CutPower it
// boots: connections of before are reset, which is what a machine answers to
// whoever goes on with one it knows nothing of.
func (s *Server) Resume() error {
	s.mu.Lock()
	if !s.dark.Load() {
		defer s.mu.Unlock()
		return s.listen()
	}
	conns := s.openConns()
	s.mu.Unlock()
	s.wake(conns)
	return nil
}

// wake ends the dark for all but the connections of before.
func (s *Server) wake(before []*conn) {
	s.mu.Lock()
	s.vanish() // what was being done when it became dark
	s.mu.Unlock()
	for _, c := range before {
		c.reset()
	}
	s.dark.Store(false)
	s.melt()
}

// Listening tells whether the ports are open.
func (s *Server) Listening() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.listeners) > 0
}

// vanish removes all shells and enumerations; mu must be held.
func (s *Server) vanish() {
	for _, sh := range s.shells {
		s.removeShell(sh)
	}
	s.contexts = nil
	s.scheduleReaper(time.Now())
}

// openConns lists the connections; mu must be held.
func (s *Server) openConns() []*conn {
	list := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		list = append(list, c)
	}
	return list
}

// Close takes the host down for good and waits until its processes are over.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	conns := s.openConns()
	s.mu.Unlock()
	if s.Powerless() {
		s.wake(conns)
	}
	s.Thaw()
	s.Stop()
	_ = s.http.Close() // Stop has closed everything; this only marks it closed
	over := make(chan struct{})
	go func() {
		s.running.Wait()
		s.serving.Wait()
		close(over)
	}()
	select {
	case <-over:
		return nil
	case <-time.After(s.grace):
		return fmt.Errorf("winrm: %s: processes did not end within %s after they were killed", s.cfg.Name, s.grace)
	}
}
