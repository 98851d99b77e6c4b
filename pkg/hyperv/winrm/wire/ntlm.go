package wire

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"lifeboat.io/pkg/hyperv/winrm/ntlm"
)

// ntlmProof is the security context of one connection. It is gone with the
// connection, which the host tells by asking for authentication again; nothing
// was done with what it answers that to.
type ntlmProof struct {
	auth    NTLM
	sealed  bool
	session *ntlm.Session
}

// errLostLogon: the two halves of a log-on went over two connections. The host
// may have closed the first one, or this process was too busy to keep it.
var errLostLogon = errors.New("the connection was lost during the log-on")

func (a NTLM) begin() proof { return &ntlmProof{auth: a} }

func (p *ntlmProof) exchange(ctx context.Context, c *Conn, action string, envelope []byte) (*reply, error) {
	p.sealed = c.endpoint.config.TLS == nil
	for try := 1; ; try++ {
		if p.session == nil {
			err := p.authenticate(ctx, c)
			if errors.Is(err, errLostLogon) && try < maxHandshakes {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		r, err := p.send(ctx, c, action, envelope)
		if err != nil {
			p.session = nil
			return nil, err
		}
		if r.status != http.StatusUnauthorized {
			return r, nil
		}
		p.session = nil
		if try == maxHandshakes {
			return r, nil
		}
	}
}

// send sends an envelope over the authenticated connection, sealed unless TLS
// does that, and opens the answer.
func (p *ntlmProof) send(ctx context.Context, c *Conn, action string, envelope []byte) (*reply, error) {
	if !p.sealed {
		return c.do(ctx, action, envelope, soapType, "")
	}
	sealed, err := p.session.Seal(envelope)
	if err != nil {
		return nil, &Error{Kind: Denied, Err: err}
	}
	r, err := c.do(ctx, action, sealed, ntlm.ContentType, "")
	if err != nil || r.status == http.StatusUnauthorized {
		return r, err
	}
	opened, err := p.session.Unseal(r.header.Get("Content-Type"), r.body)
	if err != nil {
		if bad := r.judge(c.endpoint.config.Auth); bad != nil {
			return nil, bad // not WinRM that answered; what its status says is better
		}
		return nil, &Error{Kind: Garbage, Sent: true, Err: err}
	}
	r.body = opened
	return r, nil
}

// authenticate makes the connection ours: NEGOTIATE, CHALLENGE, AUTHENTICATE,
// on requests without a body.
func (p *ntlmProof) authenticate(ctx context.Context, c *Conn) error {
	password, err := p.auth.Password()
	if err != nil {
		return &Error{Kind: Denied, Err: err}
	}
	handshake, token, err := ntlm.Begin(p.auth.User, password.Reveal())
	if err != nil {
		return &Error{Kind: Denied, Err: err}
	}
	r, err := p.present(ctx, c, token)
	if err != nil {
		return err
	}
	challenge, err := challengeOf(r)
	if err != nil {
		return err
	}
	token, session, err := handshake.Answer(challenge, r.certificate)
	if err != nil {
		return &Error{Kind: Denied, Err: err}
	}
	r, err = p.present(ctx, c, token)
	switch {
	case err != nil:
		return err
	case !r.reused:
		return &Error{Kind: Unreachable, Err: errLostLogon}
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden:
		return &Error{Kind: Denied, Err: fmt.Errorf("the host answered with HTTP status %d: user or password are not accepted", r.status)}
	case r.status != http.StatusOK:
		return &Error{Kind: Unavailable, Err: fmt.Errorf("the host answered with HTTP status %d to a log-on", r.status)}
	}
	p.session = session
	return nil
}

// present shows the host a token. Nothing but a log-on can come of it, so
// whatever fails, nothing was sent.
func (p *ntlmProof) present(ctx context.Context, c *Conn, token []byte) (*reply, error) {
	r, err := c.do(ctx, "authenticate", nil, soapType, "Negotiate "+base64.StdEncoding.EncodeToString(token))
	var e *Error
	if errors.As(err, &e) {
		e.Sent = false
	}
	return r, err
}

// challengeOf finds the CHALLENGE in the answer to a NEGOTIATE.
func challengeOf(r *reply) ([]byte, error) {
	if r.status != http.StatusUnauthorized {
		kind := Denied
		if r.status >= 500 {
			kind = Unavailable
		}
		return nil, &Error{Kind: kind, Err: fmt.Errorf("the host answered with HTTP status %d to a log-on", r.status)}
	}
	for _, value := range r.header.Values("WWW-Authenticate") {
		scheme, token, found := strings.Cut(value, " ")
		if !found || !strings.EqualFold(scheme, "Negotiate") {
			continue
		}
		challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
		if err != nil {
			return nil, &Error{Kind: Denied, Err: errors.New("the host's NTLM challenge is not base64")}
		}
		return challenge, nil
	}
	return nil, &Error{Kind: Denied, Err: errors.New("the host does not offer NTLM: enable Negotiate in its WinRM service")}
}
