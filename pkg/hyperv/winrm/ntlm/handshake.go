package ntlm

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/bodgit/ntlmssp"

	// Certificates are hashed with whatever they are signed with.
	_ "crypto/sha256"
	_ "crypto/sha512"
)

// Handshake is the authentication of one connection under way.
type Handshake struct{ client *ntlmssp.Client }

// Begin starts a handshake and returns the NEGOTIATE message. The user is
// DOMAIN\name, name@domain, or a name alone for an account of the host itself.
func Begin(user, password string) (*Handshake, []byte, error) {
	if user == "" || password == "" {
		// Without either the library would log on anonymously.
		return nil, nil, errors.New("NTLM needs a user and a password")
	}
	domain, name, qualified := strings.Cut(user, `\`)
	if !qualified {
		domain, name = "", user
	}
	client, err := ntlmssp.NewClient(ntlmssp.SetUserInfo(name, password), ntlmssp.SetDomain(domain))
	if err != nil {
		return nil, nil, fmt.Errorf("ntlm: %w", err)
	}
	message, err := client.Authenticate(nil, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("ntlm: %w", err)
	}
	return &Handshake{client: client}, message, nil
}

// Answer answers the host's CHALLENGE message with the AUTHENTICATE message
// and the session both sides then have. The certificate is the host's when the
// connection is TLS; the answer is then bound to it.
func (h *Handshake) Answer(challenge []byte, certificate *x509.Certificate) ([]byte, *Session, error) {
	if err := checkChallenge(challenge); err != nil {
		return nil, nil, fmt.Errorf("ntlm: %w", err)
	}
	message, err := h.client.Authenticate(challenge, bindings(certificate))
	if err != nil {
		return nil, nil, fmt.Errorf("ntlm: %w", err)
	}
	session := h.client.SecuritySession()
	if session == nil {
		return nil, nil, fmt.Errorf("ntlm: %w", ErrWeak)
	}
	return message, &Session{inner: session}, nil
}

// bindings are the channel bindings of a TLS connection, tls-server-end-point
// of RFC 5929: the certificate's hash by its own signature algorithm, and
// SHA-256 where that one is MD5, SHA-1 or has no hash of its own.
func bindings(certificate *x509.Certificate) *ntlmssp.ChannelBindings {
	if certificate == nil {
		return nil
	}
	hash := crypto.SHA256
	switch certificate.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		hash = crypto.SHA512
	}
	sum := hash.New()
	sum.Write(certificate.Raw)
	return &ntlmssp.ChannelBindings{ApplicationData: sum.Sum([]byte(ntlmssp.TLSServerEndPoint + ":"))}
}
