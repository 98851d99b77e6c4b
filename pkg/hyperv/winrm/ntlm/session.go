package ntlm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"strconv"
	"strings"

	"github.com/bodgit/ntlmssp"
)

// Session seals and unseals the messages of one connection, in their order. It
// must not be used by two callers at once, and not any more after an error.
type Session struct{ inner *ntlmssp.SecuritySession }

// How WinRM frames sealed messages, MS-WSMV 2.2.9.1.
const (
	protocol      = "application/HTTP-SPNEGO-session-encrypted"
	boundary      = "--Encrypted Boundary"
	signatureSize = 16
	// ContentType is the content type of a sealed message.
	ContentType = `multipart/encrypted;protocol="` + protocol + `";boundary="Encrypted Boundary"`
	// original is the content type of what is sealed.
	original = "application/soap+xml;charset=UTF-8"
	octets   = "\tContent-Type: application/octet-stream\r\n"
)

// ErrNotSealed is returned for an answer in clear text on a sealed connection.
var ErrNotSealed = errors.New("the answer is not sealed")

var errSealed = errors.New("the sealed answer is malformed")

// Seal encrypts and signs a SOAP envelope and frames it.
func (s *Session) Seal(envelope []byte) ([]byte, error) {
	sealed, signature, err := s.inner.Wrap(envelope)
	if err != nil {
		return nil, fmt.Errorf("ntlm: %w", err)
	}
	if len(signature) != signatureSize {
		return nil, fmt.Errorf("ntlm: %w", ErrWeak)
	}
	var b bytes.Buffer
	b.Grow(len(sealed) + 512)
	b.WriteString(boundary + "\r\n\tContent-Type: " + protocol + "\r\n")
	b.WriteString("\tOriginalContent: type=" + original + ";Length=" + strconv.Itoa(len(envelope)) + "\r\n")
	b.WriteString(boundary + "\r\n" + octets)
	b.Write(binary.LittleEndian.AppendUint32(nil, signatureSize))
	b.Write(signature)
	b.Write(sealed)
	b.WriteString(boundary + "--\r\n")
	return b.Bytes(), nil
}

// Unseal takes a framed answer apart, decrypts it and checks its signature.
func (s *Session) Unseal(contentType string, body []byte) ([]byte, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/encrypted" || params["protocol"] != protocol {
		return nil, ErrNotSealed
	}
	length, sealed, err := unframe(body)
	if err != nil {
		return nil, err
	}
	envelope, err := s.inner.Unwrap(sealed[4+signatureSize:], sealed[4:4+signatureSize])
	if err != nil {
		return nil, fmt.Errorf("ntlm: %w", err)
	}
	if len(envelope) != length {
		return nil, fmt.Errorf("%w: %d bytes are announced, %d are there", errSealed, length, len(envelope))
	}
	return envelope, nil
}

// unframe finds the announced length and the sealed bytes, which begin with
// the length of the signature and the signature. The frame is no MIME that
// mime/multipart would read: its part headers begin with a tab and have no
// empty line after them.
func unframe(body []byte) (length int, sealed []byte, err error) {
	head, rest, found := bytes.Cut(body, []byte(octets))
	if !found {
		return 0, nil, errSealed
	}
	_, announced, found := strings.Cut(string(head), ";Length=")
	if !found {
		return 0, nil, errSealed
	}
	announced, _, _ = strings.Cut(announced, "\r\n")
	length, err = strconv.Atoi(announced)
	if err != nil || length < 0 {
		return 0, nil, errSealed
	}
	end := bytes.LastIndex(rest, []byte(boundary+"--"))
	if end < 4+signatureSize || binary.LittleEndian.Uint32(rest) != signatureSize {
		return 0, nil, errSealed
	}
	return length, rest[:end], nil
}
