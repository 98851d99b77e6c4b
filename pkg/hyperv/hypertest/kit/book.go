package kit

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypertest"
)

// CodeNotListed: the guard refused a call about a VM that is not the one being
// tested. Nothing was sent.
const CodeNotListed = "not-listed"

// book is what both hosts of a VM write their calls into, and what the guard
// goes by.
type book struct {
	vm    VM
	id    hyperv.VMID
	names *strings.Replacer

	mu       sync.Mutex
	current  *CaseReport // nil between cases: nothing is recorded then
	cleaning bool
	tests    map[hyperv.VMID]bool // test VMs made from the VM
}

func newBook(vm VM, id hyperv.VMID, primary, replica string) *book {
	return &book{vm: vm, id: id, tests: map[hyperv.VMID]bool{}, names: strings.NewReplacer(
		vm.Name, "<VM>", strings.ToUpper(vm.Name), "<VM IN CAPITALS>", vm.Name[1:], "<VM from its second letter>",
		primary, "<primary>", replica, "<replica>")}
}

// open begins a case's record.
func (b *book) open(c *CaseReport) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current, b.cleaning = c, false
}

// clean says that what follows brings the VM back.
func (b *book) clean() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cleaning = true
}

// close ends a case's record.
func (b *book) close() { b.open(nil) }

// enter writes a call down.
func (b *book) enter(c Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current == nil {
		return
	}
	c.CleanUp = b.cleaning
	b.current.Calls = append(b.current.Calls, c)
}

// saw learns of the test VM from a reading of the VM itself.
func (b *book) saw(vm hyperv.VM) {
	if vm.ID != b.id || vm.TestVM == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tests[vm.TestVM.ID] = true
}

// about says what an id is: the VM, its test VM, none at all; false for any
// other VM.
func (b *book) about(id hyperv.VMID) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case id == b.id:
		return "", true
	case id == hypertest.Absent:
		return "no such VM", true
	case b.tests[id]:
		return "the test VM", true
	}
	return "", false
}

// name is a name with this site's own replaced.
func (b *book) name(s string) string {
	for known, neutral := range map[string]string{b.vm.Adapter: "<adapter>", b.vm.TestSwitch: "<test switch>"} {
		if rest, found := strings.CutPrefix(s, known); found && (rest == "" || rest == "x") {
			return neutral + rest
		}
	}
	return fmt.Sprintf("%q", b.names.Replace(s))
}

// guarded is a host that lets nothing through but calls about the VM, and
// writes down each with its answer.
type guarded struct {
	hyperv.Host
	book *book
	side Side
}

// joined puts arguments behind what a call is about.
func joined(parts ...string) string {
	var all []string
	for _, p := range parts {
		if p != "" {
			all = append(all, p)
		}
	}
	return strings.Join(all, ", ")
}

// change makes a call of a verb that may change something.
func (g *guarded) change(verb string, id hyperv.VMID, arguments string, do func() (hyperv.Change, error)) (hyperv.Change, error) {
	subject, listed := g.book.about(id)
	if !listed {
		return hyperv.Change{}, &hyperv.Error{Class: hyperv.ClassRefuse, Code: CodeNotListed, Host: g.Name(), Op: verb, VM: id,
			Message: "this VM is none of those being tested; nothing was sent"}
	}
	call := Call{Host: g.Name(), Side: g.side, Verb: verb, Arguments: joined(subject, arguments), Changes: true, Began: time.Now()}
	c, err := do()
	call.Millis = time.Since(call.Began).Milliseconds()
	call.Acted, call.Before, call.After, call.Error = c.Acted, reading(c.Before), reading(c.After), callError(err)
	if e := hyperv.AsError(err); e != nil && e.Before != nil {
		call.Before = reading(*e.Before)
		g.book.saw(*e.Before)
	}
	g.book.saw(c.Before)
	g.book.saw(c.After)
	g.book.enter(call)
	return c, err
}

