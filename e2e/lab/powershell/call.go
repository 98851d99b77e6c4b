package powershell

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Call is one invocation of a cmdlet: what it was given and where its output goes.
type Call struct {
	s     *Session
	cmd   *Cmdlet
	bind  *binding
	out   sink
	ctl   *control
	stage stage

	// Input is the pipeline object of this Process, if there is one.
	Input    Value
	HasInput bool
	// Scratch is the cmdlet's own, from Begin to End.
	Scratch any

	answer byte // to -Confirm: 'a' yes to all, 'l' no to all
}

// Context ends when the run is cancelled.
func (c *Call) Context() context.Context { return c.s.ctx }

// Session is the session the cmdlet runs in.
func (c *Call) Session() *Session { return c.s }

// State is what Options.State said.
func (c *Call) State() any { return c.s.opts.State }

// User is what Options said.
func (c *Call) User() string { return c.s.opts.User }

// ComputerName is what Options said.
func (c *Call) ComputerName() string { return c.s.opts.ComputerName }

// Now is the session's clock.
func (c *Call) Now() time.Time { return c.s.now() }

// Zone is the session's time zone.
func (c *Call) Zone() *time.Location { return c.s.zone }

// Sleep waits on the session's clock.
func (c *Call) Sleep(d time.Duration) error { return c.s.sleep(c.s.ctx, d) }

// Set is the name of the parameter set.
func (c *Call) Set() string {
	if c.bind.set < 0 {
		return allSetsName
	}
	return c.bind.sig.sets[c.bind.set]
}

// Has tells whether a parameter was given.
func (c *Call) Has(name string) bool {
	_, ok := c.bind.values[strings.ToLower(name)]
	return ok
}

// Value gives a parameter as it was bound, nil when it was not given.
func (c *Call) Value(name string) Value { return c.bind.values[strings.ToLower(name)] }

// Bound gives the names of the parameters that were given.
func (c *Call) Bound() []string {
	var names []string
	for _, p := range c.bind.sig.params {
		if c.Has(p.name) {
			names = append(names, p.name)
		}
	}
	return names
}

// String gives a parameter as a string, empty when it was not given.
func (c *Call) String(name string) string { return plainString(c.Value(name)) }

// Strings gives a parameter as strings.
func (c *Call) Strings(name string) []string {
	items := c.Items(name)
	out := make([]string, len(items))
	for i, v := range items {
		out[i] = plainString(v)
	}
	return out
}

// Items gives the elements of a parameter; a single value is one element.
func (c *Call) Items(name string) []Value {
	switch v := c.Value(name).(type) {
	case nil:
		return nil
	case indexed:
		out := make([]Value, v.Len())
		for i := range out {
			out[i] = v.At(i)
		}
		return out
	default:
		return []Value{v}
	}
}

// Data gives the Data of the objects a parameter holds.
func (c *Call) Data(name string) []any {
	items := c.Items(name)
	out := make([]any, 0, len(items))
	for _, v := range items {
		if o, ok := v.(*Object); ok {
			out = append(out, o.Data)
		}
	}
	return out
}

// Switch tells whether a switch is on; a Boolean parameter counts too.
func (c *Call) Switch(name string) bool { return truth(c.Value(name)) }

// Int gives a whole number, 0 when it was not given.
func (c *Call) Int(name string) int64 {
	n, err := toNumber(c.Value(name), typeInt64)
	if err != nil {
		return 0
	}
	return n.(int64)
}

// Write puts an object out as it is, a collection included.
func (c *Call) Write(v Value) error { return c.out(v) }

// WriteEach puts the elements of a collection out one by one.
func (c *Call) WriteEach(v Value) error { return enumerate(v, c.out) }

// Error reports an error that does not end the cmdlet, unless the error action
// says so: then the error it returns must be returned.
func (c *Call) Error(r *ErrorRecord) error { return c.s.writeError(c.own(r), c.ctl) }

// Fail makes an error that ends the cmdlet, to be returned.
func (c *Call) Fail(r *ErrorRecord) error { return Throw(c.own(r)) }

// own fills in what a record does not say of the command at fault.
func (c *Call) own(r *ErrorRecord) *ErrorRecord {
	if r.Command == "" {
		r.Command = c.bind.sig.errorName
	}
	if r.Activity == "" {
		r.Activity = c.cmd.Name
	}
	if r.position == nil {
		r.position = c.bind.where
	}
	return r
}

// Warning writes to the warning stream.
func (c *Call) Warning(text string) error { return c.s.writeWarning(text, c.ctl) }

// Verbose writes to the verbose stream.
func (c *Call) Verbose(text string) error { return c.s.writeVerbose(text, c.ctl) }

// Debug writes to the debug stream.
func (c *Call) Debug(text string) error { return c.s.writeDebug(text, c.ctl) }

// Progress reports progress.
func (c *Call) Progress(p Progress) error { return c.s.writeProgress(p) }

// ShouldProcess asks whether to act on a target, as -WhatIf, -Confirm and
// $ConfirmPreference want. A host that cannot ask gives an error instead.
func (c *Call) ShouldProcess(target, action string) (bool, error) {
	if action == "" {
		action = c.cmd.Name
	}
	return c.s.shouldProcess(c.bind.sig, c.ctl, target, action, &c.answer)
}

