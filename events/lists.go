package events

import (
	"reflect"
	"strings"
)

// withLists returns a copy of data, a struct of this package or a pointer to
// one, in which lists that are always written are empty rather than nil.
// encoding/json writes null for a nil list, which the schemas refuse and
// readers in other languages stumble over.
func withLists(data any) any {
	from := reflect.Indirect(reflect.ValueOf(data))
	filled := reflect.New(from.Type()).Elem()
	filled.Set(from)
	fillLists(filled)
	return filled.Interface()
}

// fillLists gives a struct empty lists for the nil ones that are always
// written. It goes into structs held by value only: what is behind pointers and
// in lists belongs to the caller, and holds no such list.
func fillLists(v reflect.Value) {
	for i := range v.NumField() {
		f, field := v.Type().Field(i), v.Field(i)
		switch {
		case !f.IsExported():
		case f.Type.Kind() == reflect.Struct:
			fillLists(field)
		case f.Type.Kind() == reflect.Slice && field.IsNil() && !omitted(f):
			field.Set(reflect.MakeSlice(f.Type, 0, 0))
		}
	}
}

// omitted reports whether a field is left out when it is empty.
func omitted(f reflect.StructField) bool {
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return strings.Contains(options, "omitempty")
}
