package winrm

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"time"
)

// fail answers with a SOAP fault. The request may be nil, and so may damage.
func (s *Server) fail(x *exchange, req *request, fault *soapFault, damage *Fault) {
	s.stats.fault(fault.code)
	x.seen.Fault = fault.code
	relatesTo := ""
	if req != nil {
		relatesTo = req.messageID
	}
	style := faultStyle{machine: s.cfg.Name, language: x.language, wmiQuota: !s.cfg.Quotas.LegacyFaults}
	s.answer(x, http.StatusInternalServerError, fault.envelope(style, relatesTo), damage)
}

// answer writes an envelope, sealed if the request was. damage is the injected
// fault that spoils it; it may be nil.
func (s *Server) answer(x *exchange, status int, envelope []byte, damage *Fault) {
	x.seen.Status = status
	contentType := typeSOAP + ";charset=UTF-8"
	if x.text != utf8Text {
		contentType = typeSOAP + ";charset=UTF-16"
	}
	body := encodeText(envelope, x.text)
	if damage != nil && damage.Layer == LayerSOAP {
		body = spoil(body, damage.Kind)
	}
	if x.isSealed {
		var err error
		if body, contentType, err = seal(body, contentType, x.sealed, x.conn.auth.sealer); err != nil {
			s.bare(x, http.StatusInternalServerError)
			return
		}
	}
	if damage != nil && damage.Layer == LayerHTTP {
		body = spoil(body, damage.Kind)
	}
	s.stats.bytesOut.Add(uint64(len(body)))
	x.w.Header().Set("Content-Type", contentType)
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	switch {
	case damage != nil && damage.Kind == FaultResetBody:
		_, _ = x.w.Write(body[:len(body)/2])
		_ = http.NewResponseController(x.w).Flush()
		x.conn.reset()
		panic(http.ErrAbortHandler)
	case damage != nil && damage.Kind == FaultSlow:
		drip(x, body, damage.BytesPerSecond)
	default:
		_, _ = x.w.Write(body) // a client that went away is no matter
	}
}

// strike does what a fault does instead of an answer; false when the request goes on.
func (s *Server) strike(x *exchange, req *request, f *Fault) bool {
	switch {
	case f.Kind == FaultReset:
		x.conn.reset()
		panic(http.ErrAbortHandler)
	case f.Kind == FaultHalfOpen:
		select {
		case <-x.r.Context().Done():
		case <-x.conn.closed:
		}
		panic(http.ErrAbortHandler)
	case f.Kind == FaultStatus:
		s.bare(x, f.Status)
		return true
	case f.isSOAP():
		s.fail(x, req, f.soap(x.seen.Action), nil)
		return true
	case f.Kind == FaultRestart:
		s.Restart()
		panic(http.ErrAbortHandler)
	case f.Kind == FaultStop:
		s.Stop()
		panic(http.ErrAbortHandler)
	case f.Kind == FaultPowerCut:
		s.CutPower()
		_ = x.conn.thawed() // it stays open for as long as its client and the dark may last
		panic(http.ErrAbortHandler)
	case f.Kind == FaultFreeze:
		s.Freeze()
		if x.conn.thawed() != nil {
			panic(http.ErrAbortHandler) // closed while it stood still
		}
	}
	return false
}

// spoil damages a body.
func spoil(body []byte, kind FaultKind) []byte {
	switch kind {
	case FaultEmptyBody:
		return nil
	case FaultTruncated:
		return body[:len(body)/2]
	case FaultGarbage:
		noise := make([]byte, len(body))
		if _, err := rand.Read(noise); err != nil {
			panic("winrm: no randomness: " + err.Error()) // crypto/rand does not fail on supported systems
		}
		return noise
	}
	return body
}

// drip writes a body slowly, ten times a second.
func drip(x *exchange, body []byte, perSecond int) {
	const ticks = 10
	flush := http.NewResponseController(x.w)
	step := max(1, perSecond/ticks)
	wait := time.Second * time.Duration(step) / time.Duration(perSecond)
	for len(body) > 0 {
		n := min(step, len(body))
		if _, err := x.w.Write(body[:n]); err != nil {
			return
		}
		body = body[n:]
		if flush.Flush() != nil || !pause(x.r.Context(), wait) {
			return
		}
	}
}

// pause waits; false when the client went away.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
