package powershell

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
	"lifeboat.io/e2e/lab/powershell/syntax"
)

// Options make a session. The zero value works: no modules, the system's clock,
// UTC.
type Options struct {
	// Modules are the commands, types and enumerations scripts find; nil gives
	// the generic cmdlets alone.
	Modules *Registry
	// Now is the clock, Zone the time zone of the host; default time.Now and UTC.
	Now  func() time.Time
	Zone *time.Location
	// Sleep waits, or returns the context's error; default a real timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Program finds the executables of the host by name, path or not; it gives
	// nil for what there is not. nil has none.
	Program func(name string) Program
	// Seed feeds Get-Random and NewGuid; 0 draws one at random.
	Seed uint64
	// Env are the environment variables; the session works on a copy.
	Env map[string]string
	// ComputerName and User are what $env:COMPUTERNAME and $env:USERNAME say,
	// unless Env has them. User may be DOMAIN\name.
	ComputerName, User string
	// Width is the number of columns output is laid out for; default 120.
	Width int
	// Limits bound the session; zero fields take the default.
	Limits Limits
	// State is the module's own: cmdlets reach it through Call.State.
	State any
}

// Streams are where a run's output goes. Functions that are nil drop what they
// would get; an error ends the run.
type Streams struct {
	Output      func(v Value) error
	Error       func(r *ErrorRecord) error
	Warning     func(text string) error
	Verbose     func(text string) error
	Debug       func(text string) error
	Information func(v Value) error
	Progress    func(p Progress) error

	caller *caller // the functions whose commands write here
}

// Progress is a progress record.
type Progress struct {
	Activity, Status string
	ID, Percent      int
	Completed        bool
}

// Session is one PowerShell runspace: variables and functions live as long as
// it does. Its methods may be called by one goroutine at a time; a second call
// waits.
type Session struct {
	mu      sync.Mutex
	modules *Registry
	now     func() time.Time
	zone    *time.Location
	sleep   func(ctx context.Context, d time.Duration) error
	rand    *rand.Rand
	seed    uint64
	env     map[string]string
	opts    Options
	limits  Limits
	width   int

	global, scope *scope
	ctx           context.Context
	streams       *Streams
	console       *Console
	piped         []Value // what $input enumerates in a script of its own
	steps, bytes  int64
	nextLook      int64 // steps at which the context is looked at again
	depth         int
	trying        int   // how many try blocks enclose what runs
	ok            bool  // $?
	errors        *List // $Error, newest first
	lastExit      Value
	strict        int // Set-StrictMode version; 0 is off
	src           *syntax.Source
	regexes       map[string]*regexp2.Regexp
	where         *position
	frames        []frame
	aliases       map[string]string // made by Set-Alias
	imported      map[string]bool
	grace         context.Context
	endGrace      func()
}

// frame is one call, for $MyInvocation and error positions.
type frame struct {
	name string
	call *position
}

