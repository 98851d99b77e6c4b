package kerberos

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"
)

// ErrSeal says that a sealed message cannot be opened: changed, replayed, out of order
// or not of this session.
var ErrSeal = errors.New("kerberos: sealed message not accepted")

// Wrap token of RFC 4121 4.2.6.2.
const (
	wrapHeader      = 16 // bytes
	flagAcceptor    = 1
	flagSealed      = 2
	flagAcceptorKey = 4
)

// Session seals messages with RFC 4121 wrap tokens in the form WinRM carries
// them: what does not belong to the message (token header, trailer rotated to
// the front, confounder) comes first and is called its header; the rest is as
// long as the message. Both ways are in order, so a session belongs to one
// connection and is not safe for concurrent use.
type Session struct {
	key                  types.EncryptionKey
	enc                  etype.EType
	sendUsage, openUsage uint32
	sendFlag, openFlag   byte
	send, next           uint64 // sequence numbers: of the next message out, lowest acceptable in
}

// newAcceptorSession returns nil for encryption types without RFC 4121 sealing.
func newAcceptorSession(key types.EncryptionKey, send, next uint64) *Session {
	enc, err := crypto.GetEtype(key.KeyType)
	if err != nil || enc.GetConfounderByteSize() != 16 {
		return nil // RC4-HMAC (8 bytes) wraps differently, RFC 4757
	}
	return &Session{
		key: key, enc: enc, send: send, next: next,
		sendUsage: keyusage.GSSAPI_ACCEPTOR_SEAL, sendFlag: flagAcceptor,
		openUsage: keyusage.GSSAPI_INITIATOR_SEAL,
	}
}

// trailer is what follows the message inside a token: a copy of the header,
// encrypted, and the checksum.
func (s *Session) trailer() int { return wrapHeader + s.enc.GetHMACBitLength()/8 }

// CanSeal tells that the session can seal; one that cannot is never made.
func (s *Session) CanSeal() bool { return true }

// Seal encrypts a message to the client.
func (s *Session) Seal(plain []byte) (header, sealed []byte, err error) {
	token := make([]byte, wrapHeader)
	token[0], token[1], token[2], token[3] = 5, 4, s.sendFlag|flagSealed, 0xff
	binary.BigEndian.PutUint64(token[8:], s.send)
	s.send++
	_, body, err := s.enc.EncryptMessage(s.key.KeyValue, append(append([]byte(nil), plain...), token...), s.sendUsage)
	if err != nil {
		return nil, nil, fmt.Errorf("kerberos: sealing: %w", err)
	}
	rotate := s.trailer()
	binary.BigEndian.PutUint16(token[6:], uint16(rotate)) // RRC; not part of the encrypted copy
	at := len(body) - rotate
	front := token
	front = append(front, body[at:]...)
	front = append(front, body[:s.enc.GetConfounderByteSize()]...)
	return front, body[s.enc.GetConfounderByteSize():at], nil
}

// Unseal opens a message from the client.
func (s *Session) Unseal(header, sealed []byte) ([]byte, error) {
	token := append(append([]byte(nil), header...), sealed...)
	if len(token) < wrapHeader+s.trailer()+s.enc.GetConfounderByteSize() {
		return nil, fmt.Errorf("%w: %d bytes long", ErrSeal, len(token))
	}
	if token[0] != 5 || token[1] != 4 || token[3] != 0xff {
		return nil, fmt.Errorf("%w: not a wrap token", ErrSeal)
	}
	if token[2] != s.openFlag|flagSealed {
		return nil, fmt.Errorf("%w: flags are %#x: want a sealed token of the peer without acceptor subkey", ErrSeal, token[2])
	}
	extra := int(binary.BigEndian.Uint16(token[4:]))
	rotate := int(binary.BigEndian.Uint16(token[6:]))
	sequence := binary.BigEndian.Uint64(token[8:])
	body := token[wrapHeader:]
	rotate %= len(body)
	straight := append(append(make([]byte, 0, len(body)), body[rotate:]...), body[:rotate]...)
	plain, err := s.enc.DecryptMessage(s.key.KeyValue, straight, s.openUsage)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSeal, err)
	}
	end := len(plain) - wrapHeader - extra
	if end < 0 {
		return nil, fmt.Errorf("%w: filler of %d bytes is longer than the message", ErrSeal, extra)
	}
	copied := plain[len(plain)-wrapHeader:]
	want := append([]byte(nil), token[:wrapHeader]...)
	want[6], want[7] = 0, 0
	if string(copied) != string(want) {
		return nil, fmt.Errorf("%w: header was changed", ErrSeal)
	}
	if sequence < s.next {
		return nil, fmt.Errorf("%w: sequence number %d, expected at least %d", ErrSeal, sequence, s.next)
	}
	s.next = sequence + 1
	return plain[:end], nil
}
