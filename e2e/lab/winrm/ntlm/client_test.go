package ntlm

import (
	"encoding/binary"
	"time"
)

// testClient is the initiating side, for tests only.
type testClient struct {
	domain, user, password string
	flags                  Flags
	mic                    bool
	binding                []byte
	time                   time.Time
	clientChallenge        [8]byte
	randomKey              [16]byte
}

const testFlags = FlagUnicode | FlagOEM | FlagRequestTarget | FlagNTLM | FlagSign | FlagSeal | FlagAlwaysSign |
	FlagExtendedSession | FlagVersion | Flag128 | FlagKeyExchange | Flag56

func newTestClient(domain, user, password string) *testClient {
	return &testClient{domain: domain, user: user, password: password, flags: testFlags, mic: true}
}

func (c *testClient) negotiate() []byte {
	b := make([]byte, 40)
	copy(b, signature)
	binary.LittleEndian.PutUint32(b[8:], typeNegotiate)
	binary.LittleEndian.PutUint32(b[12:], uint32(c.flags))
	return b
}

// authenticate answers a challenge and returns the message and the session as
// the client sees it (directions swapped).
func (c *testClient) authenticate(negotiate, challenge []byte) ([]byte, *Session) {
	flags := Flags(binary.LittleEndian.Uint32(challenge[20:])) & (c.flags | FlagTargetInfo | FlagUnicode | FlagNTLM)
	info, err := field(challenge, 40, "TargetInfo")
	if err != nil {
		panic(err)
	}
	list, err := parseAttributes(info)
	if err != nil {
		panic(err)
	}
	if c.mic {
		list = append(list, attribute{avFlags, []byte{avFlagMIC, 0, 0, 0}})
	}
	if c.binding != nil {
		list = append(list, attribute{avChannelBindings, c.binding})
	}
	stamp := c.time
	if value, ok := find(list, avTimestamp); ok && stamp.IsZero() {
		stamp = fromFileTime(binary.LittleEndian.Uint64(value))
	}
	blob := []byte{1, 1, 0, 0, 0, 0, 0, 0}
	blob = binary.LittleEndian.AppendUint64(blob, fileTime(stamp))
	blob = append(blob, c.clientChallenge[:]...)
	blob = append(blob, 0, 0, 0, 0)
	blob = append(appendAttributes(blob, list), 0, 0, 0, 0)
	key := ntowfv2(HashPassword(c.password), c.user, c.domain)
	proof := hmacMD5(key, challenge[24:32], blob)
	base := sessionBaseKey(key, proof)
	exported, encrypted := base, []byte(nil)
	if flags.has(FlagKeyExchange) {
		exported, encrypted = c.randomKey[:], rc4Once(base, c.randomKey[:])
	}

	b := make([]byte, micOffset+micLength)
	copy(b, signature)
	binary.LittleEndian.PutUint32(b[8:], typeAuthenticate)
	binary.LittleEndian.PutUint32(b[60:], uint32(flags))
	for _, f := range []struct {
		at    int
		value []byte
	}{
		{12, make([]byte, 24)}, {20, append(append([]byte(nil), proof...), blob...)},
		{28, encodeUTF16(c.domain)}, {36, encodeUTF16(c.user)}, {44, encodeUTF16("CLIENT")}, {52, encrypted},
	} {
		putField(b, f.at, len(f.value), len(b))
		b = append(b, f.value...)
	}
	if c.mic {
		copy(b[micOffset:], hmacMD5(exported, negotiate, challenge, b))
	}
	session := newServerSession(flags, exported)
	session.out, session.inbound = session.inbound, session.out
	return b, session
}
