package hypersim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ReplicationServer is Get-VMReplicationServer: whether and how a host accepts
// replication.
type ReplicationServer struct {
	// ReplicationEnabled tells whether it listens at all.
	ReplicationEnabled bool `json:"replicationEnabled"`
	// AllowedAuthenticationType is Kerberos, Certificate or CertificateAndKerberos.
	AllowedAuthenticationType string `json:"allowedAuthenticationType"`
	// KerberosAuthenticationPort is the HTTP port; 0 means 80.
	KerberosAuthenticationPort int `json:"kerberosAuthenticationPort,omitempty"`
	// CertificateAuthenticationPort is the HTTPS port; 0 means 443.
	CertificateAuthenticationPort int `json:"certificateAuthenticationPort,omitempty"`
	// CertificateThumbprint is the host's certificate for receiving.
	CertificateThumbprint string `json:"certificateThumbprint,omitempty"`
	// ReplicationAllowedFromAnyServer admits every server. Otherwise the
	// authorization entries decide.
	ReplicationAllowedFromAnyServer bool `json:"replicationAllowedFromAnyServer"`
	// DefaultStorageLocation is where replicas are kept.
	DefaultStorageLocation string `json:"defaultStorageLocation,omitempty"`
	// MonitoringInterval is how long statistics are counted; 0 means 12 hours.
	MonitoringInterval Duration `json:"monitoringInterval,omitempty"`
	// MonitoringStartTime is the time of day from which intervals are counted;
	// nil means 09:00.
	MonitoringStartTime *Duration `json:"monitoringStartTime,omitempty"`
}

const authBoth = "CertificateAndKerberos"

// Default replication ports.
const (
	defaultKerberosPort    = 80
	defaultCertificatePort = 443
)

func (s ReplicationServer) withDefaults() ReplicationServer {
	if s.AllowedAuthenticationType == "" {
		s.AllowedAuthenticationType = authKerberos
	}
	if s.KerberosAuthenticationPort == 0 {
		s.KerberosAuthenticationPort = defaultKerberosPort
	}
	if s.CertificateAuthenticationPort == 0 {
		s.CertificateAuthenticationPort = defaultCertificatePort
	}
	if s.MonitoringInterval == 0 {
		s.MonitoringInterval = defaultMonitoringInterval
	}
	if s.MonitoringStartTime == nil {
		start := defaultMonitoringStart
		s.MonitoringStartTime = &start
	}
	return s
}

// Monitoring as it is until somebody sets it.
const (
	defaultMonitoringInterval = Duration(12 * time.Hour)
	defaultMonitoringStart    = Duration(9 * time.Hour)
	day                       = Duration(24 * time.Hour)
)

// monitoringIntervals are those Hyper-V takes.
var monitoringIntervals = []Duration{
	day / 24, day / 12, day / 8, day / 6, day / 4, day / 3, day / 2, day, 2 * day, 3 * day, 4 * day, 5 * day, 6 * day, 7 * day,
}

// portFor is the port an authentication type is accepted on; 0 when it is not.
func (s *ReplicationServer) portFor(auth string) int {
	switch {
	case auth == authKerberos && s.AllowedAuthenticationType != authCertificate:
		return s.KerberosAuthenticationPort
	case auth == authCertificate && s.AllowedAuthenticationType != authKerberos:
		return s.CertificateAuthenticationPort
	}
	return 0
}

// AuthorizationEntry admits primary servers by name.
type AuthorizationEntry struct {
	// AllowedPrimaryServer is a fully qualified name, or one with a wildcard
	// as its first label, or "*".
	AllowedPrimaryServer string `json:"allowedPrimaryServer"`
	// ReplicaStorageLocation is where their replicas are kept.
	ReplicaStorageLocation string `json:"replicaStorageLocation"`
	// TrustGroup separates tenants.
	TrustGroup string `json:"trustGroup"`
}

// AnyServer is the name of the entry that admits every server.
const AnyServer = "*"

func (e *AuthorizationEntry) admits(fqdn string) bool {
	if e.AllowedPrimaryServer == AnyServer || sameServer(e.AllowedPrimaryServer, fqdn) {
		return true
	}
	domain, wildcard := strings.CutPrefix(e.AllowedPrimaryServer, "*.")
	_, rest, found := strings.Cut(fqdn, ".")
	return wildcard && found && sameServer(domain, rest)
}

// admits tells whether a host accepts replication from another.
func (m *Machine) admits(from *Machine) bool {
	if m.server.ReplicationAllowedFromAnyServer {
		return true
	}
	return slices.ContainsFunc(m.entries, func(e AuthorizationEntry) bool { return e.admits(from.fqdn) })
}

// hasEntry tells whether there is an entry of this name, or the one for any
// server when none is named.
func (m *Machine) hasEntry(name string) bool {
	if name == "" {
		name = AnyServer
	}
	if name == AnyServer && m.server.ReplicationAllowedFromAnyServer {
		return true
	}
	return slices.ContainsFunc(m.entries, func(e AuthorizationEntry) bool { return sameServer(e.AllowedPrimaryServer, name) })
}

// entryFor names the entry that admits a server: what -AllowedPrimaryServer
// takes. Empty means the one for any server.
func (m *Machine) entryFor(server string) string {
	if m.hasEntry(AnyServer) {
		return ""
	}
	fqdn := server
	if other := m.w.machine(server); other != nil {
		fqdn = other.fqdn
	}
	for i := range m.entries {
		if m.entries[i].admits(fqdn) {
			return m.entries[i].AllowedPrimaryServer
		}
	}
	return server
}

func authorizationEntryNotFound(name string) *CmdletError {
	if name == "" {
		name = AnyServer
	}
	e := badParameter(fmt.Sprintf("No authorization entry for primary server '%s' was found.", name))
	e.Target = name
	return e
}

