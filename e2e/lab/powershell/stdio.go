package powershell

import (
	"bufio"
	"context"
	"io"
	"strings"
	"sync"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// Console is what [Console] reads and writes in a session.
type Console struct {
	// Out and Err take text; nil drops it.
	Out, Err io.Writer
	in       *Input
}

// NewConsole makes a console. in may be nil, which reads as its end.
func NewConsole(in io.Reader, out, err io.Writer) *Console {
	return &Console{Out: out, Err: err, in: &Input{r: in, closed: make(chan struct{})}}
}

// Close ends reading: the process is over. A read that waits goes on until its
// reader ends, which is for the reader's owner to see to.
func (c *Console) Close() {
	if c.in.closed != nil {
		c.in.end.Do(func() { close(c.in.closed) })
	}
}

// UseInput gives a session what $input enumerates outside of functions: lines.
func (s *Session) UseInput(text string) {
	s.piped = nil
	for line := range strings.Lines(text) {
		s.piped = append(s.piped, decodeUTF8([]byte(withoutEnd(line))))
	}
}

// ReadsInput tells whether a script names $input outside of functions and
// script blocks, where it stands for standard input.
func ReadsInput(script string) (reads bool) {
	block, err := parseCached("", script)
	if err != nil {
		return false
	}
	syntax.Walk(block, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Variable:
			reads = reads || n.Path.Scope == "" && n.Path.Key == "input"
		case *syntax.Function, *syntax.BlockExpr:
			return false
		}
		return !reads
	})
	return reads
}

// UseConsole gives a session its console.
func (s *Session) UseConsole(c *Console) { s.console = c }

// maxLine bounds one line read from standard input, in bytes.
const maxLine = 64 << 20

// Input reads lines. Standard input is read without keeping a cancelled run
// waiting: a goroutine reads ahead by one line. It ends when the console is
// closed and the reader ends.
type Input struct {
	r     io.Reader
	once  sync.Once
	ask   chan struct{}
	lines chan string

	end    sync.Once
	closed chan struct{} // nil for a reader that never makes anyone wait
	text   *bufio.Reader // that reader
}

