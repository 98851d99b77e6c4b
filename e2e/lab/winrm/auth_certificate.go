package winrm

import (
	"crypto/x509"
	"encoding/asn1"
	"net/http"
)

// Object identifiers of certificates.
var (
	oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidUPN            = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3} // Microsoft's user principal name
)

// certificate checks the client certificate of the connection and finds the
// account it is mapped to.
func (s *Server) certificate(r *http.Request) outcome {
	if !s.cfg.Auth.Certificate || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return outcome{}
	}
	leaf := r.TLS.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, c := range r.TLS.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: s.cfg.ClientCAs, Intermediates: between, CurrentTime: s.cfg.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	var user *account
	if err == nil {
		user = s.accounts.byCertificate(certificateNames(leaf))
	}
	s.stats.login(schemeCertificate, user != nil)
	return outcome{user: user}
}

// certificateNames are the names an account may be mapped by: user principal
// names and the common name.
func certificateNames(c *x509.Certificate) []string {
	var names []string
	for _, e := range c.Extensions {
		if e.Id.Equal(oidSubjectAltName) {
			names = append(names, principalNames(e.Value)...)
		}
	}
	return append(names, c.Subject.CommonName)
}

// principalNames reads the otherName entries of type UPN from a
// SubjectAltName extension; crypto/x509 leaves them out.
func principalNames(extension []byte) []string {
	var sequence asn1.RawValue
	if rest, err := asn1.Unmarshal(extension, &sequence); err != nil || len(rest) > 0 || !sequence.IsCompound {
		return nil
	}
	var names []string
	for rest := sequence.Bytes; len(rest) > 0; {
		var entry asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &entry); err != nil {
			return names
		}
		if entry.Class != asn1.ClassContextSpecific || entry.Tag != 0 {
			continue // not an otherName
		}
		var id asn1.ObjectIdentifier
		value, err := asn1.Unmarshal(entry.Bytes, &id)
		if err != nil || !id.Equal(oidUPN) {
			continue
		}
		var name string
		if _, err := asn1.UnmarshalWithParams(value, &name, "explicit,tag:0,utf8"); err == nil {
			names = append(names, name)
		}
	}
	return names
}
