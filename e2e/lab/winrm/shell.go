package winrm

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// defaultCodepage is the console's when a client does not choose: 437, OEM United States.
const defaultCodepage = 437

// shell is one remote shell. All fields are guarded by Server.mu.
type shell struct {
	id, name      string
	owner         *account
	clientIP      string
	inputStreams  string
	outputStreams string
	workDir       string
	env           map[string]string
	noProfile     bool
	codepage      int
	idleTimeout   time.Duration
	lifetime      time.Duration // 0: no end
	created, used time.Time
	requests      int // under way
	commands      map[string]*command
	started       int // commands ever started: each holds an operation of its owner
	processes     int // running, cmd.exe included
	memory        int64
}

// expires is when the shell is deleted unless something happens; a request
// under way keeps it alive, but not beyond its lifetime.
func (sh *shell) expires(now time.Time) time.Time {
	end := sh.used.Add(sh.idleTimeout)
	if sh.requests > 0 {
		end = now.Add(sh.idleTimeout)
	}
	if sh.lifetime > 0 && sh.created.Add(sh.lifetime).Before(end) {
		end = sh.created.Add(sh.lifetime)
	}
	return end
}

// shellElements are the children rsp:Shell may have (MS-WSMV 2.2.4.37).
var shellElements = map[string]bool{
	"ShellId": true, "Name": true, "ResourceUri": true, "Owner": true, "ClientIP": true, "ProcessId": true,
	"IdleTimeOut": true, "IdleTimeout": true, "InputStreams": true, "OutputStreams": true, "MaxIdleTimeOut": true,
	"Locale": true, "DataLocale": true, "CompressionMode": true, "CompressionType": true, "ProfileLoaded": true,
	"Encoding": true, "BufferMode": true, "State": true, "ShellRunTime": true, "ShellInactivity": true,
	"WorkingDirectory": true, "Environment": true, "Lifetime": true,
}

// readShell makes a shell of a Create request; owner and times are not set.
func readShell(r *request) (*shell, error) {
	body := r.body
	if !body.is(nsShell, "Shell") {
		return nil, bodyFault(body)
	}
	sh := &shell{
		id: newGUID(), name: body.attr("Name"), inputStreams: "stdin", outputStreams: "stdout stderr",
		codepage: defaultCodepage, env: map[string]string{}, commands: map[string]*command{},
	}
	if id := body.attr("ShellId"); id != "" {
		if !isGUID(id) {
			return nil, newFault(codeInvalidParameter, "")
		}
		sh.id = strings.ToUpper(id)
	}
	for _, e := range body.children {
		if e.name.Space != nsShell {
			continue // open content (MS-WSMV 2.2.4.37)
		}
		if !shellElements[e.name.Local] {
			return nil, schemaFault(e.name.Local)
		}
		if err := sh.readElement(e); err != nil {
			return nil, err
		}
	}
	var err error
	if sh.noProfile, err = r.boolOption("WINRS_NOPROFILE", false); err != nil {
		return nil, err
	}
	if o, ok := r.options["WINRS_CODEPAGE"]; ok {
		if sh.codepage, err = strconv.Atoi(o.value); err != nil || sh.codepage < 1 || sh.codepage > 65535 {
			return nil, newFault(codeOptionValue, "")
		}
	}
	return sh, nil
}

func (sh *shell) readElement(e *element) error {
	var ok bool
	switch e.name.Local {
	case "Name":
		sh.name = e.value()
	case "InputStreams":
		sh.inputStreams, ok = streams(e.value(), "stdin")
		if !ok {
			return newFault(codeInvalidParameter, "")
		}
	case "OutputStreams":
		sh.outputStreams, ok = streams(e.value(), "stdout", "stderr")
		if !ok {
			return newFault(codeInvalidParameter, "")
		}
	case "WorkingDirectory":
		sh.workDir = e.value()
	case "IdleTimeOut", "IdleTimeout":
		if sh.idleTimeout, ok = parseDuration(e.value()); !ok {
			return newFault(codeInvalidParameter, "")
		}
	case "Lifetime":
		if sh.lifetime, ok = parseDuration(e.value()); !ok {
			return newFault(codeInvalidParameter, "")
		}
	case "Environment":
		for _, v := range e.children {
			if !v.is(nsShell, "Variable") || v.attr("Name") == "" {
				return schemaFault(v.name.Local)
			}
			sh.env[v.attr("Name")] = v.text
		}
	}
	return nil
}

// streams checks a list of stream names against those there are.
func streams(list string, known ...string) (string, bool) {
	names := strings.Fields(list)
	for _, n := range names {
		ok := false
		for _, k := range known {
			ok = ok || n == k
		}
		if !ok {
			return "", false
		}
	}
	return strings.Join(names, " "), true
}