func (in *Input) pump() {
	defer close(in.lines)
	br := bufio.NewReader(in.r)
	for {
		select {
		case <-in.ask:
		case <-in.closed:
			return
		}
		line, err := readLine(br)
		if err != nil && line == "" {
			return
		}
		select {
		case in.lines <- withoutEnd(line):
		case <-in.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

// withoutEnd is a line without what ends it.
func withoutEnd(line string) string {
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
}

// readLine reads up to and with a line feed, or maxLine bytes.
func readLine(br *bufio.Reader) (string, error) {
	var sb strings.Builder
	for {
		part, err := br.ReadSlice('\n')
		sb.Write(part)
		if err == bufio.ErrBufferFull && sb.Len() < maxLine {
			continue
		}
		return sb.String(), err
	}
}

// ReadLine gives the next line, false at the end.
func (in *Input) ReadLine(ctx context.Context) (line string, ok bool, err error) {
	if in == nil || in.r == nil {
		return "", false, nil
	}
	if in.closed == nil {
		if in.text == nil {
			in.text = bufio.NewReader(in.r)
		}
		line, err := readLine(in.text)
		return withoutEnd(line), err == nil || line != "", nil
	}
	in.once.Do(func() {
		in.ask, in.lines = make(chan struct{}, 1), make(chan string, 1)
		go in.pump()
	})
	select {
	case in.ask <- struct{}{}:
	default: // a question is still open, from a read that was cancelled
	}
	select {
	case line, ok = <-in.lines:
		return line, ok, nil
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
}

var classWriter = &Class{Name: "System.IO.TextWriter+SyncTextWriter", Properties: []Property{
	{Name: "AutoFlush", Get: func(Value) Value { return true }, Set: func(_, _ Value) error { return nil }},
	{Name: "NewLine", Get: func(Value) Value { return "\r\n" }},
	get("Encoding", "System.Text.Encoding", func(Value) Value { return nil }),
}}

var classReader = &Class{Name: "System.IO.TextReader+SyncTextReader"}

// writerKind says which stream a TextWriter is.
type writerKind bool

const (
	toOut writerKind = false
	toErr writerKind = true
)

func (s *Session) consoleWrite(k writerKind, text string) error {
	if s.console == nil {
		return nil
	}
	w := s.console.Out
	if k == toErr {
		w = s.console.Err
	}
	if w == nil {
		return nil
	}
	_, err := io.WriteString(w, validUTF8(text))
	return err
}

func (s *Session) consoleText(a []Value) (string, error) {
	switch len(a) {
	case 0:
		return "", nil
	case 1:
		if list, ok := a[0].(*Array); ok && list.Elem == typeChar {
			return cutset(s, a), nil
		}
		return s.toString(a[0]), nil
	case 2:
		return s.format(s.toString(a[0]), a[1])
	}
	return s.format(s.toString(a[0]), NewArray(a[1:]...))
}

func init() {
	write := func(end string) func(s *Session, v Value, a []Value) (Value, error) {
		return func(s *Session, v Value, a []Value) (Value, error) {
			text, err := s.consoleText(a)
			if err != nil {
				return nil, err
			}
			return nil, s.consoleWrite(v.(writerKind), text+end)
		}
	}
	nop := func(*Session, Value, []Value) (Value, error) { return nil, nil }
	classWriter.Methods = []Method{void("Write", 0, 16, write("")), void("WriteLine", 0, 16, write("\r\n")), void("Flush", 0, 0, nop), void("Close", 0, 0, nop)}
	classReader.Methods = []Method{
		method("ReadLine", 0, 0, func(s *Session, v Value, _ []Value) (Value, error) { return s.readLine(v) }),
		method("ReadToEnd", 0, 0, func(s *Session, v Value, _ []Value) (Value, error) { return s.readToEnd(v) }),
		void("Close", 0, 0, nop), void("Dispose", 0, 0, nop),
	}
	defineConsole()
	newReader := &staticMethod{name: ".ctor", min: 1, max: 1, call: func(s *Session, a []Value) (Value, error) {
		return NewInstance(classReader, &Input{r: strings.NewReader(s.toString(a[0]))}), nil
	}}
	define("System.IO.StringReader", kindStatic).statics = &statics{construct: newReader}
	defineStreams()
}

func (s *Session) readLine(v Value) (Value, error) {
	in, _ := v.(*Input)
	if in == nil && s.console != nil {
		in = s.console.in
	}
	line, ok, err := in.ReadLine(s.ctx)
	if err != nil {
		return nil, err
	}
	s.renew()
	if !ok {
		return nil, nil
	}
	return decodeUTF8([]byte(line)), s.limitString(len(line))
}

func (s *Session) readToEnd(v Value) (Value, error) {
	var sb strings.Builder
	for {
		line, err := s.readLine(v)
		if err != nil {
			return nil, err
		}
		if line == nil {
			return sb.String(), nil
		}
		if sb.WriteString(line.(string) + "\n"); sb.Len() > s.limits.StringBytes {
			return nil, s.limitString(sb.Len())
		}
	}
}

func defineConsole() {
	write := func(name, end string) staticMethod {
		return staticMethod{name: name, max: 16, void: true, call: func(s *Session, a []Value) (Value, error) {
			text, err := s.consoleText(a)
			if err != nil {
				return nil, err
			}
			return nil, s.consoleWrite(toOut, text+end)
		}}
	}
	t := static("System.Console", methodTable(
		write("Write", ""), write("WriteLine", "\r\n"),
		fn("ReadLine", 0, 0, func(s *Session, _ []Value) (Value, error) { return s.readLine(nil) }),
		fn("OpenStandardInput", 0, 1, func(*Session, []Value) (Value, error) { return NewInstance(classStream, nil), nil }),
	), "console")
	utf8 := func(*Session) Value { return builtinTypes["system.text.encoding"].statics.properties["utf8"](nil) }
	for name, f := range map[string]func(*Session) Value{
		"In":  func(*Session) Value { return NewInstance(classReader, (*Input)(nil)) },
		"Out": func(*Session) Value { return NewInstance(classWriter, toOut) }, "Error": func(*Session) Value { return NewInstance(classWriter, toErr) },
		"OutputEncoding": utf8, "InputEncoding": utf8,
		"IsInputRedirected": func(*Session) Value { return true }, "IsOutputRedirected": func(*Session) Value { return true },
		"WindowWidth": func(s *Session) Value { return int32(s.width) }, "BufferWidth": func(s *Session) Value { return int32(s.width) },
	} {
		t.statics.properties[strings.ToLower(name)] = f
	}
	ignore := func(*Session, Value) error { return nil }
	t.statics.setters = map[string]func(*Session, Value) error{"outputencoding": ignore, "inputencoding": ignore, "title": ignore, "treatcontrolcasinput": ignore}
}

// classStream is the raw standard input, good for making a StreamReader of it.
var classStream = &Class{Name: "System.IO.Stream"}

func defineStreams() {
	define("System.IO.StreamReader", kindStatic).statics = &statics{construct: &staticMethod{name: ".ctor", min: 1, max: 4, call: func(s *Session, a []Value) (Value, error) {
		if o, ok := a[0].(*Object); ok && o.Class == classStream {
			return NewInstance(classReader, (*Input)(nil)), nil
		}
		return nil, throwNet("System.NotSupportedException", "The PowerShell subset of this host reads no files.")
	}}}
}
