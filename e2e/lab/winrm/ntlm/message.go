package ntlm

import (
	"encoding/binary"
	"time"
)

// Negotiate is the client's first message.
type Negotiate struct {
	// Flags are what the client asks for.
	Flags Flags
}

// ParseNegotiate reads a NEGOTIATE message. Its optional domain and
// workstation are not looked at, as on Windows.
func ParseNegotiate(b []byte) (Negotiate, error) {
	if err := checkHeader(b, typeNegotiate, "NEGOTIATE", 16); err != nil {
		return Negotiate{}, err
	}
	return Negotiate{Flags: Flags(binary.LittleEndian.Uint32(b[12:]))}, nil
}

// Target is what the server says of itself in a CHALLENGE.
type Target struct {
	// NetBIOSComputer and DNSComputer name the host: HV1, hv1.lab.test.
	NetBIOSComputer, DNSComputer string
	// NetBIOSDomain and DNSDomain name its domain; the host's own names when it is in none.
	NetBIOSDomain, DNSDomain string
}

// attributes are the target information of a CHALLENGE. The timestamp makes
// clients send a MIC and leave the LM response out.
func (t Target) attributes(now time.Time) []attribute {
	stamp := binary.LittleEndian.AppendUint64(nil, fileTime(now))
	return []attribute{
		{avNetBIOSDomain, encodeUTF16(t.NetBIOSDomain)},
		{avNetBIOSComputer, encodeUTF16(t.NetBIOSComputer)},
		{avDNSDomain, encodeUTF16(t.DNSDomain)},
		{avDNSComputer, encodeUTF16(t.DNSComputer)},
		{avTimestamp, stamp},
	}
}

// version is what the host says of its Windows: 10.0 build 20348 (Server
// 2022), NTLM revision 15. MS-NLMP 2.2.2.10: informative only.
var version = []byte{10, 0, 0x7c, 0x4f, 0, 0, 0, 15}

// challengeFixed is the length of a CHALLENGE before its payload.
const challengeFixed = 56

// marshalChallenge writes a CHALLENGE message.
func marshalChallenge(flags Flags, challenge [8]byte, target Target, now time.Time) []byte {
	name := encodeUTF16(target.NetBIOSDomain)
	info := appendAttributes(nil, target.attributes(now))
	b := make([]byte, challengeFixed, challengeFixed+len(name)+len(info))
	copy(b, signature)
	binary.LittleEndian.PutUint32(b[8:], typeChallenge)
	putField(b, 12, len(name), challengeFixed)
	binary.LittleEndian.PutUint32(b[20:], uint32(flags))
	copy(b[24:], challenge[:])
	putField(b, 40, len(info), challengeFixed+len(name))
	copy(b[48:], version)
	return append(append(b, name...), info...)
}

func putField(b []byte, at, length, offset int) {
	binary.LittleEndian.PutUint16(b[at:], uint16(length))
	binary.LittleEndian.PutUint16(b[at+2:], uint16(length))
	binary.LittleEndian.PutUint32(b[at+4:], uint32(offset))
}

// Authenticate is the client's second message.
type Authenticate struct {
	// Flags are what both sides settled on.
	Flags Flags
	// Domain, User and Workstation are as the client typed them.
	Domain, User, Workstation string
	// LMResponse and NTResponse are the raw responses.
	LMResponse, NTResponse []byte
	// SessionKey is the encrypted random session key; empty without key exchange.
	SessionKey []byte
	// MIC covers the three messages; nil when the message has no room for one.
	MIC []byte
}

// Positions in an AUTHENTICATE message.
const (
	authenticateFixed = 64 // before the optional version
	micOffset         = 72 // after the version
	micLength         = 16
)

// ParseAuthenticate reads an AUTHENTICATE message. Names must be Unicode.
func ParseAuthenticate(b []byte) (Authenticate, error) {
	var a Authenticate
	if err := checkHeader(b, typeAuthenticate, "AUTHENTICATE", authenticateFixed); err != nil {
		return a, err
	}
	a.Flags = Flags(binary.LittleEndian.Uint32(b[60:]))
	if !a.Flags.has(FlagUnicode) {
		return a, malformed("AUTHENTICATE is not Unicode")
	}
	first := len(b)
	raw := func(at int, name string, to *[]byte) error {
		value, err := field(b, at, name)
		if err == nil && len(value) > 0 {
			first = min(first, int(binary.LittleEndian.Uint32(b[at+4:])))
		}
		*to = value
		return err
	}
	text := func(at int, name string, to *string) error {
		var value []byte
		if err := raw(at, name, &value); err != nil {
			return err
		}
		var err error
		*to, err = decodeUTF16(value)
		return err
	}
	for _, err := range []error{
		raw(12, "LmChallengeResponse", &a.LMResponse),
		raw(20, "NtChallengeResponse", &a.NTResponse),
		text(28, "DomainName", &a.Domain),
		text(36, "UserName", &a.User),
		text(44, "Workstation", &a.Workstation),
		raw(52, "EncryptedRandomSessionKey", &a.SessionKey),
	} {
		if err != nil {
			return Authenticate{}, err
		}
	}
	if first >= micOffset+micLength {
		a.MIC = b[micOffset : micOffset+micLength]
	}
	return a, nil
}

// ntlmv2 is what an NTLMv2 response consists of.
type ntlmv2 struct {
	proof      []byte // NTProofStr
	blob       []byte // NTLMv2_CLIENT_CHALLENGE, "temp" in MS-NLMP 3.3.2
	timestamp  time.Time
	attributes []attribute
}

// ntlmv1Length is the length of an NTLMv1 response; everything longer is NTLMv2.
const ntlmv1Length = 24

// parseNTLMv2 takes a response apart.
func parseNTLMv2(b []byte) (ntlmv2, error) {
	const fixed = 16 + 28 // proof and the fixed part of the blob
	if len(b) < fixed {
		return ntlmv2{}, malformed("NTLMv2 response is %d bytes long, at least %d are needed", len(b), fixed)
	}
	r := ntlmv2{proof: b[:16], blob: b[16:]}
	if r.blob[0] != 1 || r.blob[1] != 1 {
		return ntlmv2{}, malformed("NTLMv2 response has version %d.%d, only 1.1 is known", r.blob[0], r.blob[1])
	}
	r.timestamp = fromFileTime(binary.LittleEndian.Uint64(r.blob[8:]))
	var err error
	r.attributes, err = parseAttributes(r.blob[28:])
	return r, err
}
