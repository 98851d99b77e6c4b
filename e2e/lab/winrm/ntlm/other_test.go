package ntlm

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/bodgit/ntlmssp"
)

// TestAgainstAnotherLibrary logs on with a client nobody here wrote and sends
// sealed messages both ways: keys and sequence numbers must be the same.
func TestAgainstAnotherLibrary(t *testing.T) {
	client, err := ntlmssp.NewClient(ntlmssp.SetUserInfo("Administrator", "Grüße 1!"), ntlmssp.SetDomain("LAB"), ntlmssp.SetVersion(ntlmssp.DefaultVersion()))
	if err != nil {
		t.Fatal(err)
	}
	h := NewHandshake(testTarget)
	negotiate, err := client.Authenticate(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := h.Challenge(negotiate, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	authenticate, err := client.Authenticate(challenge, nil)
	if err != nil {
		t.Fatal(err)
	}
	login, err := h.Authenticate(authenticate, testAccounts, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if !login.MIC || !login.Session.CanSeal() {
		t.Fatalf("%+v", login)
	}
	for i := range 4 {
		want := fmt.Appendf(nil, "message %d", i)
		sealed, sig, err := client.SecuritySession().Wrap(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := login.Session.Unseal(sig, sealed); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("to the server: %q, %v", got, err)
		}
		if sig, sealed, err = login.Session.Seal(want); err != nil {
			t.Fatal(err)
		}
		if got, err := client.SecuritySession().Unwrap(sealed, sig); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("to the client: %q, %v", got, err)
		}
	}
}
