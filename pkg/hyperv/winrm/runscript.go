package winrm

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf16"

	"lifeboat.io/pkg/hyperv/winrm/lane"
	"lifeboat.io/pkg/hyperv/winrm/wsman"
)

const (
	// maxScript is how long a script for RunScript may be, in UTF-16 units:
	// base64 of it must fit cmd.exe's 8,191 characters with what stands around.
	maxScript = 2900
	// maxScriptOutput is how much RunScript reads, in bytes.
	maxScriptOutput = 1 << 20
	// receivePause is waited after a Receive that brought nothing, so that it
	// cannot become a busy loop.
	receivePause = 100 * time.Millisecond
)

// RunScript runs a constant script in a shell and a powershell.exe of its own,
// beside the lanes, and returns what it wrote to standard output. input, one
// line, is what the script reads from [Console]::In; values travel there and
// never in the script. It is for readings and trials that are none of the
// contract's verbs; a verb never goes this way.
//
// An error is a *hyperv.Error; of ClassUnknown when the script may have run.
func (h *Host) RunScript(ctx context.Context, script string, input []byte) ([]byte, error) {
	units := utf16.Encode([]rune(script))
	if len(units) > maxScript {
		return nil, fmt.Errorf("script: has %d characters, at most %d fit a command line", len(units), maxScript)
	}
	ctx, cancel := h.bounded(ctx, true)
	defer cancel()
	client := wsman.NewClient(h.endpoint, wsman.Settings{OperationTimeout: h.config.Limits.OperationTimeout, EnvelopeSize: envelopeSize})
	defer client.Close()
	output, err := h.runScript(ctx, client, encodedCommand(units), append(input, '\n'))
	if err != nil {
		failed := lost(err, true).err
		failed.Host, failed.Op = h.config.Name, "RunScript"
		return nil, failed
	}
	return output, nil
}

// encodedCommand is a script as powershell.exe takes it: base64 of UTF-16LE.
func encodedCommand(units []uint16) string {
	raw := make([]byte, 0, 2*len(units))
	for _, u := range units {
		raw = binary.LittleEndian.AppendUint16(raw, u)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// runScript opens a shell, runs the command in it to its end, and deletes it.
func (h *Host) runScript(ctx context.Context, client *wsman.Client, command string, input []byte) ([]byte, error) {
	name := h.shellName()
	shell, err := client.Create(ctx, wsman.ShellSettings{Name: name, IdleTimeout: shellIdle})
	if err != nil && !lane.Created(err) {
		return nil, &lane.Error{Err: err}
	}
	h.shells.Add(1)
	left := lane.Remains{ID: shell, Name: name, Late: err != nil && lane.Unanswered(err)}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
		defer cancel()
		if err := lane.Bury(ctx, client, left); err != nil {
			h.leave(left, err)
			return
		}
		h.shells.Add(-1)
	}()
	if err != nil {
		return nil, &lane.Error{Err: err}
	}
	id, err := client.Command(ctx, shell, lane.Program, "-NoLogo", "-NoProfile", "-NonInteractive",
		"-ExecutionPolicy", "Bypass", "-OutputFormat", "Text", "-EncodedCommand", command)
	if err != nil {
		return nil, &lane.Error{Err: err} // it waits for its input before it does anything
	}
	if err := client.Send(ctx, shell, id, input); err != nil {
		return nil, &lane.Error{Delivered: true, Err: err}
	}
	var all []byte
	for {
		out, err := client.Receive(ctx, shell, id)
		if err != nil {
			return nil, &lane.Error{Delivered: true, Err: err}
		}
		all = append(all, out.Stdout...)
		switch {
		case len(all) > maxScriptOutput:
			return nil, &lane.Error{Delivered: true, Err: errors.New("the script said too much")}
		case out.Done:
			return all, nil
		case len(out.Stdout) == 0 && !waited(ctx, receivePause):
			return nil, &lane.Error{Delivered: true, Err: context.Cause(ctx)}
		}
	}
}
