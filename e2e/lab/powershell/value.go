package powershell

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"lifeboat.io/e2e/lab/powershell/syntax"
)

// Value is anything a script can hold. Its dynamic type is one of
//
//	nil                                      $null
//	bool, string, Char, Switch
//	int8 … int64, uint8 … uint64             the integers of .NET
//	float32, float64, decimal.Decimal
//	DateTime, TimeSpan, Guid, Version, Enum
//	*Array, *Bytes, *List, *Hashtable
//	*Object                                  a custom object or one of a module's
//	*ScriptBlock, *Type, *Exception, *ErrorRecord
//
// Strings are UTF-8; a lone surrogate of a .NET string stands as its three-byte
// form (WTF-8), so that nothing is lost between UTF-16 and Go.
type Value = any

// Char is one UTF-16 unit.
type Char uint16

// Switch is a SwitchParameter.
type Switch bool

// Decimal is .NET's decimal.
type Decimal = decimal.Decimal

// Array is a .NET array of objects, or of Elem. It is a reference, as arrays
// are: whoever holds it sees its elements change.
type Array struct {
	Items []Value
	Elem  *Type // nil for object[]
}

// NewArray makes an object[] of values.
func NewArray(items ...Value) *Array {
	if items == nil {
		items = []Value{}
	}
	return &Array{Items: items}
}

// Bytes is a byte[].
type Bytes struct{ B []byte }

// List is an ArrayList or a generic list.
type List struct {
	fold  bool // elements of a set differ by more than case
	Items []Value
	Type  *Type
}

// indexed is what has elements by number.
type indexed interface {
	Len() int
	At(i int) Value
}

// Len is the number of elements.
func (a *Array) Len() int { return len(a.Items) }

// At gives one of the elements, counted from 0.
func (a *Array) At(i int) Value { return a.Items[i] }

// Len is the number of bytes.
func (b *Bytes) Len() int { return len(b.B) }

// At gives one of the bytes, counted from 0.
func (b *Bytes) At(i int) Value { return b.B[i] }

// Len is the number of elements.
func (l *List) Len() int { return len(l.Items) }

// At gives one of the elements, counted from 0.
func (l *List) At(i int) Value { return l.Items[i] }

// Hashtable is a Hashtable, an ordered dictionary or a generic dictionary.
// Keys are compared without regard to case unless CaseSensitive. Every kind
// keeps the order in which keys came; .NET promises that of ordered ones only.
type Hashtable struct {
	// Kind names the .NET type; see the hashtable kinds.
	Kind *Type
	// CaseSensitive tells keys apart by case, as generic dictionaries do.
	CaseSensitive bool
	keys          []Value
	values        []Value
	index         map[any]int
}

// NewHashtable makes an empty Hashtable, as @{} does.
func NewHashtable() *Hashtable { return &Hashtable{Kind: typeHashtable} }

// NewOrdered makes an empty ordered dictionary, as [ordered]@{} does.
func NewOrdered() *Hashtable { return &Hashtable{Kind: typeOrdered} }

func (h *Hashtable) norm(key Value) any {
	switch k := key.(type) {
	case string:
		if !h.CaseSensitive {
			return strings.ToLower(k)
		}
	case Decimal:
		return "decimal:" + k.String()
	}
	return key
}

// Len is the number of keys.
func (h *Hashtable) Len() int { return len(h.keys) }

// Get gives a key's value.
func (h *Hashtable) Get(key Value) (Value, bool) {
	i, ok := h.index[h.norm(key)]
	if !ok {
		return nil, false
	}
	return h.values[i], true
}

// Set gives a key a value.
func (h *Hashtable) Set(key, value Value) {
	n := h.norm(key)
	if i, ok := h.index[n]; ok {
		h.values[i] = value
		return
	}
	if h.index == nil {
		h.index = map[any]int{}
	}
	h.index[n] = len(h.keys)
	h.keys = append(h.keys, key)
	h.values = append(h.values, value)
}

// insert puts a new key at a place.
func (h *Hashtable) insert(at int, key, value Value) {
	for k, i := range h.index {
		if i >= at {
			h.index[k] = i + 1
		}
	}
	if h.index == nil {
		h.index = map[any]int{}
	}
	h.index[h.norm(key)] = at
	h.keys = slices.Insert(h.keys, at, key)
	h.values = slices.Insert(h.values, at, value)
}

// Delete removes a key and tells whether it was there.
func (h *Hashtable) Delete(key Value) bool {
	n := h.norm(key)
	i, ok := h.index[n]
	if !ok {
		return false
	}
	delete(h.index, n)
	h.keys = append(h.keys[:i], h.keys[i+1:]...)
	h.values = append(h.values[:i], h.values[i+1:]...)
	for k, j := range h.index {
		if j > i {
			h.index[k] = j - 1
		}
	}
	return true
}

// Entry gives the i-th key with its value.
func (h *Hashtable) Entry(i int) (key, value Value) { return h.keys[i], h.values[i] }

func (h *Hashtable) clone() *Hashtable {
	c := &Hashtable{Kind: h.Kind, CaseSensitive: h.CaseSensitive}
	for i, k := range h.keys {
		c.Set(k, h.values[i])
	}
	return c
}

// ScriptBlock is code as a value.
type ScriptBlock struct {
	Block *syntax.ScriptBlock
	// sig is the signature, made once.
	sig *signature
	// closure holds the variables of GetNewClosure.
	closure map[string]*variable
}

// Version is a System.Version; parts that are not there are -1.
type Version struct{ Major, Minor, Build, Revision int32 }
