package powershell

import (
	"fmt"
	"strings"
)

var (
	classException = &Class{Name: "System.Exception", Properties: []Property{
		get("Message", tString, func(v Value) Value { return v.(*Exception).Message }),
		get("Data", "System.Collections.IDictionary", func(v Value) Value {
			e := v.(*Exception)
			if e.Data == nil {
				e.Data = NewHashtable()
			}
			return e.Data
		}),
		get("InnerException", "System.Exception", func(v Value) Value {
			if i := v.(*Exception).Inner; i != nil {
				return i
			}
			return nil
		}),
		get("TargetSite", "", func(Value) Value { return nil }),
		get("StackTrace", tString, func(Value) Value { return nil }),
		get("HelpLink", tString, func(Value) Value { return nil }),
		get("Source", tString, func(Value) Value { return nil }),
		get("HResult", tInt32, func(v Value) Value { return v.(*Exception).HResult }),
		get("ErrorCode", tInt32, func(v Value) Value { return v.(*Exception).HResult }),
	}, Methods: []Method{method("GetBaseException", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
		e := v.(*Exception)
		for e.Inner != nil {
			e = e.Inner
		}
		return e, nil
	})}}

	classErrorRecord = &Class{Name: "System.Management.Automation.ErrorRecord", Properties: []Property{
		get("PSMessageDetails", "", func(Value) Value { return nil }),
		get("Exception", "System.Exception", func(v Value) Value { return v.(*ErrorRecord).Exception }),
		get("TargetObject", "", func(v Value) Value { return v.(*ErrorRecord).Target }),
		get("CategoryInfo", "System.Management.Automation.ErrorCategoryInfo", func(v Value) Value { return NewInstance(classCategoryInfo, v) }),
		get("FullyQualifiedErrorId", tString, func(v Value) Value { return v.(*ErrorRecord).FullyQualifiedErrorID() }),
		{Name: "ErrorDetails", Type: "System.Management.Automation.ErrorDetails", Get: func(v Value) Value {
			if d := v.(*ErrorRecord).Details; d != "" {
				return NewInstance(classErrorDetails, d)
			}
			return nil
		}, Set: func(v, d Value) error {
			v.(*ErrorRecord).Details = plainString(d)
			return nil
		}},
		get("InvocationInfo", "System.Management.Automation.InvocationInfo", func(v Value) Value { return NewInstance(classInvocation, v.(*ErrorRecord).position) }),
		get("ScriptStackTrace", tString, func(v Value) Value { return v.(*ErrorRecord).stackTrace() }),
	}}

	classErrorDetails = &Class{Name: "System.Management.Automation.ErrorDetails", String: func(v Value) string { return v.(string) },
		Properties: []Property{get("Message", tString, func(v Value) Value { return v })}}

	classCategoryInfo = &Class{Name: "System.Management.Automation.ErrorCategoryInfo", String: func(v Value) string { return v.(*ErrorRecord).CategoryMessage() },
		Properties: []Property{
			get("Category", enumCategory.Name, func(v Value) Value { return Enum{enumCategory, int64(v.(*ErrorRecord).Category)} }),
			get("Activity", tString, func(v Value) Value { return v.(*ErrorRecord).Activity }),
			get("Reason", tString, func(v Value) Value { return v.(*ErrorRecord).reason() }),
			get("TargetName", tString, func(v Value) Value { n, _ := v.(*ErrorRecord).target(); return n }),
			get("TargetType", tString, func(v Value) Value { _, t := v.(*ErrorRecord).target(); return t }),
		}, Methods: []Method{method("GetMessage", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
			return v.(*ErrorRecord).CategoryMessage(), nil
		})}}

	classInvocation = &Class{Name: "System.Management.Automation.InvocationInfo", Properties: []Property{
		get("MyCommand", "", func(v Value) Value {
			if p, _ := v.(*position); p != nil && p.command != "" {
				return NewInstance(classCommandInfo, &commandInfo{name: p.command})
			}
			return nil
		}),
		get("ScriptLineNumber", tInt32, func(v Value) Value { return int32(placeOf(v).line) }),
		get("OffsetInLine", tInt32, func(v Value) Value { return int32(placeOf(v).column) }),
		get("ScriptName", tString, func(v Value) Value { return placeOf(v).script }),
		get("Line", tString, func(v Value) Value { return placeOf(v).text }),
		get("PositionMessage", tString, func(v Value) Value { p, _ := v.(*position); return p.message() }),
		get("InvocationName", tString, func(v Value) Value {
			if p, _ := v.(*position); p != nil {
				return p.command
			}
			return ""
		}),
		get("BoundParameters", "", func(Value) Value { return NewHashtable() }),
		get("UnboundArguments", "", func(Value) Value { return NewArray() }),
	}}
)