// look records a call that only reads.
func (g *guarded) look(verb, arguments string, do func() (*Reading, error)) {
	call := Call{Host: g.Name(), Side: g.side, Verb: verb, Arguments: arguments, Began: time.Now()}
	seen, err := do()
	call.Millis = time.Since(call.Began).Milliseconds()
	call.After, call.Error = seen, callError(err)
	g.book.enter(call)
}

// callError is an error as it is reported.
func callError(err error) *CallError {
	e := hyperv.AsError(err)
	if e == nil {
		return nil
	}
	return &CallError{Class: e.Class, Code: e.Code, Category: e.Category, Message: e.Message}
}

// Info implements hyperv.Host.
func (g *guarded) Info(ctx context.Context) (info hyperv.HostInfo, err error) {
	g.look("Info", "", func() (*Reading, error) { info, err = g.Host.Info(ctx); return nil, err })
	return info, err
}

// FindVM implements hyperv.Host.
func (g *guarded) FindVM(ctx context.Context, name string) (id hyperv.VMID, err error) {
	g.look("FindVM", fmt.Sprintf("%q", g.book.names.Replace(name)), func() (*Reading, error) { id, err = g.Host.FindVM(ctx, name); return nil, err })
	return id, err
}

// ListVMs implements hyperv.Host.
func (g *guarded) ListVMs(ctx context.Context) (all []hyperv.VMSummary, err error) {
	g.look("ListVMs", "", func() (*Reading, error) { all, err = g.Host.ListVMs(ctx); return nil, err })
	return all, err
}

// Read implements hyperv.Host. Readings of other VMs are harmless and left out
// of the record.
func (g *guarded) Read(ctx context.Context, id hyperv.VMID) (vm hyperv.VM, err error) {
	subject, listed := g.book.about(id)
	if !listed {
		return g.Host.Read(ctx, id)
	}
	g.look("Read", subject, func() (*Reading, error) { vm, err = g.Host.Read(ctx, id); return reading(vm), err })
	g.book.saw(vm)
	return vm, err
}

// ReadState implements hyperv.Host.
func (g *guarded) ReadState(ctx context.Context, id hyperv.VMID) (vm hyperv.VM, err error) {
	subject, listed := g.book.about(id)
	if !listed {
		return g.Host.ReadState(ctx, id)
	}
	g.look("ReadState", subject, func() (*Reading, error) { vm, err = g.Host.ReadState(ctx, id); return reading(vm), err })
	return vm, err
}

// Stop implements hyperv.Host.
func (g *guarded) Stop(ctx context.Context, id hyperv.VMID, o hyperv.StopOptions) (hyperv.Change, error) {
	how := "grace " + o.Grace.String()
	if o.Force {
		how += ", then by force"
	}
	return g.change("Stop", id, how, func() (hyperv.Change, error) { return g.Host.Stop(ctx, id, o) })
}

// Start implements hyperv.Host.
func (g *guarded) Start(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return g.change("Start", id, "", func() (hyperv.Change, error) { return g.Host.Start(ctx, id) })
}

// SetTestNetwork implements hyperv.Host.
func (g *guarded) SetTestNetwork(ctx context.Context, id hyperv.VMID, switches []hyperv.AdapterSwitch) (hyperv.Change, error) {
	var all []string
	for _, s := range switches {
		all = append(all, g.book.name(s.Adapter)+" to "+g.book.name(s.Switch))
	}
	return g.change("SetTestNetwork", id, strings.Join(all, " and "), func() (hyperv.Change, error) { return g.Host.SetTestNetwork(ctx, id, switches) })
}

// point is a recovery point as it is written down.
func point(p hyperv.RecoveryPointID) string {
	switch {
	case p == "":
		return "latest data"
	case len(p) == len(hypertest.Absent):
		return "a recovery point"
	}
	return fmt.Sprintf("recovery point %q", p)
}

