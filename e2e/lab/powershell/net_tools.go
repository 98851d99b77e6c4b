package powershell

import (
	"strings"
	"time"
)

// Small .NET classes that administration scripts lean on.

// stopwatch is a System.Diagnostics.Stopwatch on the session's clock.
type stopwatch struct {
	s       *Session
	running bool
	since   time.Time
	before  time.Duration
}

func (w *stopwatch) elapsed() time.Duration {
	if w.running {
		return w.before + w.s.now().Sub(w.since)
	}
	return w.before
}

func (w *stopwatch) start() {
	if !w.running {
		w.running, w.since = true, w.s.now()
	}
}

func (w *stopwatch) stop() { w.before, w.running = w.elapsed(), false }

func watch(name string, f func(w *stopwatch)) Method {
	return void(name, 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
		f(v.(*stopwatch))
		return nil, nil
	})
}

var classStopwatch = &Class{Name: "System.Diagnostics.Stopwatch", Properties: []Property{
	get("IsRunning", tBoolean, func(v Value) Value { return v.(*stopwatch).running }),
	get("Elapsed", "System.TimeSpan", func(v Value) Value { return Span(v.(*stopwatch).elapsed()) }),
	get("ElapsedMilliseconds", tInt64, func(v Value) Value { return v.(*stopwatch).elapsed().Milliseconds() }),
	get("ElapsedTicks", tInt64, func(v Value) Value { return int64(Span(v.(*stopwatch).elapsed())) }),
}, Methods: []Method{
	watch("Start", (*stopwatch).start), watch("Stop", (*stopwatch).stop),
	watch("Reset", func(w *stopwatch) { w.running, w.before = false, 0 }),
	watch("Restart", func(w *stopwatch) { w.running, w.before = false, 0; w.start() }),
}}

// builder is a System.Text.StringBuilder.
type builder struct{ text strings.Builder }

var classBuilder = &Class{Name: "System.Text.StringBuilder", String: func(v Value) string { return v.(*builder).text.String() },
	Properties: []Property{get("Length", tInt32, func(v Value) Value { return int32(utf16Len(v.(*builder).text.String())) })}}

func appendMethod(name, end string) Method {
	return method(name, 0, 2, func(s *Session, v Value, a []Value) (Value, error) {
		b := v.(*builder)
		t := end
		if len(a) > 0 {
			t = s.toString(a[0]) + end
		}
		b.text.WriteString(t)
		if b.text.Len() > s.limits.StringBytes {
			return nil, s.limitString(b.text.Len())
		}
		return NewInstance(classBuilder, b), s.charge(int64(len(t)))
	})
}

func init() {
	w := define("System.Diagnostics.Stopwatch", kindStatic)
	w.statics = &statics{methods: methodTable(fn("StartNew", 0, 0, func(s *Session, _ []Value) (Value, error) {
		sw := &stopwatch{s: s}
		sw.start()
		return NewInstance(classStopwatch, sw), nil
	})), construct: &staticMethod{name: ".ctor", call: func(s *Session, _ []Value) (Value, error) {
		return NewInstance(classStopwatch, &stopwatch{s: s}), nil
	}}}
	classBuilder.Methods = []Method{appendMethod("Append", ""), appendMethod("AppendLine", "\r\n"),
		method("AppendFormat", 2, 16, func(s *Session, v Value, a []Value) (Value, error) {
			t, err := s.format(s.toString(a[0]), NewArray(a[1:]...))
			if err != nil {
				return nil, err
			}
			v.(*builder).text.WriteString(t)
			return NewInstance(classBuilder, v), s.limitString(v.(*builder).text.Len())
		}),
		method("Clear", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
			v.(*builder).text.Reset()
			return NewInstance(classBuilder, v), nil
		}),
		method("ToString", 0, 0, func(s *Session, v Value, _ []Value) (Value, error) {
			t := v.(*builder).text.String()
			return t, s.limitString(len(t))
		}),
	}
	define("System.Text.StringBuilder", kindStatic).statics = &statics{construct: &staticMethod{name: ".ctor", max: 2, call: func(s *Session, a []Value) (Value, error) {
		b := &builder{}
		if len(a) > 0 && isText(a[0]) {
			b.text.WriteString(a[0].(string))
		}
		return NewInstance(classBuilder, b), nil
	}}}
	definePath()
	static("System.Net.Dns", methodTable(fn("GetHostName", 0, 0, func(s *Session, _ []Value) (Value, error) { return s.env["COMPUTERNAME"], nil })))
}

// definePath defines the parts of System.IO.Path that only handle text.
func definePath() {
	on := func(name string, f func(path string) string) staticMethod {
		return fn(name, 1, 1, func(s *Session, a []Value) (Value, error) { return f(s.toString(a[0])), nil })
	}
	file := func(p string) string { return p[strings.LastIndexAny(p, `\/:`)+1:] }
	ext := func(p string) string {
		f := file(p)
		if i := strings.LastIndexByte(f, '.'); i >= 0 && i < len(f)-1 {
			return f[i:]
		}
		return ""
	}
	static("System.IO.Path", methodTable(
		on("GetFileName", file), on("GetExtension", ext),
		on("GetFileNameWithoutExtension", func(p string) string { return strings.TrimSuffix(file(p), ext(p)) }),
		on("GetDirectoryName", func(p string) string {
			if i := strings.LastIndexAny(p, `\/`); i > 0 {
				return p[:i]
			}
			return ""
		}),
		fn("Combine", 1, 4, func(s *Session, a []Value) (Value, error) {
			out := ""
			for _, p := range toArgs(s, a) {
				switch {
				case strings.HasPrefix(p, `\`) || strings.Contains(p, ":") || out == "":
					out = p
				case strings.HasSuffix(out, `\`) || strings.HasSuffix(out, "/"):
					out += p
				default:
					out += `\` + p
				}
			}
			return out, nil
		}),
	))
}
