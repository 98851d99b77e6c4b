package inventory

import (
	"slices"
	"strings"

	"lifeboat.io/events"
)

// What holds where a document says nothing.
const (
	// DefaultHoldOpenMinutes is how long a test VM stays up without a cleanup ticket.
	DefaultHoldOpenMinutes = 240
	// DefaultCommitAfterMinutes is how long an unplanned failover can be undone.
	DefaultCommitAfterMinutes = 240
	// DefaultShutdownGraceSeconds is how long a guest may take to shut down.
	DefaultShutdownGraceSeconds = 300
	// DefaultKerberosConfig is where systems keep their Kerberos configuration.
	DefaultKerberosConfig = "/etc/krb5.conf"

	portWinRMHTTPS = 5986
	portWinRMHTTP  = 5985
	portReplicaTLS = 443
	portReplica    = 80
)

// complete fills in what was left out and brings identifiers into the one form
// in which they are compared. It changes nothing that is wrong, so that
// validate shows what was written.
func complete(doc *Document) {
	for i := range doc.Accounts {
		completeAccount(&doc.Accounts[i])
	}
	for i := range doc.Credentials {
		if k := doc.Credentials[i].Kerberos; k != nil && len(k.KDCs) == 0 {
			setDefault(&k.Config, DefaultKerberosConfig)
		}
	}
	for i := range doc.Hosts {
		completeHost(&doc.Hosts[i])
	}
	for i := range doc.VMs {
		doc.VMs[i].ID = NormalVMID(doc.VMs[i].ID)
	}
}

func completeAccount(a *Account) {
	if a.Name == "" {
		a.Name = a.ID
	}
	d := &a.Defaults
	setDefault(&d.HoldOpenMinutes, DefaultHoldOpenMinutes)
	setDefault(&d.CommitAfterMinutes, DefaultCommitAfterMinutes)
	setDefault(&d.AtWindowEnd, events.WindowEndCommit)
	setDefault(&d.ShutdownGraceSeconds, DefaultShutdownGraceSeconds)
}

func completeHost(h *Host) {
	w := &h.WinRM
	setDefault(&w.Transport, HTTPS)
	setDefault(&w.Auth, NTLM)
	switch w.Transport {
	case HTTPS:
		setDefault(&w.Port, portWinRMHTTPS)
	case HTTP:
		setDefault(&w.Port, portWinRMHTTP)
	}
	w.Fingerprint = strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(w.Fingerprint))
	if r := h.Replica; r != nil {
		switch r.Authentication {
		case Kerberos:
			setDefault(&r.Port, portReplica)
		case Certificate:
			setDefault(&r.Port, portReplicaTLS)
		}
		r.CertificateThumbprint = strings.ToUpper(strings.ReplaceAll(r.CertificateThumbprint, " ", ""))
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// NormalVMID brings a VMId GUID into the form in which it is compared: lower
// case without braces. Texts that are no GUID come back unchanged.
func NormalVMID(id string) string {
	bare := strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(id, "{"), "}"))
	if isVMID(bare) {
		return bare
	}
	return id
}

// clone copies a document with every list and struct in it.
func clone(doc Document) Document {
	doc.Systems = slices.Clone(doc.Systems)
	for i := range doc.Systems {
		doc.Systems[i].Accounts = slices.Clone(doc.Systems[i].Accounts)
	}
	doc.Accounts = slices.Clone(doc.Accounts)
	for i := range doc.Accounts {
		contacts := slices.Clone(doc.Accounts[i].Contacts)
		for j := range contacts {
			contacts[j].May = slices.Clone(contacts[j].May)
		}
		doc.Accounts[i].Contacts = contacts
	}
	doc.Sites = slices.Clone(doc.Sites)
	doc.Credentials = slices.Clone(doc.Credentials)
	for i := range doc.Credentials {
		l := &doc.Credentials[i]
		if l.Kerberos != nil {
			copied := *l.Kerberos
			copied.KDCs = slices.Clone(copied.KDCs)
			l.Kerberos = &copied
		}
		if l.Certificate != nil {
			copied := *l.Certificate
			l.Certificate = &copied
		}
	}
	doc.Hosts = slices.Clone(doc.Hosts)
	for i := range doc.Hosts {
		if r := doc.Hosts[i].Replica; r != nil {
			copied := *r
			doc.Hosts[i].Replica = &copied
		}
	}
	doc.VMs = slices.Clone(doc.VMs)
	for i := range doc.VMs {
		doc.VMs[i].Test.Adapters = slices.Clone(doc.VMs[i].Test.Adapters)
	}
	return doc
}
