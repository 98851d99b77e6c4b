package ntlm

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Flags a session must have. Their values are MS-NLMP 2.2.2.5's.
const (
	flagUnicode          = 0x00000001
	flagSign             = 0x00000010
	flagSeal             = 0x00000020
	flagExtendedSecurity = 0x00080000
	flagTargetInfo       = 0x00800000
	flag128              = 0x20000000
	flagKeyExchange      = 0x40000000

	required = flagUnicode | flagSign | flagSeal | flagExtendedSecurity | flagTargetInfo | flag128 | flagKeyExchange
)

// Layout of a CHALLENGE message, MS-NLMP 2.2.1.2.
const (
	challengeHeader  = 48 // up to and including TargetInfoFields
	typeOffset       = 8
	targetNameOffset = 12
	flagsOffset      = 20
	targetInfoOffset = 40
	challengeType    = 2
	maxChallenge     = 16 << 10 // bytes; real ones have a few hundred
	avEOL            = 0
	avFlags          = 6
	avTimestamp      = 7
)

// ErrWeak is returned for a challenge that would make a weaker session than
// this package accepts.
var ErrWeak = errors.New("the host offers a weaker NTLM session than sealing, signing, 128 bit and extended session security")

var errChallenge = errors.New("not an NTLM challenge")

// checkChallenge looks at a CHALLENGE message before the library does, which
// trusts its lengths and flags.
func checkChallenge(m []byte) error {
	if len(m) < challengeHeader || len(m) > maxChallenge || string(m[:typeOffset]) != "NTLMSSP\x00" ||
		binary.LittleEndian.Uint32(m[typeOffset:]) != challengeType {
		return errChallenge
	}
	if flags := binary.LittleEndian.Uint32(m[flagsOffset:]); flags&required != required {
		return fmt.Errorf("%w: flags 0x%08x", ErrWeak, flags)
	}
	if _, err := payload(m, targetNameOffset); err != nil {
		return err
	}
	info, err := payload(m, targetInfoOffset)
	if err != nil {
		return err
	}
	return checkTargetInfo(info)
}

// payload is what the length and offset at a place in the message point to.
func payload(m []byte, at int) ([]byte, error) {
	length := int(binary.LittleEndian.Uint16(m[at:]))
	offset := int64(binary.LittleEndian.Uint32(m[at+4:]))
	if offset+int64(length) > int64(len(m)) {
		return nil, fmt.Errorf("%w: a field reaches beyond its end", errChallenge)
	}
	return m[offset : offset+int64(length)], nil
}

// checkTargetInfo walks the list of attributes to its end. Every Windows sends
// at least its names.
func checkTargetInfo(info []byte) error {
	for count := 0; len(info) >= 4; count++ {
		id, length := binary.LittleEndian.Uint16(info), int(binary.LittleEndian.Uint16(info[2:]))
		info = info[4:]
		switch {
		case id == avEOL && count == 0:
			return fmt.Errorf("%w: it names no target", errChallenge)
		case id == avEOL:
			return nil
		case length > len(info):
			return fmt.Errorf("%w: attribute %d reaches beyond its end", errChallenge, id)
		case id == avFlags && length != 4, id == avTimestamp && length != 8:
			return fmt.Errorf("%w: attribute %d has %d bytes", errChallenge, id, length)
		}
		info = info[length:]
	}
	return fmt.Errorf("%w: its attributes do not end", errChallenge)
}
