package console

import (
	"context"
	"fmt"
	"io"
	"strings"

	"lifeboat.io/e2e/lab/powershell"
)

// host shows what a session puts out.
type host struct {
	ctx            context.Context
	session        *powershell.Session
	stdout, stderr io.Writer
	xml            bool // errors and messages as CLIXML on standard error
	begun          bool // the CLIXML header is written
	format         *powershell.Formatter
	progress       int
}

func (h *host) line(text string) error {
	_, err := io.WriteString(h.stdout, powershell.ValidUTF8(text)+"\r\n")
	return err
}

// flush shows the table or list that is still open.
func (h *host) flush() error {
	if h.format == nil {
		return nil
	}
	f := h.format
	h.format = nil
	return f.Close()
}

func (h *host) streams() powershell.Streams {
	return powershell.Streams{
		Output: func(v powershell.Value) error {
			if h.format == nil {
				h.format = h.session.NewFormatter(h.line)
			}
			return h.format.Add(v)
		},
		Error:   h.showError,
		Warning: func(t string) error { return h.message("warning", "WARNING: ", t) },
		Verbose: func(t string) error { return h.message("verbose", "VERBOSE: ", t) },
		Debug:   func(t string) error { return h.message("debug", "DEBUG: ", t) },
		Information: func(v powershell.Value) error {
			_, err := io.WriteString(h.stdout, powershell.ValidUTF8(powershell.HostText(v)))
			return err
		},
		Progress: h.showProgress,
	}
}

// message writes a warning and its like: to standard output as text, or to
// standard error as CLIXML.
func (h *host) message(stream, prefix, text string) error {
	if h.xml {
		return h.element(fmt.Sprintf(`<S S="%s">%s</S>`, stream, escapeXML(text)))
	}
	return h.line(prefix + text)
}

// showError writes an error record to standard error.
func (h *host) showError(r *powershell.ErrorRecord) error {
	lines := h.session.ErrorLines(r)
	if !h.xml {
		_, err := io.WriteString(h.stderr, powershell.ValidUTF8(strings.Join(lines, "\r\n")+"\r\n"))
		return err
	}
	for _, l := range lines {
		if err := h.element(`<S S="Error">` + escapeXML(l+"\r\n") + `</S>`); err != nil {
			return err
		}
	}
	return nil
}

const cliXMLHead = "#< CLIXML\r\n" + `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">`

// element writes one element of the CLIXML document on standard error.
func (h *host) element(text string) error {
	if !h.begun {
		h.begun = true
		text = cliXMLHead + text
	}
	_, err := io.WriteString(h.stderr, text)
	return err
}

func (h *host) close() {
	if h.begun {
		_, _ = io.WriteString(h.stderr, "</Objs>")
	}
}

// showProgress writes a progress record; as text there is nothing to see.
func (h *host) showProgress(p powershell.Progress) error {
	if !h.xml {
		return nil
	}
	kind, id := "Processing", h.progress
	if p.Completed {
		kind = "Completed"
	}
	h.progress++
	types := `<TNRef RefId="0" />`
	if id == 0 {
		types = `<TN RefId="0"><T>System.Management.Automation.PSCustomObject</T><T>System.Object</T></TN>`
	}
	return h.element(fmt.Sprintf(`<Obj S="progress" RefId="%d">%s<MS><I64 N="SourceId">1</I64><PR N="Record"><AV>%s</AV><AI>%d</AI><Nil /><PI>-1</PI><PC>%d</PC><T>%s</T><SR>-1</SR><SD>%s</SD></PR></MS></Obj>`,
		id, types, escapeXML(p.Activity), p.ID, p.Percent, kind, escapeXML(p.Status)))
}

// escapeXML writes text for CLIXML: markup as entities, control characters and
// surrogates as _xHHHH_.
func escapeXML(t string) string {
	var sb strings.Builder
	u := powershell.UTF16(t)
	for i, c := range u {
		switch {
		case c == '&':
			sb.WriteString("&amp;")
		case c == '<':
			sb.WriteString("&lt;")
		case c == '>':
			sb.WriteString("&gt;")
		case c == '"':
			sb.WriteString("&quot;")
		case c == '\'':
			sb.WriteString("&apos;")
		case c < 0x20 || c >= 0x7F && c <= 0x9F || c >= 0xD800 && c <= 0xDFFF || c >= 0xFFFE:
			fmt.Fprintf(&sb, "_x%04X_", c)
		case c == '_' && i+1 < len(u) && (u[i+1] == 'x' || u[i+1] == 'X'):
			sb.WriteString("_x005F_")
		default:
			sb.WriteRune(rune(c))
		}
	}
	return sb.String()
}
