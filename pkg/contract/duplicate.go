package contract

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// maxDepth bounds how deep duplicates are looked for. No event is half as deep;
// what lies deeper stands below a member that is refused as unknown.
const maxDepth = 16

// duplicates lists the locations of members that an object has twice. JSON
// readers differ on which one counts, and encoding/json even mixes both, so the
// one that was checked need not be the one that is used. The data must be valid
// JSON.
func duplicates(data []byte) [][]string {
	scan := duplicateScan{decoder: json.NewDecoder(bytes.NewReader(data))}
	scan.value()
	return scan.found
}

// duplicateScan walks JSON token by token.
type duplicateScan struct {
	decoder *json.Decoder
	// location is where the scan is.
	location []string
	found    [][]string
}

// value walks one value.
func (s *duplicateScan) value() {
	if len(s.location) > maxDepth {
		var skipped json.RawMessage
		_ = s.decoder.Decode(&skipped) // valid, as is everything here
		return
	}
	token, err := s.decoder.Token()
	if err != nil {
		return
	}
	switch token {
	case json.Delim('{'):
		seen := map[string]bool{}
		for s.decoder.More() {
			key, err := s.decoder.Token()
			if err != nil {
				return
			}
			name, _ := key.(string)
			s.below(name, seen[name])
			seen[name] = true
		}
	case json.Delim('['):
		for i := 0; s.decoder.More(); i++ {
			s.below(strconv.Itoa(i), false)
		}
	default:
		return
	}
	_, _ = s.decoder.Token() // the closing delimiter
}

// below walks a member or an entry, and notes it when it is there again.
func (s *duplicateScan) below(token string, again bool) {
	s.location = append(s.location, token)
	if again {
		s.found = append(s.found, slices.Clone(s.location))
	}
	s.value()
	s.location = s.location[:len(s.location)-1]
}
