package winrm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"strconv"
	"strings"
)

// Content types.
const (
	typeSOAP         = "application/soap+xml"
	typeSealed       = "multipart/encrypted"
	typeSealedMany   = "multipart/x-multi-encrypted"
	protocolSPNEGO   = "application/HTTP-SPNEGO-session-encrypted"
	protocolKerberos = "application/HTTP-Kerberos-session-encrypted"
)

// maxHeaderPart bounds the header of a sealed message, in bytes: an NTLM
// signature has 16, a Kerberos token 60 and more.
const maxHeaderPart = 1024

// maxParts bounds how many sealed messages one body may consist of. Clients
// cut at 16 kB when they cut at all.
const maxParts = 128

var errSealed = errors.New("winrm: malformed sealed message")

// sealedType is what a sealed Content-Type says.
type sealedType struct{ protocol, boundary string }

// sealedContent tells whether a body is sealed, and how.
func sealedContent(contentType string) (sealedType, bool) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != typeSealed && kind != typeSealedMany {
		return sealedType{}, false
	}
	return sealedType{params["protocol"], params["boundary"]}, true
}

// sealedPart is one encrypted message of a body.
type sealedPart struct {
	length       int // of the message, by its declaration
	header, data []byte
}

// splitSealed takes a sealed body apart (MS-WSMV 2.2.9.1): pairs of a part
// that declares the message and one that holds it. The data is delimited by
// its declared length, never searched: it is binary and may contain anything.
func splitSealed(body []byte, boundary string) ([]sealedPart, error) {
	if boundary == "" {
		return nil, fmt.Errorf("%w: no boundary", errSealed)
	}
	mark := []byte("--" + boundary)
	end := append(append([]byte(nil), mark...), "--"...)
	var parts []sealedPart
	for len(parts) < maxParts {
		if bytes.HasPrefix(body, end) && len(parts) > 0 {
			return parts, nil
		}
		var p sealedPart
		declaration, rest, err := partHeaders(body, mark, 2)
		if err != nil {
			return nil, err
		}
		if p.length, err = declaredLength(declaration); err != nil {
			return nil, err
		}
		_, rest, err = partHeaders(rest, mark, 1)
		if err != nil {
			return nil, err
		}
		if len(rest) < 4 {
			return nil, fmt.Errorf("%w: no length field", errSealed)
		}
		n := binary.LittleEndian.Uint32(rest)
		rest = rest[4:]
		if n > maxHeaderPart || int(n)+p.length > len(rest) {
			return nil, fmt.Errorf("%w: header of %d and message of %d bytes do not fit the body", errSealed, n, p.length)
		}
		p.header, p.data, body = rest[:n], rest[n:int(n)+p.length], rest[int(n)+p.length:]
		parts = append(parts, p)
	}
	return nil, fmt.Errorf("%w: more than %d parts", errSealed, maxParts)
}

// partHeaders reads a boundary line and this many header lines.
func partHeaders(body, mark []byte, lines int) (headers []string, rest []byte, err error) {
	for i := 0; i <= lines; i++ {
		line, after, ok := bytes.Cut(body, []byte("\r\n"))
		if !ok {
			return nil, nil, fmt.Errorf("%w: it ends within its headers", errSealed)
		}
		if i == 0 && !bytes.Equal(line, mark) {
			return nil, nil, fmt.Errorf("%w: no boundary where one belongs", errSealed)
		}
		if i > 0 {
			headers = append(headers, string(bytes.TrimSpace(line)))
		}
		body = after
	}
	return headers, body, nil
}

// declaredLength finds Length=n in the OriginalContent header.
func declaredLength(headers []string) (int, error) {
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		if !strings.EqualFold(name, "OriginalContent") {
			continue
		}
		for _, param := range strings.Split(value, ";") {
			if k, v, _ := strings.Cut(strings.TrimSpace(param), "="); strings.EqualFold(k, "Length") {
				if n, ok := parseSize(v); ok {
					return n, nil
				}
			}
		}
	}
	return 0, fmt.Errorf("%w: no OriginalContent with a Length", errSealed)
}

// unseal opens a sealed body.
func unseal(body []byte, how sealedType, with sealer) ([]byte, error) {
	parts, err := splitSealed(body, how.boundary)
	if err != nil {
		return nil, err
	}
	var plain []byte
	for _, p := range parts {
		message, err := with.Unseal(p.header, p.data)
		if err != nil {
			return nil, err
		}
		plain = append(plain, message...)
	}
	return plain, nil
}

// seal writes a sealed body and its Content-Type, in the manner of the request.
func seal(plain []byte, contentType string, how sealedType, with sealer) ([]byte, string, error) {
	header, data, err := with.Seal(plain)
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	b.WriteString("--" + how.boundary + "\r\n\tContent-Type: " + how.protocol + "\r\n\tOriginalContent: type=" + contentType +
		";Length=" + strconv.Itoa(len(plain)) + "\r\n--" + how.boundary + "\r\n\tContent-Type: application/octet-stream\r\n")
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(header))))
	b.Write(header)
	b.Write(data)
	b.WriteString("--" + how.boundary + "--\r\n")
	return b.Bytes(), typeSealed + `;protocol="` + how.protocol + `";boundary="` + how.boundary + `"`, nil
}
