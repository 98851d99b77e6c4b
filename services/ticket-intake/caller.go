package intake

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"lifeboat.io/events"
	"lifeboat.io/pkg/secret"
	"lifeboat.io/services/ticket-intake/signature"
)

// nonceLife is how long a signature's nonce is remembered: as long as its time
// can be taken for ours.
const nonceLife = 2*signature.MaxSkew + time.Minute

// burstSeconds is how many seconds' worth of requests may come at once.
const burstSeconds = 10

// caller is a configured caller with its secrets.
type caller struct {
	Caller
	// token is the digest of its token; zero when it has none.
	token [sha256.Size]byte
	// key is its key for signatures; zero when it has none.
	key   secret.Text
	limit *rate.Limiter
}

// readCallers reads the callers' secrets.
func readCallers(configured []Caller, folder string) ([]*caller, error) {
	var callers []*caller
	var faults []error
	owner := map[[sha256.Size]byte]string{}
	for i, c := range configured {
		one := &caller{Caller: c, limit: limiter(c.RatePerMinute)}
		token, err := readSecret(c.Bearer, folder)
		if err != nil {
			faults = append(faults, fmt.Errorf("intake: callers[%d].bearer: %w", i, err))
		}
		if one.key, err = readSecret(c.HMAC, folder); err != nil {
			faults = append(faults, fmt.Errorf("intake: callers[%d].hmac: %w", i, err))
		}
		if !token.IsZero() {
			one.token = digestOf(token.Reveal())
			if other, twice := owner[one.token]; twice {
				faults = append(faults, fmt.Errorf("intake: callers[%d].bearer: is the token of caller %q as well; give each its own", i, other))
			}
			owner[one.token] = c.Name
		}
		callers = append(callers, one)
	}
	return callers, errors.Join(faults...)
}

// limiter holds a caller to its rate.
func limiter(perMinute int) *rate.Limiter {
	perSecond := float64(perMinute) / 60
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond*burstSeconds)))
}

// digestOf is how tokens are compared: in a time that does not depend on them.
func digestOf(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

// readSecret reads a secret that may be left out.
func readSecret(ref secret.Ref, folder string) (secret.Text, error) {
	if ref.IsZero() {
		return secret.Text{}, nil
	}
	text, err := ref.Read(folder)
	if err == nil && len(text.Reveal()) < minSecretBytes {
		err = fmt.Errorf("secret %s is shorter than %d bytes; use a random one", ref, minSecretBytes)
	}
	return text, err
}

// SpeaksFor reports whether the caller may submit and read tickets of the
// system and account.
func (c Caller) SpeaksFor(system, account string) bool {
	return names(c.Systems, system) && names(c.Accounts, account)
}

func names(list []string, one string) bool {
	return slices.Contains(list, one) || slices.Contains(list, everything)
}

// refusal lists why the caller may not speak for a ticket.
func (c Caller) refusal(t events.Request) []events.Reason {
	var reasons []events.Reason
	for _, part := range []struct {
		field, value string
		list         []string
	}{{"system", t.System, c.Systems}, {"account", t.Account, c.Accounts}} {
		if !names(part.list, part.value) {
			reasons = append(reasons, events.NewReason("not-for-caller", part.field, part.value,
				"is not one that caller "+c.Name+" speaks for", "name one it speaks for, or have it added to the caller's configuration"))
		}
	}
	return reasons
}

// tokenKey is where a token taken out of the query waits for authenticate.
type tokenKey struct{}

// hideToken takes the token out of the query before anything logs or traces
// the request's address.
func hideToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if query.Has("access_token") {
			token := secret.NewText(query.Get("access_token"))
			query.Del("access_token")
			r = r.WithContext(context.WithValue(r.Context(), tokenKey{}, token))
			address := *r.URL
			address.RawQuery = query.Encode()
			r.URL, r.RequestURI = &address, address.RequestURI()
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate finds out who sent a request with this body.
func (s *Service) authenticate(r *http.Request, body []byte) (*caller, *problem) {
	if header := r.Header.Get(signature.Header); header != "" {
		return s.authenticateSigned(r, header, body)
	}
	token := bearer(r)
	if token.IsZero() {
		return nil, &problemNoLogin
	}
	digest := digestOf(token.Reveal())
	var found *caller
	for _, c := range s.callers { // all of them, so that the time tells nothing
		if subtle.ConstantTimeCompare(c.token[:], digest[:]) == 1 {
			found = c
		}
	}
	if found == nil {
		return nil, &problemWrongLogin
	}
	return found, nil
}

// bearer is the token a request carries.
func bearer(r *http.Request) secret.Text {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if ok && strings.EqualFold(scheme, "Bearer") {
		return secret.NewText(strings.TrimSpace(token))
	}
	hidden, _ := r.Context().Value(tokenKey{}).(secret.Text)
	return hidden
}

func (s *Service) authenticateSigned(r *http.Request, header string, body []byte) (*caller, *problem) {
	wrong := func(err error) *problem {
		p := problemWrongLogin
		p.Code, p.Detail = "wrong-signature", err.Error()+"; sign this very request with the caller's key, by a clock that is right"
		return &p
	}
	signed, err := signature.Parse(header)
	if err != nil {
		return nil, wrong(err)
	}
	at := slices.IndexFunc(s.callers, func(c *caller) bool { return c.Name == signed.Key && !c.key.IsZero() })
	if at < 0 {
		return nil, wrong(signature.ErrWrong) // not saying whether the name is known
	}
	c := s.callers[at]
	if err := signed.Verify(c.key, r, body, s.now()); err != nil {
		return nil, wrong(err)
	}
	first, err := s.bus.SeenOnce(r.Context(), "signature "+c.Name+" "+signed.Nonce, nonceLife)
	if err != nil {
		s.log.WarnContext(r.Context(), "a signature's nonce could not be looked up", "caller", c.Name, "error", err)
		return nil, &problemBusAway
	}
	if !first {
		return nil, &problemReplayed
	}
	return c, nil
}
