package powershell

import (
	"bytes"
	"context"
	"io"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// Program is an executable of the host: it runs to its end and gives its exit
// code.
type Program func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int

// program is a command that is an executable.
type program struct {
	name string
	run  Program
}

// program finds an executable by name, nil when the host has none.
func (s *Session) program(name string) *program {
	if s.opts.Program == nil {
		return nil
	}
	if run := s.opts.Program(name); run != nil {
		return &program{name, run}
	}
	return nil
}

// programStage runs an executable once all of its input is there.
type programStage struct {
	place
	*program
	args  []string
	piped bool // it gets the pipeline's input instead of the session's
	in    []Value
	out   sink
}

func (p *programStage) connect(out sink) { p.out = p.redir.wrap(p.s, out) }
func (p *programStage) begin() error     { return nil }

func (p *programStage) process(v Value) error {
	p.in = append(p.in, v)
	return p.s.step()
}

func (p *programStage) end() error {
	defer p.enter()()
	stdin, err := p.stdin()
	if err != nil {
		return err
	}
	stdout := &lineWriter{line: func(text string) error { return p.out(text) }}
	stderr := io.Discard
	var errs *lineWriter
	switch {
	case p.redir != nil && p.redir.discard[streamError]:
	case p.redir != nil && p.redir.merge[streamError]:
		errs = &lineWriter{line: p.complain}
		stderr = errs
	case p.s.console != nil && p.s.console.Err != nil:
		stderr = p.s.console.Err
	}
	code := p.run(p.s.ctx, p.args, stdin, stdout, stderr)
	if err := p.s.ctx.Err(); err != nil {
		return err
	}
	for _, w := range []*lineWriter{stdout, errs} {
		if err := w.close(); err != nil {
			return err
		}
	}
	p.s.lastExit, p.s.ok = int32(code), code == 0
	return nil
}

// stdin is the program's input: what the pipeline gives, as text, or what the
// session itself has not begun to read.
func (p *programStage) stdin() (io.Reader, error) {
	if p.piped {
		var text strings.Builder
		f := p.s.NewFormatter(func(line string) error {
			text.WriteString(line + "\r\n")
			return p.s.limitString(text.Len())
		})
		for _, v := range p.in {
			if err := f.Add(v); err != nil {
				return nil, err
			}
		}
		return strings.NewReader(validUTF8(text.String())), f.Close()
	}
	if c := p.s.console; c != nil && c.in.r != nil && c.in.ask == nil {
		return c.in.r, nil
	}
	return strings.NewReader(""), nil
}

// complain makes an error of a line on the program's standard error, as happens
// when that is redirected.
func (p *programStage) complain(line string) error {
	r := NewErrorRecord("System.Management.Automation.RemoteException", "NativeCommandError", NotSpecified, line)
	r.Target = line
	return p.s.streams.Error(r)
}

// lineWriter hands on lines.
type lineWriter struct {
	line func(text string) error
	rest []byte
	err  error
}

// Write hands the lines on that are complete.
func (w *lineWriter) Write(data []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.rest = append(w.rest, data...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(data), nil
		}
		if w.err = w.line(decodeUTF8(bytes.TrimSuffix(line, []byte("\r")))); w.err != nil {
			return 0, w.err
		}
		w.rest = rest
	}
}

// close hands on what is left, and gives what went wrong on the way.
func (w *lineWriter) close() error {
	if w == nil || w.err != nil || len(w.rest) == 0 {
		if w == nil {
			return nil
		}
		return w.err
	}
	return w.line(decodeUTF8(w.rest))
}

// words are the arguments of a program: parameters and numbers as they were
// written, the elements of a collection one by one, and nothing for $null.
func (s *Session) words(args []argument) []string {
	var all []string
	for _, a := range args {
		switch {
		case a.name != "" && a.hasValue:
			all = append(all, a.text+s.toString(a.value))
		case a.name != "":
			all = append(all, a.text)
		default:
			all = append(all, s.wordsOf(a)...)
		}
	}
	return all
}

func (s *Session) wordsOf(a argument) []string {
	if c, ok := a.node.(*syntax.Constant); ok && s.src != nil {
		return []string{s.src.Text[c.Start:c.End]}
	}
	var all []string
	_ = enumerate(a.value, func(v Value) error { // the function does not fail
		if v != nil {
			all = append(all, s.toString(v))
		}
		return nil
	})
	return all
}