// spot is a position in words.
type spot struct {
	line, column int
	script, text string
}

func placeOf(v Value) spot {
	p, _ := v.(*position)
	if p == nil || p.src == nil {
		return spot{}
	}
	at := p.src.Position(p.span.Start)
	return spot{at.Line, at.Column, p.src.Name, p.src.Line(at.Line)}
}

// message is the position the way PowerShell prints it: place, line and marker.
func (p *position) message() string {
	if p == nil || p.src == nil {
		return ""
	}
	at := placeOf(p)
	name := "line"
	if at.script != "" {
		name = at.script
	}
	head := fmt.Sprintf("At %s:%d char:%d", name, at.line, at.column)
	line := toUTF16(strings.TrimRight(at.text, " \t"))
	if len(line) == 0 {
		return head
	}
	end := p.src.Position(p.span.End)
	before, length := at.column-1, len(line)-at.column+1
	if end.Line == at.line && end.Column <= len(line)+1 {
		length = end.Column - at.column
	}
	text, before, length := marked(line, before, length)
	return head + "\r\n+ " + text + "\r\n+ " + strings.Repeat(" ", before) + strings.Repeat("~", max(1, length))
}

// maxMarkedLine is how much of a line is shown beside an error: what fits 80
// columns with the marks in front and behind.
const maxMarkedLine = 69

// marked cuts a long line so that as much as possible of the error is seen,
// with some text in front of it and behind.
func marked(line []uint16, before, length int) (string, int, int) {
	before = max(0, min(before, len(line)))
	length = max(0, min(length, len(line)-before))
	if len(line) <= maxMarkedLine {
		return fromUTF16(line), before, length
	}
	prefix, rest := min(before, 12), len(line)-length-before
	suffix := min(rest, 8)
	cutBehind := false
	if prefix+length+suffix >= maxMarkedLine {
		length = min(length, maxMarkedLine-prefix)
		cutBehind = true
	} else {
		prefix += min(before-prefix, maxMarkedLine-prefix-length-suffix)
		suffix += min(rest-suffix, maxMarkedLine-prefix-length-suffix)
		cutBehind = suffix < rest
	}
	start := min(before-prefix, len(line)-maxMarkedLine)
	text := fromUTF16(line[start : start+maxMarkedLine])
	column := before - start
	if prefix < before {
		text = "... " + text
		column += 4
	}
	if cutBehind {
		text += " ..."
	}
	return text, column, min(length, maxMarkedLine-(before-start))
}

func (r *ErrorRecord) stackTrace() string {
	if r.stack != "" {
		return r.stack
	}
	at := placeOf(r.position)
	if at.line == 0 {
		return ""
	}
	name := at.script
	if name == "" {
		name = "<No file>"
	}
	return fmt.Sprintf("at <ScriptBlock>, %s: line %d", name, at.line)
}

func init() {
	typeErrorRecord.statics = &statics{construct: &staticMethod{name: ".ctor", min: 4, max: 4, call: func(s *Session, a []Value) (Value, error) {
		c, err := s.convert(a[2], &Type{Name: enumCategory.Name, kind: kindEnum, Enum: enumCategory})
		if err != nil {
			return nil, err
		}
		e, ok := a[0].(*Exception)
		if !ok {
			v, err := s.convert(a[0], typeException)
			if err != nil {
				return nil, err
			}
			e = v.(*Exception)
		}
		return &ErrorRecord{Exception: e, ID: s.toString(a[1]), Category: Category(c.(Enum).Value), Target: a[3]}, nil
	}}}
}
