package kerberos

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/asnAppTag"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/service"
	"github.com/jcmturner/gokrb5/v8/spnego"
	"github.com/jcmturner/gokrb5/v8/types"
)

// MaxSkew is how far the client's clock may be from the host's: five minutes,
// Windows' default.
const MaxSkew = 5 * time.Minute

// librarySkew is what gokrb5, which always compares with this machine's
// clock, is allowed; the host's own clock is compared by this package.
const librarySkew = 24 * time.Hour

// maxToken bounds a token, in bytes: Windows' MaxTokenSize.
const maxToken = 48000

var (
	// ErrToken: the token is no AP-REQ, or its ticket is not for this host or no longer valid.
	ErrToken = errors.New("kerberos: token not accepted")
	// ErrClockSkew: client and host disagree on the time by more than MaxSkew.
	ErrClockSkew = errors.New("kerberos: clock skew too great")
)

// Service accepts tickets for the principals of one keytab. It is safe for
// concurrent use.
type Service struct {
	settings *service.Settings
}

// NewService returns a service for the principals in a keytab, usually
// HTTP/<host name>.
func NewService(kt *keytab.Keytab) *Service {
	return &Service{settings: service.NewSettings(kt, service.DecodePAC(false), service.MaxClockSkew(librarySkew))}
}

// Login is a verified log-on.
type Login struct {
	// User and Realm are the client's principal: alice, LAB.TEST.
	User, Realm string
	// Reply is the GSS token to send back; nil when the client asked for no mutual authentication.
	Reply []byte
	// Session seals what follows; nil for encryption types that cannot (RC4).
	Session *Session
}

// Accept verifies a GSS-framed AP-REQ. now is the host's clock.
func (s *Service) Accept(token []byte, now time.Time) (login *Login, err error) {
	if len(token) > maxToken {
		return nil, fmt.Errorf("%w: %d bytes long, the limit is %d", ErrToken, len(token), maxToken)
	}
	// gokrb5 indexes into what it parsed without looking; a hostile token must not end the host.
	defer func() {
		if p := recover(); p != nil {
			login, err = nil, fmt.Errorf("%w: malformed: %v", ErrToken, p)
		}
	}()
	var t spnego.KRB5Token
	if err := t.Unmarshal(token); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrToken, err)
	}
	if !t.IsAPReq() {
		return nil, fmt.Errorf("%w: not an AP-REQ", ErrToken)
	}
	ok, _, err := service.VerifyAPREQ(&t.APReq, s.settings)
	if err != nil || !ok {
		return nil, fmt.Errorf("%w: %v", ErrToken, err)
	}
	auth := t.APReq.Authenticator
	sent := auth.CTime.Add(time.Duration(auth.Cusec) * time.Microsecond)
	if skew := now.Sub(sent); skew > MaxSkew || skew < -MaxSkew {
		return nil, fmt.Errorf("%w: %s", ErrClockSkew, skew)
	}
	return newLogin(&t.APReq)
}

func newLogin(req *messages.APReq) (*Login, error) {
	auth := req.Authenticator
	login := &Login{User: strings.Join(auth.CName.NameString, "/"), Realm: auth.CRealm}
	ticketKey := req.Ticket.DecryptedEncPart.Key
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	sequence := uint64(binary.BigEndian.Uint32(random[:])&0x3fffffff) + 1
	if mutual(req) {
		reply, err := apReply(auth, ticketKey, int64(sequence))
		if err != nil {
			return nil, err
		}
		login.Reply = reply
	} else {
		sequence = uint64(auth.SeqNumber) // RFC 4121 4.2.6.1: without AP-REP both ways start alike
	}
	key := ticketKey
	if auth.SubKey.KeyType != 0 {
		key = auth.SubKey
	}
	login.Session = newAcceptorSession(key, sequence, uint64(auth.SeqNumber))
	return login, nil
}

// mutual tells whether the client wants an AP-REP: by the AP option or by the
// flag in the GSS checksum of the authenticator (RFC 4121 4.1.1).
func mutual(req *messages.APReq) bool {
	if types.IsFlagSet(&req.APOptions, flags.APOptionMutualRequired) {
		return true
	}
	sum := req.Authenticator.Cksum
	return sum.CksumType == chksumtype.GSSAPI && len(sum.Checksum) >= 24 &&
		binary.LittleEndian.Uint32(sum.Checksum[20:])&gssapi.ContextFlagMutual != 0
}

// apReply makes a GSS-framed AP-REP (RFC 4120 5.5.2, RFC 4121 4.1).
func apReply(auth types.Authenticator, key types.EncryptionKey, sequence int64) ([]byte, error) {
	part, err := asn1.Marshal(messages.EncAPRepPart{CTime: auth.CTime, Cusec: auth.Cusec, SequenceNumber: sequence})
	if err != nil {
		return nil, err
	}
	encrypted, err := crypto.GetEncryptedData(asn1tools.AddASNAppTag(part, asnAppTag.EncAPRepPart), key, keyusage.AP_REP_ENCPART, 0)
	if err != nil {
		return nil, err
	}
	reply, err := asn1.Marshal(messages.APRep{PVNO: iana.PVNO, MsgType: msgtype.KRB_AP_REP, EncPart: encrypted})
	if err != nil {
		return nil, err
	}
	framed, err := asn1.Marshal(gssapi.OIDKRB5.OID())
	if err != nil {
		return nil, err
	}
	framed = append(framed, 2, 0) // TOK_ID of an AP-REP
	framed = append(framed, asn1tools.AddASNAppTag(reply, asnAppTag.APREP)...)
	return asn1tools.AddASNAppTag(framed, 0), nil
}
