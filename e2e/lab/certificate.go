package lab

import (
	"crypto/tls"
	"errors"
	"time"

	"lifeboat.io/e2e/lab/winrm/pki"
)

// CertificateKind is what a host shows on HTTPS.
type CertificateKind string

// Kinds of certificate.
const (
	// CertificateValid is a good one.
	CertificateValid CertificateKind = "valid"
	// CertificateExpired ran out an hour ago.
	CertificateExpired CertificateKind = "expired"
	// CertificateWrongName is for another host.
	CertificateWrongName CertificateKind = "wrong-name"
	// CertificateOtherAuthority is signed by somebody nobody knows.
	CertificateOtherAuthority CertificateKind = "other-authority"
)

// ShowCertificate exchanges what the host shows on HTTPS. Connections that are
// open stay.
func (h *Host) ShowCertificate(kind CertificateKind) error {
	certificate, err := h.certificate(kind)
	if err != nil {
		return err
	}
	h.server.SetCertificate(certificate)
	return nil
}

// AdministratorCertificate is a certificate that logs its holder on to every
// host as their Administrator.
func (l *Lab) AdministratorCertificate() (tls.Certificate, error) {
	return l.ca.Client(pki.Days(time.Now(), certificateDays), Administrator, Administrator)
}

func (h *Host) certificate(kind CertificateKind) (tls.Certificate, error) {
	valid := pki.Days(time.Now(), certificateDays)
	names := []string{h.machine.FQDN(), h.spec.Name, h.address}
	switch kind {
	case CertificateValid:
		return h.lab.ca.Host(valid, names...)
	case CertificateExpired:
		return h.lab.ca.Host(pki.Expired(time.Now()), names...)
	case CertificateWrongName:
		return h.lab.ca.Host(valid, "somebody-else.example")
	case CertificateOtherAuthority:
		other, err := pki.NewAuthority("Some other CA", valid)
		if err != nil {
			return tls.Certificate{}, err
		}
		return other.Host(valid, names...)
	}
	return tls.Certificate{}, errors.New("give valid, expired, wrong-name or other-authority")
}
