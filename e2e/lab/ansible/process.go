package ansible

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// shell is win_shell: a script in a PowerShell, or a command in a cmd.exe, of
// its own.
func shell(ctx context.Context, h Host, p *Payload) Result {
	script := strings.TrimSpace(p.text("_raw_params"))
	if script == "" {
		return failed("Get-AnsibleParam: Missing required argument: _raw_params")
	}
	if p.checkMode() {
		return Result{"changed": false, "skipped": true, "msg": "remote module does not support check mode"}
	}
	if r := p.refused("chdir", "creates", "removes", "output_encoding_override"); r != nil {
		return r
	}
	executable := p.text("executable")
	var line string
	switch {
	case executable == "" || strings.EqualFold(executable, "powershell"):
		line = "-encodedcommand " + h.Encode("[Console]::InputEncoding = New-Object Text.UTF8Encoding $false; "+script)
		if p.text("stdin") == "" {
			line = "-noninteractive " + line
		}
		line = `"powershell.exe" ` + line
	default:
		if !strings.HasSuffix(strings.ToLower(executable), ".exe") {
			executable += ".exe"
		}
		line = `"` + executable + `" /c ` + script
	}
	r := h.process(ctx, p, line)
	r["cmd"] = script
	return r
}

// command is win_command: a program, without a shell around it.
func command(ctx context.Context, h Host, p *Payload) Result {
	line, ways := "", 0
	for _, name := range []string{"cmd", "_raw_params"} {
		if text := strings.TrimSpace(p.text(name)); text != "" {
			line, ways = text, ways+1
		}
	}
	if words := p.list("argv"); len(words) > 0 {
		line, ways = joined(words), ways+1
	}
	switch ways {
	case 0:
		return failed("one of the following is required: _raw_params, argv, cmd")
	case 1:
	default:
		return failed("parameters are mutually exclusive: _raw_params, argv, cmd")
	}
	if p.checkMode() {
		return Result{"changed": false, "skipped": true, "msg": "remote module does not support check mode"}
	}
	if r := p.refused("chdir", "creates", "removes", "output_encoding_override"); r != nil {
		return r
	}
	r := h.process(ctx, p, line)
	r["cmd"] = line
	return r
}

// joined is a command line that programs take apart into these words.
func joined(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.ContainsAny(w, " \t\"") {
			quoted[i] = `"` + backslashes(strings.ReplaceAll(w, `"`, `\"`)) + `"`
		}
	}
	return strings.Join(quoted, " ")
}

// backslashes doubles those at the end, before the quote that closes.
func backslashes(w string) string {
	return w + w[len(strings.TrimRight(w, `\`)):]
}

// timeFormat is how modules write times; UTC.
const timeFormat = "2006-01-02 15:04:05.000000"

// process runs a program to its end and tells how it went.
func (h Host) process(ctx context.Context, p *Payload, line string) Result {
	var stdout, stderr strings.Builder
	begin := h.Now().UTC()
	code, found := h.Start(ctx, line, p.Environment, strings.NewReader(p.text("stdin")), &stdout, &stderr)
	if !found {
		r := failed("Failed to run: '%s': The system cannot find the file specified", line)
		r["rc"] = notFound
		return r
	}
	end := h.Now().UTC()
	r := Result{"changed": true, "stdout": stdout.String(), "stderr": errorText(stderr.String()), "rc": code,
		"start": begin.Format(timeFormat), "end": end.Format(timeFormat), "delta": delta(end.Sub(begin))}
	if code != 0 {
		r["failed"], r["msg"] = true, "non-zero return code"
	}
	return r
}

// delta writes how long something took.
func delta(d time.Duration) string {
	d = max(d, 0)
	return fmt.Sprintf("%d:%02d:%02d.%06d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60, d.Microseconds()%1e6)
}

// cliXML begins what an encoded PowerShell writes to standard error.
const cliXML = "#< CLIXML"

// errorText is what stands on standard error for people: of CLIXML, the errors.
func errorText(stderr string) string {
	before, rest, found := strings.Cut(stderr, cliXML)
	begin, end := strings.Index(rest, "<Objs"), strings.LastIndex(rest, "</Objs>")
	if !found || begin < 0 || end < begin {
		return stderr
	}
	end += len("</Objs>")
	var document struct {
		Texts []struct {
			Stream string `xml:"S,attr"`
			Text   string `xml:",chardata"`
		} `xml:"S"`
	}
	if err := xml.Unmarshal([]byte(rest[begin:end]), &document); err != nil {
		return stderr
	}
	var lines []string
	for _, t := range document.Texts {
		if t.Stream == "Error" {
			lines = append(lines, strings.ReplaceAll(t.Text, "_x000D__x000A_", ""))
		}
	}
	return strings.TrimSpace(before + rest[:begin] + strings.Join(lines, "\r\n") + rest[end:])
}
