package syntax

import (
	"unicode"
	"unicode/utf8"
)

// eof is what the scanner sees after the last character.
const eof rune = -1

const (
	enDash, emDash, horizontalBar = '\u2013', '\u2014', '\u2015'
	singleLeft, singleRight       = '\u2018', '\u2019'
	singleBase, singleReversed    = '\u201A', '\u201B'
	doubleLeft, doubleRight       = '\u201C', '\u201D'
	doubleBase                    = '\u201E'
	noBreakSpace, nextLine        = '\u00A0', '\u0085'
)

// What an ASCII character may do.
const (
	asciiIdentifierStart uint8 = 1 << iota
	asciiVariableStart
	asciiForceNewToken
	asciiForceAfterNumber
	asciiDigit
	asciiWhitespace
)

var ascii = func() (t [128]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		t[c] |= asciiIdentifierStart | asciiVariableStart
		t[c-32] |= asciiIdentifierStart | asciiVariableStart
	}
	for c := '0'; c <= '9'; c++ {
		t[c] |= asciiDigit | asciiVariableStart
	}
	t['_'] |= asciiIdentifierStart | asciiVariableStart
	for _, c := range "$:?^" {
		t[c] |= asciiVariableStart
	}
	for _, c := range "\x00\t\n\v\f\r &(),;{|}" {
		t[c] |= asciiForceNewToken
	}
	for _, c := range "!#%*+-./<=>]" {
		t[c] |= asciiForceAfterNumber
	}
	for _, c := range "\t\v\f " {
		t[c] |= asciiWhitespace
	}
	return t
}()

func isASCII(c rune, class uint8) bool { return c >= 0 && c < 128 && ascii[c]&class != 0 }

// IsWhitespace tells whether a character separates tokens; line ends do not count.
func IsWhitespace(c rune) bool {
	if c < 128 {
		return isASCII(c, asciiWhitespace)
	}
	return c == noBreakSpace || c == nextLine || unicode.In(c, unicode.Z)
}

// IsDash tells whether a character is one of the four that PowerShell reads as a dash.
func IsDash(c rune) bool {
	return c == '-' || c == enDash || c == emDash || c == horizontalBar
}

// IsSingleQuote tells whether a character opens or closes a verbatim string.
func IsSingleQuote(c rune) bool {
	return c == '\'' || c == singleLeft || c == singleRight || c == singleBase || c == singleReversed
}

// IsDoubleQuote tells whether a character opens or closes an expandable string.
func IsDoubleQuote(c rune) bool {
	return c == '"' || c == doubleLeft || c == doubleRight || c == doubleBase
}

func isVariableStart(c rune) bool {
	if c < 128 {
		return isASCII(c, asciiVariableStart)
	}
	return isLetterOrDigit(c)
}

func isIdentifierStart(c rune) bool {
	if c < 128 {
		return isASCII(c, asciiIdentifierStart)
	}
	return isLetter(c)
}

func isIdentifierFollow(c rune) bool {
	if c < 128 {
		return isASCII(c, asciiIdentifierStart|asciiDigit)
	}
	return isLetterOrDigit(c)
}

// .NET judges single UTF-16 units, so nothing beyond the basic plane is a letter.
func isLetter(c rune) bool        { return c <= 0xFFFF && c != utf8.RuneError && unicode.IsLetter(c) }
func isDigit(c rune) bool         { return c <= 0xFFFF && unicode.IsDigit(c) }
func isLetterOrDigit(c rune) bool { return isLetter(c) || isDigit(c) }

func forceNewToken(c rune) bool {
	if c == eof {
		return true
	}
	if c < 128 {
		return isASCII(c, asciiForceNewToken)
	}
	return IsWhitespace(c)
}

func forceNewTokenAfterNumber(c rune) bool {
	if c < 128 {
		return isASCII(c, asciiForceAfterNumber)
	}
	return IsDash(c)
}

func isNewline(c rune) bool { return c == '\n' || c == '\r' }

// backtick gives the character that an escaped one stands for, as 5.1 does:
// it knows neither the escape character nor Unicode escapes.
func backtick(c rune) rune {
	switch c {
	case '0':
		return 0
	case 'a':
		return '\a'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'v':
		return '\v'
	}
	return c
}
