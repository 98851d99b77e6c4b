package lane

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lifeboat.io/pkg/hyperv/winrm/script"
	"lifeboat.io/pkg/hyperv/winrm/wire"
	"lifeboat.io/pkg/hyperv/winrm/wsman"
)

// Limits of a lane.
const (
	// maxOutput is how much the host may say in one answer, in bytes.
	maxOutput = 4 << 20
	// maxComplaint is how much of standard error is kept for an error message, in bytes.
	maxComplaint = 512
	// shortPause is waited after a Receive that came back at once with nothing,
	// which no Windows does, so that it cannot become a busy loop; and before a
	// Delete is tried again.
	shortPause = 100 * time.Millisecond
	// maxDeletes bounds how often a shell's deletion is tried.
	maxDeletes = 3
)

// Program is Windows PowerShell where every Windows Server has it. WinRM can
// start it without cmd.exe around only by its full path.
const Program = `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`

// Lane is one powershell.exe on a host.
type Lane struct {
	client   *wsman.Client
	settings wsman.ShellSettings

	creating bool // a shell may be there, whether or not we know its id
	late     bool // or may come, because its creation was not answered
	shell    string
	command  string
	count    int
	output   []byte // of the host, not yet read
	complain []byte // the end of its standard error
	offset   time.Duration
}

// Error is how a request fails without an answer. The lane is of no use then.
type Error struct {
	// Delivered tells whether the request may have been carried out. False is certain.
	Delivered bool
	// Err is a *wire.Error, a *wsman.Fault, or tells what was wrong with the answer.
	Err error
}

// Error tells what happened in one line.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrTooLate: the request's NotAfter had passed before it was sent.
var ErrTooLate = errors.New("the time by which the request had to begin has passed")

// New makes a lane that is not started. It takes the client over.
func New(client *wsman.Client, s wsman.ShellSettings) *Lane {
	return &Lane{client: client, settings: s}
}

// Start creates the shell, starts PowerShell in it, sends the function library
// and hears that all is well. Whatever comes of it, Close must be called.
func (l *Lane) Start(ctx context.Context) error {
	var err error
	l.creating = true
	if l.shell, err = l.client.Create(ctx, l.settings); err != nil {
		l.creating, l.late = Created(err), Unanswered(err)
		return fmt.Errorf("create a shell: %w", err)
	}
	if l.command, err = l.client.Command(ctx, l.shell, Program, "-NoLogo", "-NoProfile", "-NonInteractive",
		"-ExecutionPolicy", "Bypass", "-OutputFormat", "Text", "-EncodedCommand", script.EncodedBootstrap()); err != nil {
		return fmt.Errorf("start PowerShell: %w", err)
	}
	library := append(base64.StdEncoding.AppendEncode(nil, script.Library()), '\n')
	answer, err := l.exchange(ctx, library, Request{Verb: "hello", Args: struct{}{}})
	switch {
	case err != nil:
		return fmt.Errorf("start PowerShell: %w", err)
	case !answer.OK:
		return fmt.Errorf("start PowerShell: %w", &Refused{*answer.Error})
	}
	return nil
}

// Created tells whether a shell may be there although its creation failed: if the
// request was sent, whatever came back but that nobody is let in.
func Created(err error) bool {
	var f *wsman.Fault
	if errors.As(err, &f) {
		return f.Code != wsman.CodeAccessDenied
	}
	var w *wire.Error
	return !errors.As(err, &w) || w.Sent
}

// Unanswered tells whether the creation of a shell that failed may still come to
// pass: if it was sent, and nothing was heard of it.
func Unanswered(err error) bool {
	var f *wsman.Fault
	var w *wire.Error
	return Created(err) && !errors.As(err, &f) && !(errors.As(err, &w) && w.Kind == wire.Garbage)
}

// Refused is a host that runs our PowerShell, which then found that it cannot
// do its work there.
type Refused struct{ Failure }

// Error tells what the host said.
func (r *Refused) Error() string { return r.ID + ": " + r.Message }

// Do sends a request and waits for its answer.
func (l *Lane) Do(ctx context.Context, r Request) (Answer, error) {
	if !r.NotAfter.IsZero() && time.Now().After(r.NotAfter) {
		return Answer{}, &Error{Err: ErrTooLate}
	}
	return l.exchange(ctx, nil, r)
}

// exchange sends a request, after some other lines, and waits for its answer.
func (l *Lane) exchange(ctx context.Context, before []byte, r Request) (Answer, error) {
	l.count++
	id := strconv.Itoa(l.count) + "-" + nonce()
	line, err := frame(id, r, l.offset)
	if err != nil {
		return Answer{}, &Error{Err: err}
	}
	if err := l.client.Send(ctx, l.shell, l.command, append(before, line...)); err != nil {
		return Answer{}, &Error{Delivered: delivered(err), Err: l.explained(ctx, err)}
	}
	answer, err := l.await(ctx, id)
	if err != nil {
		return Answer{}, &Error{Delivered: true, Err: err}
	}
	return answer, nil
}

// delivered tells whether a Send that failed may have arrived. A host that
// says why it did not take it has not.
func delivered(err error) bool {
	var f *wsman.Fault
	if errors.As(err, &f) {
		return !f.ShellGone() && !f.Quota() && f.Code != wsman.CodeAccessDenied && f.Code != wsman.CodeBusy && f.Code != wsman.CodeBrokenPipe
	}
	var w *wire.Error
	return !errors.As(err, &w) || w.Sent
}

