package ntlm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf16"
)

// signature starts every message.
const signature = "NTLMSSP\x00"

// Message types.
const (
	typeNegotiate    = 1
	typeChallenge    = 2
	typeAuthenticate = 3
)

// maxMessage bounds a message, in bytes. Windows' own are well below 2 kB; the
// limit leaves room for long names and many attributes.
const maxMessage = 32 << 10

// ErrMalformed is the root of every parsing error.
var ErrMalformed = errors.New("ntlm: malformed message")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// IsMessage tells whether b starts like an NTLM message, so that a raw token
// can be told from a SPNEGO one.
func IsMessage(b []byte) bool {
	return len(b) >= len(signature) && string(b[:len(signature)]) == signature
}

// checkHeader verifies signature, size and type.
func checkHeader(b []byte, want uint32, name string, fixed int) error {
	switch {
	case len(b) > maxMessage:
		return malformed("%s is %d bytes long, the limit is %d", name, len(b), maxMessage)
	case !IsMessage(b):
		return malformed("%s does not start with NTLMSSP", name)
	case len(b) < fixed:
		return malformed("%s is %d bytes long, at least %d are needed", name, len(b), fixed)
	}
	if got := binary.LittleEndian.Uint32(b[8:]); got != want {
		return malformed("message type is %d, a %s has %d", got, name, want)
	}
	return nil
}

// field reads the payload that a Len/MaxLen/Offset triple at position at
// points to.
func field(b []byte, at int, name string) ([]byte, error) {
	if at+8 > len(b) {
		return nil, malformed("field %s lies outside the message", name)
	}
	length := int(binary.LittleEndian.Uint16(b[at:]))
	offset := uint64(binary.LittleEndian.Uint32(b[at+4:]))
	if length == 0 {
		return nil, nil
	}
	if offset+uint64(length) > uint64(len(b)) {
		return nil, malformed("field %s (offset %d, %d bytes) lies outside the message of %d bytes", name, offset, length, len(b))
	}
	return b[offset : offset+uint64(length)], nil
}

// encodeUTF16 encodes a string as UTF-16LE without a terminator.
func encodeUTF16(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 2*len(units))
	for i, u := range units {
		binary.LittleEndian.PutUint16(b[2*i:], u)
	}
	return b
}

// decodeUTF16 is the reverse; a lone surrogate becomes U+FFFD.
func decodeUTF16(b []byte) (string, error) {
	if len(b)%2 != 0 {
		return "", malformed("UTF-16 text has an odd length of %d bytes", len(b))
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units)), nil
}

// fileTimeEpoch is 1601-01-01, the origin of Windows' FILETIME, in Unix seconds.
const fileTimeEpoch = -11644473600

// fileTime converts to 100 ns ticks since 1601.
func fileTime(t time.Time) uint64 {
	return uint64(t.Unix()-fileTimeEpoch)*1e7 + uint64(t.Nanosecond()/100)
}

// fromFileTime is the reverse.
func fromFileTime(ticks uint64) time.Time {
	return time.Unix(int64(ticks/1e7)+fileTimeEpoch, int64(ticks%1e7)*100).UTC()
}
