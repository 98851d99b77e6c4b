package ntlm

import (
	"crypto/hmac"
	"crypto/rc4"
	"encoding/binary"
	"errors"
)

// SignatureLength is the length of a message signature, in bytes.
const SignatureLength = 16

// ErrSignature says that a sealed or signed message was changed, replayed or came out
// of order.
var ErrSignature = errors.New("ntlm: message signature does not fit")

// direction is the state of one way: keys, cipher and sequence number.
type direction struct {
	signKey  []byte
	sealKey  []byte
	cipher   *rc4.Cipher
	sequence uint32
}

func newDirection(signKey, sealKey []byte) direction {
	d := direction{signKey: signKey, sealKey: sealKey}
	d.restart()
	return d
}

// restart puts the cipher back to its first byte; the sequence goes on.
func (d *direction) restart() {
	c, err := rc4.NewCipher(d.sealKey)
	if err != nil {
		panic("ntlm: key of impossible length: " + err.Error()) // keys are always 16 bytes here
	}
	d.cipher = c
}

// Session protects the messages after a log-on, with extended session
// security (MS-NLMP 3.4.3, 3.4.4). Both ways are strictly in order, so it
// belongs to one connection and is not safe for concurrent use.
type Session struct {
	flags        Flags
	out, inbound direction
}

func newServerSession(flags Flags, exported []byte) *Session {
	return &Session{
		flags:   flags,
		out:     newDirection(signKey(exported, serverSigning), sealKey(flags, exported, serverSealing)),
		inbound: newDirection(signKey(exported, clientSigning), sealKey(flags, exported, clientSealing)),
	}
}

// CanSeal tells whether client and server agreed on sealing, and on extended
// session security, without which this package neither seals nor signs.
func (s *Session) CanSeal() bool { return s.flags.has(FlagSeal | FlagExtendedSession) }

// Seal encrypts a message to the client and returns it with its signature.
func (s *Session) Seal(plain []byte) (sig, sealed []byte, err error) {
	sealed = make([]byte, len(plain))
	s.out.cipher.XORKeyStream(sealed, plain)
	return s.signature(&s.out, plain), sealed, nil
}

// Unseal decrypts a message from the client and checks its signature. After
// an error the session is out of step and of no use.
func (s *Session) Unseal(sig, sealed []byte) ([]byte, error) {
	plain := make([]byte, len(sealed))
	s.inbound.cipher.XORKeyStream(plain, sealed)
	if !hmac.Equal(sig, s.signature(&s.inbound, plain)) {
		return nil, ErrSignature
	}
	return plain, nil
}

// Sign returns the signature of a message that travels in clear.
func (s *Session) Sign(message []byte) []byte { return s.signature(&s.out, message) }

// Verify checks the signature of a message that came in clear.
func (s *Session) Verify(message, sig []byte) error {
	if !hmac.Equal(sig, s.signature(&s.inbound, message)) {
		return ErrSignature
	}
	return nil
}

// RestartCiphers puts the ciphers of both ways back to their start, as SPNEGO
// does once the mechListMIC exchange is over (MS-SPNG 3.3.5.1).
func (s *Session) RestartCiphers() {
	s.out.restart()
	s.inbound.restart()
}

// signature is MAC with extended session security, MS-NLMP 3.4.4.2.
func (s *Session) signature(d *direction, message []byte) []byte {
	sequence := binary.LittleEndian.AppendUint32(nil, d.sequence)
	d.sequence++
	checksum := hmacMD5(d.signKey, sequence, message)[:8]
	if s.flags.has(FlagKeyExchange) {
		d.cipher.XORKeyStream(checksum, checksum)
	}
	sig := make([]byte, 0, SignatureLength)
	sig = append(sig, 1, 0, 0, 0)
	sig = append(sig, checksum...)
	return append(sig, sequence...)
}
