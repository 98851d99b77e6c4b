package command

import (
	"strings"

	"lifeboat.io/services/lifeboat/terminal"
)

// plainChars stand for themselves in every shell.
const plainChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_"

// quote writes an argument the way a shell takes it as one word. A tilde is
// plain anywhere but at the beginning.
func quote(arg string) string {
	plain := arg != "" && !strings.HasPrefix(arg, "~")
	for _, r := range arg {
		plain = plain && strings.ContainsRune(plainChars+"~", r)
	}
	if plain {
		return arg
	}
	return "'" + strings.ReplaceAll(terminal.Safe(arg), "'", `'\''`) + "'"
}

// commandLine is a command a person can type.
func commandLine(args ...string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = quote(arg)
	}
	return "lifeboat " + strings.Join(quoted, " ")
}
