package winrm

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// call is one authenticated SOAP request under way.
type call struct {
	ctx      context.Context
	req      *request
	user     *account
	clientIP string
	address  string        // of the service, as the client reached it
	envelope int           // largest answer, bytes
	timeout  time.Duration // of the operation
}

// act meets the armed faults, executes the request and answers it.
func (s *Server) act(x *exchange, req *request) {
	name := actionName(req)
	x.seen.Action = name
	s.stats.request(name)
	v := s.faults.pick(name)
	if v.language != "" {
		x.language = v.language
	}
	pause(x.r.Context(), v.delay)
	f := v.fault
	if f != nil {
		s.stats.injected(f.Kind)
		x.seen.Injected = string(f.Kind)
		if f.When == Before && s.strike(x, req, f) {
			return
		}
	}
	answer, fault := s.execute(x, req)
	switch {
	case f != nil && f.When == After && s.strike(x, req, f):
	case fault != nil:
		s.fail(x, req, fault, f)
	default:
		s.answer(x, http.StatusOK, answer, f)
	}
}

// execute runs the request. The answer is a whole envelope; nil with a fault.
func (s *Server) execute(x *exchange, req *request) ([]byte, *soapFault) {
	if req.identify {
		return s.identify(x.user), nil
	}
	clientIP, _, _ := net.SplitHostPort(x.r.RemoteAddr)
	scheme := "http://"
	if x.r.TLS != nil {
		scheme = "https://"
	}
	c := &call{
		ctx: x.r.Context(), req: req, user: x.user, clientIP: clientIP, address: scheme + x.r.Host + "/wsman",
		envelope: s.cfg.Quotas.MaxEnvelopeSizeKB << 10,
		timeout:  time.Duration(s.cfg.Quotas.MaxTimeoutMillis) * time.Millisecond,
	}
	if req.envelope > 0 {
		c.envelope = min(c.envelope, req.envelope)
	}
	if req.timeout > 0 {
		c.timeout = min(c.timeout, req.timeout)
	}
	answer, err := s.dispatch(c)
	if err != nil {
		var fault *soapFault
		if !errors.As(err, &fault) {
			fault = newFault(codeAborted, "")
		}
		return nil, fault
	}
	return envelope(x.language, answer.action, req.messageID, "", answer.body), nil
}

// dispatch checks what every operation needs and runs it.
func (s *Server) dispatch(c *call) (*reply, error) {
	op, ok := operations[c.req.action]
	switch {
	case !c.user.Administrator:
		return nil, newFault(codeAccessDenied, "")
	case !ok:
		return nil, newFault(codeActionNotSupported, "")
	case !knownResource(c.req.resource):
		return nil, newFault(codeResourceNotFound, "The WS-Management service cannot process the request. The service cannot find the resource identified by the resource URI %s.", c.req.resource)
	}
	there := false
	for _, r := range op.resources {
		there = there || strings.EqualFold(r, c.req.resource)
	}
	if !there {
		return nil, newFault(codeActionNotSupported, "")
	}
	if !op.uncounted {
		if err := s.operationBegins(c.user); err != nil {
			return nil, err
		}
		defer s.operationEnds(c.user)
	}
	return op.run(s, c)
}

func knownResource(uri string) bool {
	return strings.EqualFold(uri, resourceCmd) || strings.EqualFold(uri, resourceShell) || strings.EqualFold(uri, resourceConfig)
}
