package cmdlets

import (
	"strings"
	"time"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// serverModels are the cmdlets about receiving replication.
var serverModels = map[string]*model{
	"Get-VMReplicationServer": {run: getServer},
	"Set-VMReplicationServer": {takes: "ReplicationEnabled AllowedAuthenticationType ReplicationAllowedFromAnyServer CertificateThumbprint DefaultStorageLocation " +
		"KerberosAuthenticationPort CertificateAuthenticationPort MonitoringInterval MonitoringStartTime Force Passthru", run: setServer},
	"Get-VMReplicationAuthorizationEntry":    {takes: "AllowedPrimaryServer ReplicaStorageLocation TrustGroup", run: getEntry},
	"New-VMReplicationAuthorizationEntry":    {takes: "AllowedPrimaryServer ReplicaStorageLocation TrustGroup", run: newEntry},
	"Set-VMReplicationAuthorizationEntry":    {takes: "AllowedPrimaryServer VMReplicationAuthorizationEntry ReplicaStorageLocation TrustGroup Passthru", run: setEntry},
	"Remove-VMReplicationAuthorizationEntry": {takes: "AllowedPrimaryServer VMReplicationAuthorizationEntry TrustGroup Passthru", run: removeEntry},
	"Test-VMReplicationConnection":           {takes: "ReplicaServerName ReplicaServerPort AuthenticationType CertificateThumbprint BypassProxyServer", run: testConnection},
}

func serverProperty(name, typ string, get func(s *hypersim.ReplicationServer) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*hypersim.ReplicationServer)) }}
}

// shortAuth is how the default view shows an authentication type.
func shortAuth(v powershell.Value) powershell.Value {
	return strings.NewReplacer("Kerberos", "Kerb", "Certificate", "Cert").Replace(v.(*hypersim.ReplicationServer).AllowedAuthenticationType)
}

var classServer = func() *powershell.Class {
	type get = func(s *hypersim.ReplicationServer) powershell.Value
	enabled := get(func(s *hypersim.ReplicationServer) powershell.Value { return s.ReplicationEnabled })
	auth := get(func(s *hypersim.ReplicationServer) powershell.Value {
		return enum("RecoveryAuthenticationType", s.AllowedAuthenticationType)
	})
	kerberos := get(func(s *hypersim.ReplicationServer) powershell.Value { return int32(s.KerberosAuthenticationPort) })
	certificate := get(func(s *hypersim.ReplicationServer) powershell.Value { return int32(s.CertificateAuthenticationPort) })
	anyone := get(func(s *hypersim.ReplicationServer) powershell.Value { return s.ReplicationAllowedFromAnyServer })
	return &powershell.Class{
		Name: typeSpace + ".VMReplicationServer", Bases: []string{typeSpace + ".VirtualizationObject"},
		Table: []powershell.Column{
			{Property: "RepEnabled"}, {Label: "AuthType", Show: shortAuth}, {Property: "KerbAuthPort"}, {Property: "CertAuthPort"}, {Property: "AllowAnyServer"},
		},
		Properties: []powershell.Property{
			serverProperty("ReplicationEnabled", tBool, enabled),
			serverProperty("AllowedAuthenticationType", typeSpace+".RecoveryAuthenticationType", auth),
			serverProperty("KerberosAuthenticationPort", tInt32, kerberos),
			serverProperty("CertificateAuthenticationPort", tInt32, certificate),
			serverProperty("CertificateThumbprint", tString, func(s *hypersim.ReplicationServer) powershell.Value { return s.CertificateThumbprint }),
			serverProperty("ReplicationAllowedFromAnyServer", tBool, anyone),
			serverProperty("DefaultStorageLocation", tString, func(s *hypersim.ReplicationServer) powershell.Value { return s.DefaultStorageLocation }),
			serverProperty("MonitoringInterval", tTimeSpan, func(s *hypersim.ReplicationServer) powershell.Value {
				return powershell.Span(time.Duration(s.MonitoringInterval))
			}),
			serverProperty("MonitoringStartTime", tTimeSpan, func(s *hypersim.ReplicationServer) powershell.Value {
				return powershell.Span(time.Duration(*s.MonitoringStartTime))
			}),
			serverProperty("OperationalStatus", typeSpace+".VMReplicationServerOperationalStatus[]", func(*hypersim.ReplicationServer) powershell.Value {
				return powershell.NewArray(enum("VMReplicationServerOperationalStatus", "Ok"))
			}),
			serverProperty("RepEnabled", tBool, enabled), serverProperty("AuthType", typeSpace+".RecoveryAuthenticationType", auth),
			serverProperty("KerbAuthPort", tInt32, kerberos), serverProperty("CertAuthPort", tInt32, certificate), serverProperty("AllowAnyServer", tBool, anyone),
		},
	}
}()

