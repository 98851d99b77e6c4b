package wsman

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat.io/pkg/hyperv/winrm/wire"
)

// Limits of the protocol as lifeboat uses it.
const (
	// MaxChunk is how much one Send carries, in bytes: base64 of it fits an
	// envelope of 150 kB, which is the least a host may have to accept.
	MaxChunk = 64 << 10
	// pageSize and maxPages bound an enumeration of shells; hosts allow 30 per user.
	pageSize, maxPages = 50, 20
)

// Settings are what every message says.
type Settings struct {
	// OperationTimeout is how long the host may hold a request back, in whole seconds, at most 60 s.
	OperationTimeout time.Duration
	// EnvelopeSize is the longest answer asked for, in bytes.
	EnvelopeSize int
}

// Client speaks over one connection. It is not for concurrent use.
type Client struct {
	conn     *wire.Conn
	url      string
	settings Settings
}

// NewClient makes a client on a connection of the endpoint.
func NewClient(e *wire.Endpoint, s Settings) *Client {
	return &Client{conn: e.Open(), url: e.URL(), settings: s}
}

// Close closes the connection. Shells are not touched.
func (c *Client) Close() { c.conn.Close() }

// ShellSettings say what shell to create.
type ShellSettings struct {
	// Name is how the shell is found again.
	Name string
	// IdleTimeout is after how long without a request the host deletes it.
	IdleTimeout time.Duration
}

// Output is what a command has said since last asked.
type Output struct {
	Stdout, Stderr []byte
	// Done tells that the command has ended, with ExitCode.
	Done     bool
	ExitCode int64
}

// Create creates a shell and returns its id.
func (c *Client) Create(ctx context.Context, s ShellSettings) (string, error) {
	e, err := c.ask(ctx, "Create", actionCreate, c.createMessage(s))
	if err != nil {
		return "", err
	}
	return required(e.Body.shellID(), "shell id")
}

// Command starts a program in a shell and returns the command's id.
func (c *Client) Command(ctx context.Context, shell, program string, arguments ...string) (string, error) {
	e, err := c.ask(ctx, "Command", actionCommand, c.commandMessage(shell, program, arguments))
	if err != nil {
		return "", err
	}
	return required(e.Body.Command.ID, "command id")
}

// Send writes to a command's standard input. An error after the first chunk
// says that something was sent.
func (c *Client) Send(ctx context.Context, shell, command string, data []byte) error {
	for first := true; len(data) > 0; first = false {
		chunk := data[:min(len(data), MaxChunk)]
		if _, err := c.ask(ctx, "Send", actionSend, c.sendMessage(shell, command, chunk)); err != nil {
			if first {
				return err
			}
			return &wire.Error{Kind: wire.ReplyLost, Sent: true, Err: err}
		}
		data = data[len(chunk):]
	}
	return nil
}

// Receive waits for output, or for the command's end, or until there was
// nothing for OperationTimeout, which gives an empty Output.
func (c *Client) Receive(ctx context.Context, shell, command string) (Output, error) {
	e, err := c.ask(ctx, "Receive", actionReceive, c.receiveMessage(shell, command))
	var f *Fault
	if errors.As(err, &f) && f.Code == CodeTimedOut {
		return Output{}, nil
	}
	if err != nil {
		return Output{}, err
	}
	if e.Body.Received == nil {
		return Output{}, garbage(errors.New("the answer has no ReceiveResponse"))
	}
	o, err := e.Body.Received.output()
	if err != nil {
		return Output{}, garbage(err)
	}
	return o, nil
}

// Terminate ends a command.
func (c *Client) Terminate(ctx context.Context, shell, command string) error {
	_, err := c.ask(ctx, "Signal", actionSignal, c.signalMessage(shell, command))
	return err
}

// Delete deletes a shell and whatever runs in it.
func (c *Client) Delete(ctx context.Context, shell string) error {
	_, err := c.ask(ctx, "Delete", actionDelete, c.deleteMessage(shell))
	return err
}

// Shell is one row of Shells.
type Shell struct{ ID, Name string }

// Shells lists the shells the host shows us: all of them to an administrator.
func (c *Client) Shells(ctx context.Context) ([]Shell, error) {
	e, err := c.ask(ctx, "Enumerate", actionEnumerate, c.enumerateMessage())
	if err != nil {
		return nil, err
	}
	var all []Shell
	page := e.Body.First
	for n := 1; page != nil; n++ {
		for _, s := range page.Shells {
			all = append(all, Shell(s))
		}
		if page.End != nil || page.Context == "" {
			return all, nil
		}
		if n == maxPages {
			return nil, garbage(errors.New("the list of shells does not end"))
		}
		if e, err = c.ask(ctx, "Pull", actionPull, c.pullMessage(page.Context)); err != nil {
			return nil, err
		}
		page = e.Body.Next
	}
	return nil, garbage(errors.New("the answer has no list of shells"))
}

// ask sends a message and returns the answer to it. Errors are *wire.Error or,
// where the host refused, *Fault.
func (c *Client) ask(ctx context.Context, name, action string, m message) (*envelope, error) {
	text, err := c.conn.Post(ctx, name, []byte(m.String()))
	if err != nil {
		return nil, err
	}
	e, err := parse(text)
	if err != nil {
		return nil, garbage(err)
	}
	err = e.answers(m, action)
	var f *Fault
	if err != nil && !errors.As(err, &f) {
		return nil, garbage(err)
	}
	return e, err
}

func required(value, what string) (string, error) {
	if value == "" {
		return "", garbage(fmt.Errorf("the answer has no %s", what))
	}
	return value, nil
}

func garbage(err error) error { return &wire.Error{Kind: wire.Garbage, Sent: true, Err: err} }
