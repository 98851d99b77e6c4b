package console

import (
	"context"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/lab/powershell"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
	}{
		{`powershell.exe -Command "a b" c`, []string{"powershell.exe", "-Command", "a b", "c"}},
		{`"C:\Program Files\p.exe" x`, []string{`C:\Program Files\p.exe`, "x"}},
		{`p a\\b "a\\" "a\"b" a\\\"b`, []string{"p", `a\\b`, `a\`, `a"b`, `a\"b`}},
		{`p "a""b" """x"""`, []string{"p", `a"b`, `"x"`}},
		{`p "" x`, []string{"p", "", "x"}},
		{`  p	x `, []string{"p", "x"}},
		{`p "open end`, []string{"p", "open end"}},
		{``, nil},
	} {
		got := Split(c.line)
		if strings.Join(got, "\x00") != strings.Join(c.want, "\x00") || len(got) != len(c.want) {
			t.Errorf("Split(%s) = %q, want %q", c.line, got, c.want)
		}
	}
}

func TestExe(t *testing.T) {
	for _, c := range []struct {
		name           string
		line, stdin    string
		stdout, stderr string
		code           int
	}{
		{"command", `powershell.exe -NoProfile -Command "1 + 1"`, "", "2\r\n", "", 0},
		{"bare command", `powershell 'a' + 'b'`, "", "ab\r\n", "", 0},
		{"several words", `powershell.exe -Command Write-Output a b`, "", "a\r\nb\r\n", "", 0},
		{"short names", `powershell.exe -nop -noni -ex Bypass -c exit 3`, "", "", "", 3},
		{"encoded", "powershell.exe -enc " + Encode("'é”'"), "", "é”\r\n", "", 0},
		{"not base64", "powershell.exe -EncodedCommand %%%", "", "", "Cannot process the command because the value specified with -EncodedCommand is not properly encoded. The value must be Base64 encoded.\r\n", ExitUsage},
		{"missing value", "powershell.exe -ExecutionPolicy", "", "", "Cannot process the command because of a missing parameter. A value must follow -ExecutionPolicy.\r\n", ExitUsage},
		{"exit code of an error", `powershell.exe -OutputFormat Text -Command "Write-Error x 2>$null"`, "", "", "", 1},
		{"exit code is lost", `powershell.exe -Command "Write-Error x 2>$null; 1"`, "", "1\r\n", "", 0},
		{"standard input", `powershell.exe -Command -`, "$x = 2\n$x * 3\nif ($x) {\n'multi'\n}\n\n'end'\nif ($x) {\n'lost'", "6\r\nmulti\r\nend\r\n", "", 0},
		{"file", `powershell.exe -File C:\a.ps1`, "", "", "The argument 'C:\\a.ps1' to the -File parameter does not exist. Provide the path to an existing '.ps1' file as an argument to the -File parameter.\r\n", -196608},
		{"console writes", `powershell.exe -c "[Console]::Out.Write('a'); [Console]::WriteLine('{0}!', 5); [Console]::Error.WriteLine('e'); 'o'"`, "", "a5!\r\no\r\n", "e\r\n", 0},
		{"read to end", `powershell.exe -c "$i = 0; while ($null -ne ($l = [Console]::In.ReadLine())) { $i++; \"$i $l\" }"`, "a\r\nb\n\nlast", "1 a\r\n2 b\r\n3 \r\n4 last\r\n", "", 0},
		{"order of streams", `powershell.exe -c "[pscustomobject]@{a=1}; [Console]::Out.WriteLine('x'); Write-Host 'y'; 'z'"`, "", "x\r\ny\r\n\r\na\r\n-\r\n1\r\n\r\n\r\nz\r\n", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			code := Command(context.Background(), caseOptions(), c.line, strings.NewReader(c.stdin), &stdout, &stderr)
			if stdout.String() != c.stdout || stderr.String() != c.stderr || code != c.code {
				t.Errorf("gives %q, %q, %d\nwant %q, %q, %d", stdout.String(), stderr.String(), code, c.stdout, c.stderr, c.code)
			}
		})
	}
}

