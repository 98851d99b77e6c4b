package inventory

import (
	"lifeboat.io/events"
	"lifeboat.io/pkg/secret"
)

// Document is the inventory as it is written.
type Document struct {
	// Systems are the ticket systems that may submit tickets.
	Systems []System `json:"systems,omitempty"`
	// Accounts are the customers.
	Accounts []Account `json:"accounts,omitempty"`
	// Sites are the places hosts stand in.
	Sites []Site `json:"sites,omitempty"`
	// Credentials are the logins on hosts.
	Credentials []Credential `json:"credentials,omitempty"`
	// Hosts are the Hyper-V hosts.
	Hosts []Host `json:"hosts,omitempty"`
	// VMs are the virtual machines lifeboat may fail over.
	VMs []VM `json:"vms,omitempty"`
}

// System is a ticket system.
type System struct {
	// Name is what its tickets call it: ASCII letters, digits and . _ - as in "desk".
	Name string `json:"name"`
	// Accounts are the accounts it may submit tickets for; the single entry "*" means all.
	Accounts []string `json:"accounts"`
	// URL is where a person reads a ticket, with {ticket} in place of its number; optional.
	URL string `json:"url,omitempty"`
}

// Account is a customer.
type Account struct {
	// ID is the account's identifier: letters, digits and . _ : - as in "hybrid:12345".
	ID string `json:"id"`
	// Name is the customer's name for people; the default is the id.
	Name string `json:"name,omitempty"`
	// Kind tells whether the provider manages the customer's guests.
	Kind AccountKind `json:"kind"`
	// Contacts are the people who may ask for something.
	Contacts []Contact `json:"contacts,omitempty"`
	// Defaults hold for every request of the account that does not say otherwise.
	Defaults Defaults `json:"defaults,omitzero"`
}

// Contact is a person of an account.
type Contact struct {
	// Name is the person's full name.
	Name string `json:"name"`
	// Email identifies the person within the account, without regard to case.
	Email string `json:"email"`
	// May lists the person's rights; see Right. Without any, the person is known and may ask for nothing.
	May []Right `json:"may,omitempty"`
}

// Defaults of an account.
type Defaults struct {
	// HoldOpenMinutes is how long a test VM stays up when no cleanup ticket comes: 1 to 10,080 (a week), 240 when left out.
	HoldOpenMinutes int `json:"holdOpenMinutes,omitempty"`
	// CommitAfterMinutes is how long an unplanned failover can still be undone: 1 to 10,080 (a week), 240 when left out.
	CommitAfterMinutes int `json:"commitAfterMinutes,omitempty"`
	// AtWindowEnd is what happens when nobody commits in that time; commit when left out.
	AtWindowEnd events.WindowEnd `json:"atWindowEnd,omitempty"`
	// ShutdownGraceSeconds is how long a guest may take to shut down before it is turned off: 10 to 3,600, 300 when left out.
	ShutdownGraceSeconds int `json:"shutdownGraceSeconds,omitempty"`
}

// Site is a place hosts stand in.
type Site struct {
	// Name of the site.
	Name string `json:"name"`
	// Description for people; optional.
	Description string `json:"description,omitempty"`
}

// Credential is a login on hosts. What it has to have depends on how the hosts
// that use it are logged in to; see Auth.
type Credential struct {
	// Name hosts refer to it by.
	Name string `json:"name"`
	// User is the account's name on the host or in its domain, such as LAB\svc or svc@lab.test. With only a
	// certificate it is left out: the host maps that to an account.
	User string `json:"user,omitempty"`
	// Password says where the password is; for ntlm and basic, and for kerberos without a keytab.
	Password secret.Ref `json:"password,omitzero"`
	// Kerberos is how the account logs in to its realm; for kerberos.
	Kerberos *KerberosLogin `json:"kerberos,omitempty"`
	// Certificate is the client certificate and its key; for certificate.
	Certificate *ClientCertificate `json:"certificate,omitempty"`
}

// KerberosLogin is how an account logs in to its realm. All hosts with the
// credential share one log-on.
type KerberosLogin struct {
	// Realm the account is in, such as LAB.TEST; when left out, the one behind the @ of the user, or else the default
	// realm of the Kerberos configuration.
	Realm string `json:"realm,omitempty"`
	// Config is the path of a krb5.conf; /etc/krb5.conf when both it and KDCs are left out.
	Config string `json:"config,omitempty"`
	// KDCs are the realm's domain controllers as host or host:port, in place of a krb5.conf.
	KDCs []string `json:"kdcs,omitempty"`
	// Keytab is the path of a file with the account's keys, in place of a password.
	Keytab string `json:"keytab,omitempty"`
}