// StartTestFailover implements hyperv.Host.
func (g *guarded) StartTestFailover(ctx context.Context, id hyperv.VMID, p hyperv.RecoveryPointID) (hyperv.Change, error) {
	return g.change("StartTestFailover", id, point(p), func() (hyperv.Change, error) { return g.Host.StartTestFailover(ctx, id, p) })
}

// StopTestFailover implements hyperv.Host.
func (g *guarded) StopTestFailover(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return g.change("StopTestFailover", id, "", func() (hyperv.Change, error) { return g.Host.StopTestFailover(ctx, id) })
}

// Prepare implements hyperv.Host.
func (g *guarded) Prepare(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return g.change("Prepare", id, "", func() (hyperv.Change, error) { return g.Host.Prepare(ctx, id) })
}

// FailOver implements hyperv.Host.
func (g *guarded) FailOver(ctx context.Context, id hyperv.VMID, p hyperv.RecoveryPointID) (hyperv.Change, error) {
	return g.change("FailOver", id, point(p), func() (hyperv.Change, error) { return g.Host.FailOver(ctx, id, p) })
}

// Reverse implements hyperv.Host.
func (g *guarded) Reverse(ctx context.Context, id hyperv.VMID, target hyperv.ReplicaServer) (hyperv.Change, error) {
	to := "to the server it has stored"
	if target.Server != "" {
		to = "to " + g.book.names.Replace(target.Server)
	}
	return g.change("Reverse", id, to, func() (hyperv.Change, error) { return g.Host.Reverse(ctx, id, target) })
}

// Complete implements hyperv.Host.
func (g *guarded) Complete(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return g.change("Complete", id, "", func() (hyperv.Change, error) { return g.Host.Complete(ctx, id) })
}

// CancelFailover implements hyperv.Host.
func (g *guarded) CancelFailover(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return g.change("CancelFailover", id, "", func() (hyperv.Change, error) { return g.Host.CancelFailover(ctx, id) })
}

// SetAutoStart implements hyperv.Host.
func (g *guarded) SetAutoStart(ctx context.Context, id hyperv.VMID, action hyperv.StartAction) (hyperv.Change, error) {
	return g.change("SetAutoStart", id, fmt.Sprintf("%q", action), func() (hyperv.Change, error) { return g.Host.SetAutoStart(ctx, id, action) })
}

// BecomeReplica implements hyperv.Host.
func (g *guarded) BecomeReplica(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return g.change("BecomeReplica", id, "", func() (hyperv.Change, error) { return g.Host.BecomeReplica(ctx, id) })
}

// ask puts a question to Hyper-V itself, between two readings.
func (g *guarded) ask(ctx context.Context, q Question, value string) (Reply, error) {
	s, can := g.Host.(scripted)
	if !can {
		return Reply{}, &hyperv.Error{Class: hyperv.ClassRefuse, Code: "NotSupported", Host: g.Name(), Op: "ask", Message: "this connection runs no scripts"}
	}
	before, err := g.Host.Read(ctx, g.book.id)
	if err != nil {
		return Reply{}, err
	}
	g.book.saw(before)
	arguments := string(q)
	if value != "" {
		arguments = joined(arguments, g.book.name(value))
	}
	call := Call{Host: g.Name(), Side: g.side, Verb: "ask", Arguments: arguments, Changes: q != AskLook, Began: time.Now(), Before: reading(before)}
	r, err := put(ctx, s, g.book.id, q, g.book.vm.Adapter, value)
	call.Millis = time.Since(call.Began).Milliseconds()
	switch {
	case err != nil:
		call.Error = callError(err)
	case !r.OK:
		call.Error = &CallError{FullyQualifiedErrorID: r.FullyQualifiedErrorID, Category: r.Category, Message: r.Message, HResult: r.HResult}
	default:
		call.Acted = true
	}
	if after, failed := g.Host.Read(ctx, g.book.id); failed == nil {
		call.After = reading(after)
		g.book.saw(after)
	}
	g.book.enter(call)
	return r, err
}
