package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Authority signs certificates.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Validity is a span of time.
type Validity struct{ From, To time.Time }

// Days is the validity of a certificate made now: from an hour ago to so many days on.
func Days(now time.Time, days int) Validity {
	return Validity{now.Add(-time.Hour), now.AddDate(0, 0, days)}
}

// Expired is the validity of a certificate that ran out an hour ago.
func Expired(now time.Time) Validity {
	return Validity{now.AddDate(-1, 0, 0), now.Add(-time.Hour)}
}

// NewAuthority makes an authority of its own key.
func NewAuthority(name string, v Validity) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(name, v)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{cert, key}, err
}

func newTemplate(name string, v Validity) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: v.From, NotAfter: v.To}, nil
}

// Pool holds the authority, for those who trust it.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte { return encode("CERTIFICATE", a.cert.Raw) }

// Host makes a certificate for a host: DNS names and IP addresses, at least one.
func (a *Authority) Host(v Validity, names ...string) (tls.Certificate, error) {
	if len(names) == 0 {
		return tls.Certificate{}, errors.New("pki: a host certificate needs at least one name")
	}
	template, err := newTemplate(names[0], v)
	if err != nil {
		return tls.Certificate{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	return a.sign(template)
}

// oidUPN is Microsoft's user principal name among the other names of a certificate.
var oidUPN = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}

// Client makes a certificate for a user: common name and user principal name.
func (a *Authority) Client(v Validity, name, upn string) (tls.Certificate, error) {
	template, err := newTemplate(name, v)
	if err != nil {
		return tls.Certificate{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	names, err := otherName(upn)
	if err != nil {
		return tls.Certificate{}, err
	}
	template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: names}}
	return a.sign(template)
}

// otherName writes a SubjectAltName extension with one user principal name.
func otherName(upn string) ([]byte, error) {
	value, err := asn1.MarshalWithParams(upn, "utf8,explicit,tag:0")
	if err != nil {
		return nil, err
	}
	id, err := asn1.Marshal(oidUPN)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal([]asn1.RawValue{{
		Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: append(id, value...),
	}})
}

func (a *Authority) sign(template *x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// Encode writes certificate and key as PEM, for clients that read files.
func Encode(c tls.Certificate) (certPEM, keyPEM []byte, err error) {
	if len(c.Certificate) == 0 {
		return nil, nil, errors.New("pki: no certificate")
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return nil, nil, fmt.Errorf("pki: %w", err)
	}
	return encode("CERTIFICATE", c.Certificate[0]), encode("PRIVATE KEY", key), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
