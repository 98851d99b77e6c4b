package winrm

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Room an answer needs besides its data, in bytes: the envelope around it,
// and the element around each piece of output.
const (
	envelopeRoom = 2500
	streamRoom   = 120
)

// readReceive takes a Receive request apart: the command and the streams wanted.
func readReceive(r *request) (id string, want map[string]bool, err error) {
	if !r.body.is(nsShell, "Receive") {
		return "", nil, bodyFault(r.body)
	}
	var desired *element
	for _, e := range r.body.children {
		if !e.is(nsShell, "DesiredStream") || desired != nil {
			return "", nil, schemaFault(e.name.Local)
		}
		desired = e
	}
	if desired == nil {
		return "", nil, newFault(codeInvalidBody, "")
	}
	want = map[string]bool{}
	for _, name := range strings.Fields(desired.text) {
		if name != "stdout" && name != "stderr" {
			return "", nil, newFault(codeInvalidParameter, "")
		}
		want[name] = true
	}
	if len(want) == 0 {
		return "", nil, newFault(codeInvalidParameter, "")
	}
	return desired.attr("CommandId"), want, nil
}

// receive waits for output or for the end of the command.
func (s *Server) receive(c *call) (*reply, error) {
	sh, err := s.enter(c, false)
	if err != nil {
		return nil, err
	}
	defer s.leave(sh)
	id, want, err := readReceive(c.req)
	if err != nil {
		return nil, err
	}
	cmd, err := s.findCommand(sh, id)
	if err != nil {
		return nil, err
	}
	p := cmd.pipes
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.waitUntil(func() bool { return p.done || p.abort != nil || p.has(want) }, c.timeout, c.ctx.Done()) {
		return nil, newFault(codeTimedOut, "")
	}
	switch {
	case p.abort != nil:
		return nil, p.abort
	case cmd.fetched:
		return nil, commandGone()
	}
	return &reply{actionReceive + "Response", cmd.output(want, c.envelope)}, nil
}

// has tells whether there is output of a stream wanted; mu must be held.
func (p *pipes) has(want map[string]bool) bool {
	for _, c := range p.out {
		if want[c.stream] {
			return true
		}
	}
	return false
}

// output takes as much output as fits an answer of this many bytes and writes
// the ReceiveResponse; pipes.mu must be held.
func (c *command) output(want map[string]bool, envelope int) string {
	budget := (envelope - envelopeRoom) / 4 * 3 // base64
	var taken []chunk
	taken, c.out = takeOutput(c.out, want, budget, streamRoom/4*3)
	var b strings.Builder
	b.WriteString("<rsp:ReceiveResponse>")
	for _, o := range taken {
		c.outBytes -= len(o.data)
		fmt.Fprintf(&b, `<rsp:Stream Name="%s" CommandId="%s">`, o.stream, c.id)
		b.WriteString(base64.StdEncoding.EncodeToString(o.data))
		b.WriteString("</rsp:Stream>")
	}
	ended := c.done && !c.has(want)
	if ended {
		for _, stream := range []string{"stdout", "stderr"} {
			if want[stream] {
				fmt.Fprintf(&b, `<rsp:Stream Name="%s" CommandId="%s" End="true"></rsp:Stream>`, stream, c.id)
			}
		}
	}
	over := c.done && len(c.out) == 0
	c.fetched = over
	b.WriteString(commandState(c, over || ended))
	b.WriteString("</rsp:ReceiveResponse>")
	c.notify() // writers may go on
	return b.String()
}
