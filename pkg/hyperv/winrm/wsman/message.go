package wsman

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/masterzen/simplexml/dom"
	"github.com/masterzen/winrm/soap"
)

// Names of WS-Management, WS-Transfer, WS-Enumeration and the command shell.
const (
	shellURI  = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
	cmdURI    = shellURI + "/cmd"
	anonymous = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

	actionCreate    = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
	actionDelete    = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete"
	actionCommand   = shellURI + "/Command"
	actionSend      = shellURI + "/Send"
	actionReceive   = shellURI + "/Receive"
	actionSignal    = shellURI + "/Signal"
	actionEnumerate = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate"
	actionPull      = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull"
	signalTerminate = shellURI + "/signal/terminate"

	locale = "en-US" // of messages, where the host has them in English
)

// message is an envelope under construction.
type message struct {
	*soap.SoapMessage
	id string
}

type option struct{ name, value string }

// newMessage makes an envelope with its header. A shell id of "" selects none.
func (c *Client) newMessage(action, resource, shell string, options ...option) message {
	m := message{soap.NewMessage(), "uuid:" + uuid.NewString()}
	header := m.Header().
		To(escaped(c.url)).
		ReplyTo(anonymous).
		MaxEnvelopeSize(c.settings.EnvelopeSize).
		Timeout(duration(c.settings.OperationTimeout)).
		Id(m.id).
		Locale(locale).
		Action(action).
		ResourceURI(resource).
		ShellId(escaped(shell))
	for _, o := range options {
		header.AddOption(soap.NewHeaderOption(o.name, escaped(o.value)))
	}
	header.Build()
	return m
}

// element adds an element to the body or, if given, to a parent.
func (m message) element(parent *dom.Element, name, text string) *dom.Element {
	var e *dom.Element
	if parent == nil {
		e = m.CreateBodyElement(name, soap.DOM_NS_WIN_SHELL)
	} else {
		e = m.CreateElement(parent, name, soap.DOM_NS_WIN_SHELL)
	}
	return e.SetContent(escaped(text))
}

func (c *Client) createMessage(s ShellSettings) message {
	m := c.newMessage(actionCreate, cmdURI, "", option{"WINRS_NOPROFILE", "TRUE"}, option{"WINRS_CODEPAGE", "65001"})
	shell := m.element(nil, "Shell", "")
	m.element(shell, "InputStreams", "stdin")
	m.element(shell, "OutputStreams", "stdout stderr")
	m.element(shell, "IdleTimeOut", duration(s.IdleTimeout))
	m.element(shell, "Name", s.Name)
	return m
}

func (c *Client) commandMessage(shell, program string, arguments []string) message {
	m := c.newMessage(actionCommand, cmdURI, shell, option{"WINRS_CONSOLEMODE_STDIN", "FALSE"}, option{"WINRS_SKIP_CMD_SHELL", "TRUE"})
	line := m.element(nil, "CommandLine", "")
	m.element(line, "Command", program)
	for _, a := range arguments {
		m.element(line, "Arguments", a)
	}
	return m
}

func (c *Client) sendMessage(shell, command string, data []byte) message {
	m := c.newMessage(actionSend, cmdURI, shell)
	stream := m.element(m.element(nil, "Send", ""), "Stream", base64.StdEncoding.EncodeToString(data))
	stream.SetAttr("Name", "stdin").SetAttr("CommandId", escaped(command))
	return m
}

func (c *Client) receiveMessage(shell, command string) message {
	m := c.newMessage(actionReceive, cmdURI, shell)
	m.element(m.element(nil, "Receive", ""), "DesiredStream", "stdout stderr").SetAttr("CommandId", escaped(command))
	return m
}

func (c *Client) signalMessage(shell, command string) message {
	m := c.newMessage(actionSignal, cmdURI, shell)
	signal := m.element(nil, "Signal", "").SetAttr("CommandId", escaped(command))
	m.element(signal, "Code", signalTerminate)
	return m
}

func (c *Client) deleteMessage(shell string) message {
	m := c.newMessage(actionDelete, cmdURI, shell)
	m.NewBody()
	return m
}

func (c *Client) enumerateMessage() message {
	m := c.newMessage(actionEnumerate, shellURI, "")
	e := m.CreateBodyElement("Enumerate", soap.DOM_NS_ENUM)
	m.CreateElement(e, "OptimizeEnumeration", soap.DOM_NS_WSMAN_DMTF)
	m.CreateElement(e, "MaxElements", soap.DOM_NS_WSMAN_DMTF).SetContent(strconv.Itoa(pageSize))
	return m
}

func (c *Client) pullMessage(context string) message {
	m := c.newMessage(actionPull, shellURI, "")
	e := m.CreateBodyElement("Pull", soap.DOM_NS_ENUM)
	m.CreateElement(e, "EnumerationContext", soap.DOM_NS_ENUM).SetContent(escaped(context))
	m.CreateElement(e, "MaxElements", soap.DOM_NS_ENUM).SetContent(strconv.Itoa(pageSize))
	return m
}

// escaped is text as XML wants it; the message builder writes what it is given.
func escaped(text string) string {
	if !strings.ContainsFunc(text, special) {
		return text // such as base64, which is most of what is sent
	}
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a bytes.Buffer never fails
	return b.String()
}

// special tells whether a character may need escaping.
func special(c rune) bool {
	return c < ' ' || c > '~' || c == '"' || c == '\'' || c == '&' || c == '<' || c == '>'
}

// duration is a duration as XML Schema writes it, in whole seconds.
func duration(d time.Duration) string {
	return "PT" + strconv.FormatInt(int64(d.Round(time.Second)/time.Second), 10) + "S"
}
