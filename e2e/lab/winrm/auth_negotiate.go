package winrm

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/spnego"

	"lifeboat.io/e2e/lab/winrm/ntlm"
)

// oidNTLM is the mechanism NTLMSSP in SPNEGO.
var oidNTLM = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 10}

// maxToken bounds a token in the Authorization header, in bytes after base64.
const maxToken = 64 << 10

// negotiation is the SPNEGO around an NTLM handshake.
type negotiation struct {
	mechanisms []byte // DER of the client's list, which both sides sign at the end
	asked      bool   // NTLM was not the client's first choice: its first token is still to come
}

// negotiate takes the token of a Negotiate or Kerberos header.
func (s *Server) negotiate(scheme, value string, r *http.Request, c *conn) outcome {
	token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	if err != nil || len(token) == 0 || len(token) > maxToken {
		c.auth = login{}
		return outcome{}
	}
	a := s.cfg.Auth
	switch {
	case strings.EqualFold(scheme, "Kerberos"):
		if !a.Kerberos {
			return outcome{}
		}
		return s.ticket(scheme, token, c, nil)
	case !a.Negotiate:
		// Clients say Negotiate to a host that only knows Kerberos, and it understands.
		if a.Kerberos && !ntlm.IsMessage(token) {
			return s.inSPNEGO(scheme, token, r, c)
		}
		return outcome{}
	case ntlm.IsMessage(token):
		c.auth.spnego = nil
		reply, user := s.ntlmLeg(token, r, c)
		return s.leg(scheme, reply, user)
	}
	return s.inSPNEGO(scheme, token, r, c)
}

// leg makes an outcome of a reply token and a user, either of which may be missing.
func (s *Server) leg(scheme string, reply []byte, user *account) outcome {
	o := outcome{user: user, sealable: true}
	if reply != nil {
		o.challenge = scheme + " " + base64.StdEncoding.EncodeToString(reply)
	}
	return o
}

// ntlmLeg takes one NTLM message: a NEGOTIATE is answered by a CHALLENGE, an
// AUTHENTICATE ends the handshake.
func (s *Server) ntlmLeg(token []byte, r *http.Request, c *conn) (reply []byte, user *account) {
	if _, err := ntlm.ParseNegotiate(token); err == nil {
		c.auth.handshake, c.auth.user, c.auth.sealer = ntlm.NewHandshake(s.target), nil, nil
		challenge, err := c.auth.handshake.Challenge(token, s.cfg.Now())
		if err != nil {
			c.auth = login{}
			s.stats.login(schemeNTLM, false)
			return nil, nil
		}
		return challenge, nil
	}
	handshake := c.auth.handshake
	if handshake == nil {
		handshake = ntlm.NewHandshake(s.target) // answers that the order is wrong
	}
	result, err := handshake.Authenticate(token, s.accounts.ntHash, c.channelBinding(r), s.cfg.Now())
	s.stats.login(schemeNTLM, err == nil)
	if err != nil {
		c.auth = login{}
		return nil, nil
	}
	c.auth.handshake, c.auth.user, c.auth.sealer = nil, s.accounts.find(result.User), result.Session
	return nil, c.auth.user
}

// ticket takes a Kerberos token; wrap puts the reply into SPNEGO.
func (s *Server) ticket(scheme string, token []byte, c *conn, wrap func([]byte) []byte) outcome {
	c.auth = login{}
	if s.kerberos == nil {
		return outcome{}
	}
	result, err := s.kerberos.Accept(token, s.cfg.Now())
	var user *account
	if err == nil {
		user = s.accounts.byPrincipal(result.User)
	}
	s.stats.login(schemeKerberos, user != nil)
	if user == nil {
		return outcome{}
	}
	c.auth.user = user
	if result.Session != nil {
		c.auth.sealer = result.Session
	}
	reply := result.Reply
	if wrap != nil {
		reply = wrap(reply)
	}
	return s.leg(scheme, reply, user)
}

// inSPNEGO takes a SPNEGO token (RFC 4178).
func (s *Server) inSPNEGO(scheme string, token []byte, r *http.Request, c *conn) outcome {
	var t spnego.SPNEGOToken
	if err := t.Unmarshal(token); err != nil {
		if s.kerberos != nil { // some clients send a Kerberos token bare
			return s.ticket(scheme, token, c, nil)
		}
		c.auth = login{}
		return outcome{}
	}
	if t.Resp {
		return s.goesOn(scheme, t.NegTokenResp, r, c)
	}
	return s.begins(scheme, t.NegTokenInit, r, c)
}

