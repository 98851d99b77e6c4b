package kerberos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

const (
	testRealm     = "LAB.TEST"
	testPrincipal = "HTTP/hv1.lab.test"
)

func testKeytab(t testing.TB, enc int32) *keytab.Keytab {
	t.Helper()
	kt := keytab.New()
	if err := kt.AddEntry(testPrincipal, testRealm, "service password", time.Now(), 1, enc); err != nil {
		t.Fatal(err)
	}
	return kt
}

// initiator is the client of a test: a ticket made straight from the keytab,
// so that no KDC is needed.
type initiator struct {
	auth      types.Authenticator
	ticketKey types.EncryptionKey
	key       types.EncryptionKey // what messages are sealed with
	token     []byte
}

func newInitiator(t testing.TB, kt *keytab.Keytab, enc int32, subkey, mutual bool) *initiator {
	t.Helper()
	now := time.Now().UTC()
	client := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "alice")
	server := types.NewPrincipalName(nametype.KRB_NT_SRV_INST, testPrincipal)
	ticket, key, err := messages.NewTicket(client, testRealm, server, testRealm, types.NewKrbFlags(), kt, enc, 1,
		now, now, now.Add(time.Hour), now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	auth, err := types.NewAuthenticator(testRealm, client)
	if err != nil {
		t.Fatal(err)
	}
	sum := make([]byte, 24)
	binary.LittleEndian.PutUint32(sum, 16)
	if mutual {
		binary.LittleEndian.PutUint32(sum[20:], gssapi.ContextFlagMutual)
	}
	auth.Cksum = types.Checksum{CksumType: chksumtype.GSSAPI, Checksum: sum}
	in := &initiator{key: key, ticketKey: key}
	if subkey {
		if err := auth.GenerateSeqNumberAndSubKey(key.KeyType, len(key.KeyValue)); err != nil {
			t.Fatal(err)
		}
		in.key = auth.SubKey
	}
	in.auth = auth
	req, err := messages.NewAPReq(ticket, key, auth)
	if err != nil {
		t.Fatal(err)
	}
	if mutual {
		types.SetFlag(&req.APOptions, flags.APOptionMutualRequired)
	}
	raw, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	oid, _ := asn1.Marshal(gssapi.OIDKRB5.OID())
	in.token = asn1tools.AddASNAppTag(append(append(oid, 1, 0), raw...), 0)
	return in
}

// session is the client's end of the sealing.
func (in *initiator) session(send, next uint64) *Session {
	s := newAcceptorSession(in.key, send, next)
	s.sendUsage, s.openUsage = s.openUsage, s.sendUsage
	s.sendFlag, s.openFlag = s.openFlag, s.sendFlag
	return s
}

func TestAcceptAndSeal(t *testing.T) {
	for _, c := range []struct {
		name           string
		enc            int32
		subkey, mutual bool
	}{
		{"AES-256", etypeID.AES256_CTS_HMAC_SHA1_96, false, false},
		{"AES-256, subkey, mutual", etypeID.AES256_CTS_HMAC_SHA1_96, true, true},
		{"AES-128, mutual", etypeID.AES128_CTS_HMAC_SHA1_96, false, true},
		{"AES-128 SHA-2, subkey", etypeID.AES128_CTS_HMAC_SHA256_128, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			kt := testKeytab(t, c.enc)
			in := newInitiator(t, kt, c.enc, c.subkey, c.mutual)
			login, err := NewService(kt).Accept(in.token, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if login.User != "alice" || login.Realm != testRealm {
				t.Errorf("logged on as %s@%s", login.User, login.Realm)
			}
			server := uint64(in.auth.SeqNumber)
			if c.mutual {
				server = openReply(t, login.Reply, in)
			} else if login.Reply != nil {
				t.Error("a reply nobody asked for")
			}
			converse(t, in.session(uint64(in.auth.SeqNumber), server), login.Session)
		})
	}
}