// bodyFault is the fault for a body that is not what the action wants.
func bodyFault(body *element) error {
	if body == nil {
		return newFault(codeInvalidBody, "")
	}
	return schemaFault(body.name.Local)
}

// isGUID checks the form 8-4-4-4-12.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// create opens a shell.
func (s *Server) create(c *call) (*reply, error) {
	sh, err := readShell(c.req)
	if err != nil {
		return nil, err
	}
	if err := c.req.checkOptions(); err != nil {
		return nil, err
	}
	now := time.Now()
	sh.owner, sh.clientIP, sh.created, sh.used = c.user, c.clientIP, now, now
	if sh.idleTimeout == 0 {
		sh.idleTimeout = time.Duration(s.cfg.Quotas.IdleTimeoutMillis) * time.Millisecond
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.shells[sh.id]; there {
		return nil, newFault(codeAlreadyExists, "")
	}
	if err := s.mayCreate(c.user); err != nil {
		return nil, err
	}
	s.shells[sh.id] = sh
	s.stats.shellOpened(len(s.shells))
	s.scheduleReaper(now)
	return &reply{actionCreate + "Response", resourceCreated(c.address, sh) + shellXML(sh, now)}, nil
}

func resourceCreated(address string, sh *shell) string {
	return "<x:ResourceCreated><a:Address>" + escape(address) + "</a:Address><a:ReferenceParameters><w:ResourceURI>" + resourceCmd +
		`</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">` + sh.id + "</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
}

// shellXML describes a shell; Server.mu must be held.
func shellXML(sh *shell, now time.Time) string {
	var b strings.Builder
	line := func(name, value string) {
		fmt.Fprintf(&b, "<rsp:%s>%s</rsp:%s>", name, escape(value), name)
	}
	b.WriteString("<rsp:Shell>")
	line("ShellId", sh.id)
	if sh.name != "" {
		line("Name", sh.name)
	}
	line("ResourceUri", resourceCmd)
	line("Owner", sh.owner.display)
	line("ClientIP", sh.clientIP)
	line("IdleTimeOut", formatTimeout(sh.idleTimeout))
	line("InputStreams", sh.inputStreams)
	line("OutputStreams", sh.outputStreams)
	line("State", "Connected")
	line("ShellRunTime", formatElapsed(now.Sub(sh.created)))
	line("ShellInactivity", formatElapsed(now.Sub(sh.used)))
	b.WriteString("</rsp:Shell>")
	return b.String()
}

// enter finds the shell a request is for and keeps it from expiring until
// leave. Shells of others are out of reach, except to look at or delete them.
func (s *Server) enter(c *call, foreign bool) (*shell, error) {
	id, ok := c.req.selectors["shellid"]
	if !ok {
		return nil, newFault(codeSelectorsMissing, "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shells[strings.ToUpper(strings.TrimPrefix(id, "uuid:"))]
	if sh == nil {
		f := newFault(codeSelectorsUnexpected, "")
		f.provider = shellProvider
		return nil, f
	}
	if sh.owner != c.user && !foreign {
		return nil, newFault(codeAccessDenied, "")
	}
	if !foreign {
		sh.requests++
		sh.used = time.Now()
	}
	return sh, nil
}

func (s *Server) leave(sh *shell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh.requests--
	sh.used = time.Now()
}

// delete closes a shell and kills what runs in it.
func (s *Server) delete(c *call) (*reply, error) {
	sh, err := s.enter(c, true)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeShell(sh)
	return &reply{actionDelete + "Response", ""}, nil
}

// removeShell takes a shell away; Server.mu must be held.
func (s *Server) removeShell(sh *shell) {
	if s.shells[sh.id] != sh {
		return
	}
	delete(s.shells, sh.id)
	for _, cmd := range sh.commands {
		cmd.kill(ErrShellGone, newFault(codeAborted, ""))
	}
}

// scheduleReaper sets the timer to when the first shell expires; Server.mu
// must be held.
func (s *Server) scheduleReaper(now time.Time) {
	var first time.Time
	for _, sh := range s.shells {
		if end := sh.expires(now); first.IsZero() || end.Before(first) {
			first = end
		}
	}
	switch {
	case first.IsZero() || s.closed:
		if s.reaper != nil {
			s.reaper.Stop()
			s.reaper = nil
		}
	case s.reaper == nil:
		s.reaper = time.AfterFunc(first.Sub(now), s.reap)
	default:
		s.reaper.Reset(first.Sub(now))
	}
}

// reap deletes the shells whose time is over.
func (s *Server) reap() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, sh := range s.shells {
		if !sh.expires(now).After(now) {
			s.removeShell(sh)
			s.stats.reaped.Add(1)
		}
	}
	s.scheduleReaper(now)
}
