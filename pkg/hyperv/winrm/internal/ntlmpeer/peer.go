package ntlmpeer

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"

	//lint:ignore SA1019 NTLM is made of it
	"golang.org/x/crypto/md4"
)

// Flags are what an ordinary Windows answers a client that asks for sealing.
const Flags = 0xE28A8235

// serverChallenge is fixed: tests have no use for a fresh one.
var serverChallenge = []byte("\x01\x23\x45\x67\x89\xab\xcd\xef")

// Challenge makes a CHALLENGE message with these flags.
func Challenge(flags uint32) []byte {
	target := wide("HOST")
	info := attribute(nil, 2, target)              // NetBIOS domain name
	info = attribute(info, 1, target)              // NetBIOS computer name
	info = attribute(info, 7, make([]byte, 8))     // timestamp: asks for a MIC
	info = attribute(info, 0, nil)                 // end
	m := append([]byte("NTLMSSP\x00"), 2, 0, 0, 0) // type 2
	m = field(m, len(target), 56)
	m = binary.LittleEndian.AppendUint32(m, flags)
	m = append(m, serverChallenge...)
	m = append(m, make([]byte, 8)...)
	m = field(m, len(info), 56+len(target))
	m = append(m, 10, 0, 0x63, 0x45, 0, 0, 0, 15) // version
	return append(append(m, target...), info...)
}

func attribute(b []byte, id uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

func field(b []byte, length, offset int) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(length))
	b = binary.LittleEndian.AppendUint16(b, uint16(length))
	return binary.LittleEndian.AppendUint32(b, uint32(offset))
}

// Session is the accepting side of a session.
type Session struct{ in, out way }

// way is one direction of a session.
type way struct {
	sign     []byte
	cipher   *rc4.Cipher
	sequence uint32
}

// Accept checks an AUTHENTICATE message against a password and returns the session.
func Accept(message []byte, password string) (*Session, error) {
	if len(message) < 64 || string(message[:12]) != "NTLMSSP\x00\x03\x00\x00\x00" {
		return nil, errors.New("no AUTHENTICATE message")
	}
	response, domain, user, sealedKey := part(message, 20), part(message, 28), part(message, 36), part(message, 52)
	if len(response) < 16 || len(sealedKey) != 16 {
		return nil, errors.New("no NTLMv2 response or no session key")
	}
	hash := md4.New()
	hash.Write(wide(password))
	owf := mac(hash.Sum(nil), wide(strings.ToUpper(narrow(user))), domain)
	proof := mac(owf, serverChallenge, response[16:])
	if !hmac.Equal(proof, response[:16]) {
		return nil, errors.New("wrong password")
	}
	key := crypt(mac(owf, proof), sealedKey)
	return &Session{
		in:  newWay(key, "client-to-server"),
		out: newWay(key, "server-to-client"),
	}, nil
}

func newWay(key []byte, direction string) way {
	derived := func(use string) []byte {
		sum := md5.Sum(append(bytes.Clone(key), "session key to "+direction+" "+use+" key magic constant\x00"...))
		return sum[:]
	}
	c, err := rc4.NewCipher(derived("sealing"))
	if err != nil {
		panic(err)
	}
	return way{sign: derived("signing"), cipher: c}
}

func part(m []byte, at int) []byte {
	length, offset := int(binary.LittleEndian.Uint16(m[at:])), int(binary.LittleEndian.Uint32(m[at+4:]))
	if offset+length > len(m) {
		return nil
	}
	return m[offset : offset+length]
}

// Unseal opens a message as WinRM frames it.
func (s *Session) Unseal(body []byte) ([]byte, error) {
	_, rest, found := bytes.Cut(body, []byte("application/octet-stream\r\n"))
	rest, ok := bytes.CutSuffix(rest, []byte("--Encrypted Boundary--\r\n"))
	if !found || !ok || len(rest) < 20 {
		return nil, errors.New("not framed")
	}
	plain := make([]byte, len(rest)-20)
	s.in.cipher.XORKeyStream(plain, rest[20:])
	if want := s.in.signature(plain); !hmac.Equal(want, rest[4:20]) {
		return nil, errors.New("wrong signature")
	}
	return plain, nil
}

// Seal closes a message as WinRM frames it.
func (s *Session) Seal(plain []byte) []byte {
	sealed := make([]byte, len(plain))
	s.out.cipher.XORKeyStream(sealed, plain)
	signature := s.out.signature(plain)
	head := fmt.Sprintf("--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"+
		"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n"+
		"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n\x10\x00\x00\x00", len(plain))
	return append(append(append([]byte(head), signature...), sealed...), "--Encrypted Boundary--\r\n"...)
}

// signature is MS-NLMP 3.4.4.2 with key exchange.
func (w *way) signature(plain []byte) []byte {
	sequence := binary.LittleEndian.AppendUint32(nil, w.sequence)
	w.sequence++
	checksum := mac(w.sign, sequence, plain)[:8]
	w.cipher.XORKeyStream(checksum, checksum)
	return append(append([]byte{1, 0, 0, 0}, checksum...), sequence...)
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func crypt(key, data []byte) []byte {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic(err)
	}
	out := make([]byte, len(data))
	c.XORKeyStream(out, data)
	return out
}

func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func narrow(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
