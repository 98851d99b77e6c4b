package pki

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"
)

func TestHostCertificates(t *testing.T) {
	now := time.Now()
	ca, err := NewAuthority("lab", Days(now, 10))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		v     Validity
		names []string
		asked string
		ok    bool
	}{
		{"fits", Days(now, 1), []string{"hv1.lab.test", "127.0.1.1"}, "hv1.lab.test", true},
		{"fits by address", Days(now, 1), []string{"hv1.lab.test", "127.0.1.1"}, "127.0.1.1", true},
		{"another name", Days(now, 1), []string{"hv2.lab.test"}, "hv1.lab.test", false},
		{"expired", Expired(now), []string{"hv1.lab.test"}, "hv1.lab.test", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cert, err := ca.Host(c.v, c.names...)
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(cert.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			_, err = leaf.Verify(x509.VerifyOptions{Roots: ca.Pool(), DNSName: c.asked, CurrentTime: now})
			if (err == nil) != c.ok {
				t.Errorf("verification says %v, want success %v", err, c.ok)
			}
		})
	}
	if _, err := ca.Host(Days(now, 1)); err == nil {
		t.Error("a certificate without a name was made")
	}
}

func TestEncode(t *testing.T) {
	now := time.Now()
	ca, err := NewAuthority("lab", Days(now, 10))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Client(Days(now, 1), "alice", "alice@localhost")
	if err != nil {
		t.Fatal(err)
	}
	certPEM, keyPEM, err := Encode(cert)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Error(err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(ca.PEM()) {
		t.Error("the authority's PEM cannot be read")
	}
}
