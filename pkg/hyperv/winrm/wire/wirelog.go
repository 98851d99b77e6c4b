package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// shown are the elements whose text the wire log keeps, by local name.
// Everything else is replaced by its length: payloads, command lines, and
// whatever nobody has thought of.
var shown = map[string]bool{
	"Action": true, "To": true, "MessageID": true, "RelatesTo": true, "ResourceURI": true, "Address": true,
	"MaxEnvelopeSize": true, "OperationTimeout": true, "Selector": true, "Option": true,
	"ShellId": true, "CommandId": true, "Name": true, "State": true, "Owner": true, "IdleTimeOut": true,
	"InputStreams": true, "OutputStreams": true, "DesiredStream": true, "Code": true, "ExitCode": true,
	"ShellRunTime": true, "ShellInactivity": true, "Value": true, "Text": true, "Message": true,
	"error_Code": true, "error_Type": true, "CIMStatusCode": true,
}

// entry is one line of the wire log.
type entry struct {
	Time     time.Time `json:"time"`
	Host     string    `json:"host"`
	What     string    `json:"what"` // request, answer or error
	Action   string    `json:"action"`
	Status   int       `json:"status,omitempty"`
	Bytes    int       `json:"bytes,omitempty"`
	Envelope string    `json:"envelope,omitempty"`
	Error    string    `json:"error,omitempty"`
}

func (e *Endpoint) log(action, what string, status int, envelope []byte) {
	if e.config.Log == nil {
		return
	}
	e.write(entry{What: what, Action: action, Status: status, Bytes: len(envelope), Envelope: Redact(envelope)})
}

func (e *Endpoint) logError(action string, err error) {
	if e.config.Log == nil {
		return
	}
	e.write(entry{What: "error", Action: action, Error: err.Error()})
}

// write writes one line. The log is a help for people; a log that cannot be
// written fails no request.
func (e *Endpoint) write(line entry) {
	line.Time, line.Host = time.Now().UTC(), e.config.Name
	text, err := json.Marshal(line)
	if err != nil {
		return
	}
	e.logging.Lock()
	defer e.logging.Unlock()
	_, _ = e.config.Log.Write(append(text, '\n'))
}

// Redact is an envelope without namespaces and without the values in it. What
// is no XML is replaced as a whole.
func Redact(envelope []byte) string {
	if len(envelope) == 0 {
		return ""
	}
	var out strings.Builder
	var path []string
	d := xml.NewDecoder(bytes.NewReader(envelope))
	for {
		token, err := d.Token()
		if err == io.EOF && len(path) == 0 && out.Len() > 0 {
			return out.String()
		}
		if err != nil {
			return fmt.Sprintf("[%d bytes that are no XML]", len(envelope))
		}
		switch t := token.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
			writeStart(&out, t)
		case xml.EndElement:
			path = path[:len(path)-1]
			out.WriteString("</" + t.Name.Local + ">")
		case xml.CharData:
			if len(path) > 0 {
				writeText(&out, path[len(path)-1], string(t))
			}
		}
	}
}

func writeStart(out *strings.Builder, t xml.StartElement) {
	out.WriteString("<" + t.Name.Local)
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Local == "mustUnderstand" {
			continue
		}
		fmt.Fprintf(out, " %s=%q", a.Name.Local, a.Value)
	}
	out.WriteString(">")
}

func writeText(out *strings.Builder, element, text string) {
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
	case shown[element]:
		out.WriteString(trimmed)
	default:
		fmt.Fprintf(out, "[%d]", len(text))
	}
}
