package wire

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// withRemedy adds to why there is no connection what can be done about it. The
// words are those of the inventory, which is where most of it is done.
func withRemedy(err error) error {
	if r := remedy(err); r != "" {
		return fmt.Errorf("%w; %s", err, r)
	}
	return err
}

func remedy(err error) string {
	var (
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		dns       *net.DNSError
	)
	switch {
	case errors.As(err, &name):
		return "if it is the right host, give the name in its certificate as serverName, or give the host a certificate with its own name"
	case errors.As(err, &authority):
		return "give the certificate of the CA that signed the host's as ca, or the fingerprint of the host's own"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the host's certificate, or set the clock of this machine right"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "correct the host's address, or what DNS knows of it"
	case errors.As(err, &dns):
		return "the DNS servers of this machine do not answer: give an IP address as the host's address, or see to them"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the host is there and nothing listens at this port: start WinRM there, or correct the port"
	}
	return ""
}
