package winrm

import (
	"encoding/base64"
	"strings"
)

// input is what one Send carries for one command.
type input struct {
	commandID string
	data      []byte
	end       bool
}

// readInput takes a Send request apart.
func readInput(r *request) ([]input, error) {
	if !r.body.is(nsShell, "Send") {
		return nil, bodyFault(r.body)
	}
	var list []input
	for _, e := range r.body.children {
		if !e.is(nsShell, "Stream") {
			return nil, schemaFault(e.name.Local)
		}
		if e.attr("Name") != "stdin" {
			return nil, newFault(codeInvalidParameter, "")
		}
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.text), ""))
		if err != nil {
			return nil, newFault(codeSchema, "The content of a Stream element is not base64.")
		}
		list = append(list, input{e.attr("CommandId"), data, strings.EqualFold(e.attr("End"), "true")})
	}
	if len(list) == 0 {
		return nil, newFault(codeInvalidBody, "")
	}
	return list, nil
}

// send hands input to a process. It answers once the process's pipe has taken
// it; when that takes longer than OperationTimeout the input stays on its way,
// and further input is refused as busy until it has arrived.
func (s *Server) send(c *call) (*reply, error) {
	sh, err := s.enter(c, false)
	if err != nil {
		return nil, err
	}
	defer s.leave(sh)
	list, err := readInput(c.req)
	if err != nil {
		return nil, err
	}
	for _, in := range list {
		cmd, err := s.findCommand(sh, in.commandID)
		if err != nil {
			return nil, err
		}
		if err := s.feed(c, cmd, in); err != nil {
			return nil, err
		}
	}
	return &reply{actionSend + "Response", "<rsp:SendResponse/>"}, nil
}

func (s *Server) feed(c *call, cmd *command, in input) error {
	p := cmd.pipes
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.abort != nil:
		return p.abort
	case p.done || p.killed || p.inEnd:
		return newFault(codePipeEnded, "")
	case len(p.in) > stdinPipe:
		return newFault(codeBusy, "")
	}
	p.in = append(p.in, in.data...)
	p.inEnd = in.end
	p.notify()
	taken := func() bool { return len(p.in) <= stdinPipe || p.done || p.killed }
	if !p.waitUntil(taken, c.timeout, c.ctx.Done()) {
		return newFault(codeTimedOut, "")
	}
	if p.abort != nil {
		return p.abort
	}
	if len(p.in) > stdinPipe {
		return newFault(codePipeEnded, "")
	}
	return nil
}
