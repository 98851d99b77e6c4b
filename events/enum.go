package events

// Value is one value of an enumeration that travels in events, with the
// sentence that documents it.
type Value struct {
	// Name is the value as it stands in JSON.
	Name string
	// Doc is one sentence saying what the value means to a reader.
	Doc string
}

// Enum is an enumeration that travels: a string type that can list its values.
// The schema generator and a test range over every Enum, so a value without a
// sentence does not get out.
type Enum interface {
	// Values lists the values in the order a reader should meet them.
	Values() []Value
}

// Known reports whether name is one of the enumeration's values.
func Known(e Enum, name string) bool {
	for _, v := range e.Values() {
		if v.Name == name {
			return true
		}
	}
	return false
}

// Names lists the names of an enumeration's values, for error messages that
// tell what would have been accepted.
func Names(e Enum) []string {
	values := e.Values()
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = v.Name
	}
	return names
}
