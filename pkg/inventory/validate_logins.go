package inventory

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"lifeboat.io/events"
)

// login is a credential and where it stands in the document.
type login struct {
	Credential
	path string
}

// maxKDCs bounds how many domain controllers a credential may name.
const maxKDCs = 16

// credential checks a login by itself. Whether it has what a host needs is
// checked with the host.
func (c *checker) credential(path string, l Credential) {
	c.match(path+".name", l.Name, plainName, events.MaxID, nameFix)
	if l.User != "" || l.Certificate == nil || !l.Password.IsZero() || l.Kerberos != nil {
		c.text(path+".user", l.User, events.MaxName)
	}
	if !l.Password.IsZero() || l.Kerberos == nil && l.Certificate == nil {
		c.secret(path+".password", l.Password.Check())
	}
	if l.Kerberos != nil {
		c.kerberos(path, l)
	}
	if l.Certificate != nil {
		if l.Certificate.File == "" {
			c.missing(path + ".certificate.file")
		}
		c.secret(path+".certificate.key", l.Certificate.Key.Check())
	}
}

// secret tells what is wrong with a reference to a secret, if anything.
func (c *checker) secret(path string, err error) {
	if err == nil {
		return
	}
	text, fix, _ := strings.Cut(err.Error(), ": ")
	c.add(path, "", text, fix)
}

func (c *checker) kerberos(path string, l Credential) {
	at, k := path+".kerberos", *l.Kerberos
	_, realm, qualified := strings.Cut(l.User, "@")
	switch {
	case strings.Contains(l.User, `\`):
		c.add(path+".user", l.User, "is no Kerberos principal", "write it as in svc@LAB.TEST, or svc and the realm beside it")
	case qualified && k.Realm != "" && !strings.EqualFold(realm, k.Realm):
		c.add(at+".realm", k.Realm, fmt.Sprintf("is not the realm of user %q", l.User), "name the realm in one place only")
	}
	if k.Realm != "" && !isDNSName(k.Realm) {
		c.add(at+".realm", k.Realm, "is no realm", "write it as in LAB.TEST")
	}
	if qualified && !isDNSName(realm) {
		c.add(path+".user", l.User, "has no realm behind the @", "write it as in svc@LAB.TEST")
	}
	switch {
	case k.Keytab == "" && l.Password.IsZero():
		c.add(at, "", "has neither password nor keytab", "give "+path+".password, or keytab with the path of a file with the account's keys")
	case k.Keytab != "" && !l.Password.IsZero():
		c.add(at+".keytab", k.Keytab, "stands beside a password", "keep one of them")
	}
	switch {
	case len(k.KDCs) > 0 && k.Config != "":
		c.add(at+".kdcs", "", "stand beside a krb5.conf", "keep one of them")
	case len(k.KDCs) > 0 && k.Realm == "" && !qualified:
		c.add(at+".realm", "", "is missing", "name the realm of these domain controllers")
	case len(k.KDCs) > maxKDCs:
		c.add(at+".kdcs", strconv.Itoa(len(k.KDCs)), "are too many", fmt.Sprintf("name at most %d", maxKDCs))
	}
	for i, kdc := range k.KDCs {
		if !isKDC(kdc) {
			c.add(fmt.Sprintf("%s.kdcs[%d]", at, i), kdc, "is no address of a domain controller", "write it as in dc1.lab.test or dc1.lab.test:88")
		}
	}
}

// isKDC accepts host and host:port.
func isKDC(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return isHostAddress(s)
	}
	n, err := strconv.Atoi(port)
	return isHostAddress(host) && err == nil && n >= 1 && n <= maxPort
}

// need is what an Auth wants of a credential.
type need struct {
	what  string
	given func(Credential) bool
	field string // of the credential
}

// needs are the table of it.
var needs = map[Auth]need{
	NTLM:            {"no password", func(l Credential) bool { return !l.Password.IsZero() }, "password"},
	Basic:           {"no password", func(l Credential) bool { return !l.Password.IsZero() }, "password"},
	KerberosAuth:    {"nothing about Kerberos", func(l Credential) bool { return l.Kerberos != nil }, "kerberos"},
	CertificateAuth: {"no certificate", func(l Credential) bool { return l.Certificate != nil }, "certificate"},
}

// suits checks that a host's credential has what its way to log in needs.
func (c *checker) suits(path string, h Host) {
	w := h.WinRM
	l, there := c.logins[w.Credential]
	n, ok := needs[w.Auth]
	empty := l.Password.IsZero() && l.Kerberos == nil && l.Certificate == nil // which the credential itself is told
	if there && ok && !empty && !n.given(l.Credential) {
		c.add(path+".credential", w.Credential, fmt.Sprintf("has %s, which auth %s needs", n.what, w.Auth),
			fmt.Sprintf("give %s.%s, or choose another auth or credential", l.path, n.field))
	}
	if _, err := netip.ParseAddr(h.Address); err == nil && w.Auth == KerberosAuth && w.SPN == "" && w.ServerName == "" {
		c.add(path+".spn", "", "is missing: the host is reached by an IP address, for which there are no tickets", "give it as in HTTP/hv01.lab.test, or give serverName")
	}
	if there && w.Auth == Basic && strings.Contains(l.User, ":") {
		c.add(path+".credential", w.Credential, "has a colon in its user, which auth basic cannot carry", "use another auth")
	}
}
