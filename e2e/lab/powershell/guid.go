package powershell

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Guid is a System.Guid, its bytes in the order they are written.
type Guid [16]byte

// ParseGuid reads a GUID with or without braces, parentheses or dashes.
func ParseGuid(text string) (Guid, error) {
	s := strings.TrimSpace(text)
	if n := len(s); n == 38 && (s[0] == '{' && s[n-1] == '}' || s[0] == '(' && s[n-1] == ')') {
		s = s[1 : n-1]
	}
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	var g Guid
	if len(s) != 32 {
		return g, throwNet("System.FormatException", "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).")
	}
	if _, err := hex.Decode(g[:], []byte(s)); err != nil {
		return g, throwNet("System.FormatException", "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).")
	}
	return g, nil
}

// String gives the GUID in lower case with dashes.
func (g Guid) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", g[0:4], g[4:6], g[6:8], g[8:10], g[10:])
}

func (g Guid) format(f string) (string, error) {
	switch strings.ToUpper(f) {
	case "", "D":
		return g.String(), nil
	case "N":
		return hex.EncodeToString(g[:]), nil
	case "B":
		return "{" + g.String() + "}", nil
	case "P":
		return "(" + g.String() + ")", nil
	}
	return "", throwNet("System.FormatException", `Format String can be only "D", "d", "N", "n", "P", "p", "B", "b", "X" or "x".`)
}
