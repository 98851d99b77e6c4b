package ansible

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// document is a payload for one module.
func document(t *testing.T, module string, arguments map[string]any, change func(map[string]any)) string {
	t.Helper()
	arguments["_ansible_module_name"] = module
	m := map[string]any{"module_entry": "", "actions": []string{powerShellWrapper}, "module_args": arguments, "environment": []any{}}
	if change != nil {
		change(m)
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return "a script\n\n" + string(separator) + string(data)
}

// fake is a host whose one program says what it was started with, and ends with
// the code in its variable CODE.
func fake() Host {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	return Host{
		Now:    func() time.Time { now = now.Add(1500 * time.Millisecond); return now },
		Facts:  map[string]any{"ansible_os_family": "Windows"},
		Encode: func(script string) string { return "<" + script + ">" },
		Start: func(_ context.Context, line string, env map[string]string, stdin io.Reader, stdout, stderr io.Writer) (int, bool) {
			if strings.HasPrefix(line, "nosuch") || strings.HasPrefix(line, `"nosuch`) {
				return 0, false
			}
			input, _ := io.ReadAll(stdin)
			fmt.Fprintf(stdout, "%s|%s", line, input)
			fmt.Fprint(stderr, env["STDERR"])
			var code int
			_, _ = fmt.Sscan(env["CODE"], &code)
			return code, true
		},
	}
}

func TestModules(t *testing.T) {
	const encoding = "[Console]::InputEncoding = New-Object Text.UTF8Encoding $false; "
	environment := func(env map[string]any) func(map[string]any) {
		return func(m map[string]any) { m["environment"] = env }
	}
	for _, c := range []struct {
		name, module string
		arguments    map[string]any
		change       func(map[string]any)
		code         int
		want         Result
	}{
		{"shell", "ansible.windows.win_shell", map[string]any{"_raw_params": " Get-VM "}, nil, 0, Result{
			"cmd": "Get-VM", "stdout": `"powershell.exe" -noninteractive -encodedcommand <` + encoding + "Get-VM>|", "stderr": "", "rc": 0, "changed": true,
			"start": "2026-03-02 09:00:01.500000", "end": "2026-03-02 09:00:03.000000", "delta": "0:00:01.500000"}},
		{"shell with input", "win_shell", map[string]any{"_raw_params": "$input", "stdin": "a\n"}, nil, 0, Result{
			"stdout": `"powershell.exe" -encodedcommand <` + encoding + "$input>|a\n"}},
		{"shell of cmd", "win_shell", map[string]any{"_raw_params": "ver", "executable": "cmd"}, nil, 0, Result{"stdout": `"cmd.exe" /c ver|`}},
		{"no such shell", "win_shell", map[string]any{"_raw_params": "ls", "executable": "nosuch"}, nil, 1, Result{"failed": true, "rc": 2,
			"msg": `Failed to run: '"nosuch.exe" /c ls': The system cannot find the file specified`}},
		{"exit code", "win_shell", map[string]any{"_raw_params": "x"}, environment(map[string]any{"CODE": 3}), 1, Result{"failed": true, "changed": true, "rc": 3, "msg": "non-zero return code"}},
		{"CLIXML", "win_shell", map[string]any{"_raw_params": "x"}, environment(map[string]any{
			"STDERR": "#< CLIXML\r\n<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><S S=\"Error\">no &lt;way&gt;_x000D__x000A_</S><S S=\"warning\">w</S><S S=\"Error\">at all_x000D__x000A_</S></Objs>"}),
			0, Result{"stderr": "no <way>\r\nat all"}},
		{"nothing to run", "win_shell", map[string]any{}, nil, 1, Result{"failed": true}},
		{"check mode", "win_shell", map[string]any{"_raw_params": "x", "_ansible_check_mode": true}, nil, 0, Result{"skipped": true, "changed": false}},
		{"folder", "win_shell", map[string]any{"_raw_params": "x", "chdir": `C:\`}, nil, 1, Result{"failed": true, "msg": "The argument 'chdir' of win_shell is not supported by this lab, which has no file system and one encoding."}},
		{"command", "win_command", map[string]any{"_raw_params": "whoami /all"}, nil, 0, Result{"cmd": "whoami /all", "stdout": "whoami /all|", "rc": 0, "changed": true}},
		{"words", "win_command", map[string]any{"argv": []any{"a", "b c", `d"e\`, ""}}, nil, 0, Result{"cmd": `a "b c" "d\"e\\" ""`}},
		{"two ways", "win_command", map[string]any{"cmd": "a", "argv": []any{"b"}}, nil, 1, Result{"msg": "parameters are mutually exclusive: _raw_params, argv, cmd"}},
		{"no way", "win_command", map[string]any{}, nil, 1, Result{"msg": "one of the following is required: _raw_params, argv, cmd"}},
		{"no such program", "win_command", map[string]any{"cmd": "nosuch 1"}, nil, 1, Result{"rc": 2, "failed": true, "changed": false}},
		{"ping", "win_ping", map[string]any{}, nil, 0, Result{"ping": "pong", "changed": false}},
		{"ping of something", "win_ping", map[string]any{"data": "hello"}, nil, 0, Result{"ping": "hello"}},
		{"crash", "win_ping", map[string]any{"data": "crash"}, nil, 1, Result{"failed": true}},
		{"facts", "setup", map[string]any{}, nil, 0, Result{"ansible_facts": map[string]any{"ansible_os_family": "Windows"}}},
		{"another module", "ansible.windows.win_service", map[string]any{}, nil, 1, Result{"failed": true, "changed": false,
			"msg": "The module 'win_service' is not supported by this lab; there are raw, setup, win_command, win_ping, win_shell."}},
		{"async", "win_shell", map[string]any{"_raw_params": "x"}, func(m map[string]any) { m["actions"] = []string{"async_wrapper", "async_watchdog", powerShellWrapper} }, 1, Result{"failed": true,
			"msg": "Running a module by the action 'async_wrapper' is not supported by this lab; it runs 'module_powershell_wrapper' only, without async and become."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, is := Read([]byte(document(t, c.module, c.arguments, c.change)))
			if !is {
				t.Fatal("it is not known as a payload")
			}
			var out strings.Builder
			code := Run(t.Context(), fake(), p, &out)
			var got map[string]any
			if err := json.Unmarshal([]byte(out.String()), &got); err != nil || code != c.code || !strings.HasSuffix(out.String(), "}\r\n") {
				t.Fatalf("%s, %d, %v", out.String(), code, err)
			}
			for key, want := range c.want {
				if fmt.Sprint(got[key]) != fmt.Sprint(want) {
					t.Errorf("%s is %v, want %v", key, got[key], want)
				}
			}
		})
	}
}

func TestNoPayload(t *testing.T) {
	whole := document(t, "win_ping", map[string]any{}, nil)
	for name, input := range map[string]string{
		"nothing": "", "a line": "hello\r\n", "a script alone": "a script\n\n" + string(separator), "no script": strings.TrimPrefix(whole, "a script\n\n"),
		"three NULs": strings.Replace(whole, "\x00", "", 1), "half of it": whole[:len(whole)/2], "more behind": whole + "{}",
		"no module":    document(t, "win_ping", map[string]any{}, func(m map[string]any) { delete(m, "module_entry") }),
		"no actions":   document(t, "win_ping", map[string]any{}, func(m map[string]any) { delete(m, "actions") }),
		"no arguments": document(t, "win_ping", map[string]any{}, func(m map[string]any) { delete(m, "module_args") }),
	} {
		if p, is := Read([]byte(input)); is {
			t.Errorf("%s: taken for %+v", name, p)
		}
	}
}

func TestCancelledModuleSaysNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, _ := Read([]byte(document(t, "win_ping", map[string]any{}, nil)))
	var out strings.Builder
	if code := Run(ctx, fake(), p, &out); code == 0 || out.String() != "" {
		t.Errorf("%q, %d", out.String(), code)
	}
}

func FuzzPayload(f *testing.F) {
	f.Add([]byte("s" + string(separator) + `{"module_entry":"","actions":["module_powershell_wrapper"],"module_args":{"_ansible_module_name":"win_shell","_raw_params":"x"}}`))
	f.Add([]byte("s" + string(separator) + `{"module_entry":"","actions":["module_powershell_wrapper"],"module_args":{"_ansible_module_name":"win_command","argv":[1,"\""]},"environment":{"a":null}}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		p, is := Read(input)
		if !is {
			return
		}
		var out strings.Builder
		Run(t.Context(), fake(), p, &out)
		if !json.Valid([]byte(out.String())) {
			t.Errorf("answers %q", out.String())
		}
	})
}