// GetVMReplicationServer is Get-VMReplicationServer.
func (m *Machine) GetVMReplicationServer(ctx context.Context) (ReplicationServer, error) {
	return look(ctx, m, "Get-VMReplicationServer", func() (ReplicationServer, *CmdletError) { return m.server, nil })
}

// SetVMReplicationServer is Set-VMReplicationServer: it replaces the settings.
func (m *Machine) SetVMReplicationServer(ctx context.Context, s ReplicationServer) error {
	return m.configure(ctx, "Set-VMReplicationServer", func() *CmdletError {
		s = s.withDefaults()
		switch {
		case s.ReplicationAllowedFromAnyServer && s.DefaultStorageLocation == "":
			return badParameter("A default storage location is needed to allow replication from any server.")
		case !slices.Contains([]string{authKerberos, authCertificate, authBoth}, s.AllowedAuthenticationType):
			return badParameter("The authentication type must be Kerberos, Certificate or CertificateAndKerberos.")
		case s.ReplicationEnabled && s.AllowedAuthenticationType != authKerberos && s.CertificateThumbprint == "":
			return badParameter("A certificate thumbprint is needed for certificate authentication.")
		case !slices.Contains(monitoringIntervals, s.MonitoringInterval):
			return badParameter("MonitoringInterval must be 1, 2, 3, 4, 6, 8, 12 or 24 hours, or 2 to 7 days.")
		case *s.MonitoringStartTime < 0 || *s.MonitoringStartTime >= day:
			return badParameter("MonitoringStartTime must be a time of day.")
		}
		m.server = s
		return nil
	})
}

// GetVMReplicationAuthorizationEntry is Get-VMReplicationAuthorizationEntry.
func (m *Machine) GetVMReplicationAuthorizationEntry(ctx context.Context) ([]AuthorizationEntry, error) {
	return look(ctx, m, "Get-VMReplicationAuthorizationEntry", func() ([]AuthorizationEntry, *CmdletError) {
		return slices.Clone(m.entries), nil
	})
}

// NewVMReplicationAuthorizationEntry is New-VMReplicationAuthorizationEntry.
func (m *Machine) NewVMReplicationAuthorizationEntry(ctx context.Context, e AuthorizationEntry) error {
	return m.configure(ctx, "New-VMReplicationAuthorizationEntry", func() *CmdletError {
		if e.AllowedPrimaryServer == "" || e.ReplicaStorageLocation == "" || e.TrustGroup == "" {
			return badParameter("AllowedPrimaryServer, ReplicaStorageLocation and TrustGroup must not be empty.")
		}
		if m.hasEntry(e.AllowedPrimaryServer) {
			return badParameter(fmt.Sprintf("An authorization entry for '%s' exists already.", e.AllowedPrimaryServer))
		}
		m.entries = append(m.entries, e)
		return nil
	})
}

// SetVMReplicationAuthorizationEntry is Set-VMReplicationAuthorizationEntry:
// it replaces the entry of the same AllowedPrimaryServer.
func (m *Machine) SetVMReplicationAuthorizationEntry(ctx context.Context, e AuthorizationEntry) error {
	return m.configure(ctx, "Set-VMReplicationAuthorizationEntry", func() *CmdletError {
		i := m.entry(e.AllowedPrimaryServer)
		if i < 0 {
			return authorizationEntryNotFound(e.AllowedPrimaryServer)
		}
		m.entries[i] = e
		return nil
	})
}

// RemoveVMReplicationAuthorizationEntry is Remove-VMReplicationAuthorizationEntry.
func (m *Machine) RemoveVMReplicationAuthorizationEntry(ctx context.Context, allowedPrimaryServer string) error {
	return m.configure(ctx, "Remove-VMReplicationAuthorizationEntry", func() *CmdletError {
		i := m.entry(allowedPrimaryServer)
		if i < 0 {
			return authorizationEntryNotFound(allowedPrimaryServer)
		}
		m.entries = slices.Delete(m.entries, i, i+1)
		return nil
	})
}

func (m *Machine) entry(name string) int {
	return slices.IndexFunc(m.entries, func(e AuthorizationEntry) bool { return sameServer(e.AllowedPrimaryServer, name) })
}

// TestVMReplicationConnection is Test-VMReplicationConnection, run on the
// sending host. No error means that the connection works.
func (m *Machine) TestVMReplicationConnection(ctx context.Context, server string, port int, auth, thumbprint string) error {
	_, err := look(ctx, m, "Test-VMReplicationConnection", func() (struct{}, *CmdletError) {
		if _, code := m.connect(call{server: server, port: port, auth: auth, thumbprint: thumbprint}); code != 0 {
			return struct{}{}, connectFailed("Hyper-V failed to test the connection", server, code)
		}
		return struct{}{}, nil
	})
	return err
}

// Certificate is one certificate in a host's machine store.
type Certificate struct {
	// Thumbprint identifies it, in hexadecimal.
	Thumbprint string `json:"thumbprint"`
	// Bad makes every use of it fail: expired, revoked or of another name.
	Bad bool `json:"bad,omitempty"`
}

func (m *Machine) hasCertificate(thumbprint string) bool {
	return slices.ContainsFunc(m.certs, func(c Certificate) bool {
		return !c.Bad && strings.EqualFold(c.Thumbprint, thumbprint)
	})
}

// spoil makes a certificate unusable.
func (m *Machine) spoil(thumbprint string) {
	for i := range m.certs {
		if strings.EqualFold(m.certs[i].Thumbprint, thumbprint) {
			m.certs[i].Bad = true
		}
	}
}
