package powershell

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// EnumType is a .NET enumeration.
type EnumType struct {
	// Name is the full .NET name.
	Name string
	// Flags tells that values combine.
	Flags bool
	// Members in the order of their numbers.
	Members []EnumMember
}

// EnumMember is one named number.
type EnumMember struct {
	Name  string
	Value int64
}

// Enum is one value of an enumeration.
type Enum struct {
	Type  *EnumType
	Value int64
}

// NewEnumType makes an enumeration of names and numbers.
func NewEnumType(name string, members map[string]int64) *EnumType {
	t := &EnumType{Name: name}
	for n, v := range members {
		t.Members = append(t.Members, EnumMember{n, v})
	}
	sort.Slice(t.Members, func(i, j int) bool {
		a, b := t.Members[i], t.Members[j]
		return a.Value < b.Value || a.Value == b.Value && a.Name < b.Name
	})
	return t
}

// Of gives the value of a name, which must exist.
func (t *EnumType) Of(name string) Enum {
	v, ok := t.lookup(name)
	if !ok {
		panic(fmt.Sprintf("enumeration %s has no value %q", t.Name, name))
	}
	return v
}

func (t *EnumType) lookup(name string) (Enum, bool) {
	for _, m := range t.Members {
		if strings.EqualFold(m.Name, name) {
			return Enum{t, m.Value}, true
		}
	}
	return Enum{}, false
}

// String gives the name of a value, several for flags, or its number.
func (e Enum) String() string {
	for _, m := range e.Type.Members {
		if m.Value == e.Value {
			return m.Name
		}
	}
	if e.Type.Flags && e.Value != 0 {
		rest := e.Value
		var names []string
		for i := len(e.Type.Members) - 1; i >= 0; i-- {
			if m := e.Type.Members[i]; m.Value != 0 && rest&m.Value == m.Value {
				names = append([]string{m.Name}, names...)
				rest &^= m.Value
			}
		}
		if rest == 0 {
			return strings.Join(names, ", ")
		}
	}
	return strconv.FormatInt(e.Value, 10)
}

// parse reads a name, a unique beginning of one, a number, or a comma list.
func (t *EnumType) parse(text string) (Enum, error) {
	var sum int64
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if v, err := strconv.ParseInt(part, 10, 64); err == nil {
			sum |= v
			continue
		}
		v, ok := t.lookup(part)
		if !ok {
			v, ok = t.prefix(part)
		}
		if !ok {
			return Enum{}, fmt.Errorf("Unable to match the identifier name %s to a valid enumerator name. Specify one of the following enumerator names and try again:\n%s", part, strings.Join(t.names(), ", "))
		}
		sum |= v.Value
	}
	return Enum{t, sum}, nil
}

func (t *EnumType) prefix(text string) (found Enum, ok bool) {
	n := 0
	for _, m := range t.Members {
		if text != "" && len(m.Name) > len(text) && strings.EqualFold(m.Name[:len(text)], text) {
			found = Enum{t, m.Value}
			n++
		}
	}
	return found, n == 1
}

func (t *EnumType) names() []string {
	names := make([]string, len(t.Members))
	for i, m := range t.Members {
		names[i] = m.Name
	}
	return names
}
