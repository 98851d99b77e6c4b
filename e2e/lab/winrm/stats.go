package winrm

import (
	"sync"
	"sync/atomic"
)

// Stats are a host's counters since it was made, and what is there now.
type Stats struct {
	// HTTPRequests are all requests, those that were not authenticated included.
	HTTPRequests uint64 `json:"httpRequests"`
	// Requests are the authenticated ones, by action.
	Requests map[string]uint64 `json:"requests"`
	// Unauthorized are the answers 401, the legs of handshakes included.
	Unauthorized uint64 `json:"unauthorized"`
	// Logins and LoginFailures are completed log-ons, by scheme: basic, ntlm, kerberos, certificate.
	Logins        map[string]uint64 `json:"logins"`
	LoginFailures map[string]uint64 `json:"loginFailures"`
	// SOAPFaults are faults answered, by code, injected ones included.
	SOAPFaults map[uint32]uint64 `json:"soapFaults"`
	// Injected are the faults that acted, by kind.
	Injected map[FaultKind]uint64 `json:"injected"`

	Shells         int    `json:"shells"` // open now
	PeakShells     int    `json:"peakShells"`
	ShellsOpened   uint64 `json:"shellsOpened"`
	ShellsReaped   uint64 `json:"shellsReaped"` // deleted for idleness or age
	Processes      int    `json:"processes"`    // running now
	PeakProcesses  int    `json:"peakProcesses"`
	ProcessesTotal uint64 `json:"processesTotal"`
	// MemoryRefused counts failed Process.Reserve.
	MemoryRefused uint64 `json:"memoryRefused"`

	Connections      int    `json:"connections"` // open now
	PeakConnections  int    `json:"peakConnections"`
	ConnectionsTotal uint64 `json:"connectionsTotal"`
	BytesIn          uint64 `json:"bytesIn"` // bodies, as they came
	BytesOut         uint64 `json:"bytesOut"`
}

// counters collect Stats.
type counters struct {
	reaped, memoryRefused, bytesIn, bytesOut, http, unauthorized atomic.Uint64

	mu sync.Mutex
	s  Stats
}

// level is something that goes up and down, with its peak.
func raise(now, peak *int, by int) {
	*now += by
	*peak = max(*peak, *now)
}

func (c *counters) with(f func(s *Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.s)
}

func (c *counters) shellOpened(open int) {
	c.with(func(s *Stats) { s.ShellsOpened++; s.PeakShells = max(s.PeakShells, open) })
}

func (c *counters) processStarted() {
	c.with(func(s *Stats) { s.ProcessesTotal++; raise(&s.Processes, &s.PeakProcesses, 1) })
}

func (c *counters) processEnded() { c.with(func(s *Stats) { s.Processes-- }) }

func (c *counters) connection(by int) {
	c.with(func(s *Stats) {
		raise(&s.Connections, &s.PeakConnections, by)
		if by > 0 {
			s.ConnectionsTotal++
		}
	})
}

func (c *counters) request(action string) { c.with(func(s *Stats) { count(&s.Requests, action) }) }

func (c *counters) login(scheme string, ok bool) {
	c.with(func(s *Stats) {
		if ok {
			count(&s.Logins, scheme)
		} else {
			count(&s.LoginFailures, scheme)
		}
	})
}

func (c *counters) fault(code uint32) { c.with(func(s *Stats) { count(&s.SOAPFaults, code) }) }

func (c *counters) injected(kind FaultKind) { c.with(func(s *Stats) { count(&s.Injected, kind) }) }

func count[K comparable](m *map[K]uint64, key K) {
	if *m == nil {
		*m = map[K]uint64{}
	}
	(*m)[key]++
}

// Stats returns the counters. The maps are copies and never nil.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	shells := len(s.shells)
	s.mu.Unlock()
	c := &s.stats
	c.mu.Lock()
	out := c.s
	out.Requests, out.Logins, out.LoginFailures = copied(c.s.Requests), copied(c.s.Logins), copied(c.s.LoginFailures)
	out.SOAPFaults, out.Injected = copied(c.s.SOAPFaults), copied(c.s.Injected)
	c.mu.Unlock()
	out.Shells = shells
	out.HTTPRequests, out.Unauthorized = c.http.Load(), c.unauthorized.Load()
	out.ShellsReaped, out.MemoryRefused = c.reaped.Load(), c.memoryRefused.Load()
	out.BytesIn, out.BytesOut = c.bytesIn.Load(), c.bytesOut.Load()
	return out
}

func copied[K comparable](m map[K]uint64) map[K]uint64 {
	out := make(map[K]uint64, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// ShellInfo is one open shell.
type ShellInfo struct {
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Owner     string `json:"owner"`
	ClientIP  string `json:"clientIP"`
	Commands  int    `json:"commands"`
	Processes int    `json:"processes"` // places taken in the process quota
	Memory    int64  `json:"memory"`    // bytes reserved
}

// Shells lists the open shells, in no order.
func (s *Server) Shells() []ShellInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]ShellInfo, 0, len(s.shells))
	for _, sh := range s.shells {
		list = append(list, ShellInfo{sh.id, sh.name, sh.owner.display, sh.clientIP, len(sh.commands), sh.processes, sh.memory})
	}
	return list
}
