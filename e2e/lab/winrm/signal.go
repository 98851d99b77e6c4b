package winrm

import "strings"

// signalPrefix is what the signal codes of MS-WSMV 2.2.4.38 start with.
const signalPrefix = nsShell + "/signal/"

// signal ends a command. Once a command is over any signal takes it away.
func (s *Server) signal(c *call) (*reply, error) {
	sh, err := s.enter(c, false)
	if err != nil {
		return nil, err
	}
	defer s.leave(sh)
	if !c.req.body.is(nsShell, "Signal") {
		return nil, bodyFault(c.req.body)
	}
	code := c.req.body.child(nsShell, "Code").value()
	name, ok := strings.CutPrefix(code, signalPrefix)
	switch strings.ToLower(name) {
	case "terminate", "ctrl_c", "ctrl_break":
	default:
		ok = false
	}
	if !ok {
		return nil, newFault(codeInvalidParameter, "")
	}
	cmd, err := s.findCommand(sh, c.req.body.attr("CommandId"))
	if err != nil {
		return nil, err
	}
	cmd.mu.Lock()
	over := cmd.done
	cmd.mu.Unlock()
	switch {
	case over:
		s.forget(cmd)
	case strings.EqualFold(name, "terminate"):
		cmd.kill(ErrTerminated, newFault(codeAborted, ""))
		s.forget(cmd)
	default:
		cmd.cancel(ErrCtrlC)
		cmd.interrupt()
	}
	return &reply{actionSignal + "Response", "<rsp:SignalResponse/>"}, nil
}
