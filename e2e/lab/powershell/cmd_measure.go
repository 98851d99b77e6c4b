package powershell

import (
	"strings"
)

func measureObject(c *Call) error {
	if len(c.Items("Property")) == 0 {
		return measureOne(c, "", collected(c))
	}
	for _, p := range c.Strings("Property") {
		var values []Value
		for _, it := range collected(c) {
			v, found, err := c.s.property(it, p)
			if err != nil {
				return err
			}
			if found && v != nil {
				values = append(values, v)
			}
		}
		if err := measureOne(c, p, values); err != nil {
			return err
		}
	}
	return nil
}

func measureOne(c *Call, property string, values []Value) error {
	o := NewObject()
	if c.Set() == "TextMeasure" {
		return measureText(c, o, values)
	}
	o.TypeNames = append([]string{"Microsoft.PowerShell.Commands.GenericMeasureInfo"}, classCustom.typeNames()...)
	o.Set("Count", int32(len(values)))
	sum, numbers := 0.0, 0
	var high, low Value
	for _, v := range values {
		if c.Switch("Sum") || c.Switch("Average") {
			n, err := c.s.convert(v, typeFloat64)
			if err != nil {
				r := NewErrorRecord("System.Management.Automation.PSInvalidCastException", "NonNumericInputObject", InvalidType, `Input object "`+c.s.toString(v)+`" is not numeric.`)
				r.Target = v
				if err := c.Error(r); err != nil {
					return err
				}
				continue
			}
			sum += n.(float64)
			numbers++
		}
		if n, err := c.s.order(v, high, false); high == nil || err == nil && n > 0 {
			high = v
		}
		if n, err := c.s.order(v, low, false); low == nil || err == nil && n < 0 {
			low = v
		}
	}
	o.Set("Average", pickIf(c.Switch("Average") && numbers > 0, sum/float64(max(1, numbers))))
	o.Set("Sum", pickIf(c.Switch("Sum"), sum))
	o.Set("Maximum", pickIf(c.Switch("Maximum"), measureNumber(high)))
	o.Set("Minimum", pickIf(c.Switch("Minimum"), measureNumber(low)))
	o.Set("Property", nil)
	if property != "" {
		o.Set("Property", property)
	}
	return c.Write(o)
}

// measureNumber makes a double of a number, as 5.1 shows maximum and minimum.
func measureNumber(v Value) Value {
	if f, ok := numberAsFloat(v); ok {
		return f
	}
	return v
}

func pickIf(ok bool, v Value) Value {
	if ok {
		return v
	}
	return nil
}

func measureText(c *Call, o *Object, values []Value) error {
	o.TypeNames = append([]string{"Microsoft.PowerShell.Commands.TextMeasureInfo"}, classCustom.typeNames()...)
	var lines, words, characters int32
	for _, v := range values {
		t := c.s.toString(v)
		lines += int32(strings.Count(t, "\n") + 1)
		words += int32(len(strings.Fields(t)))
		characters += int32(utf16Len(t))
	}
	o.Set("Lines", pickIf(c.Switch("Line"), lines)).Set("Words", pickIf(c.Switch("Word"), words)).Set("Characters", pickIf(c.Switch("Character"), characters)).Set("Property", nil)
	return c.Write(o)
}

func compareGather(c *Call) error {
	all, _ := c.Scratch.(*collector)
	if all == nil {
		all = &collector{s: c.s}
		c.Scratch = all
	}
	return enumerate(c.Value("DifferenceObject"), all.add)
}

// difference is one line of Compare-Object's output.
func difference(c *Call, keys []sortKey, v Value, side string) Value {
	if c.Switch("PassThru") {
		return v
	}
	o := NewObject()
	if len(keys) == 0 {
		o.Set("InputObject", v)
	}
	for _, k := range keys {
		x, _ := c.s.keyValue(k, v)
		o.Set(k.name, x)
	}
	return o.Set("SideIndicator", side)
}

func compareObject(c *Call) error {
	left, right := c.Items("ReferenceObject"), collected(c)
	keys := keysOf(c)
	key := func(v Value) (string, error) {
		if len(keys) == 0 {
			return fold(c.s.toString(v), !c.Switch("CaseSensitive")), nil
		}
		var parts []string
		for _, k := range keys {
			x, err := c.s.keyValue(k, v)
			if err != nil {
				return "", err
			}
			parts = append(parts, c.s.toString(x))
		}
		return fold(strings.Join(parts, "\x00"), !c.Switch("CaseSensitive")), nil
	}
	used := make([]bool, len(left))
	var equal, only []Value
	emit := func(v Value, side string) Value { return difference(c, keys, v, side) }
	for _, r := range right {
		rk, err := key(r)
		if err != nil {
			return err
		}
		found := false
		for i, l := range left {
			if used[i] {
				continue
			}
			lk, err := key(l)
			if err != nil {
				return err
			}
			if lk == rk {
				used[i], found = true, true
				equal = append(equal, emit(l, "=="))
				break
			}
		}
		if !found {
			only = append(only, emit(r, "=>"))
		}
	}
	for i, l := range left {
		if !used[i] {
			only = append(only, emit(l, "<="))
		}
	}
	if c.Switch("IncludeEqual") {
		if err := enumerate(NewArray(equal...), c.out); err != nil {
			return err
		}
	}
	if c.Switch("ExcludeDifferent") {
		return nil
	}
	return enumerate(NewArray(only...), c.out)
}
