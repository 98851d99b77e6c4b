package signature_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/secret"
	"lifeboat.io/services/ticket-intake/signature"
)

var (
	key = secret.NewText("k3y")
	now = time.Date(2026, 3, 2, 9, 0, 0, 999, time.UTC)
)

const (
	nonce = "1f8b2c90d3e4a5b6"
	body  = `{"specversion":"1.0"}`
)

func request(change func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/tickets?x=1", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Ce-Id", "1")
	r.Header.Set("Ce-Source", "/desk")
	if change != nil {
		change(r)
	}
	return r
}

// TestTheFormIsAsDocumented computes a signature by hand, from the words of the
// documentation.
func TestTheFormIsAsDocumented(t *testing.T) {
	r := request(nil)
	signature.Sign(r, "desk", key, nonce, []byte(body), now)
	mac := hmac.New(sha256.New, []byte("k3y"))
	fmt.Fprintf(mac, "1772442000\n%s\nPOST\n/v1/tickets?x=1\nce-id: 1\nce-source: /desk\ncontent-type: application/json\n\n%s", nonce, body)
	want := "key=desk,t=1772442000,n=" + nonce + ",v1=" + hex.EncodeToString(mac.Sum(nil))
	if got := r.Header.Get(signature.Header); got != want {
		t.Errorf("signature\n%s, want\n%s", got, want)
	}
}

func TestVerify(t *testing.T) {
	signed := request(nil)
	signature.Sign(signed, "desk", key, nonce, []byte(body), now)
	header := signed.Header.Get(signature.Header)
	for name, tt := range map[string]struct {
		key    secret.Text
		change func(*http.Request)
		body   string
		at     time.Time
		want   error
	}{
		"right":                {key, nil, body, now, nil},
		"a little late":        {key, nil, body, now.Add(5 * time.Minute).Truncate(time.Second), nil},
		"a little early":       {key, nil, body, now.Add(-5 * time.Minute).Truncate(time.Second), nil},
		"late":                 {key, nil, body, now.Add(5*time.Minute + time.Second), signature.ErrSkew},
		"early":                {key, nil, body, now.Add(-5*time.Minute - time.Second), signature.ErrSkew},
		"another key":          {secret.NewText("kex"), nil, body, now, signature.ErrWrong},
		"no key":               {secret.Text{}, nil, body, now, signature.ErrWrong},
		"another body":         {key, nil, body + " ", now, signature.ErrWrong},
		"another method":       {key, func(r *http.Request) { r.Method = http.MethodPut }, body, now, signature.ErrWrong},
		"another path":         {key, func(r *http.Request) { r.URL.Path = "/v2/tickets" }, body, now, signature.ErrWrong},
		"another query":        {key, func(r *http.Request) { r.URL.RawQuery = "x=2" }, body, now, signature.ErrWrong},
		"another attribute":    {key, func(r *http.Request) { r.Header.Set("ce-id", "2") }, body, now, signature.ErrWrong},
		"one attribute more":   {key, func(r *http.Request) { r.Header.Set("ce-time", "x") }, body, now, signature.ErrWrong},
		"another content type": {key, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, body, now, signature.ErrWrong},
		"another header":       {key, func(r *http.Request) { r.Header.Set("User-Agent", "x") }, body, now, nil},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := signature.Parse(header)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Key != "desk" || parsed.Nonce != nonce {
				t.Errorf("parsed %+v", parsed)
			}
			if err := parsed.Verify(tt.key, request(tt.change), []byte(tt.body), tt.at); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAnotherTimeOrNonceIsAnotherSignature(t *testing.T) {
	r := request(nil)
	signature.Sign(r, "desk", key, nonce, []byte(body), now)
	header := r.Header.Get(signature.Header)
	for _, forged := range []string{
		strings.Replace(header, "t=1772442000", "t=1772442001", 1),
		strings.Replace(header, "n=1f8b", "n=1f8c", 1),
	} {
		parsed, err := signature.Parse(forged)
		if err != nil {
			t.Fatal(err)
		}
		if err := parsed.Verify(key, r, []byte(body), now); !errors.Is(err, signature.ErrWrong) {
			t.Errorf("%s: error %v, want %v", forged, err, signature.ErrWrong)
		}
	}
}

func TestParseRefusesOtherForms(t *testing.T) {
	mac := strings.Repeat("ab", 32)
	for name, header := range map[string]string{
		"empty":           "",
		"no parts":        "abc",
		"no key":          "t=1,n=12345678,v1=" + mac,
		"bad key":         "key=a b,t=1,n=12345678,v1=" + mac,
		"no time":         "key=desk,n=12345678,v1=" + mac,
		"text as time":    "key=desk,t=now,n=12345678,v1=" + mac,
		"short nonce":     "key=desk,t=1,n=1234567,v1=" + mac,
		"odd nonce":       "key=desk,t=1,n=1234 5678,v1=" + mac,
		"short mac":       "key=desk,t=1,n=12345678,v1=abcd",
		"mac not hex":     "key=desk,t=1,n=12345678,v1=" + strings.Repeat("xy", 32),
		"something twice": "key=desk,key=disk,t=1,n=12345678,v1=" + mac,
		"overlong":        "key=desk,t=1,n=12345678,v1=" + mac + strings.Repeat(",x=y", 200),
	} {
		if _, err := signature.Parse(header); !errors.Is(err, signature.ErrMalformed) {
			t.Errorf("%s: error %v, want %v", name, err, signature.ErrMalformed)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("key=desk,t=1772442000,n=1f8b2c90d3e4a5b6,v1=" + strings.Repeat("ab", 32))
	f.Add("key=desk,,t=,n==,v1=")
	f.Fuzz(func(t *testing.T, header string) {
		parsed, err := signature.Parse(header)
		if err != nil {
			return
		}
		if err := parsed.Verify(key, request(nil), []byte(body), now); err == nil {
			t.Errorf("%q verifies without the key", header)
		}
	})
}