func getServer(c *call) error {
	s, err := c.host.machine.GetVMReplicationServer(c.ctx())
	if err != nil {
		return c.fail(err)
	}
	return c.Write(powershell.NewInstance(classServer, &s))
}

// setServer changes what is given and keeps the rest.
func setServer(c *call) error {
	s, err := c.host.machine.GetVMReplicationServer(c.ctx())
	if err != nil {
		return c.fail(err)
	}
	if yes, err := c.ShouldProcess(c.host.record.Name, ""); err != nil || !yes {
		return err
	}
	if b := c.flag("ReplicationEnabled"); b != nil {
		s.ReplicationEnabled = *b
	}
	if c.Has("AllowedAuthenticationType") {
		s.AllowedAuthenticationType = enumText(c.Value("AllowedAuthenticationType"))
	}
	if b := c.flag("ReplicationAllowedFromAnyServer"); b != nil {
		s.ReplicationAllowedFromAnyServer = *b
	}
	for name, field := range map[string]*string{"CertificateThumbprint": &s.CertificateThumbprint, "DefaultStorageLocation": &s.DefaultStorageLocation} {
		if c.Has(name) {
			*field = c.String(name)
		}
	}
	for name, field := range map[string]*int{"KerberosAuthenticationPort": &s.KerberosAuthenticationPort, "CertificateAuthenticationPort": &s.CertificateAuthenticationPort} {
		if n := c.number(name); n != nil {
			*field = *n
		}
	}
	if d := c.span("MonitoringInterval"); d != nil {
		if *d <= 0 {
			return c.fail(invalid("MonitoringInterval must be more than nothing."))
		}
		s.MonitoringInterval = hypersim.Duration(*d)
	}
	if d := c.span("MonitoringStartTime"); d != nil {
		start := hypersim.Duration(*d)
		s.MonitoringStartTime = &start
	}
	if err := c.host.machine.SetVMReplicationServer(c.ctx(), s); err != nil {
		return c.fail(err)
	}
	if c.Switch("Passthru") {
		return getServer(c)
	}
	return nil
}

func entryProperty(name string, get func(e *hypersim.AuthorizationEntry) string) powershell.Property {
	return powershell.Property{Name: name, Type: tString, Get: func(v powershell.Value) powershell.Value { return get(v.(*hypersim.AuthorizationEntry)) }}
}

