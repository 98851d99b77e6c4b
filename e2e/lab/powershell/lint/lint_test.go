package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"Get-Date | Where-Object { $_ } | % { $_.ToString() }", ""},
		{"function f { param([string] $x) $x }; f -x 1; & $name; f | ForEach-Object Name", ""},
		{"Get-Nope", "a.ps1:1:1: The command 'Get-Nope' is not in the PowerShell subset."},
		{"1\n  Get-Date -Nope 1", "a.ps1:2:12: Get-Date: A parameter cannot be found that matches parameter name 'Nope'."},
		{"Get-Date -M 5", "a.ps1:1:10: Get-Date: Parameter cannot be processed because the parameter name 'M' is ambiguous. Possible matches include: -Month -Minute -Millisecond."},
		{"Get-Date -ErrorAction Stop -ea Stop", ""},
		{"[IO.File]::ReadAllText('x')", "a.ps1:1:1: Unable to find type [IO.File]."},
		{"[Math]::Tan(1)", "a.ps1:1:1: The type [System.Math] has no static member 'Tan' in the PowerShell subset."},
		{"[Console]::Title; [Math]::PI; [DayOfWeek]::Friday; [guid]::new('x'); [int]::MaxValue", "a.ps1:1:1: The type [System.Console] has no static member 'Title' in the PowerShell subset."},
		{"'x' > out.txt; 'y' > $null 2>&1", "a.ps1:1:5: Redirection goes to $null or another stream only in the PowerShell subset."},
		{"class X { }", "a.ps1:1:1: The PowerShell subset of this host does not support the keyword 'class'."},
		{"param([Parameter(Mandatory)] [ValidateSet('a')] [NoSuch] $x) $x", "a.ps1:1:49: Unable to find type [NoSuch]."},
		{"param([Odd()] $x) $x", "a.ps1:1:7: The attribute [Odd] is not in the PowerShell subset."},
		{"try { 1 } catch [No.Such] { 2 }", "a.ps1:1:17: Unable to find type [No.Such]."},
		{"\"$(Get-Nope)\"", "a.ps1:1:4: The command 'Get-Nope' is not in the PowerShell subset."},
	} {
		var got []string
		for _, f := range Check(nil, File{"a.ps1", c.script}) {
			got = append(got, f.String())
		}
		if s := strings.Join(got, "\n"); s != c.want {
			t.Errorf("%s\n gives %s\n want  %s", c.script, s, c.want)
		}
	}
}

// TestFilesTogether: a function of one file is known in another.
func TestFilesTogether(t *testing.T) {
	if f := Check(nil, File{"a.ps1", "function script:Get-Thing { 1 }"}, File{"b.ps1", "Get-Thing"}); len(f) != 0 {
		t.Error(f)
	}
}

// TestOurScripts: lifeboat's function library uses nothing that is not in the
// subset, apart from the cmdlets the lab registers: those of Hyper-V and of jobs.
func TestOurScripts(t *testing.T) {
	paths, err := filepath.Glob("../../../../pkg/hyperv/winrm/script/*.ps1")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var files []File
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{filepath.Base(p), string(b)})
	}
	for _, f := range Check(nil, files...) {
		if strings.Contains(f.Message, "The command '") && (strings.Contains(f.Message, "-VM") || strings.Contains(f.Message, "-Job")) {
			continue
		}
		t.Error(f)
	}
}
