package console

import (
	"context"
	"encoding/xml"
	"fmt"
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
			code := Process{Options: caseOptions()}.Command(context.Background(), c.line, strings.NewReader(c.stdin), &stdout, &stderr)
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

// $input in a script of its own is what comes through a pipe, and nothing else.
func TestPipedInput(t *testing.T) {
	for _, c := range []struct {
		name, script, want string
		piped              bool
	}{
		{"lines", `$n = 0; foreach ($l in $input) { $n++; "$n $l" }; [Console]::In.ReadLine() -eq $null`, "1 a\r\n2 b c\r\nTrue\r\n", true},
		{"as one text", `($input | Out-String).Length`, "8\r\n", true},
		{"no pipe", `@($input).Count; [Console]::In.ReadLine()`, "0\r\na\r\n", false},
		{"of a function", `function f { $input | % { "<$_>" } }; 1, 2 | f; [Console]::In.ReadLine()`, "<1>\r\n<2>\r\na\r\n", true},
		{"of a block", `1, 2 | & { @($input).Count }; [Console]::In.ReadLine()`, "2\r\na\r\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			code := Process{Options: caseOptions(), Piped: c.piped}.Exe(t.Context(), []string{"-EncodedCommand", Encode(c.script)}, strings.NewReader("a\r\nb c"), &stdout, &stderr)
			if stdout.String() != c.want || code != 0 {
				t.Errorf("gives %q, %q, %d; want %q", stdout.String(), stderr.String(), code, c.want)
			}
		})
	}
}

// What input is may be decided before the script runs.
func TestInputIsTaken(t *testing.T) {
	p := Process{Options: caseOptions(), Piped: true, Take: func(_ context.Context, input string, stdout, _ io.Writer) (int, bool) {
		_, _ = io.WriteString(stdout, "took "+input)
		return 7, strings.HasPrefix(input, "mine")
	}}
	for input, want := range map[string]string{"mine": "took mine 7", "yours": "took yoursyours\r\n 0"} {
		var stdout strings.Builder
		code := p.Exe(t.Context(), []string{"-Command", "$input"}, strings.NewReader(input), &stdout, io.Discard)
		if got := fmt.Sprint(stdout.String(), " ", code); got != want {
			t.Errorf("gives %q, want %q", got, want)
		}
	}
}

// programs are executables for scripts to start.
func programs(name string) powershell.Program {
	run := map[string]powershell.Program{
		"args": func(_ context.Context, args []string, _ io.Reader, stdout, _ io.Writer) int {
			fmt.Fprintf(stdout, "%q\n", args)
			return 0
		},
		"fail": func(_ context.Context, _ []string, _ io.Reader, stdout, stderr io.Writer) int {
			fmt.Fprint(stdout, "out")
			fmt.Fprint(stderr, "not\r\ngood\r\n")
			return 3
		},
		"count.exe": func(_ context.Context, _ []string, stdin io.Reader, stdout, _ io.Writer) int {
			data, _ := io.ReadAll(stdin)
			fmt.Fprintf(stdout, "%d %q", len(data), data)
			return 0
		},
	}[strings.ToLower(name)]
	return run
}

func TestPrograms(t *testing.T) {
	for _, c := range []struct{ name, script, stdin, stdout, stderr string }{
		{"arguments", `$x = 1, 'b c'; args -Name $x -File:'a' 0x10 1.50 "q r" $null $true`, "", "[\"-Name\" \"1\" \"b c\" \"-File:a\" \"0x10\" \"1.50\" \"q r\" \"True\"]\r\n", ""},
		{"exit code", `fail; $?; $LASTEXITCODE`, "", "out\r\nFalse\r\n3\r\n", "not\r\ngood\r\n"},
		{"its errors put aside", `fail 2>$null; $LASTEXITCODE`, "", "out\r\n3\r\n", ""},
		{"its errors in the output", `fail 2>&1 | % { $_.GetType().Name + ' ' + $_ }`, "", "ErrorRecord not\r\nErrorRecord good\r\nString out\r\n", ""},
		{"captured", `$a = @(args 1; args 2); $a.Count; $a[1]`, "", "2\r\n[\"2\"]\r\n", ""},
		{"input of the pipeline", `'a', 'b' | count.exe`, "mine", "6 \"a\\r\\nb\\r\\n\"\r\n", ""},
		{"input of the session", `& count.exe`, "mine", "4 \"mine\"\r\n", ""},
		{"nothing is left", `[Console]::In.ReadLine(); count.exe`, "mine\nyours", "mine\r\n0 \"\"\r\n", ""},
		{"functions come first", `function args { 'f' }; args`, "", "f\r\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := caseOptions()
			o.Program = programs
			var stdout, stderr strings.Builder
			Exe(t.Context(), o, []string{"-Command", c.script}, strings.NewReader(c.stdin), &stdout, &stderr)
			if stdout.String() != c.stdout || stderr.String() != c.stderr {
				t.Errorf("gives %q, %q\nwant %q, %q", stdout.String(), stderr.String(), c.stdout, c.stderr)
			}
		})
	}
}
