package powershell

import "strings"

// flowKind is how control leaves a block other than by reaching its end.
type flowKind uint8

const (
	flowBreak flowKind = iota
	flowContinue
	flowReturn
	flowExit
)

// flow is control on its way out of blocks; it travels as an error.
type flow struct {
	kind  flowKind
	label string
	code  int
}

// Error names the flow, for the case that it leaves everything.
func (f *flow) Error() string {
	return [...]string{"break", "continue", "return", "exit"}[f.kind]
}

// meant tells whether a break or continue concerns a loop with a label.
func (f *flow) meant(label string) bool {
	return f.label == "" || strings.EqualFold(f.label, label)
}

// stopUpstream ends the commands before a stage that wants no more input.
type stopUpstream struct{ stage stage }

func (*stopUpstream) Error() string { return "the pipeline was stopped by a command behind" }

// sink takes the objects a statement or command puts out.
type sink func(v Value) error

// noValue is the nothing that commands without output give. It is no $null:
// a pipeline sends nothing for it.
type noValue struct{}

// nothing is AutomationNull.
var nothing Value = noValue{}

// settle makes $null of nothing.
func settle(v Value) Value {
	if _, ok := v.(noValue); ok {
		return nil
	}
	return v
}

// enumerate sends a value down a pipeline: the elements of a collection one by
// one, anything else as it is.
func enumerate(v Value, out sink) error {
	switch v := v.(type) {
	case noValue:
		return nil
	case *Array:
		for _, it := range v.Items {
			if err := out(it); err != nil {
				return err
			}
		}
		return nil
	case indexed:
		for i := range v.Len() {
			if err := out(v.At(i)); err != nil {
				return err
			}
		}
		return nil
	}
	return out(v)
}

// collector gathers output, bounded.
type collector struct {
	s     *Session
	items []Value
}

func (c *collector) add(v Value) error {
	c.items = append(c.items, v)
	if n := len(c.items); n&(n-1) == 0 { // at powers of two
		return c.s.limitItems(n)
	}
	return nil
}

// value is what an assignment gets: nothing, the one object, or an array.
func (c *collector) value() Value {
	switch len(c.items) {
	case 0:
		return nothing
	case 1:
		return c.items[0]
	}
	return NewArray(c.items...)
}
