package wire

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"strings"

	"lifeboat.io/pkg/secret"
)

// Auth is a way to prove who asks: Basic, NTLM, Kerberos or Certificate.
type Auth interface {
	// check refuses combinations that would show a secret to the network.
	check(*tls.Config) error
	// adapt changes what TLS has to be like.
	adapt(*tls.Config) *tls.Config
	// begin is the proof for one connection.
	begin() proof
}

// proof sends envelopes over one connection in the name of somebody.
type proof interface {
	exchange(ctx context.Context, c *Conn, action string, envelope []byte) (*reply, error)
}

// Password fetches a password where it is kept, each time it is needed.
type Password func() (secret.Text, error)

// Basic sends user and password with each request, over HTTPS only.
type Basic struct {
	User     string
	Password Password
}

// Certificate is a client certificate, given in Config.TLS. The host maps it
// to one of its accounts. HTTPS only, and TLS 1.2: Windows asks for the
// certificate after the handshake, by a renegotiation that TLS 1.3 has not.
type Certificate struct{}

// Kerberos asks a shared login for tickets. HTTPS only: without it messages
// would have to be sealed, which this package does for NTLM alone.
type Kerberos struct {
	// Login may be shared by any number of endpoints.
	Login *Login
	// Service is the host's service principal, such as "HTTP/hv01.corp.example".
	Service string
}

// NTLM authenticates each connection. Over HTTP messages are sealed, always.
type NTLM struct {
	// User is DOMAIN\name, name@domain, or the name of a local account.
	User     string
	Password Password
}

var (
	errUser     = errors.New("user is empty: name the account lifeboat logs in with")
	errPassword = errors.New("no password is named: refer to a file or an environment variable")
)

func checkUser(user string, password Password) error {
	switch {
	case user == "":
		return errUser
	case password == nil:
		return errPassword
	}
	return nil
}

func (a Basic) check(t *tls.Config) error {
	if t == nil {
		return errors.New("authentication basic over http would show the password to the network: use https, or authentication ntlm")
	}
	if strings.Contains(a.User, ":") {
		return errors.New("user has a colon, which basic authentication cannot carry: use another way")
	}
	return checkUser(a.User, a.Password)
}

func (a Certificate) check(t *tls.Config) error {
	if t == nil {
		return errors.New("authentication certificate needs https")
	}
	if len(t.Certificates) == 0 && t.GetClientCertificate == nil {
		return errors.New("authentication certificate needs a certificate and its key")
	}
	return nil
}

func (a Kerberos) check(t *tls.Config) error {
	switch {
	case t == nil:
		return errors.New("authentication kerberos over http would leave messages unsealed: use https, or authentication ntlm")
	case a.Login == nil:
		return errors.New("authentication kerberos needs a login")
	case !strings.Contains(a.Service, "/"):
		return errors.New("the host's service principal must look like HTTP/hv01.corp.example")
	}
	return nil
}

func (a NTLM) check(*tls.Config) error { return checkUser(a.User, a.Password) }

func (Basic) adapt(t *tls.Config) *tls.Config    { return t }
func (Kerberos) adapt(t *tls.Config) *tls.Config { return t }
func (NTLM) adapt(t *tls.Config) *tls.Config     { return t }
func (Certificate) adapt(t *tls.Config) *tls.Config {
	t.MaxVersion = tls.VersionTLS12
	t.Renegotiation = tls.RenegotiateOnceAsClient
	return t
}

// headerProof puts the same kind of header on each request.
type headerProof func(context.Context) (string, error)

func (p headerProof) exchange(ctx context.Context, c *Conn, action string, envelope []byte) (*reply, error) {
	header, err := p(ctx)
	if err != nil {
		return nil, err
	}
	return c.do(ctx, action, envelope, soapType, header)
}

const soapType = "application/soap+xml;charset=UTF-8"

func (a Basic) begin() proof {
	return headerProof(func(context.Context) (string, error) {
		password, err := a.Password()
		if err != nil {
			return "", &Error{Kind: Denied, Err: err}
		}
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.User+":"+password.Reveal())), nil
	})
}

func (a Certificate) begin() proof {
	return headerProof(func(context.Context) (string, error) {
		return "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual", nil
	})
}

func (a Kerberos) begin() proof {
	return headerProof(func(ctx context.Context) (string, error) { return a.Login.header(ctx, a.Service) })
}