// NewSession starts a session.
func NewSession(o Options) *Session {
	s := &Session{modules: o.Modules, now: o.Now, zone: o.Zone, sleep: o.Sleep, opts: o, width: o.Width, ok: true}
	if s.modules == nil {
		s.modules = generic()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.zone == nil {
		s.zone = time.UTC
	}
	if s.sleep == nil {
		s.sleep = sleep
	}
	if s.width == 0 {
		s.width = 120
	}
	s.seed = o.Seed
	if s.seed == 0 {
		s.seed = rand.Uint64()
	}
	s.limits = o.Limits.withDefaults()
	s.env = environment(o)
	s.global = &scope{script: true}
	s.global.put("PSDefaultParameterValues", NewHashtable())
	s.scope = s.global
	s.ctx = context.Background()
	s.streams = &Streams{}
	s.errors = &List{Type: typeArrayList}
	return s
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits
	or := func(v *int64, def int64) {
		if *v == 0 {
			*v = def
		}
	}
	orInt := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	or(&l.Steps, d.Steps)
	or(&l.Bytes, d.Bytes)
	or(&l.OutputBytes, d.OutputBytes)
	orInt(&l.Depth, d.Depth)
	orInt(&l.Items, d.Items)
	orInt(&l.StringBytes, d.StringBytes)
	orInt(&l.Stages, d.Stages)
	orInt(&l.Errors, d.Errors)
	return l
}

// sleep waits for real.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func environment(o Options) map[string]string {
	user, domain := o.User, o.ComputerName
	if i := strings.IndexByte(user, '\\'); i >= 0 {
		domain, user = user[:i], user[i+1:]
	}
	env := map[string]string{}
	for k, v := range map[string]string{"COMPUTERNAME": o.ComputerName, "USERNAME": user, "USERDOMAIN": domain} {
		if v != "" {
			env[k] = v
		}
	}
	for k, v := range map[string]string{
		"SystemRoot": `C:\Windows`, "windir": `C:\Windows`, "SystemDrive": "C:", "ProgramFiles": `C:\Program Files`,
		"TEMP": `C:\Windows\Temp`, "TMP": `C:\Windows\Temp`, "OS": "Windows_NT", "PROCESSOR_ARCHITECTURE": "AMD64",
		"PATH": `C:\Windows\system32;C:\Windows;C:\Windows\System32\WindowsPowerShell\v1.0\`,
	} {
		env[strings.ToUpper(k)] = v
	}
	for k, v := range o.Env {
		env[strings.ToUpper(k)] = v
	}
	return env
}

// random draws from the session's seed.
func (s *Session) random() *rand.Rand {
	if s.rand == nil {
		s.rand = rand.New(rand.NewPCG(s.seed, 0x9E3779B97F4A7C15))
	}
	return s.rand
}

// Result is how a run ended.
type Result struct {
	// Err is nil when the script ran to its end or exited. It is a
	// *Terminating for an uncaught error, a *LimitError, the context's error,
	// an *InternalError, or what a stream function returned.
	Err error
	// Exited tells that the script said exit, ExitCode with what.
	Exited   bool
	ExitCode int
	// OK is $? at the end.
	OK bool
}

// InternalError is a defect of this package: something panicked.
type InternalError struct{ Panic any }

// Error says what happened.
func (e *InternalError) Error() string {
	return fmt.Sprintf("internal error of the PowerShell interpreter: %v", e.Panic)
}

// Run parses a script and runs it in the session's global scope.
func (s *Session) Run(ctx context.Context, script string, out Streams) Result {
	block, err := parseCached("", script)
	if err != nil {
		return Result{Err: err}
	}
	return s.RunBlock(ctx, block, out)
}

// RunBlock runs a parsed script in the session's global scope.
func (s *Session) RunBlock(ctx context.Context, block *syntax.ScriptBlock, out Streams) (res Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx, s.streams, s.scope, s.depth, s.trying, s.frames = ctx, &out, s.global, 0, 0, nil
	s.src = block.Source
	s.renew()
	defer func() {
		if p := recover(); p != nil {
			res = Result{Err: &InternalError{p}}
		}
		if s.endGrace != nil {
			s.endGrace()
			s.grace, s.endGrace = nil, nil
		}
		s.ctx, s.streams = context.Background(), &Streams{}
	}()
	sink := out.Output
	if sink == nil {
		sink = func(Value) error { return nil }
	}
	err := s.requires(block)
	if err == nil {
		err = s.runScript(&ScriptBlock{Block: block}, sink)
	}
	res.OK = s.ok
	var f *flow
	switch {
	case errors.As(err, &f):
		if f.kind == flowExit {
			res.Exited, res.ExitCode = true, f.code
		}
	case err != nil:
		res.Err = err
		res.OK = false
		var t *Terminating
		if errors.As(err, &t) {
			s.remember(t.Record)
		}
	}
	return res
}

// runScript runs a script's blocks in the present scope.
func (s *Session) runScript(b *ScriptBlock, out sink) error {
	if b.Block.Param != nil {
		fs := &functionStage{place: s.here(nil), block: b, dot: true}
		if err := fs.bind(nil, false); err != nil {
			return err
		}
		fs.connect(out)
		if err := fs.begin(); err != nil {
			return err
		}
		return fs.end()
	}
	for _, part := range []*syntax.Block{b.Block.Begin, b.Block.Process, b.Block.End} {
		if part == nil {
			continue
		}
		if err := s.block(part, out); err != nil {
			var f *flow
			if errors.As(err, &f) && f.kind == flowReturn {
				continue
			}
			return err
		}
	}
	return nil
}

// requires checks the #requires lines.
func (s *Session) requires(b *syntax.ScriptBlock) error {
	for _, r := range b.Requires {
		words := strings.Fields(strings.ReplaceAll(r, ",", " "))
		if len(words) == 0 {
			continue
		}
		switch strings.ToLower(words[0]) {
		case "-version", "-runasadministrator", "-psedition":
		case "-modules", "-module":
			for _, m := range words[1:] {
				if s.modules.module(strings.Trim(m, `'"`)) == nil {
					return newError("System.Management.Automation.ScriptRequiresException", "ScriptRequiresMissingModules", ResourceUnavailable,
						"The script '' cannot be run because the following modules that are specified by the \"#requires\" statements of the script are missing: "+m+".")
				}
			}
		default:
			return runtimeError("UnsupportedConstruct", "The PowerShell subset of this host does not support #requires %s.", words[0])
		}
	}
	return nil
}

// remember puts a record in front of $Error.
func (s *Session) remember(r *ErrorRecord) {
	list := s.errors.Items
	if len(list) > 0 && list[0] == r {
		return
	}
	if n := s.limits.Errors - 1; len(list) > n {
		list = list[:n]
	}
	s.errors.Items = append([]Value{r}, list...)
}

// parsed keeps the scripts that were parsed, by text, so that ten thousand
// sessions of one script parse it once.
var parsed = struct {
	sync.Mutex
	blocks map[string]*syntax.ScriptBlock
	bytes  int
}{blocks: map[string]*syntax.ScriptBlock{}}

// maxParsedBytes bounds the text of the scripts kept.
const maxParsedBytes = 8 << 20

func parseCached(name, text string) (*syntax.ScriptBlock, error) {
	key := name + "\x00" + text
	parsed.Lock()
	b := parsed.blocks[key]
	parsed.Unlock()
	if b != nil {
		return b, nil
	}
	b, err := syntax.Parse(name, text)
	if err != nil {
		return nil, parseError(err)
	}
	parsed.Lock()
	defer parsed.Unlock()
	if parsed.bytes+len(key) > maxParsedBytes {
		parsed.blocks, parsed.bytes = map[string]*syntax.ScriptBlock{}, 0
	}
	parsed.blocks[key] = b
	parsed.bytes += len(key)
	return b, nil
}

// parseError makes a PowerShell error of a syntax error.
func parseError(err error) error {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return err
	}
	where := &position{src: e.Source, span: e.Span}
	t := newError("System.Management.Automation.ParseException", e.ID, ParserError, where.message()+"\r\n"+e.Message)
	t.Record.Reason = "ParentContainsErrorRecordException"
	t.Record.position = where
	t.Thrown = true
	return t
}

// reseed starts the random numbers again from a seed.
func (s *Session) reseed(seed uint64) { s.seed, s.rand = seed, nil }
