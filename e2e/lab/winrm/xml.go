package winrm

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// Bounds of an XML document that is taken in.
const (
	maxXMLDepth    = 32    // elements inside one another; a Create request has 7
	maxXMLElements = 10000 // in one document
)

// Namespaces of the protocol.
const (
	nsSOAP       = "http://www.w3.org/2003/05/soap-envelope"
	nsSOAP11     = "http://schemas.xmlsoap.org/soap/envelope/"
	nsAddressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
	nsEnumerate  = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
	nsWSMan      = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
	nsWSManMS    = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
	nsShell      = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
	nsConfig     = "http://schemas.microsoft.com/wbem/wsman/1/config"
	nsIdentity   = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
	nsXML        = "http://www.w3.org/XML/1998/namespace"
)

// element is one XML element with what is inside it.
type element struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string // character data directly inside, joined
	children []*element
}

// is tells whether the element has this name.
func (e *element) is(space, local string) bool {
	return e != nil && e.name.Space == space && e.name.Local == local
}

// attr returns an attribute without a namespace, or "".
func (e *element) attr(local string) string { return e.attrNS("", local) }

func (e *element) attrNS(space, local string) string {
	for _, a := range e.attrs {
		if a.Name.Space == space && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// child returns the first child of this name, or nil.
func (e *element) child(space, local string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.is(space, local) {
			return c
		}
	}
	return nil
}

// value is the text without white space around it.
func (e *element) value() string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.text)
}

// parseXML reads one document. Declarations of document types are refused.
func parseXML(data []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(label string, r io.Reader) (io.Reader, error) {
		if strings.HasPrefix(strings.ToLower(label), "utf-16") {
			return r, nil // decodeText has made UTF-8 of it
		}
		return nil, fmt.Errorf("encoding %q is not supported, send UTF-8 or UTF-16", label)
	}
	var root *element
	var open []*element
	var texts [][]byte // of the open elements; joined once, however many pieces they come in
	count := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			count++
			if len(open) == maxXMLDepth || count > maxXMLElements {
				return nil, fmt.Errorf("document is deeper than %d or has more than %d elements", maxXMLDepth, maxXMLElements)
			}
			e := &element{name: t.Name, attrs: t.Copy().Attr}
			if len(open) > 0 {
				parent := open[len(open)-1]
				parent.children = append(parent.children, e)
			} else if root != nil {
				return nil, errors.New("document has more than one root")
			} else {
				root = e
			}
			open, texts = append(open, e), append(texts, nil)
		case xml.EndElement:
			last := len(open) - 1
			open[last].text = string(texts[last])
			open, texts = open[:last], texts[:last]
		case xml.CharData:
			if last := len(open) - 1; last >= 0 {
				texts[last] = append(texts[last], t...)
			}
		case xml.Directive:
			return nil, errors.New("document type declarations are not allowed")
		}
	}
	if root == nil {
		return nil, errors.New("document is empty")
	}
	return root, nil
}

// charset is how a request was encoded; the answer is encoded alike.
type charset int

const (
	utf8Text charset = iota
	utf16LE
	utf16BE
)

// decodeText makes UTF-8 of a request body. Native Windows clients send
// UTF-16 by default, all others UTF-8.
func decodeText(data []byte, contentType string) ([]byte, charset, error) {
	kind := utf8Text
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		data, kind = data[2:], utf16LE
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		data, kind = data[2:], utf16BE
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		return data[3:], utf8Text, nil
	case strings.Contains(strings.ToLower(contentType), "charset=utf-16"):
		kind = utf16LE
	default:
		return data, utf8Text, nil
	}
	if len(data)%2 != 0 {
		return nil, kind, errors.New("UTF-16 body has an odd number of bytes")
	}
	var order binary.ByteOrder = binary.LittleEndian
	if kind == utf16BE {
		order = binary.BigEndian
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units))), kind, nil
}

// encodeText is the reverse for an answer.
func encodeText(data []byte, kind charset) []byte {
	if kind == utf8Text {
		return data
	}
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(data))) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

// escape makes a string safe inside an element or an attribute.
func escape(s string) string {
	if !strings.ContainsAny(s, "<>&'\"\t\r\n") && isPrintable(s) {
		return s
	}
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

// isPrintable tells that no character needs replacing.
func isPrintable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0xfffd || r == 0xfffe || r == 0xffff {
			return false
		}
	}
	return true
}
