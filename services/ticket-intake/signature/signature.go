package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lifeboat.io/pkg/secret"
)

// Header is the header that carries a signature.
const Header = "Lifeboat-Signature"

// MaxSkew is how far the caller's clock may differ from ours, either way.
const MaxSkew = 5 * time.Minute

// maxHeader bounds the header, in bytes.
const maxHeader = 512

var (
	// ErrMalformed means the header is not in its form.
	ErrMalformed = errors.New("the signature header is not in its form")
	// ErrSkew means the signature was made too long ago, or by a clock that is ahead.
	ErrSkew = errors.New("the signature's time is too far from ours")
	// ErrWrong means the signature is not that of the request.
	ErrWrong = errors.New("the signature is not that of the request")
)

// Signature is a parsed header.
type Signature struct {
	// Key is the caller.
	Key string
	// Time is when it was signed, to the second.
	Time time.Time
	// Nonce is the text that is used once.
	Nonce string
	// mac is the HMAC.
	mac []byte
}

var (
	nonceForm = regexp.MustCompile(`^[A-Za-z0-9]{8,64}$`)
	keyForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
)

// IsKey reports whether a caller can be called so in a signature.
func IsKey(name string) bool { return keyForm.MatchString(name) }

// Parse reads the header of a request. It fails with ErrMalformed.
func Parse(header string) (Signature, error) {
	if len(header) > maxHeader {
		return Signature{}, fmt.Errorf("%w: it is longer than %d bytes", ErrMalformed, maxHeader)
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := parts[name]; !ok || twice {
			return Signature{}, fmt.Errorf("%w: want key=…,t=…,n=…,v1=…, each once", ErrMalformed)
		}
		parts[name] = value
	}
	seconds, err := strconv.ParseInt(parts["t"], 10, 64)
	mac, hexErr := hex.DecodeString(parts["v1"])
	switch {
	case !keyForm.MatchString(parts["key"]):
		return Signature{}, fmt.Errorf("%w: key is not the name of a caller", ErrMalformed)
	case err != nil:
		return Signature{}, fmt.Errorf("%w: t is not a number of seconds since 1970", ErrMalformed)
	case !nonceForm.MatchString(parts["n"]):
		return Signature{}, fmt.Errorf("%w: n is not 8 to 64 letters and digits", ErrMalformed)
	case hexErr != nil || len(mac) != sha256.Size:
		return Signature{}, fmt.Errorf("%w: v1 is not %d hexadecimal digits", ErrMalformed, 2*sha256.Size)
	}
	return Signature{Key: parts["key"], Time: time.Unix(seconds, 0), Nonce: parts["n"], mac: mac}, nil
}

// Verify checks that the signature is that of the request with this body, made
// with the secret at about now. It fails with ErrSkew or ErrWrong. Whether the
// nonce was used before is not checked.
func (s Signature) Verify(key secret.Text, r *http.Request, body []byte, now time.Time) error {
	if !hmac.Equal(s.mac, compute(key, s.Time, s.Nonce, r, body)) {
		return ErrWrong
	}
	if skew := now.Sub(s.Time).Abs(); skew > MaxSkew {
		return fmt.Errorf("%w: they differ by %s, more than %s", ErrSkew, skew.Truncate(time.Second), MaxSkew)
	}
	return nil
}

// Sign puts the signature of a request with this body into its header. The
// request must be complete: method, URL, CloudEvents headers and content type.
func Sign(r *http.Request, caller string, key secret.Text, nonce string, body []byte, now time.Time) {
	now = now.Truncate(time.Second)
	mac := compute(key, now, nonce, r, body)
	r.Header.Set(Header, fmt.Sprintf("key=%s,t=%d,n=%s,v1=%s", caller, now.Unix(), nonce, hex.EncodeToString(mac)))
}

// compute is the HMAC over what a signature covers.
func compute(key secret.Text, at time.Time, nonce string, r *http.Request, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	fmt.Fprintf(mac, "%d\n%s\n%s\n%s\n", at.Unix(), nonce, r.Method, r.URL.RequestURI())
	names := map[string]string{}
	for name, values := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "ce-") || lower == "content-type" {
			names[lower] = strings.Join(values, ", ")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(mac, "%s: %s\n", name, names[name])
	}
	fmt.Fprint(mac, "\n")
	mac.Write(body)
	return mac.Sum(nil)
}
