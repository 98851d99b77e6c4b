package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// dialTimeout bounds one attempt to reach one server.
	dialTimeout = 2 * time.Second
	// reconnectWait and reconnectJitter space the attempts to come back.
	reconnectWait   = 250 * time.Millisecond
	reconnectJitter = 250 * time.Millisecond
	// pingInterval and pingsOut find a connection that is dead without a word, within 15 s.
	pingInterval = 5 * time.Second
	pingsOut     = 2
	// connectPause is the pause between attempts within Config.ConnectWait.
	connectPause = 250 * time.Millisecond
)

// connect reaches the server, trying for as long as the configuration says.
func connect(ctx context.Context, c Config, inside *embedded) (*nats.Conn, error) {
	options, err := connectOptions(c)
	if err != nil {
		return nil, err
	}
	if inside != nil {
		options = append(options, nats.InProcessServer(inside.server))
	}
	deadline := time.Now().Add(c.ConnectWait)
	for {
		nc, err := nats.Connect(c.URL, options...)
		if err == nil {
			return nc, nil
		}
		err = fmt.Errorf("bus: %s: %w", target(c), err)
		if time.Now().After(deadline) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(connectPause):
		}
	}
}

func target(c Config) string {
	if c.embedded() {
		return "embedded server"
	}
	return "server " + c.URL
}

// connectOptions are the same for every server: nothing is buffered while it
// is away, and coming back is tried for ever.
func connectOptions(c Config) ([]nats.Option, error) {
	log := c.Logger.With("component", "bus")
	options := []nats.Option{
		nats.Name(c.Name),
		nats.Timeout(dialTimeout),
		nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectJitter, reconnectJitter),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(pingsOut),
		nats.IgnoreAuthErrorAbort(),
		nats.DrainTimeout(closeTimeout),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to the bus lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			log.Info("connection to the bus is back", "server", nc.ConnectedServerName())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			logAsync(log, s, err)
		}),
	}
	if c.InboxPrefix != "" {
		options = append(options, nats.CustomInboxPrefix(c.InboxPrefix))
	}
	credentials, err := credentialOptions(c.Credentials, c.Folder)
	return append(options, credentials...), err
}

// logAsync tells of what the server refused behind our back. A denied publish
// looks like a time-out to whoever published, so this line is the only trace.
func logAsync(log *slog.Logger, s *nats.Subscription, err error) {
	subject := ""
	if s != nil {
		subject = s.Subject
	}
	switch {
	case errors.Is(err, nats.ErrPermissionViolation), errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		log.Warn("the bus denied something", "security", true, "subject", subject, "error", err)
	default:
		log.Warn("the bus reports an error", "subject", subject, "error", err)
	}
}

func credentialOptions(c Credentials, folder string) ([]nats.Option, error) {
	var options []nats.Option
	switch {
	case c.CredsFile != "":
		options = append(options, nats.UserCredentials(c.CredsFile))
	case c.NKeyFile != "":
		option, err := nats.NkeyOptionFromSeed(c.NKeyFile)
		if err != nil {
			return nil, fmt.Errorf("bus: credentials.nkeyFile %q: %w", c.NKeyFile, err)
		}
		options = append(options, option)
	case c.User != "":
		password, err := c.Password.Read(folder)
		if err != nil {
			return nil, fmt.Errorf("bus: credentials.password: %w", err)
		}
		options = append(options, nats.UserInfo(c.User, password.Reveal()))
	case !c.Token.IsZero():
		token, err := c.Token.Read(folder)
		if err != nil {
			return nil, fmt.Errorf("bus: credentials.token: %w", err)
		}
		options = append(options, nats.Token(token.Reveal()))
	}
	if c.CAFile != "" {
		options = append(options, nats.RootCAs(c.CAFile))
	}
	if c.CertFile != "" {
		options = append(options, nats.ClientCert(c.CertFile, c.KeyFile))
	}
	return options, nil
}
