package inventory

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"lifeboat.io/events"
)

func (c *checker) host(path string, h Host) {
	c.match(path+".name", h.Name, plainName, events.MaxID, nameFix)
	known(c, path+".site", h.Site, "site", c.sites)
	switch {
	case h.Address == "":
		c.missing(path + ".address")
	case !isHostAddress(h.Address):
		c.add(path+".address", h.Address, "is no IP address and no DNS name", "write it without scheme and port, as in 192.0.2.10")
	}
	switch {
	case h.FQDN == "":
		c.missing(path + ".fqdn")
	case !isDNSName(h.FQDN):
		c.add(path+".fqdn", h.FQDN, "is no DNS name", "give the name replication uses, as in hv01.lab.test")
	}
	c.winrm(path+".winrm", h.WinRM)
	c.suits(path+".winrm", h)
	if h.Replica != nil {
		c.replica(path+".replica", *h.Replica)
	}
}

func (c *checker) winrm(path string, w WinRM) {
	c.enum(path+".transport", string(w.Transport), w.Transport)
	c.enum(path+".auth", string(w.Auth), w.Auth)
	if events.Known(w.Transport, string(w.Transport)) {
		c.between(path+".port", w.Port, 1, maxPort)
	}
	known(c, path+".credential", w.Credential, "credential", c.logins)
	if w.Transport == HTTP {
		c.plainHTTP(path, w)
	}
	if w.ServerName != "" && !isHostAddress(w.ServerName) {
		c.add(path+".serverName", w.ServerName, "is no DNS name", "give the name in the host's certificate")
	}
	switch {
	case w.Fingerprint != "" && !fingerprint.MatchString(w.Fingerprint):
		c.add(path+".fingerprint", w.Fingerprint, "is no SHA-256 fingerprint", "give 64 hexadecimal digits, as openssl x509 -fingerprint -sha256 shows them")
	case w.Fingerprint != "" && w.CA != "":
		c.add(path+".fingerprint", w.Fingerprint, "stands beside a ca", "keep one of them: a pinned certificate needs nobody who signed it")
	}
	switch {
	case w.SPN != "" && w.Auth != KerberosAuth:
		c.add(path+".spn", w.SPN, "has no use without Kerberos", "use auth kerberos, or leave spn out")
	case w.SPN != "" && !spn.MatchString(w.SPN):
		c.add(path+".spn", w.SPN, "is no service principal", "write it without the realm, as in HTTP/hv01.lab.test")
	}
}

// plainHTTP refuses what needs TLS.
func (c *checker) plainHTTP(path string, w WinRM) {
	if what, unsafe := unsafeInClear[w.Auth]; unsafe {
		c.add(path+".auth", string(w.Auth), what, "use transport https, or auth ntlm")
	}
	for _, f := range []struct{ name, value string }{{"ca", w.CA}, {"serverName", w.ServerName}, {"fingerprint", w.Fingerprint}} {
		if f.value != "" {
			c.add(path+"."+f.name, f.value, "has no use without TLS", "use transport https, or leave "+f.name+" out")
		}
	}
}

// unsafeInClear are the ways to log in that need TLS, and why.
var unsafeInClear = map[Auth]string{
	Basic:           "would send the password in clear over http",
	KerberosAuth:    "would leave messages unsealed over http",
	CertificateAuth: "has no use without TLS",
}

func (c *checker) replica(path string, r Replica) {
	c.enum(path+".authentication", string(r.Authentication), r.Authentication)
	if !events.Known(r.Authentication, string(r.Authentication)) {
		return
	}
	c.between(path+".port", r.Port, 1, maxPort)
	switch {
	case r.Authentication == Kerberos && r.CertificateThumbprint != "":
		c.add(path+".certificateThumbprint", r.CertificateThumbprint, "has no use with Kerberos", "use authentication Certificate, or leave it out")
	case r.Authentication == Certificate && !thumbprint.MatchString(r.CertificateThumbprint):
		c.add(path+".certificateThumbprint", r.CertificateThumbprint, "is no SHA-1 thumbprint", "give 40 hexadecimal digits, as the certificate's details show them")
	}
}

// sender checks that a host can prove itself to the host it replicates to,
// before a reversal needs it.
func (c *checker) sender(path, from, to string) {
	receiver := c.hosts[to].Replica
	if receiver == nil || receiver.Authentication != Certificate {
		return
	}
	if own := c.hosts[from].Replica; from != to && c.hosts[from].Name != "" && (own == nil || own.CertificateThumbprint == "") {
		c.add(path, "", fmt.Sprintf("replicates from %s to %s, which asks for a certificate, and %s has none", from, to, from),
			fmt.Sprintf("give replica.certificateThumbprint of host %s", from))
	}
}

// distinct refuses hosts that are the same machine under two names: two hosts
// that are one cannot hold primary and replica.
func (c *checker) distinct(hosts []Host) {
	endpoints, fqdns := map[string]int{}, map[string]int{}
	for i, h := range hosts {
		endpoint := net.JoinHostPort(strings.ToLower(h.Address), strconv.Itoa(h.WinRM.Port))
		if earlier, taken := endpoints[endpoint]; taken && h.Address != "" {
			c.add(fmt.Sprintf("hosts[%d].address", i), endpoint, fmt.Sprintf("is already reached as hosts[%d]", earlier), "keep one of them")
		}
		endpoints[endpoint] = i
		fqdn := strings.ToLower(h.FQDN)
		if earlier, taken := fqdns[fqdn]; taken && fqdn != "" {
			c.add(fmt.Sprintf("hosts[%d].fqdn", i), h.FQDN, fmt.Sprintf("is already the name of hosts[%d]", earlier), "keep one of them")
		}
		fqdns[fqdn] = i
	}
}