// openReply decrypts the AP-REP as a client would and returns the server's
// first sequence number.
func openReply(t *testing.T, reply []byte, in *initiator) uint64 {
	t.Helper()
	var oid asn1.ObjectIdentifier
	rest, err := asn1.UnmarshalWithParams(reply, &oid, "application,explicit,tag:0")
	if err != nil || !bytes.Equal(rest[:2], []byte{2, 0}) {
		t.Fatalf("reply is not framed: %v", err)
	}
	var rep messages.APRep
	if err := rep.Unmarshal(rest[2:]); err != nil {
		t.Fatal(err)
	}
	plain, err := crypto.DecryptEncPart(rep.EncPart, in.ticketKey, keyusage.AP_REP_ENCPART)
	if err != nil {
		t.Fatal(err)
	}
	var part messages.EncAPRepPart
	if err := part.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	if part.CTime.Unix() != in.auth.CTime.Unix() || part.Cusec != in.auth.Cusec {
		t.Error("the reply does not repeat the client's time")
	}
	return uint64(part.SequenceNumber)
}

func converse(t *testing.T, client, server *Session) {
	t.Helper()
	for i, n := range []int{0, 1, 15, 16, 17, 4000} {
		from, to := client, server
		if i%2 == 1 {
			from, to = server, client
		}
		plain := bytes.Repeat([]byte{'x'}, n)
		header, sealed, err := from.Seal(plain)
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) != n {
			t.Errorf("%d bytes seal to %d", n, len(sealed))
		}
		got, err := to.Unseal(header, sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if _, err := to.Unseal(header, sealed); !errors.Is(err, ErrSeal) {
			t.Errorf("a replay gives %v", err)
		}
	}
	header, sealed, _ := client.Seal([]byte("message"))
	for i := range header {
		changed := append([]byte(nil), header...)
		changed[i] ^= 0x40
		if _, err := server.Unseal(changed, sealed); !errors.Is(err, ErrSeal) {
			t.Errorf("with header byte %d changed: %v", i, err)
		}
	}
	if _, err := client.Unseal(header, sealed); !errors.Is(err, ErrSeal) {
		t.Error("a message reflected to its sender was taken")
	}
}

func TestRefusals(t *testing.T) {
	const enc = etypeID.AES256_CTS_HMAC_SHA1_96
	kt := testKeytab(t, enc)
	other := keytab.New()
	if err := other.AddEntry(testPrincipal, testRealm, "another password", time.Now(), 1, enc); err != nil {
		t.Fatal(err)
	}
	in := newInitiator(t, kt, enc, false, false)
	for _, c := range []struct {
		name  string
		kt    *keytab.Keytab
		token []byte
		now   time.Time
		want  error
	}{
		{"another key", other, in.token, time.Now(), ErrToken},
		{"host's clock ahead", kt, in.token, time.Now().Add(MaxSkew + time.Minute), ErrClockSkew},
		{"host's clock behind", kt, newInitiator(t, kt, enc, false, false).token, time.Now().Add(-MaxSkew - time.Minute), ErrClockSkew},
		{"cut", kt, in.token[:len(in.token)/2], time.Now(), ErrToken},
		{"empty", kt, nil, time.Now(), ErrToken},
		{"too long", kt, make([]byte, maxToken+1), time.Now(), ErrToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := NewService(c.kt).Accept(c.token, c.now); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	fresh := newInitiator(t, kt, enc, false, false)
	s := NewService(kt)
	if _, err := s.Accept(fresh.token, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accept(fresh.token, time.Now()); !errors.Is(err, ErrToken) {
		t.Errorf("a replayed token gives %v", err)
	}
}

func FuzzAccept(f *testing.F) {
	kt := testKeytab(f, etypeID.AES256_CTS_HMAC_SHA1_96)
	in := newInitiator(f, kt, etypeID.AES256_CTS_HMAC_SHA1_96, true, true)
	s := NewService(kt)
	f.Add(in.token)
	f.Fuzz(func(t *testing.T, b []byte) {
		if login, err := s.Accept(b, time.Now()); err == nil && login.User != "alice" {
			t.Errorf("logged %q on, who has no ticket", login.User)
		}
	})
}

func FuzzUnseal(f *testing.F) {
	key := types.EncryptionKey{KeyType: etypeID.AES256_CTS_HMAC_SHA1_96, KeyValue: make([]byte, 32)}
	header, sealed, err := (&initiator{key: key}).session(1, 1).Seal([]byte("hello"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(header, sealed)
	f.Fuzz(func(t *testing.T, header, sealed []byte) {
		plain, err := newAcceptorSession(key, 1, 2).Unseal(header, sealed)
		if err == nil {
			t.Errorf("opened %q, which nobody sealed", plain)
		}
	})
}
