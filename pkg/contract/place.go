package contract

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// wholeData is the field named when no single member is at fault.
const wholeData = "data"

// find returns what stands at a location in decoded JSON; false when nothing
// does.
func find(data any, location []string) (any, bool) {
	for _, token := range location {
		switch v := data.(type) {
		case map[string]any:
			member, ok := v[token]
			if !ok {
				return nil, false
			}
			data = member
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			data = v[i]
		default:
			return nil, false
		}
	}
	return data, true
}

// field writes a location the way a person would: vms[0].name. Names that are
// not plain words are quoted, so that a field is always one line and never
// looks like another one.
func field(data any, location []string) string {
	if len(location) == 0 {
		return wholeData
	}
	var b strings.Builder
	for i, token := range location {
		parent, _ := find(data, location[:i])
		switch {
		case isList(parent):
			b.WriteString("[" + token + "]")
		case !plainWord(token):
			b.WriteString("[" + strconv.QuoteToASCII(cut(token)) + "]")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(token)
		}
	}
	return b.String()
}

func isList(v any) bool {
	_, ok := v.([]any)
	return ok
}

// maxFieldName bounds how much of a member's name is repeated, in bytes.
const maxFieldName = 64

// cut shortens an overlong name.
func cut(name string) string {
	if len(name) <= maxFieldName {
		return name
	}
	return strings.ToValidUTF8(name[:maxFieldName], "") + "…"
}

// plainWord reports whether a name can stand in a field without quotes.
func plainWord(name string) bool {
	if name == "" || len(name) > maxFieldName {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// text writes a value for a reason: a text as it is, other plain values as
// JSON. Objects and lists are not repeated: they may hold what was not meant for
// lifeboat.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any, []any:
		return ""
	default:
		raw, _ := json.Marshal(v) // decoded JSON always encodes
		return string(raw)
	}
}

// compareLocations orders locations as a reader meets them, entries of lists by
// number.
func compareLocations(a, b []string) int {
	return slices.CompareFunc(a, b, func(x, y string) int {
		i, errX := strconv.Atoi(x)
		j, errY := strconv.Atoi(y)
		if errX == nil && errY == nil {
			return cmp.Compare(i, j)
		}
		return cmp.Compare(x, y)
	})
}
