package wsman

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	responseSuffix = "Response"
	stateDone      = shellURI + "/CommandState/Done"
)

// envelope is every answer there is, by its possible bodies.
type envelope struct {
	XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	Header  struct {
		Action    string `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing Action"`
		RelatesTo string `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing RelatesTo"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Header"`
	Body body `xml:"http://www.w3.org/2003/05/soap-envelope Body"`
}

type body struct {
	Fault   *faultBody `xml:"http://www.w3.org/2003/05/soap-envelope Fault"`
	Shell   shellBody  `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Shell"`
	Created struct {
		Selectors []struct {
			Name string `xml:"Name,attr"`
			Text string `xml:",chardata"`
		} `xml:"ReferenceParameters>SelectorSet>Selector"`
	} `xml:"http://schemas.xmlsoap.org/ws/2004/09/transfer ResourceCreated"`
	Command struct {
		ID string `xml:"CommandId"`
	} `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell CommandResponse"`
	Received *receiveBody `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell ReceiveResponse"`
	First    *pageBody    `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration EnumerateResponse"`
	Next     *pageBody    `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration PullResponse"`
}

type shellBody struct {
	ID   string `xml:"ShellId"`
	Name string `xml:"Name"`
}

type receiveBody struct {
	Streams []struct {
		Name string `xml:"Name,attr"`
		Text string `xml:",chardata"`
	} `xml:"Stream"`
	State struct {
		State    string `xml:"State,attr"`
		ExitCode string `xml:"ExitCode"`
	} `xml:"CommandState"`
}

// pageBody is a page of an enumeration, as the first or a later one has it.
type pageBody struct {
	Context string      `xml:"EnumerationContext"`
	Shells  []shellBody `xml:"Items>Shell"`
	End     *struct{}   `xml:"EndOfSequence"`
}

// parse reads an answer: one XML document, an envelope, and nothing after it.
func parse(text []byte) (*envelope, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	var e envelope
	if err := d.Decode(&e); err != nil {
		return nil, fmt.Errorf("not a SOAP envelope: %w", err)
	}
	for {
		switch token, err := d.Token(); t := token.(type) {
		case nil:
			if err == io.EOF {
				return &e, nil
			}
			return nil, fmt.Errorf("not a SOAP envelope: %w", err)
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return nil, errors.New("there is text after the SOAP envelope")
			}
		default:
			return nil, errors.New("there is something after the SOAP envelope")
		}
	}
}

// answers checks that an envelope answers this message and is no fault. A host
// that could not read a message faults without saying which.
func (e *envelope) answers(m message, action string) error {
	if e.Header.RelatesTo != m.id && (e.Body.Fault == nil || e.Header.RelatesTo != "") {
		return fmt.Errorf("the answer relates to message %q, not to %q", e.Header.RelatesTo, m.id)
	}
	if e.Body.Fault != nil {
		return e.Body.Fault.fault()
	}
	if e.Header.Action != action+responseSuffix {
		return fmt.Errorf("the answer's action is %q", e.Header.Action)
	}
	return nil
}

// shellID is the id of a shell just created: real hosts say it twice, some
// servers only once.
func (b *body) shellID() string {
	for _, s := range b.Created.Selectors {
		if s.Name == "ShellId" {
			return s.Text
		}
	}
	return b.Shell.ID
}

// output takes the streams of a Receive answer apart.
func (b *receiveBody) output() (Output, error) {
	var o Output
	for _, s := range b.Streams {
		data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s.Text))
		if err != nil {
			return Output{}, fmt.Errorf("stream %q is not base64", s.Name)
		}
		switch s.Name {
		case "stdout":
			o.Stdout = append(o.Stdout, data...)
		case "stderr":
			o.Stderr = append(o.Stderr, data...)
		}
	}
	o.Done = b.State.State == stateDone
	if o.Done && b.State.ExitCode != "" {
		code, err := strconv.ParseInt(strings.TrimSpace(b.State.ExitCode), 10, 64)
		if err != nil {
			return Output{}, fmt.Errorf("exit code %q is no number", b.State.ExitCode)
		}
		o.ExitCode = code
	}
	return o, nil
}
