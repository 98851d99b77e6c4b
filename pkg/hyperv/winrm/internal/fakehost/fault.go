package fakehost

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Fault is a way for a request to fail. The zero Fault is none.
type Fault struct {
	// Kind is one of the kinds below.
	Kind Kind
	// Code is the WSMan code, for SOAP, or the status, for Status.
	Code uint32
	// Delay is waited first.
	Delay time.Duration
}

// Kind names a way to fail.
type Kind string

// Kinds of faults. Those that say Lost carry the request out first.
const (
	SOAP      Kind = "soap"       // a fault with Code
	Status    Kind = "status"     // the HTTP status Code and a bit of HTML
	Empty     Kind = "empty"      // 200 and nothing
	Garbage   Kind = "garbage"    // 200 and no XML
	Hang      Kind = "hang"       // no answer for ever
	Reset     Kind = "reset"      // connection reset before anything is done
	LostReset Kind = "lost-reset" // done, then reset
	LostHang  Kind = "lost-hang"  // done, then no answer
	Truncated Kind = "truncated"  // done, then half of the answer
	CutXML    Kind = "cut-xml"    // done, then an answer whose XML ends early
	Foreign   Kind = "foreign"    // done, then an answer to another message
)

// before does what happens before the request is carried out, and tells
// whether that was all.
func (f Fault) before(w http.ResponseWriter, r *http.Request, e *envelope) bool {
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
			return true
		}
	}
	switch f.Kind {
	case SOAP:
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, FaultEnvelope(e.Header.ID, f.Code, "w:InternalError"))
	case Status:
		w.WriteHeader(int(f.Code))
		_, _ = io.WriteString(w, "<html>no</html>")
	case Empty:
		w.WriteHeader(http.StatusOK)
	case Garbage:
		_, _ = io.WriteString(w, "\x00\x01 this is no XML <<<")
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Reset:
		reset(w)
	default:
		return false
	}
	return true
}

// after does what happens to the answer, and tells whether it is gone.
func (f Fault) after(w http.ResponseWriter, r *http.Request, answer string) bool {
	switch f.Kind {
	case LostReset:
		reset(w)
	case LostHang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Truncated:
		w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		_, _ = io.WriteString(w, answer[:len(answer)/2])
	case CutXML:
		_, _ = io.WriteString(w, answer[:len(answer)/2])
	case Foreign:
		_, _ = io.WriteString(w, wrap(&envelope{}, ""))
	default:
		return false
	}
	return true
}

// reset closes a connection the hard way.
func reset(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// FaultEnvelope is a SOAP fault as Windows writes it.
func FaultEnvelope(relatesTo string, code uint32, subcode string) string {
	return fmt.Sprintf(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">`+
		`<s:Header><a:Action>http://schemas.dmtf.org/wbem/wsman/1/wsman/fault</a:Action><a:RelatesTo>%s</a:RelatesTo></s:Header><s:Body><s:Fault>`+
		`<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>%s</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">It went wrong.</s:Text></s:Reason>`+
		`<s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="%d" Machine="hv01"><f:Message>It went wrong.</f:Message></f:WSManFault></s:Detail>`+
		`</s:Fault></s:Body></s:Envelope>`, relatesTo, subcode, code)
}