// ShouldContinue asks what -Force would spare; a host that cannot ask fails.
func (c *Call) ShouldContinue(query, caption string) (bool, error) {
	return false, nonInteractive("ShouldContinue", query)
}

// control is what the common parameters of a call set.
type control struct {
	errorAction, warningAction, infoAction string
	verbose, debug, whatIf, confirm        Value // nil when not given
	errorVar, warningVar, infoVar, outVar  string
	pipelineVar                            string
	errors, warnings, infos, outs          *List // what those variables hold, from startGathering on
	fails                                  bool  // an error was written
}

func newControl(common map[string]Value) *control {
	text := func(name string) string {
		v, _ := common[name].(string)
		return v
	}
	ctl := &control{}
	if len(common) == 0 {
		return ctl
	}
	ctl.errorAction, ctl.warningAction, ctl.infoAction = text("erroraction"), text("warningaction"), text("informationaction")
	ctl.verbose, ctl.debug, ctl.whatIf, ctl.confirm = common["verbose"], common["debug"], common["whatif"], common["confirm"]
	ctl.errorVar, ctl.warningVar = plainString(common["errorvariable"]), plainString(common["warningvariable"])
	ctl.infoVar, ctl.outVar = plainString(common["informationvariable"]), plainString(common["outvariable"])
	ctl.pipelineVar = plainString(common["pipelinevariable"])
	return ctl
}

// writeError handles a non-terminating error.
func (s *Session) writeError(r *ErrorRecord, ctl *control) error {
	s.ok = false
	ctl.fails = true
	s.gather(ctl, (*control).errorList, r)
	action := ctl.errorAction
	if action == "" {
		action = s.preference("ErrorActionPreference")
	}
	switch action {
	case "ignore":
		return nil
	case "silentlycontinue":
		s.remember(r)
		return nil
	case "stop":
		return &Terminating{Record: r, stop: true}
	case "inquire", "suspend":
		return runtimeError("UnsupportedConstruct", "The error action %s is not supported by the PowerShell subset of this host.", action)
	}
	s.remember(r)
	if s.streams.Error != nil {
		return s.streams.Error(r)
	}
	return nil
}

func (s *Session) writeWarning(text string, ctl *control) error {
	s.gather(ctl, (*control).warningList, NewInstance(classWarning, text))
	action := ctl.warningAction
	if action == "" {
		action = s.preference("WarningPreference")
	}
	switch action {
	case "silentlycontinue", "ignore":
		return nil
	case "stop":
		return stopped("WarningPreference", text)
	}
	if s.streams.Warning != nil {
		return s.streams.Warning(text)
	}
	return nil
}

func stopped(preference, text string) error {
	t := newError("System.Management.Automation.ActionPreferenceStopException", "ActionPreferenceStop", OperationStopped,
		fmt.Sprintf("The running command stopped because the preference variable \"%s\" or common parameter is set to Stop: %s", preference, text))
	t.stop = true
	return t
}

func (s *Session) writeVerbose(text string, ctl *control) error {
	if !s.wanted(ctl.verbose, "VerbosePreference") || s.streams.Verbose == nil {
		return nil
	}
	return s.streams.Verbose(text)
}

func (s *Session) writeDebug(text string, ctl *control) error {
	if !s.wanted(ctl.debug, "DebugPreference") || s.streams.Debug == nil {
		return nil
	}
	return s.streams.Debug(text)
}

func (s *Session) wanted(given Value, preference string) bool {
	if given != nil {
		return truth(given)
	}
	p := s.preference(preference)
	return p != "silentlycontinue" && p != "ignore"
}

func (s *Session) writeProgress(p Progress) error {
	if s.streams.Progress == nil || s.preference("ProgressPreference") != "continue" {
		return nil
	}
	return s.streams.Progress(p)
}

// nonInteractive is the error of a host that cannot ask.
func nonInteractive(what, query string) error {
	t := newError("System.Management.Automation.PSInvalidOperationException", "InvalidOperation", InvalidOperation,
		"Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.")
	t.Record.Exception.Data = NewHashtable()
	t.Record.Exception.Data.Set("Query", query)
	t.Record.Activity = what
	return t
}

// shouldProcess decides whether an action is carried out.
func (s *Session) shouldProcess(g *signature, ctl *control, target, action string, answer *byte) (bool, error) {
	message := fmt.Sprintf(`Performing the operation "%s" on target "%s".`, action, target)
	whatIf := ctl.whatIf
	if whatIf == nil {
		if v := s.scope.get("whatifpreference"); v != nil {
			whatIf = v.value
		}
	}
	if truth(whatIf) {
		if s.streams.Information == nil {
			return false, nil
		}
		return false, s.streams.Information(hostMessage("What if: " + message + "\r\n"))
	}
	if ctl.confirm != nil {
		if !truth(ctl.confirm) {
			return true, s.writeVerbose(message, ctl)
		}
		return false, nonInteractive(g.name, message)
	}
	if g.impact >= s.confirmPreference() {
		return false, nonInteractive(g.name, message)
	}
	return true, s.writeVerbose(message, ctl)
}

// confirmPreference is the impact from which on a command asks.
func (s *Session) confirmPreference() Impact {
	switch s.preference("ConfirmPreference") {
	case "none":
		return ImpactHigh + 1
	case "low":
		return ImpactLow
	case "medium":
		return ImpactMedium
	}
	return ImpactHigh
}
