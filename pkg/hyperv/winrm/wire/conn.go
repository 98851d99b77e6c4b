package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Conn is at most one TCP connection to an endpoint, opened when first needed
// and again when lost. Requests wait for one another.
type Conn struct {
	endpoint *Endpoint
	client   *http.Client
	proof    proof
	turn     chan struct{} // holds one while nobody uses the connection
}

// Open makes a Conn. Nothing is dialled yet.
func (e *Endpoint) Open() *Conn {
	dialer := &net.Dialer{
		Timeout:         DialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount},
	}
	transport := &http.Transport{
		Proxy: nil, // a proxy would see credentials
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			e.counts.Dials.Add(1)
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig:        e.config.TLS,
		TLSHandshakeTimeout:    HandshakeTimeout,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // no HTTP/2
		MaxConnsPerHost:        1,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        IdleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c := &Conn{endpoint: e, client: client, proof: e.config.Auth.begin(), turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// Close closes the connection. A later Post opens it again.
func (c *Conn) Close() { c.client.CloseIdleConnections() }

// reply is an HTTP answer, read to its end.
type reply struct {
	status      int
	header      http.Header
	body        []byte
	certificate *x509.Certificate // of the host, with TLS
	reused      bool              // the connection had been used before
}

var errNoAnswer = errors.New("the host does not answer")

// Post sends an envelope and returns the envelope that came back, which may be
// a fault. The action names the request in traces and in the log.
func (c *Conn) Post(ctx context.Context, action string, envelope []byte) ([]byte, error) {
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, &Error{Kind: Cancelled, Err: context.Cause(ctx)}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.endpoint.config.Timeout, errNoAnswer)
	defer cancel()
	c.endpoint.log(action, "request", 0, envelope)
	r, err := c.proof.exchange(ctx, c, action, envelope)
	if err == nil {
		c.endpoint.log(action, "answer", r.status, r.body)
		err = r.judge(c.endpoint.config.Auth)
		if err != nil && ctx.Err() != nil {
			err = failed(ctx, true, err) // what a connection says while it is being closed
		}
	}
	if err != nil {
		c.endpoint.logError(action, err)
		return nil, err
	}
	return r.body, nil
}

// judge tells from the status whether there is an envelope to look at.
func (r *reply) judge(as Auth) error {
	said := fmt.Errorf("the host answered with HTTP status %d", r.status)
	switch {
	case r.status == http.StatusOK, r.status == http.StatusInternalServerError:
		if len(r.body) == 0 {
			return &Error{Kind: Garbage, Sent: true, Err: fmt.Errorf("%w and nothing else", said)}
		}
		return nil
	case r.status == http.StatusUnauthorized, r.status == http.StatusForbidden:
		if _, tickets := as.(Kerberos); tickets {
			return &Error{Kind: Denied, Err: fmt.Errorf("%w: the account is not accepted, or the clocks of the host and of this machine are more than five minutes apart", said)}
		}
		return &Error{Kind: Denied, Err: fmt.Errorf("%w: the account is not accepted", said)}
	case r.status >= 400 && r.status < 500:
		return &Error{Kind: Garbage, Err: fmt.Errorf("%w: this is no WinRM listener, or it is set up in a way lifeboat does not know", said)}
	case r.status == http.StatusBadGateway, r.status == http.StatusServiceUnavailable, r.status == http.StatusGatewayTimeout:
		return &Error{Kind: Unavailable, Sent: true, Err: said}
	}
	return &Error{Kind: Garbage, Sent: true, Err: said}
}

// do makes one HTTP request and reads the whole answer.
func (c *Conn) do(ctx context.Context, name string, body []byte, contentType, authorization string) (*reply, error) {
	ctx, span := c.endpoint.config.Tracer.Start(ctx, "winrm "+name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("lifeboat.host", c.endpoint.config.Name), attribute.String("server.address", c.endpoint.config.Address),
		attribute.Int("server.port", c.endpoint.config.Port), attribute.String("http.request.method", http.MethodPost)))
	defer span.End()
	r, err := c.roundTrip(ctx, body, contentType, authorization)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		return nil, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", r.status))
	return r, nil
}

func (c *Conn) roundTrip(ctx context.Context, body []byte, contentType, authorization string) (*reply, error) {
	var connected, reused atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// The transport looks for another connection only when it has written
		// nothing to the one it had.
		GetConn: func(string) { connected.Store(false) },
		GotConn: func(info httptrace.GotConnInfo) {
			connected.Store(true)
			reused.Store(info.Reused)
		},
	})
	request, err := http.NewRequestWithContext(traced, http.MethodPost, c.endpoint.url, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Kind: Unreachable, Err: err}
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", "lifeboat")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	c.endpoint.counts.Requests.Add(1)
	response, err := c.client.Do(request)
	if err != nil {
		return nil, failed(ctx, connected.Load(), err)
	}
	defer response.Body.Close()
	r := &reply{status: response.StatusCode, header: response.Header, reused: reused.Load()}
	if response.TLS != nil && len(response.TLS.PeerCertificates) > 0 {
		r.certificate = response.TLS.PeerCertificates[0]
	}
	r.body, err = io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return nil, failed(ctx, true, err)
	case len(r.body) > MaxAnswer:
		return nil, &Error{Kind: Garbage, Sent: true, Err: fmt.Errorf("the answer is longer than %d bytes", MaxAnswer)}
	}
	return r, nil
}

// failed says what an HTTP error means.
func failed(ctx context.Context, sent bool, err error) *Error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	switch {
	case errors.Is(context.Cause(ctx), errNoAnswer):
		return &Error{Kind: NoAnswer, Sent: sent, Err: errNoAnswer}
	case ctx.Err() != nil:
		return &Error{Kind: Cancelled, Sent: sent, Err: context.Cause(ctx)}
	case sent:
		return &Error{Kind: ReplyLost, Sent: true, Err: err}
	}
	return &Error{Kind: Unreachable, Err: withRemedy(err)}
}