// explained is what lies behind a Send that failed: a PowerShell that has ended
// says why on standard error.
func (l *Lane) explained(ctx context.Context, err error) error {
	var f *wsman.Fault
	if !errors.As(err, &f) || f.Code != wsman.CodeBrokenPipe {
		return err
	}
	out, failed := l.client.Receive(ctx, l.shell, l.command)
	if failed != nil || !out.Done {
		return err
	}
	l.complain = lastOf(append(l.complain, out.Stderr...), maxComplaint)
	return l.ended(out.ExitCode)
}

func (l *Lane) ended(code int64) error {
	return garbage(fmt.Errorf("PowerShell ended with exit code %d: %s", code, l.complaint()))
}

// await reads output until the answer is there.
func (l *Lane) await(ctx context.Context, id string) (Answer, error) {
	for {
		answer, found, err := l.read(id)
		if found || err != nil {
			return answer, err
		}
		asked := time.Now()
		out, err := l.client.Receive(ctx, l.shell, l.command)
		if err != nil {
			return Answer{}, err
		}
		l.output = append(l.output, out.Stdout...)
		l.complain = lastOf(append(l.complain, out.Stderr...), maxComplaint)
		switch {
		case len(l.output) > maxOutput:
			return Answer{}, garbage(fmt.Errorf("the host said more than %d bytes and no answer", maxOutput))
		case out.Done:
			if answer, found, err := l.read(id); found || err != nil {
				return answer, err
			}
			return Answer{}, l.ended(out.ExitCode)
		case len(out.Stdout)+len(out.Stderr) == 0 && time.Since(asked) < shortPause:
			if err := pause(ctx); err != nil {
				return Answer{}, err
			}
		}
	}
}

// read takes complete lines off the output until one is the answer. Other
// lines are what cmdlets chat, or an answer nobody waits for any more.
func (l *Lane) read(id string) (Answer, bool, error) {
	for {
		line, rest, complete := bytes.Cut(l.output, []byte("\n"))
		if !complete {
			return Answer{}, false, nil
		}
		l.output = bytes.Clone(rest)
		answer, ours, err := answerIn(line, id)
		switch {
		case err != nil:
			return Answer{}, false, garbage(err)
		case ours:
			// The host read its clock before now, so at least this much is it ahead.
			l.offset = time.Until(answer.Clock)
			return answer, true, nil
		}
	}
}

func pause(ctx context.Context) error {
	t := time.NewTimer(shortPause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return &wire.Error{Kind: wire.Cancelled, Sent: true, Err: context.Cause(ctx)}
	case <-t.C:
		return nil
	}
}

// Remains is a shell that may still be on the host after Close.
type Remains struct {
	// ID is the shell's; empty when its creation was never confirmed.
	ID string
	// Name is how it is found without an id.
	Name string
	// Late tells that it may yet come, because its creation was not answered.
	Late bool
}

// ErrUnseen: the host has no such shell, and may have one later.
var ErrUnseen = errors.New("the host does not list the shell, whose creation was never answered")

// Close ends PowerShell, deletes the shell and closes the connection. With an
// error there may be a shell left, which Remains names for Bury; the host
// itself deletes an idle shell only much later.
func (l *Lane) Close(ctx context.Context) (Remains, error) {
	defer l.client.Close()
	if l.shell == "" && !l.creating {
		return Remains{}, nil
	}
	if l.command != "" {
		// Best effort: what is left of it goes with the shell.
		_ = l.client.Terminate(ctx, l.shell, l.command)
	}
	remains := Remains{ID: l.shell, Name: l.settings.Name, Late: l.late}
	if err := Bury(ctx, l.client, remains); err != nil {
		return remains, err
	}
	return Remains{}, nil
}

// Bury deletes a shell that may be there. A host that stood still may carry out
// the creation after it is asked for its shells, and so may one that is slow:
// ErrUnseen means to look again.
func Bury(ctx context.Context, client *wsman.Client, r Remains) error {
	if r.ID != "" {
		return remove(ctx, client, r.ID)
	}
	shells, err := client.Shells(ctx)
	if err != nil {
		return err
	}
	seen := false
	for _, s := range shells {
		if s.Name == r.Name {
			seen = true
			err = errors.Join(err, remove(ctx, client, s.ID))
		}
	}
	if r.Late && !seen {
		return ErrUnseen
	}
	return err
}

// remove deletes a shell, and tries again if that goes wrong. A host that says
// there is no such shell is looked at before it is believed: what answers in its
// place, or a service about to stop, says so of shells that are there.
func remove(ctx context.Context, client *wsman.Client, shell string) error {
	for n := 1; ; n++ {
		err := client.Delete(ctx, shell)
		var f *wsman.Fault
		if errors.As(err, &f) && f.ShellGone() {
			err = missing(ctx, client, shell)
		}
		if err == nil || n == maxDeletes || pause(ctx) != nil {
			return err
		}
	}
}

// missing is nil when the host does not list a shell.
func missing(ctx context.Context, client *wsman.Client, shell string) error {
	shells, err := client.Shells(ctx)
	if err != nil {
		return err
	}
	for _, s := range shells {
		if strings.EqualFold(s.ID, shell) {
			return fmt.Errorf("the host says that shell %s is gone, and lists it", shell)
		}
	}
	return nil
}

// complaint is the end of what the host said on standard error.
func (l *Lane) complaint() string {
	text := strings.Join(strings.Fields(string(l.complain)), " ")
	if text == "" {
		return "it said nothing"
	}
	return strings.ToValidUTF8(text, "?")
}

func lastOf(b []byte, n int) []byte {
	if len(b) > n {
		return bytes.Clone(b[len(b)-n:])
	}
	return b
}

func nonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func garbage(err error) error { return &wire.Error{Kind: wire.Garbage, Sent: true, Err: err} }
