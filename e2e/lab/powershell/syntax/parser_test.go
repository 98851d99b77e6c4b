package syntax

import (
	"errors"
	"fmt"
	"testing"
)

func TestParseAccepts(t *testing.T) {
	for _, script := range []string{
		"",
		"Get-VM -Name x | Where-Object { $_.State -eq 'Running' } | Select-Object -First 1",
		"$x = 1, 2 + 3; $y, $z = $x",
		"if ($a) { 1 } elseif ($b) { 2 }\nelse { 3 }",
		"foreach ($i in 1..3) { continue }",
		":outer for ($i = 0; $i -lt 3; $i++) { break outer }",
		"for (;;) { break }",
		"while ($null -ne ($l = [Console]::In.ReadLine())) { $l }",
		"do { 1 } until ($true)",
		"switch -Regex ($x) { '^a' { 1 } default { 2 } { $_ -gt 3 } { 4 } }",
		"switch ($x) { a { 1 } 2 { 3 } }",
		"try { throw 'x' } catch [System.Exception], [InvalidOperationException] { $_ } catch { 1 } finally { 2 }",
		"function f([string] $a = 'b', [int[]] $c) { $a }",
		"function g { [CmdletBinding(SupportsShouldProcess)] param([Parameter(Mandatory = $true, Position = 0)] [ValidateSet('a', 'b')] [string] $X) begin { } process { } end { } }",
		"param($n) cmd",
		"[string]$_.State; [int64]$v.Length / 1GB",
		"[System.Collections.Generic.List[string]]::new()",
		"[System.Collections.Generic.Dictionary[string,object]]::new()",
		"[Console]::Out.WriteLine('a' + \"b\")",
		"& $fn @args; . $sb; & { 1 } -x:1",
		"$h = @{ a = 1; 'b c' = 2\n c = if ($x) { 1 } else { 2 } }",
		"[pscustomobject]@{ a = 1 } | ConvertTo-Json -Compress",
		"'x’; Stop-VM y; ‘'",
		"\"a $x ${b c} $($y.Z[0]) `n \"\"q\"\" $\"",
		"@'\nline 'x'\n'@",
		"@\"\nline $x\n\"@ -replace 'a', 'b'",
		"Get-Date 2>$null *> $null; foo 2>&1 | bar",
		"$a[-1..0]; $a[0, 1]; $a.b.c('x', 1).d",
		"-not $a -and !$b; -join $x; $x -split ',' -join '.'",
		"$x = 0x10 + 1kb + 2.5GB + 1e3 + 3l + 4d + 192",
		"ping 192.168.0.1 -n 3",
		"Get-VM`\n  -Name x # comment\n<# block #> Out-Null",
		"return\nexit 3",
		"$x = if ($a) { 1 } else { 2 }",
		"$x++ ; --$y; $x += 1; $a.b = 2; $a[0] -= 1",
		"$script:x = 1; $env:PATH; $global:y",
		"[int]$x = '5'; [ValidateRange(1, 5)][int]$z = 3",
		"Get-VM | % { $_ } | ? Name -like 'a*' | sort Name",
		"($a | measure).Count; (Get-VM).Name.ToUpper()",
		"$a.Where({ $_ }).ForEach{ 1 }",
		"filter f { $_ }",
		"1..3 | foreach { $_ * 2 }",
		"$x = { param($a) $a }",
		"echo $home/foo a$b.txt \"x\"y 'p'q",
		"\"`$(not)\" + '$(x)'",
		"-5 + -$x - -3",
		"$x = ,1; $y = , $x",
		"1,\n2,\n3",
		"$a |\n  b |\n  c",
		"$obj.'odd name'.\"x$y\".($z)",
		"[Math]::Max(1, 2); [datetime]::UtcNow.ToString('o')",
		"throw \"x: {0}\" -f 1",
		"if (1) { 2 } $x",
		"function f() { param($x) $x }",
		":a while (1) { break :a }",
		"Write-Host –ForegroundColor Red “smart”",
	} {
		if _, err := Parse("", script); err != nil {
			t.Errorf("Parse(%q): %v", script, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ script, id, at string }{
		{"if ($x { 1 }", "MissingEndParenthesisAfterStatement", "1:8"},
		{"'abc", "TerminatorExpectedAtEndOfString", "1:1"},
		{"\"abc", "TerminatorExpectedAtEndOfString", "1:1"},
		{"{ 1", "MissingEndCurlyBrace", "1:1"},
		{"try { 1 }", "MissingCatchOrFinally", "1:10"},
		{"a && b", "InvalidEndOfLine", "1:3"},
		{"a &", "AmpersandNotAllowed", "1:3"},
		{"class X { }", UnsupportedConstruct, "1:1"},
		{"enum X { A }", UnsupportedConstruct, "1:1"},
		{"using namespace System", UnsupportedConstruct, "1:1"},
		{"trap { 1 }", UnsupportedConstruct, "1:1"},
		{"$a ? 1 : 2", "UnexpectedToken", "1:4"},
		{"5 = 3", "InvalidLeftHandSide", "1:1"},
		{"@{ a = 1; A = 2 }", "DuplicateKeyInHashLiteral", "1:11"},
		{"1 | 2", "ExpressionsMustBeFirstInPipeline", "1:5"},
		{"x |", "EmptyPipeElement", "1:4"},
		{"$x = ", "ExpectedValueExpression", "1:5"},
		{"1 +", "ExpectedValueExpression", "1:4"},
		{"foreach (x in y) { }", "MissingVariableNameAfterForeach", "1:10"},
		{"function { }", "MissingNameAfterKeyword", "1:1"},
		{"\n  cmd --% x", UnsupportedConstruct, "2:7"},
		{"$x.", "MissingPropertyName", "1:4"},
		{"f(1", "MissingEndParenthesisInExpression", "1:4"},
		{"}", "UnexpectedToken", "1:1"},
		{"[int", "EndSquareBracketExpectedAtEndOfAttribute", "1:1"},
		{"@'\nabc", "TerminatorExpectedAtEndOfString", "1:1"},
		{"<# x", "MissingTerminatorMultiLineComment", "1:1"},
		{"param($a, $A)", "DuplicateFormalParameter", "1:11"},
		{"a > b > c", "StreamAlreadyRedirected", "1:7"},
	} {
		_, err := Parse("", c.script)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("Parse(%q) = %v, want error %s", c.script, err, c.id)
			continue
		}
		p := e.Source.Position(e.Span.Start)
		if at := fmt.Sprintf("%d:%d", p.Line, p.Column); e.ID != c.id || at != c.at {
			t.Errorf("Parse(%q): %s at %s (%s), want %s at %s", c.script, e.ID, at, e.Message, c.id, c.at)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"Get-VM -Name 'x'", "\"a$($b)c\"", "@'\n'@", "if(1){2}else{3}", "@{a=1}", "[int]5", "$x.y[0](1)", "’a’", "–not 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		block, err := Parse("", script)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error of type %T: %v", err, err)
			}
			_ = e.Error()
			return
		}
		if block == nil {
			t.Fatal("neither block nor error")
		}
	})
}
