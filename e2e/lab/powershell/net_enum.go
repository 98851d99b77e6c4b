package powershell

import (
	"slices"
	"strings"
)

func init() {
	define("System.Enum", kindStatic, "enum").statics = &statics{methods: methodTable(
		fn("GetNames", 1, 1, func(s *Session, a []Value) (Value, error) {
			members, err := s.membersOf(a[0])
			if err != nil {
				return nil, err
			}
			names := make([]string, len(members))
			for i, m := range members {
				names[i] = m.Name
			}
			return stringsArray(names), nil
		}),
		fn("GetValues", 1, 1, func(s *Session, a []Value) (Value, error) {
			members, err := s.membersOf(a[0])
			if err != nil {
				return nil, err
			}
			values := make([]Value, len(members))
			for i, m := range members {
				values[i] = Enum{a[0].(*Type).Enum, m.Value}
			}
			return NewArray(values...), nil
		}),
		fn("IsDefined", 2, 2, func(s *Session, a []Value) (Value, error) {
			members, err := s.membersOf(a[0])
			if err != nil {
				return nil, err
			}
			if text, ok := a[1].(string); ok {
				return slices.ContainsFunc(members, func(m EnumMember) bool { return m.Name == text }), nil
			}
			n, err := s.convert(a[1], typeInt64)
			if err != nil {
				return nil, throwNet("System.InvalidOperationException", "Unknown enum type.")
			}
			return slices.ContainsFunc(members, func(m EnumMember) bool { return m.Value == n.(int64) }), nil
		}),
		fn("Parse", 2, 3, func(s *Session, a []Value) (Value, error) {
			members, err := s.membersOf(a[0])
			if err != nil {
				return nil, err
			}
			text := s.toString(a[1])
			e := Enum{Type: a[0].(*Type).Enum}
			for part := range strings.SplitSeq(text, ",") {
				part = strings.TrimSpace(part)
				i := slices.IndexFunc(members, func(m EnumMember) bool {
					return m.Name == part || len(a) == 3 && truth(a[2]) && strings.EqualFold(m.Name, part)
				})
				if i < 0 {
					return nil, throwNet("System.ArgumentException", "Requested value '%s' was not found.", part)
				}
				e.Value |= members[i].Value
			}
			return e, nil
		}),
	)}
}

// membersOf are the members of an enumeration in the order of their values.
func (s *Session) membersOf(v Value) ([]EnumMember, error) {
	t, ok := v.(*Type)
	if !ok || t.Enum == nil {
		return nil, throwNet("System.ArgumentException", "Type provided must be an Enum.\r\nParameter name: enumType")
	}
	members := slices.Clone(t.Enum.Members)
	slices.SortStableFunc(members, func(a, b EnumMember) int { return int(a.Value - b.Value) })
	return members, s.limitItems(len(members))
}
