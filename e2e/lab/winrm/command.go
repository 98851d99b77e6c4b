package winrm

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// Length limits of a command line, in UTF-16 units.
const (
	cmdLineLimit     = 8191  // of cmd.exe
	processLineLimit = 32766 // of CreateProcess, without the terminating zero
)

// command is one command of a shell.
type command struct {
	id    string
	shell *shell
	*pipes
	// processes is how many places of the shell's process quota it takes, memory
	// what it reserved; both guarded by Server.mu.
	processes int
	memory    int64
	cancel    context.CancelCauseFunc
	fetched   bool // its end was answered to a Receive; guarded by pipes.mu
}

// kill ends the process: its streams are closed and its context is done. In that
// order, so that whoever waits for its output hears of the abortion and not of an
// end of its own.
func (c *command) kill(cause error, abort *soapFault) {
	c.pipes.kill(abort)
	c.cancel(cause)
}

// readCommand takes a Command request apart.
func readCommand(r *request, sh *shell) (Process, error) {
	if !r.body.is(nsShell, "CommandLine") {
		return Process{}, bodyFault(r.body)
	}
	p := Process{
		ShellID: sh.id, CommandID: newGUID(), NoProfile: sh.noProfile, Codepage: sh.codepage,
		WorkDir: sh.workDir, User: sh.owner.display,
	}
	if id := r.body.attr("CommandId"); id != "" {
		if !isGUID(id) {
			return Process{}, newFault(codeInvalidParameter, "")
		}
		p.CommandID = strings.ToUpper(id)
	}
	for _, e := range r.body.children {
		switch {
		case e.is(nsShell, "Command"):
			p.CommandLine = e.text
		case e.is(nsShell, "Arguments"):
			p.Args = append(p.Args, e.text)
		default:
			return Process{}, schemaFault(e.name.Local)
		}
	}
	if strings.TrimSpace(p.CommandLine) == "" {
		return Process{}, newFault(codeInvalidParameter, "")
	}
	var err error
	if p.SkipCmdShell, err = r.boolOption("WINRS_SKIP_CMD_SHELL", false); err != nil {
		return Process{}, err
	}
	if p.ConsoleModeStdin, err = r.boolOption("WINRS_CONSOLEMODE_STDIN", true); err != nil {
		return Process{}, err
	}
	p.Env = make(map[string]string, len(sh.env))
	for k, v := range sh.env {
		p.Env[k] = v
	}
	return p, r.checkOptions()
}

// command starts a command.
func (s *Server) command(c *call) (*reply, error) {
	sh, err := s.enter(c, false)
	if err != nil {
		return nil, err
	}
	defer s.leave(sh)
	p, err := readCommand(c.req, sh)
	if err != nil {
		return nil, err
	}
	run := s.cfg.Run
	length := len(utf16.Encode([]rune(p.Line())))
	switch {
	case length > processLineLimit:
		return nil, newFault(codeCommandTooLong, "")
	case p.SkipCmdShell && !s.executable(p.CommandLine):
		return nil, newFault(codeFileNotFound, "")
	case !p.SkipCmdShell && length > cmdLineLimit:
		run = lineTooLong
	}
	if err := s.start(sh, p, run); err != nil {
		return nil, err
	}
	return &reply{actionCommand + "Response", "<rsp:CommandResponse><rsp:CommandId>" + p.CommandID + "</rsp:CommandId></rsp:CommandResponse>"}, nil
}

// lineTooLong is what cmd.exe does with a command line beyond its limit.
func lineTooLong(_ context.Context, p Process) int {
	_, _ = io.WriteString(p.Stderr, "The command line is too long.\r\n") // a killed process has nobody to tell
	return 1
}

// executable tells whether CreateProcess would find the program. Without
// cmd.exe no path is searched, so the path must be absolute.
func (s *Server) executable(line string) bool {
	path := strings.Trim(strings.TrimSpace(line), `"`)
	drive := len(path) > 3 && path[1] == ':' && (path[2] == '\\' || path[2] == '/')
	if !drive && !strings.HasPrefix(path, `\\`) {
		return false
	}
	return s.cfg.Executable == nil || s.cfg.Executable(path)
}

// start registers the command and runs it.
func (s *Server) start(sh *shell, p Process, run Runner) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	cmd := &command{id: p.CommandID, shell: sh, pipes: newPipes(), processes: 2, cancel: cancel}
	if p.SkipCmdShell {
		cmd.processes = 1
	}
	p.Stdin, p.Stdout, p.Stderr = reader{cmd.pipes}, writer{cmd.pipes, "stdout"}, writer{cmd.pipes, "stderr"}
	p.Reserve = func(bytes int64) error { return s.reserve(cmd, bytes) }

	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.mayStart(sh, cmd)
	if err != nil {
		cancel(err)
		return err
	}
	sh.commands[cmd.id] = cmd
	sh.started++
	sh.processes += cmd.processes
	s.running.Add(1)
	s.stats.processStarted()
	go func() {
		defer s.running.Done()
		code := run(ctx, p)
		s.ended(cmd)
		cmd.finish(code)
		cancel(nil)
	}()
	return nil
}

// mayStart checks that the shell is still there and has room; Server.mu must be held.
func (s *Server) mayStart(sh *shell, cmd *command) error {
	switch {
	case s.shells[sh.id] != sh:
		return newFault(codeAborted, "")
	case sh.commands[cmd.id] != nil:
		return newFault(codeAlreadyExists, "")
	case sh.processes+cmd.processes > s.cfg.Quotas.MaxProcessesPerShell:
		return newFault(codeProcessQuota, "")
	}
	return nil
}

// ended gives back what the process held.
func (s *Server) ended(cmd *command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cmd.shell.processes -= cmd.processes
	cmd.shell.memory -= cmd.memory
	cmd.memory = 0
	s.stats.processEnded()
}

// findCommand finds the command a request is for.
func (s *Server) findCommand(sh *shell, id string) (*command, error) {
	if id == "" {
		return nil, newFault(codeInvalidParameter, "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if cmd := sh.commands[strings.ToUpper(strings.TrimPrefix(id, "uuid:"))]; cmd != nil {
		return cmd, nil
	}
	return nil, commandGone()
}

// commandGone is the fault for a command that is over or never was.
func commandGone() *soapFault {
	return newFault(codeSelectorsUnexpected, "The Windows Remote Shell received a request to perform an operation on a command identifier that does not exist. Either the command has completed execution or the client specified an invalid command identifier.")
}

// forget takes a command away, and with it what nobody fetched.
func (s *Server) forget(cmd *command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(cmd.shell.commands, cmd.id)
}

// commandState is the rsp:CommandState element; pipes.mu must be held.
func commandState(cmd *command, done bool) string {
	const state = nsShell + "/CommandState/"
	if !done {
		return fmt.Sprintf(`<rsp:CommandState CommandId="%s" State="%sRunning"/>`, cmd.id, state)
	}
	return fmt.Sprintf(`<rsp:CommandState CommandId="%s" State="%sDone"><rsp:ExitCode>%d</rsp:ExitCode></rsp:CommandState>`,
		cmd.id, state, uint32(cmd.exitCode)) // Windows exit codes have no sign
}
