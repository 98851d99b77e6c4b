package inventory

import "lifeboat.io/events"

// AccountKind tells how far the provider looks after a customer.
type AccountKind string

const (
	// Managed means the provider looks after the guests as well.
	Managed AccountKind = "managed"
	// Unmanaged means the guests are the customer's own.
	Unmanaged AccountKind = "unmanaged"
)

// Values implements events.Enum.
func (AccountKind) Values() []events.Value {
	return []events.Value{
		{Name: string(Managed), Doc: "The provider looks after the guests as well."},
		{Name: string(Unmanaged), Doc: "The guests are the customer's own; failovers work the same."},
	}
}

// Transport is what WinRM travels on.
type Transport string

const (
	// HTTPS is WinRM over TLS.
	HTTPS Transport = "https"
	// HTTP is WinRM in messages that the login seals.
	HTTP Transport = "http"
)

// Values implements events.Enum.
func (Transport) Values() []events.Value {
	return []events.Value{
		{Name: string(HTTPS), Doc: "Over TLS; the host's certificate is verified."},
		{Name: string(HTTP), Doc: "Over plain TCP in messages sealed by the login; only with ntlm."},
	}
}

// Auth is how lifeboat logs in to a host.
type Auth string

const (
	// NTLM is NTLM with message sealing.
	NTLM Auth = "ntlm"
	// Basic sends the password in each request, so it needs TLS.
	Basic Auth = "basic"
	// KerberosAuth is Kerberos with a password or a keytab, so far only over TLS.
	KerberosAuth Auth = "kerberos"
	// CertificateAuth is a client certificate, which needs TLS.
	CertificateAuth Auth = "certificate"
)

// Values implements events.Enum.
func (Auth) Values() []events.Value {
	return []events.Value{
		{Name: string(NTLM), Doc: "NTLM; messages are sealed when the transport is http."},
		{Name: string(Basic), Doc: "User and password in each request; only over https."},
		{Name: string(KerberosAuth), Doc: "A Kerberos ticket for each host, from one log-on with a password or a keytab; only over https."},
		{Name: string(CertificateAuth), Doc: "A client certificate the host maps to one of its accounts; only over https."},
	}
}

// ReplicaAuthentication is how hosts prove themselves to each other when they
// replicate. The values are Hyper-V's own.
type ReplicaAuthentication string

const (
	// Kerberos is for hosts of one domain, or of domains that trust each other.
	Kerberos ReplicaAuthentication = "Kerberos"
	// Certificate is for everything else.
	Certificate ReplicaAuthentication = "Certificate"
)

// Values implements events.Enum.
func (ReplicaAuthentication) Values() []events.Value {
	return []events.Value{
		{Name: string(Kerberos), Doc: "Kerberos over HTTP, for hosts of one domain."},
		{Name: string(Certificate), Doc: "Certificates over HTTPS, for hosts without a common domain."},
	}
}
