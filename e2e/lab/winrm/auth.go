package winrm

import (
	"net/http"
	"strings"
)

// Schemes, as Stats counts them.
const (
	schemeBasic       = "basic"
	schemeNTLM        = "ntlm"
	schemeKerberos    = "kerberos"
	schemeCertificate = "certificate"
)

// mutualTLS is the Authorization of clients that log on with a certificate.
const mutualTLS = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

// authenticateHeader is set past http.Header's methods, which would write it Www-Authenticate.
const authenticateHeader = "WWW-Authenticate"

// outcome is what became of a log-on.
type outcome struct {
	user *account
	// challenge, without a user, is the next leg of a handshake; with one it is
	// the last token for the client. A WWW-Authenticate value.
	challenge string
	// sealable: whoever logged on this way must seal over HTTP, or AllowUnencrypted.
	sealable bool
}

// authenticate finds out who sent a request. Without a user the answer is 401.
func (s *Server) authenticate(r *http.Request, c *conn) outcome {
	header := r.Header.Get("Authorization")
	scheme, value, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		if c.auth.user != nil && (r.ContentLength != 0 || s.cfg.Auth.AcceptEmptyPost) {
			return outcome{user: c.auth.user, sealable: true}
		}
		return outcome{}
	case header == mutualTLS:
		return s.certificate(r)
	case strings.EqualFold(scheme, "Basic"):
		return s.basic(r)
	case strings.EqualFold(scheme, "Negotiate"), strings.EqualFold(scheme, "Kerberos"):
		return s.negotiate(scheme, value, r, c)
	}
	return outcome{}
}

// unauthorized answers 401 with the ways to log on, or the next leg of a handshake.
func (s *Server) unauthorized(w http.ResponseWriter, r *http.Request, o outcome) {
	s.stats.unauthorized.Add(1)
	h := w.Header()
	if o.challenge != "" {
		h[authenticateHeader] = []string{o.challenge}
	} else {
		h[authenticateHeader] = s.ways(r.TLS != nil)
	}
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusUnauthorized)
}

// ways are the schemes offered. Basic is not offered where it is not taken.
func (s *Server) ways(secure bool) []string {
	var ways []string
	a := s.cfg.Auth
	if a.Negotiate {
		ways = append(ways, "Negotiate")
	}
	if a.Kerberos {
		ways = append(ways, "Kerberos")
	}
	if a.Basic && (secure || a.AllowUnencrypted) {
		ways = append(ways, `Basic realm="WSMAN"`)
	}
	if a.Certificate && secure {
		ways = append(ways, mutualTLS)
	}
	return ways
}

// basic checks user and password of one request.
func (s *Server) basic(r *http.Request) outcome {
	name, password, ok := r.BasicAuth()
	if !ok || !s.cfg.Auth.Basic || r.TLS == nil && !s.cfg.Auth.AllowUnencrypted {
		return outcome{}
	}
	user := s.accounts.byPassword(name, password)
	s.stats.login(schemeBasic, user != nil)
	return outcome{user: user}
}