// objs is a CLIXML document as far as the tests read it.
type objs struct {
	S []struct {
		Stream string `xml:"S,attr"`
		Text   string `xml:",chardata"`
	} `xml:"S"`
	Obj []struct {
		Stream string `xml:"S,attr"`
	} `xml:"Obj"`
}

// TestCLIXML: an encoded command without -OutputFormat has its messages as XML
// on standard error.
func TestCLIXML(t *testing.T) {
	var stdout, stderr strings.Builder
	script := "Write-Error \"a<b>&`t_x_\"; Write-Warning w; Write-Verbose v -Verbose; Write-Progress -Activity A -Status S; $ProgressPreference = 'SilentlyContinue'; Write-Progress -Activity hidden; 'out'"
	code := Exe(context.Background(), caseOptions(), []string{"-EncodedCommand", Encode(script)}, nil, &stdout, &stderr)
	if code != 0 || stdout.String() != "out\r\n" {
		t.Errorf("code %d, standard output %q", code, stdout.String())
	}
	body, ok := strings.CutPrefix(stderr.String(), "#< CLIXML\r\n")
	if !ok {
		t.Fatalf("standard error %q", stderr.String())
	}
	var d objs
	if err := xml.Unmarshal([]byte(body), &d); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	var streams []string
	var errText strings.Builder
	for _, s := range d.S {
		streams = append(streams, s.Stream)
		if s.Stream == "Error" {
			errText.WriteString(s.Text)
		}
	}
	if !strings.Contains(errText.String(), "a<b>&_x0009__x005F_x_") || !strings.Contains(errText.String(), "_x000D__x000A_") {
		t.Errorf("error text %q", errText.String())
	}
	if got := strings.Join(streams[len(streams)-2:], ","); got != "warning,verbose" {
		t.Errorf("streams %q", streams)
	}
	if len(d.Obj) != 1 || d.Obj[0].Stream != "progress" {
		t.Errorf("progress records: %+v", d.Obj)
	}
}

// TestNoMessagesNoXML: standard error stays empty when there is nothing to say.
func TestNoMessagesNoXML(t *testing.T) {
	var stdout, stderr strings.Builder
	if code := Exe(context.Background(), caseOptions(), []string{"-enc", Encode("1")}, nil, &stdout, &stderr); code != 0 || stderr.String() != "" {
		t.Errorf("code %d, standard error %q", code, stderr.String())
	}
}

func TestOutputLimit(t *testing.T) {
	o := caseOptions()
	o.Limits = powershell.Limits{OutputBytes: 1000}
	var stdout, stderr strings.Builder
	code := Exe(context.Background(), o, []string{"-c", "while ($true) { 'xxxxxxxxxxxxxxxx' }"}, nil, &stdout, &stderr)
	if code != ExitInternal || stdout.Len() > 1000 {
		t.Errorf("code %d, %d bytes, standard error %q", code, stdout.Len(), stderr.String())
	}
}

// TestInputStreams: a line is answered before the next one comes.
func TestInputStreams(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- Exe(context.Background(), caseOptions(), []string{"-c", "while ($null -ne ($l = [Console]::ReadLine())) { [Console]::Out.WriteLine(\"<$l>\") }; exit 5"}, inR, outW, io.Discard)
	}()
	buf := make([]byte, 64)
	for _, line := range []string{"one", "two"} {
		if _, err := io.WriteString(inW, line+"\r\n"); err != nil {
			t.Fatal(err)
		}
		n, err := outR.Read(buf)
		if err != nil || string(buf[:n]) != "<"+line+">\r\n" {
			t.Fatalf("answer %q, %v", buf[:n], err)
		}
	}
	_ = inW.Close()
	select {
	case code := <-done:
		if code != 5 {
			t.Errorf("code %d", code)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("did not end")
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{`a "b c" d\\"e`, `"`, `\`, `a"b`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		total := 0
		for _, a := range Split(line) {
			total += len(a)
		}
		if total > len(line) {
			t.Errorf("%d bytes came out of %d", total, len(line))
		}
	})
}