// begins takes the client's first SPNEGO token and chooses a mechanism.
func (s *Server) begins(scheme string, t spnego.NegTokenInit, r *http.Request, c *conn) outcome {
	c.auth = login{}
	for i, m := range t.MechTypes {
		switch {
		case s.kerberos != nil && (m.Equal(gssapi.OIDKRB5.OID()) || m.Equal(gssapi.OIDMSLegacyKRB5.OID())) && i == 0:
			return s.ticket(scheme, t.MechTokenBytes, c, func(reply []byte) []byte {
				return negResp(spnego.NegStateAcceptCompleted, m, reply, nil)
			})
		case s.cfg.Auth.Negotiate && m.Equal(oidNTLM):
			list, err := asn1.Marshal(t.MechTypes)
			if err != nil {
				return outcome{}
			}
			c.auth.spnego = &negotiation{mechanisms: list, asked: i > 0}
			if i > 0 { // the token is for another mechanism
				return s.leg(scheme, negResp(spnego.NegStateAcceptIncomplete, oidNTLM, nil, nil), nil)
			}
			reply, _ := s.ntlmLeg(t.MechTokenBytes, r, c)
			if reply == nil {
				return outcome{}
			}
			return s.leg(scheme, negResp(spnego.NegStateAcceptIncomplete, oidNTLM, reply, nil), nil)
		}
	}
	return outcome{}
}

// goesOn takes a later SPNEGO token of an NTLM handshake.
func (s *Server) goesOn(scheme string, t spnego.NegTokenResp, r *http.Request, c *conn) outcome {
	around := c.auth.spnego
	if around == nil || t.ResponseToken == nil {
		c.auth = login{}
		return outcome{}
	}
	reply, user := s.ntlmLeg(t.ResponseToken, r, c)
	switch {
	case reply != nil && around.asked:
		around.asked = false
		return s.leg(scheme, negResp(spnego.NegStateAcceptIncomplete, nil, reply, nil), nil)
	case user == nil:
		return outcome{}
	}
	mic, ok := s.signedList(c, t.MechListMIC)
	if !ok {
		c.auth = login{}
		return outcome{}
	}
	c.auth.spnego = nil
	return s.leg(scheme, negResp(spnego.NegStateAcceptCompleted, nil, nil, mic), user)
}

// signedList checks the client's signature of its list of mechanisms and
// returns the server's (RFC 4178 5). A client that sends none gets none.
func (s *Server) signedList(c *conn, theirs []byte) (ours []byte, ok bool) {
	if theirs == nil {
		return nil, true
	}
	session, isNTLM := c.auth.sealer.(*ntlm.Session)
	if !isNTLM || session.Verify(c.auth.spnego.mechanisms, theirs) != nil {
		return nil, false
	}
	ours = session.Sign(c.auth.spnego.mechanisms)
	session.RestartCiphers()
	return ours, true
}

// negResp writes a NegTokenResp.
func negResp(state spnego.NegState, mechanism asn1.ObjectIdentifier, token, mic []byte) []byte {
	t := spnego.NegTokenResp{NegState: asn1.Enumerated(state), SupportedMech: mechanism, ResponseToken: token, MechListMIC: mic}
	b, err := t.Marshal()
	if err != nil {
		panic("winrm: marshalling a NegTokenResp: " + err.Error()) // all of it is fixed or bytes
	}
	return b
}

// channelBinding is the value clients bind their NTLM log-on to on TLS:
// tls-server-end-point, RFC 5929; nil on plain HTTP. It is of the certificate
// this connection began with, whatever the host has been given since.
func (c *conn) channelBinding(r *http.Request) *[16]byte {
	if r.TLS == nil || c.shown == nil || len(c.shown.Certificate) == 0 {
		return nil
	}
	leaf, err := x509.ParseCertificate(c.shown.Certificate[0])
	if err != nil {
		return nil
	}
	var sum []byte
	switch leaf.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		h := sha512.Sum384(leaf.Raw)
		sum = h[:]
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		h := sha512.Sum512(leaf.Raw)
		sum = h[:]
	default: // MD5 and SHA-1 count as SHA-256
		h := sha256.Sum256(leaf.Raw)
		sum = h[:]
	}
	binding := ntlm.ChannelBindings(append([]byte("tls-server-end-point:"), sum...))
	return &binding
}
