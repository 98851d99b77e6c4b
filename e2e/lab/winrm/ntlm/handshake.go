package ntlm

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"
)

// Why a log-on is refused. A client learns none of it, only that it failed;
// the reasons are for tests and counters.
var (
	// ErrOrder: an AUTHENTICATE came without a CHALLENGE before it.
	ErrOrder = errors.New("ntlm: AUTHENTICATE without CHALLENGE")
	// ErrFlags: the client wants connectionless NTLM.
	ErrFlags = errors.New("ntlm: connectionless NTLM is not supported")
	// ErrAnonymous: no user name and no response.
	ErrAnonymous = errors.New("ntlm: anonymous log-on")
	// ErrVersion1: the response is LM or NTLMv1.
	ErrVersion1 = errors.New("ntlm: LM and NTLMv1 responses are not accepted")
	// ErrUnknownUser: the account does not exist or may not log on.
	ErrUnknownUser = errors.New("ntlm: unknown account")
	// ErrPassword: the response does not fit the password.
	ErrPassword = errors.New("ntlm: wrong password")
	// ErrMIC: the messages were changed on their way.
	ErrMIC = errors.New("ntlm: message integrity code does not fit")
	// ErrChannelBinding: the client bound itself to another TLS channel.
	ErrChannelBinding = errors.New("ntlm: channel binding does not fit")
	// ErrClockSkew: the response is older or newer than MaxSkew.
	ErrClockSkew = errors.New("ntlm: time stamp too far from the host's clock")
)

// MaxSkew is how far a response's time stamp may be from the server's clock:
// 36 hours, MS-NLMP 3.1.1.1 (MaxLifetime).
const MaxSkew = 36 * time.Hour

// Accounts finds the NT hash of an account by the names the client sent.
type Accounts func(domain, user string) (Hash, bool)

// Handshake is one log-on on one connection: Challenge, then Authenticate. It
// is used once and by one goroutine at a time.
type Handshake struct {
	target    Target
	random    [8]byte
	flags     Flags
	negotiate []byte
	challenge []byte
}

// NewHandshake starts a log-on with a random server challenge.
func NewHandshake(target Target) *Handshake {
	h := &Handshake{target: target}
	if _, err := rand.Read(h.random[:]); err != nil {
		panic("ntlm: no randomness: " + err.Error()) // crypto/rand does not fail on supported systems
	}
	return h
}

// Challenge answers a NEGOTIATE message. now is the host's clock.
func (h *Handshake) Challenge(negotiate []byte, now time.Time) ([]byte, error) {
	n, err := ParseNegotiate(negotiate)
	if err != nil {
		return nil, err
	}
	if n.Flags.has(FlagDatagram) {
		return nil, ErrFlags
	}
	kind := FlagTargetServer
	if h.target.NetBIOSDomain != h.target.NetBIOSComputer {
		kind = FlagTargetDomain
	}
	// Unicode and NTLM are set and OEM cleared whatever the client offers: some
	// offer only OEM and no NTLM, yet speak both; others would choose OEM.
	h.flags = FlagUnicode | FlagNTLM | n.Flags&offered | FlagTargetInfo | kind
	h.negotiate = append([]byte(nil), negotiate...)
	h.challenge = marshalChallenge(h.flags, h.random, h.target, now)
	return h.challenge, nil
}

// Login is a verified log-on.
type Login struct {
	// Domain and User are as the client sent them.
	Domain, User string
	// Workstation is what the client calls itself.
	Workstation string
	// MIC tells whether the three messages were protected by a MIC.
	MIC bool
	// Session seals and signs what follows.
	Session *Session
}

// Authenticate verifies an AUTHENTICATE message. binding is the expected
// channel binding, nil when the connection is not TLS; a client that sends
// none is accepted (CbtHardeningLevel Relaxed).
func (h *Handshake) Authenticate(message []byte, accounts Accounts, binding *[16]byte, now time.Time) (*Login, error) {
	if h.challenge == nil {
		return nil, ErrOrder
	}
	a, err := ParseAuthenticate(message)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Flags.has(FlagAnonymous) || a.User == "" && len(a.NTResponse) == 0:
		return nil, ErrAnonymous
	case len(a.NTResponse) <= ntlmv1Length:
		return nil, ErrVersion1
	}
	response, err := parseNTLMv2(a.NTResponse)
	if err != nil {
		return nil, err
	}
	hash, ok := accounts(a.Domain, a.User)
	if !ok {
		return nil, ErrUnknownUser
	}
	key := ntowfv2(hash, a.User, a.Domain)
	if !hmac.Equal(response.proof, hmacMD5(key, h.random[:], response.blob)) {
		return nil, ErrPassword
	}
	if skew := now.Sub(response.timestamp); skew > MaxSkew || skew < -MaxSkew {
		return nil, ErrClockSkew
	}
	exported, err := exportedKey(a, sessionBaseKey(key, response.proof))
	if err != nil {
		return nil, err
	}
	withMIC, err := h.checkMIC(message, a, response, exported)
	if err != nil {
		return nil, err
	}
	if err := checkBinding(response, binding); err != nil {
		return nil, err
	}
	flags := a.Flags & h.flags
	return &Login{
		Domain: a.Domain, User: a.User, Workstation: a.Workstation, MIC: withMIC,
		Session: newServerSession(flags, exported),
	}, nil
}

// exportedKey is ExportedSessionKey of MS-NLMP 3.2.5.1.2.
func exportedKey(a Authenticate, base []byte) ([]byte, error) {
	if !a.Flags.has(FlagKeyExchange) {
		return base, nil
	}
	if len(a.SessionKey) != 16 {
		return nil, malformed("EncryptedRandomSessionKey has %d bytes, 16 are needed", len(a.SessionKey))
	}
	return rc4Once(base, a.SessionKey), nil
}

// checkMIC verifies the MIC when the client says that there is one.
func (h *Handshake) checkMIC(message []byte, a Authenticate, r ntlmv2, exported []byte) (bool, error) {
	value, ok := find(r.attributes, avFlags)
	if !ok || len(value) != 4 || binary.LittleEndian.Uint32(value)&avFlagMIC == 0 {
		return false, nil
	}
	if a.MIC == nil {
		return false, ErrMIC
	}
	plain := append([]byte(nil), message...)
	clear(plain[micOffset : micOffset+micLength])
	if !hmac.Equal(a.MIC, hmacMD5(exported, h.negotiate, h.challenge, plain)) {
		return false, ErrMIC
	}
	return true, nil
}

func checkBinding(r ntlmv2, want *[16]byte) error {
	got, ok := find(r.attributes, avChannelBindings)
	if !ok || want == nil || len(got) == 16 && [16]byte(got) == ([16]byte{}) {
		return nil
	}
	if !hmac.Equal(got, want[:]) {
		return ErrChannelBinding
	}
	return nil
}
