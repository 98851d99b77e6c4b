package hypersim

import (
	"fmt"
	"time"
)

// Link is one direction between two hosts or two sites: what connections that
// one side opens to the other meet. It carries replication, not WinRM.
type Link struct {
	// Down cuts the direction.
	Down bool `json:"down,omitempty"`
	// Latency is the time one way.
	Latency Duration `json:"latency,omitempty"`
	// Bandwidth is in bytes a second; 0 means unlimited.
	Bandwidth int64 `json:"bandwidth,omitempty"`
	// Fault makes connections fail with a Windows error code, such as
	// 0x00002EFE (terminated abnormally) or 0x80090303 (Kerberos target
	// unknown); 0 means they work.
	Fault uint32 `json:"fault,omitempty"`
}

// check names what a link cannot be.
func (l *Link) check() error {
	if l.Latency < 0 || l.Bandwidth < 0 {
		return fmt.Errorf("link: latency %v, bandwidth %d: they must not be negative", time.Duration(l.Latency), l.Bandwidth)
	}
	return nil
}

// Windows error codes of replication connections.
const (
	codeTimedOut       = 0x00002EE2
	codeNotResolved    = 0x00002EE7
	codeAborted        = 0x00002EFE
	codeTargetUnknown  = 0x80090303
	codeAccessDenied   = 0x80070005
	codeUntrustedRoot  = 0x800B0109
	codeParameterWrong = 0x80070057
	codeFileNotFound   = 0x80070002
)

// linkBetween is the direction from one host to another: the one set for the
// two hosts, else the one for their sites, else a perfect one.
func (w *World) linkBetween(from, to *Machine) Link {
	if len(w.hostLink) > 0 {
		if l, ok := w.hostLink[[2]string{from.name, to.name}]; ok {
			return l
		}
	}
	return w.siteLink[[2]string{from.site, to.site}]
}

// setLink sets one direction between two hosts or between two sites, by name.
func (w *World) setLink(from, to string, l Link) error {
	a, b := w.machine(from), w.machine(to)
	switch {
	case a != nil && b != nil:
		w.hostLink[[2]string{a.name, b.name}] = l
	case a == nil && b == nil && w.hasSite(from) && w.hasSite(to):
		w.siteLink[[2]string{from, to}] = l
	default:
		return fmt.Errorf("link from %q to %q: name two hosts or two sites of this world", from, to)
	}
	return nil
}

func (w *World) hasSite(name string) bool {
	for _, m := range w.machines {
		if m.site == name {
			return true
		}
	}
	return false
}

// transfer is how long n bytes take over a link.
func (l Link) transfer(n int64) Duration {
	d := l.Latency
	if l.Bandwidth > 0 {
		seconds, rest := n/l.Bandwidth, n%l.Bandwidth
		d += Duration(seconds)*1e9 + Duration(float64(rest)/float64(l.Bandwidth)*1e9)
	}
	return d
}

// call is how one host reaches another to replicate.
type call struct {
	server     string // name of the receiving host
	port       int
	auth       string // Kerberos or Certificate
	thumbprint string // of the sending host, with Certificate
}

// connect tells whether a host reaches another's replication listener, as
// Test-VMReplicationConnection does: name, link, listener, port and
// authentication. It returns the receiving host, or the Windows error code.
func (m *Machine) connect(c call) (*Machine, uint32) {
	to := m.w.machine(c.server)
	if to == nil {
		return nil, codeNotResolved
	}
	link := m.w.linkBetween(m, to)
	switch {
	case link.Fault != 0:
		return nil, link.Fault
	case link.Down, to.down:
		return nil, codeTimedOut
	case to.frozen, !to.server.ReplicationEnabled, c.port != to.server.portFor(c.auth):
		return nil, codeAborted
	case c.auth == authCertificate:
		return to, m.w.certificatesOK(m, c.thumbprint, to)
	}
	return to, 0
}

func (w *World) certificatesOK(from *Machine, thumbprint string, to *Machine) uint32 {
	if !from.hasCertificate(thumbprint) || !to.hasCertificate(to.server.CertificateThumbprint) {
		return codeUntrustedRoot
	}
	return 0
}
