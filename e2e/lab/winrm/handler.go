package winrm

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// bodyRoom is what a body may be larger than a SOAP message: sealing, UTF-16, spaces in numbers of its size.
const bodyRoom = 64 << 10

// exchange is one HTTP request and what is known of it so far.
type exchange struct {
	w        http.ResponseWriter
	r        *http.Request
	conn     *conn
	body     []byte
	seen     Exchange
	user     *account
	sealed   sealedType
	isSealed bool
	text     charset
	language string
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.stats.http.Add(1)
	x := &exchange{w: w, r: r, conn: connOf(r.Context()), language: s.cfg.Language}
	x.seen = Exchange{Time: s.cfg.Now(), Host: s.cfg.Name, Client: r.RemoteAddr}
	begun := time.Now()
	if s.cfg.Observe != nil {
		defer func() {
			x.seen.Duration = time.Since(begun)
			s.cfg.Observe(x.seen)
		}()
	}
	h := w.Header()
	h.Set("Server", "Microsoft-HTTPAPI/2.0")
	h.Set("Date", s.cfg.Now().UTC().Format(http.TimeFormat))
	switch {
	case x.conn == nil:
		s.bare(x, http.StatusInternalServerError) // not served by Start
	case !strings.EqualFold(strings.TrimSuffix(r.URL.Path, "/"), "/wsman"):
		s.bare(x, http.StatusNotFound)
	case r.Method != http.MethodPost:
		s.bare(x, http.StatusMethodNotAllowed)
	case !s.readBody(x):
	case s.anonymousIdentify(x):
	case s.logOn(x):
		s.soap(x)
	}
}

// bare answers a status without a body.
func (s *Server) bare(x *exchange, status int) {
	x.seen.Status = status
	x.w.Header().Set("Content-Length", "0")
	x.w.WriteHeader(status)
}

// readBody reads the whole body, within limits.
func (s *Server) readBody(x *exchange) bool {
	limit := 2*s.cfg.Quotas.MaxEnvelopeSizeKB<<10 + bodyRoom // UTF-16 doubles it
	body, err := io.ReadAll(io.LimitReader(x.r.Body, int64(limit)+1))
	s.stats.bytesIn.Add(uint64(len(body)))
	switch {
	case err != nil:
		panic(http.ErrAbortHandler) // the client went away
	case len(body) > limit:
		x.w.Header().Set("Connection", "close")
		s.bare(x, http.StatusRequestEntityTooLarge)
		return false
	}
	x.body = body
	return true
}

// anonymousIdentify answers Identify to clients that say they will not log on.
func (s *Server) anonymousIdentify(x *exchange) bool {
	if !strings.EqualFold(x.r.Header.Get("WSMANIDENTIFY"), "unauthenticated") {
		return false
	}
	plain, kind, err := decodeText(x.body, x.r.Header.Get("Content-Type"))
	if err != nil {
		return false
	}
	req, err := parseRequest(plain)
	if err != nil || !req.identify {
		return false
	}
	x.text = kind
	s.act(x, req)
	return true
}

// logOn authenticates and answers what is no SOAP message.
func (s *Server) logOn(x *exchange) bool {
	o := s.authenticate(x.r, x.conn)
	if o.user == nil {
		x.seen.Status = http.StatusUnauthorized
		s.unauthorized(x.w, x.r, o)
		return false
	}
	x.user, x.seen.User = o.user, o.user.display
	if o.challenge != "" {
		x.w.Header()[authenticateHeader] = []string{o.challenge}
	}
	x.sealed, x.isSealed = sealedContent(x.r.Header.Get("Content-Type"))
	switch {
	case len(x.body) == 0:
		s.bare(x, http.StatusOK) // an empty POST only logs on
		return false
	case !x.isSealed && x.r.TLS == nil && !s.cfg.Auth.AllowUnencrypted:
		s.bare(x, http.StatusInternalServerError)
		return false
	}
	return true
}

// soap opens, reads and executes a SOAP message.
func (s *Server) soap(x *exchange) {
	plain := x.body
	if x.isSealed {
		opened, err := s.open(x)
		if err != nil {
			x.isSealed = false
			s.bare(x, http.StatusBadRequest)
			return
		}
		plain = opened
	} else if kind, _, _ := strings.Cut(x.r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), typeSOAP) {
		s.bare(x, http.StatusUnsupportedMediaType)
		return
	}
	decoded, kind, err := decodeText(plain, x.r.Header.Get("Content-Type"))
	if err != nil {
		s.fail(x, nil, newFault(codeCharacterSet, ""), nil)
		return
	}
	x.text = kind
	if len(decoded) > s.cfg.Quotas.MaxEnvelopeSizeKB<<10 {
		x.seen.Action = ActionOther
		s.stats.request(ActionOther)
		s.fail(x, nil, newFault(codeEncodingLimit, ""), nil)
		return
	}
	req, err := parseRequest(decoded)
	var fault *soapFault
	if errors.As(err, &fault) {
		x.seen.Action = actionName(req)
		s.stats.request(x.seen.Action)
		s.fail(x, req, fault, nil)
		return
	}
	s.act(x, req)
}

// open opens a sealed message.
func (s *Server) open(x *exchange) ([]byte, error) {
	with := x.conn.auth.sealer
	known := x.sealed.protocol == protocolSPNEGO || x.sealed.protocol == protocolKerberos
	if with == nil || !with.CanSeal() || !known {
		return nil, errSealed
	}
	return unseal(x.body, x.sealed, with)
}