var classEntry = &powershell.Class{
	Name: typeSpace + ".VMReplicationAuthorizationEntry", Bases: []string{typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{{Label: "AllowedPS", Property: "AllowedPrimaryServer"}, {Label: "StorageLocation", Property: "ReplicaStorageLocation"}, {Property: "TrustGroup"}},
	Properties: []powershell.Property{
		entryProperty("AllowedPrimaryServer", func(e *hypersim.AuthorizationEntry) string { return e.AllowedPrimaryServer }),
		entryProperty("ReplicaStorageLocation", func(e *hypersim.AuthorizationEntry) string { return e.ReplicaStorageLocation }),
		entryProperty("TrustGroup", func(e *hypersim.AuthorizationEntry) string { return e.TrustGroup }),
	},
}

// trustGroupDefault is the trust group of the entry for any server.
const trustGroupDefault = "DEFAULT"

// entries are the host's entries. A server that admits any server shows the
// entry it keeps that as.
func (c *call) entries() ([]hypersim.AuthorizationEntry, error) {
	all, err := c.host.machine.GetVMReplicationAuthorizationEntry(c.ctx())
	if err != nil {
		return nil, err
	}
	server, err := c.host.machine.GetVMReplicationServer(c.ctx())
	if err != nil {
		return nil, err
	}
	if server.ReplicationAllowedFromAnyServer {
		all = append(all, hypersim.AuthorizationEntry{AllowedPrimaryServer: hypersim.AnyServer, ReplicaStorageLocation: server.DefaultStorageLocation, TrustGroup: trustGroupDefault})
	}
	return all, nil
}

func getEntry(c *call) error {
	all, err := c.entries()
	if err != nil {
		return c.fail(err)
	}
	found := 0
	for _, e := range all {
		if c.Has("AllowedPrimaryServer") && !strings.EqualFold(c.String("AllowedPrimaryServer"), e.AllowedPrimaryServer) ||
			c.Has("ReplicaStorageLocation") && !strings.EqualFold(c.String("ReplicaStorageLocation"), e.ReplicaStorageLocation) ||
			c.Has("TrustGroup") && !strings.EqualFold(c.String("TrustGroup"), e.TrustGroup) {
			continue
		}
		found++
		if err := c.Write(powershell.NewInstance(classEntry, &e)); err != nil {
			return err
		}
	}
	if found == 0 && c.Has("AllowedPrimaryServer") {
		return c.fail(noEntry(c.String("AllowedPrimaryServer")))
	}
	return nil
}

func noEntry(server string) *hypersim.CmdletError {
	e := invalid("No authorization entry for primary server '%s' was found.", server)
	e.Target = server
	return e
}

func newEntry(c *call) error {
	e := hypersim.AuthorizationEntry{AllowedPrimaryServer: c.String("AllowedPrimaryServer"), ReplicaStorageLocation: c.String("ReplicaStorageLocation"), TrustGroup: c.String("TrustGroup")}
	if yes, err := c.ShouldProcess(e.AllowedPrimaryServer, ""); err != nil || !yes {
		return err
	}
	if strings.Contains(strings.TrimPrefix(e.AllowedPrimaryServer, "*."), "*") && e.AllowedPrimaryServer != hypersim.AnyServer {
		return c.fail(invalid("A wildcard can only be the first label of a primary server's name: '%s'.", e.AllowedPrimaryServer))
	}
	if err := c.host.machine.NewVMReplicationAuthorizationEntry(c.ctx(), e); err != nil {
		return c.fail(err)
	}
	return c.Write(powershell.NewInstance(classEntry, &e))
}

// chosenEntries are the entries a call names.
func (c *call) chosenEntries() ([]hypersim.AuthorizationEntry, error) {
	var chosen []hypersim.AuthorizationEntry
	for _, d := range c.Data("VMReplicationAuthorizationEntry") {
		if e, ok := d.(*hypersim.AuthorizationEntry); ok {
			chosen = append(chosen, *e)
		}
	}
	if c.Has("VMReplicationAuthorizationEntry") {
		return chosen, nil
	}
	all, err := c.entries()
	if err != nil {
		return nil, err
	}
	byGroup := !c.Has("AllowedPrimaryServer")
	for _, e := range all {
		if byGroup && strings.EqualFold(e.TrustGroup, c.String("TrustGroup")) || !byGroup && strings.EqualFold(e.AllowedPrimaryServer, c.String("AllowedPrimaryServer")) {
			chosen = append(chosen, e)
		}
	}
	if len(chosen) == 0 && !byGroup {
		return nil, noEntry(c.String("AllowedPrimaryServer"))
	}
	return chosen, nil
}

// changeEntries does something to each entry a call names.
func (c *call) changeEntries(do func(e *hypersim.AuthorizationEntry) error) error {
	chosen, err := c.chosenEntries()
	if err != nil {
		return c.fail(err)
	}
	for _, e := range chosen {
		yes, err := c.ShouldProcess(e.AllowedPrimaryServer, "")
		if err != nil {
			return err
		}
		if !yes {
			continue
		}
		if err := do(&e); err != nil {
			if err := c.fail(err); err != nil {
				return err
			}
			continue
		}
		if c.Switch("Passthru") {
			if err := c.Write(powershell.NewInstance(classEntry, &e)); err != nil {
				return err
			}
		}
	}
	return nil
}

func setEntry(c *call) error {
	return c.changeEntries(func(e *hypersim.AuthorizationEntry) error {
		for name, field := range map[string]*string{"ReplicaStorageLocation": &e.ReplicaStorageLocation, "TrustGroup": &e.TrustGroup} {
			if c.Has(name) {
				*field = c.String(name)
			}
		}
		return c.host.machine.SetVMReplicationAuthorizationEntry(c.ctx(), *e)
	})
}

func removeEntry(c *call) error {
	return c.changeEntries(func(e *hypersim.AuthorizationEntry) error {
		return c.host.machine.RemoveVMReplicationAuthorizationEntry(c.ctx(), e.AllowedPrimaryServer)
	})
}

func testConnection(c *call) error {
	auth := enumText(c.Value("AuthenticationType"))
	if auth == "Certificate" && !c.Has("CertificateThumbprint") {
		return c.fail(invalid("A certificate thumbprint is needed for certificate authentication."))
	}
	err := c.host.machine.TestVMReplicationConnection(c.ctx(), c.String("ReplicaServerName"), int(c.Int("ReplicaServerPort")), auth, c.String("CertificateThumbprint"))
	if err != nil {
		return c.fail(err)
	}
	return c.Write("The connection to the specified Replica server with the specified parameters was successful.")
}
