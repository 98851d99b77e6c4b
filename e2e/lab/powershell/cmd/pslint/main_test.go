package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	meta := write("m.json", `{"_enums":{"Mode":{"A":1}},"Get-Thing":{"module":"Things","defaultParameterSet":"Name","parameterSets":{
		"Name":{"Name":{"type":"String[]","mandatory":true,"position":0,"pipeline":["ByValue"],"aliases":["N"]},"Mode":{"type":"Mode","validation":["ValidateNotNull()"]}}}}}`)
	good := write("good.ps1", "Get-Thing -Name x -Mode A")
	bad := write("bad.ps1", "Get-Thing -Nope x\nGet-Other")
	for _, c := range []struct {
		args   []string
		code   int
		stdout string
	}{
		{[]string{"-metadata", meta, good}, 0, ""},
		{[]string{"-metadata", meta, bad}, 1, bad + ":1:11: Get-Thing: A parameter cannot be found that matches parameter name 'Nope'.\n" + bad + ":2:1: The command 'Get-Other' is not in the PowerShell subset.\n"},
		{[]string{good}, 1, good + ":1:1: The command 'Get-Thing' is not in the PowerShell subset.\n"},
		{[]string{filepath.Join(dir, "none.ps1")}, 2, ""},
		{nil, 2, ""},
		{[]string{"-metadata", good, good}, 2, ""},
	} {
		var stdout, stderr strings.Builder
		if code := run(c.args, &stdout, &stderr); code != c.code || stdout.String() != c.stdout || code == 2 && stderr.Len() == 0 {
			t.Errorf("%q: %d %q %q, want %d %q", c.args, code, stdout.String(), stderr.String(), c.code, c.stdout)
		}
	}
}
