package ntlm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"lifeboat.io/pkg/hyperv/winrm/internal/ntlmpeer"
	"lifeboat.io/pkg/hyperv/winrm/ntlm"
)

func sessions(t *testing.T, user, password string) (*ntlm.Session, *ntlmpeer.Session) {
	t.Helper()
	h, _, err := ntlm.Begin(user, password)
	if err != nil {
		t.Fatal(err)
	}
	answer, mine, err := h.Answer(ntlmpeer.Challenge(ntlmpeer.Flags), nil)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := ntlmpeer.Accept(answer, password)
	if err != nil {
		t.Fatal(err)
	}
	return mine, peer
}

func TestMessagesGoBothWays(t *testing.T) {
	for _, user := range []string{"operator", `CORP\operator`, "operator@corp.example", `CORP\Bénédicte`} {
		t.Run(user, func(t *testing.T) {
			mine, peer := sessions(t, user, "pässwörd")
			for _, text := range []string{"<a/>", strings.Repeat("x", 100_000), "--Encrypted Boundary--\r\n", "", "\x00\r\n"} {
				framed, err := mine.Seal([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				if len(text) > 10 && bytes.Contains(framed, []byte(text)) && text[0] == 'x' {
					t.Error("the text is readable")
				}
				got, err := peer.Unseal(framed)
				if err != nil || string(got) != text {
					t.Fatalf("the peer got %.20q: %v", got, err)
				}
				back, err := mine.Unseal(ntlm.ContentType, peer.Seal([]byte(text)))
				if err != nil || string(back) != text {
					t.Fatalf("we got %.20q back: %v", back, err)
				}
			}
		})
	}
}

func TestWrongPasswordIsNoticed(t *testing.T) {
	h, _, err := ntlm.Begin("operator", "wrong")
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := h.Answer(ntlmpeer.Challenge(ntlmpeer.Flags), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ntlmpeer.Accept(answer, "right"); err == nil {
		t.Error("accepted")
	}
}

func TestWeakerSessionsAreRefused(t *testing.T) {
	for _, flag := range []uint32{0x1, 0x10, 0x20, 0x80000, 0x800000, 0x20000000, 0x40000000} {
		h, _, err := ntlm.Begin("operator", "secret")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.Answer(ntlmpeer.Challenge(ntlmpeer.Flags&^flag), nil); !errors.Is(err, ntlm.ErrWeak) {
			t.Errorf("without flag 0x%08x: %v, want ErrWeak", flag, err)
		}
	}
}

func TestNobodyIsRefused(t *testing.T) {
	for _, who := range [][2]string{{"", ""}, {"operator", ""}, {"", "secret"}} {
		if _, _, err := ntlm.Begin(who[0], who[1]); err == nil {
			t.Errorf("user %q, password %q: accepted", who[0], who[1])
		}
	}
}

func TestChangedAnswersAreRefused(t *testing.T) {
	good := func(t *testing.T) (*ntlm.Session, []byte) {
		mine, peer := sessions(t, "operator", "secret")
		return mine, peer.Seal([]byte("<answer>all is well</answer>"))
	}
	tests := []struct {
		name   string
		ctype  string
		change func([]byte) []byte
		want   error
	}{
		{"clear text", "application/soap+xml;charset=UTF-8", func([]byte) []byte { return []byte("<answer/>") }, ntlm.ErrNotSealed},
		{"no content type", "", func(b []byte) []byte { return b }, ntlm.ErrNotSealed},
		{"another protocol", `multipart/encrypted;protocol="application/HTTP-Kerberos-session-encrypted"`, func(b []byte) []byte { return b }, ntlm.ErrNotSealed},
		{"a bit flipped", ntlm.ContentType, func(b []byte) []byte { b[len(b)-40] ^= 1; return b }, nil},
		{"cut short", ntlm.ContentType, func(b []byte) []byte { return b[:len(b)-30] }, nil},
		{"another length", ntlm.ContentType, func(b []byte) []byte { return bytes.Replace(b, []byte("Length=28"), []byte("Length=29"), 1) }, nil},
		{"no length", ntlm.ContentType, func(b []byte) []byte { return bytes.Replace(b, []byte(";Length=28"), nil, 1) }, nil},
		{"negative length", ntlm.ContentType, func(b []byte) []byte { return bytes.Replace(b, []byte("Length=28"), []byte("Length=-8"), 1) }, nil},
		{"empty", ntlm.ContentType, func([]byte) []byte { return nil }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mine, framed := good(t)
			got, err := mine.Unseal(tt.ctype, tt.change(framed))
			if err == nil {
				t.Fatalf("accepted as %q", got)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestReplayedAnswerIsRefused(t *testing.T) {
	mine, peer := sessions(t, "operator", "secret")
	framed := peer.Seal([]byte("<first/>"))
	if _, err := mine.Unseal(ntlm.ContentType, bytes.Clone(framed)); err != nil {
		t.Fatal(err)
	}
	if _, err := mine.Unseal(ntlm.ContentType, framed); err == nil {
		t.Error("the same answer was accepted twice")
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(ntlmpeer.Challenge(ntlmpeer.Flags), true)
	f.Add(ntlmpeer.Challenge(0), false)
	f.Add([]byte("NTLMSSP\x00\x02\x00\x00\x00"), false)
	short := ntlmpeer.Challenge(ntlmpeer.Flags)
	binary.LittleEndian.PutUint16(short[40:], 4)
	f.Add(short, true)
	f.Fuzz(func(t *testing.T, challenge []byte, bound bool) {
		h, _, err := ntlm.Begin("operator", "secret")
		if err != nil {
			t.Fatal(err)
		}
		certificate := someCertificate
		if !bound {
			certificate = nil
		}
		message, session, err := h.Answer(challenge, certificate)
		if err == nil && (len(message) == 0 || session == nil) {
			t.Error("no error and no session")
		}
	})
}

func FuzzUnseal(f *testing.F) {
	f.Add(ntlm.ContentType, []byte("--Encrypted Boundary\r\n\tOriginalContent: type=x;Length=1\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n\x10\x00\x00\x00aaaaaaaaaaaaaaaab--Encrypted Boundary--\r\n"))
	f.Add("multipart/encrypted", []byte{})
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		h, _, err := ntlm.Begin("operator", "secret")
		if err != nil {
			t.Fatal(err)
		}
		_, session, err := h.Answer(ntlmpeer.Challenge(ntlmpeer.Flags), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := session.Unseal(contentType, body); err == nil {
			t.Errorf("a forged answer was accepted as %q", got)
		}
	})
}
