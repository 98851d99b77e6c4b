package corpus

import "strings"

// Texts are names and texts as an ill-meaning or merely unlucky person may
// give them.
var Texts = []string{
	`a'b`, `a"b`, "a`b", `$(Stop-VM *)`, `$env:USERNAME`, `${x}`, `@{a=1}`, `;Stop-VM x`, `|Out-File c:\x`, `&calc`, `--%`, `-Force`,
	"\u2013Force", "a\u2019; Remove-VM x; \u2018b", "a\u201bb", "a\u201ab", "\u201ca\u201d", "\u201ea",
	"a\nb", "a\r\n'@\nx", `'@`, `"@`, `#>`, `*`, `[a-z]*`, `a?`, `a `, ` a`, `a.`,
	"a\x00b", "a\u0085b", "a\u2028b", "a\u202eb", "a\u00a0b", "\U0001F600", "e\u0301", "\u00e9", "\u00adx",
	`]]>`, `</rsp:Command>`, `&amp;`, `<!--`, "\x1b[2J", strings.Repeat("x", 8192+10), strings.Repeat("n", 100),
	``, `null`, `True`, `1e3`, `0x10`, `../..\`, `\\?\C:\`, `CON`, `{{.}}`, `%PATH%`, `^&`, `%s%d%!`,
	`LB1 1 e30=`, "x\r\nLB1 1-0 e30=\r\n", `ZTMwPQ==`, `/Date(0)/`, `\/Date(0)\/`, `{"verb":"stop"}`,
}
