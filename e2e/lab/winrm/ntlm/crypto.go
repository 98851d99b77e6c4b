package ntlm

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"strings"

	//lint:ignore SA1019 the NT hash is MD4 by definition
	"golang.org/x/crypto/md4"
)

// Hash is the NT hash of a password: MD4 of its UTF-16LE form. It is as good
// as the password itself; never log it.
type Hash [16]byte

// String hides the value.
func (Hash) String() string { return "[nt hash]" }

// GoString hides the value.
func (Hash) GoString() string { return "[nt hash]" }

// HashPassword computes the NT hash of a password.
func HashPassword(password string) Hash {
	h := md4.New()
	h.Write(encodeUTF16(password))
	return Hash(h.Sum(nil))
}

func hmacMD5(key []byte, parts ...[]byte) []byte {
	m := hmac.New(md5.New, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// ntowfv2 is NTOWFv2 of MS-NLMP 3.3.2; user and domain as the client sent them.
func ntowfv2(h Hash, user, domain string) []byte {
	return hmacMD5(h[:], encodeUTF16(strings.ToUpper(user)+domain))
}

// sessionBaseKey is also the key exchange key of NTLMv2.
func sessionBaseKey(responseKey, proof []byte) []byte {
	return hmacMD5(responseKey, proof)
}

func rc4Once(key, data []byte) []byte {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic("ntlm: key of impossible length: " + err.Error()) // keys are always 16 bytes here
	}
	out := make([]byte, len(data))
	c.XORKeyStream(out, data)
	return out
}

// Magic constants of MS-NLMP 3.4.5.2 and 3.4.5.3; the trailing zero belongs to them.
const (
	clientSigning = "session key to client-to-server signing key magic constant\x00"
	serverSigning = "session key to server-to-client signing key magic constant\x00"
	clientSealing = "session key to client-to-server sealing key magic constant\x00"
	serverSealing = "session key to server-to-client sealing key magic constant\x00"
)

// signKey is SIGNKEY with extended session security.
func signKey(exported []byte, magic string) []byte {
	sum := md5.Sum(append(append([]byte(nil), exported...), magic...))
	return sum[:]
}

// sealKey is SEALKEY with extended session security: the weaker the flags, the
// fewer bytes of the key are used.
func sealKey(flags Flags, exported []byte, magic string) []byte {
	switch {
	case flags.has(Flag128):
	case flags.has(Flag56):
		exported = exported[:7]
	default:
		exported = exported[:5]
	}
	return signKey(exported, magic)
}

// ChannelBindings computes the value clients send in the MsvAvChannelBindings
// attribute: MD5 of a gss_channel_bindings_struct without addresses whose
// application data is given, as in MS-NLMP 3.1.5.1.2.
func ChannelBindings(applicationData []byte) [16]byte {
	b := make([]byte, 16, 20+len(applicationData)) // initiator and acceptor: type and length zero
	b = binary.LittleEndian.AppendUint32(b, uint32(len(applicationData)))
	return md5.Sum(append(b, applicationData...))
}