// ClientCertificate is a certificate that logs in. Both parts are read anew at
// each log-on, so that a renewed one needs no restart.
type ClientCertificate struct {
	// File is the path of the certificate in PEM, with intermediate ones behind it.
	File string `json:"file"`
	// Key says where its private key is, in PEM.
	Key secret.Ref `json:"key,omitzero"`
}

// Host is a Hyper-V host.
type Host struct {
	// Name VMs refer to it by.
	Name string `json:"name"`
	// Site it stands in.
	Site string `json:"site"`
	// Address is where WinRM is reached: an IP address or a DNS name.
	Address string `json:"address"`
	// FQDN is the name replication uses for it.
	FQDN string `json:"fqdn"`
	// WinRM is how to talk to it.
	WinRM WinRM `json:"winrm"`
	// Replica is how it receives replication. Left out, a reverse replication keeps what the relationship has stored.
	Replica *Replica `json:"replica,omitempty"`
}

// WinRM is how a host is talked to.
type WinRM struct {
	// Transport is https or http; https when left out.
	Transport Transport `json:"transport,omitempty"`
	// Port is 5986 for https and 5985 for http when left out.
	Port int `json:"port,omitempty"`
	// Auth is how to log in; ntlm when left out.
	Auth Auth `json:"auth,omitempty"`
	// Credential is the name of the login.
	Credential string `json:"credential"`
	// CA is the path of a PEM file with the authorities that may have signed the host's certificate; the system's own when left out.
	CA string `json:"ca,omitempty"`
	// ServerName is the name in the host's certificate, when it is not Address.
	ServerName string `json:"serverName,omitempty"`
	// Fingerprint pins the host's own certificate by the SHA-256 of its DER form, 64 hexadecimal digits: no other is
	// accepted, and neither its name nor who signed it counts any more. For hosts with certificates they signed themselves.
	Fingerprint string `json:"fingerprint,omitempty"`
	// SPN is the host's service principal for kerberos, when it is not HTTP/ and ServerName or else Address.
	SPN string `json:"spn,omitempty"`
}

// Replica is how a host receives replication.
type Replica struct {
	// Authentication is Kerberos (over HTTP) or Certificate (over HTTPS).
	Authentication ReplicaAuthentication `json:"authentication"`
	// Port is 80 for Kerberos and 443 for Certificate when left out.
	Port int `json:"port,omitempty"`
	// CertificateThumbprint is the SHA-1 thumbprint of the certificate the host itself uses, 40 hexadecimal digits; only with Certificate.
	CertificateThumbprint string `json:"certificateThumbprint,omitempty"`
}

// VM is a virtual machine lifeboat may fail over.
type VM struct {
	// ID is the VMId GUID, which primary and replica share.
	ID string `json:"id"`
	// Name is its name; two VMs may have the same one.
	Name string `json:"name"`
	// Account it belongs to.
	Account string `json:"account"`
	// Primary is the host it normally runs on. Its roles at any moment are read from the hosts.
	Primary string `json:"primary"`
	// Replica is the host that normally holds its copy.
	Replica string `json:"replica"`
	// Extended is the host that holds the copy of the copy; optional.
	Extended string `json:"extended,omitempty"`
	// Test is the network of its test failovers.
	Test TestNetwork `json:"test,omitzero"`
	// RPOMinutes is the recovery point objective, 1 to 10,080; left out means none is set.
	RPOMinutes int `json:"rpoMinutes,omitempty"`
	// RTOMinutes is the recovery time objective, 1 to 10,080; left out means none is set.
	RTOMinutes int `json:"rtoMinutes,omitempty"`
}

// TestNetwork is what a test VM is connected to when the ticket does not say.
type TestNetwork struct {
	// Switch is the virtual switch for every network adapter not listed below.
	Switch string `json:"switch,omitempty"`
	// Adapters are exceptions by adapter name.
	Adapters []Adapter `json:"adapters,omitempty"`
}

// Adapter connects one network adapter of a test VM.
type Adapter struct {
	// Adapter is the network adapter's name.
	Adapter string `json:"adapter"`
	// Switch is the virtual switch's name; empty leaves the adapter disconnected.
	Switch string `json:"switch,omitempty"`
}
