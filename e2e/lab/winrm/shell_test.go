package winrm

import (
	"fmt"
	"strings"
	"testing"
)

func TestCommandFromStartToEnd(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	shell := c.create()
	for _, run := range []struct {
		line           string
		args           []string
		stdout, stderr string
		code           string
	}{
		{"echo hello world", nil, "hello world\r\n", "", "0"},
		{"echo", []string{"a", "b c"}, "a b c\r\n", "", "0"},
		{"err oops", nil, "", "oops\r\n", "1"},
		{"exit 3", nil, "", "", "3"},
		{"exit -1", nil, "", "", "4294967295"},
	} {
		command := c.run(shell, run.line, run.args...)
		got := c.all(shell, command)
		if got.stdout != run.stdout || got.stderr != run.stderr || got.code != run.code || got.ends != 2 {
			t.Errorf("%s: %+v", run.line, got)
		}
		c.signal(shell, command, "terminate")
	}
	c.delete(shell)
	if st := s.Stats(); st.Shells != 0 || st.Processes != 0 || st.Requests[ActionCommand] != 5 {
		t.Errorf("left behind: %+v", st)
	}
}

func TestPersistentProcess(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	shell := c.create()
	command := c.run(shell, "lines")
	for i := range 5 {
		c.send(shell, command, fmt.Sprintf("frame %d\n", i), false)
		if o := c.receive(shell, command); o.stdout != fmt.Sprintf("got frame %d\r\n", i) || o.done {
			t.Fatalf("frame %d: %+v", i, o)
		}
	}
	c.send(shell, command, "last", true)
	if o := c.all(shell, command); o.stdout != "got last\r\n" || o.code != "0" {
		t.Fatalf("end: %+v", o)
	}
}

func TestLargeOutputComesInPieces(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	c.envelope = 16384
	shell := c.create()
	command := c.run(shell, "flood 1000000")
	total := 0
	for {
		a := c.must(actionReceive, resourceCmd, shellSelector(shell), receiveBody(command))
		if len(a.raw) > c.envelope {
			t.Fatalf("an answer of %d bytes, the client takes %d", len(a.raw), c.envelope)
		}
		o := readOutput(t, a)
		total += len(o.stdout)
		if o.done {
			break
		}
	}
	if total != 1000000 {
		t.Errorf("%d bytes arrived", total)
	}
}

func TestShellSettingsReachTheProcess(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	a := c.must(actionCreate, resourceCmd,
		`<w:OptionSet><w:Option Name="WINRS_NOPROFILE">TRUE</w:Option><w:Option Name="WINRS_CODEPAGE">65001</w:Option></w:OptionSet>`,
		`<rsp:Shell Name="lane 1"><rsp:WorkingDirectory>C:\Temp</rsp:WorkingDirectory><rsp:Environment><rsp:Variable Name="A">1 &amp; 2</rsp:Variable>`+
			`<rsp:Variable Name="B"> x </rsp:Variable></rsp:Environment><rsp:IdleTimeOut>PT90S</rsp:IdleTimeOut></rsp:Shell>`)
	shell := a.root.child(nsSOAP, "Body").children[1]
	if shell.child(nsShell, "IdleTimeOut").value() != "PT90.000S" || shell.child(nsShell, "Name").value() != "lane 1" {
		t.Errorf("created %s", a.raw)
	}
	id := shell.child(nsShell, "ShellId").value()
	command := c.run(id, "env")
	want := "A=1 & 2\r\nB= x \r\ncd=C:\\Temp user=HV1\\Administrator cp=65001 noprofile=true console=true skip=false\r\n"
	if got := c.all(id, command); got.stdout != want {
		t.Errorf("environment is %q, want %q", got.stdout, want)
	}
}

func TestSkipCmdShell(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	shell := c.create()
	const skip = `<w:OptionSet><w:Option Name="WINRS_SKIP_CMD_SHELL">TRUE</w:Option><w:Option Name="WINRS_CONSOLEMODE_STDIN">FALSE</w:Option></w:OptionSet>`
	a := c.must(actionCommand, resourceCmd, shellSelector(shell)+skip, commandBody(`C:\Tools\hello.exe`, "there"))
	if got := c.all(shell, a.body().child(nsShell, "CommandId").value()); got.stdout != "hello there\r\n" {
		t.Errorf("%+v", got)
	}
	for _, line := range []string{"hello.exe", `C:\Tools\other.exe`, `tools\hello.exe`} {
		c.fault(codeFileNotFound, actionCommand, resourceCmd, shellSelector(shell)+skip, commandBody(line))
	}
}

func TestCommandLineLimits(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	shell := c.create()
	const skip = `<w:OptionSet><w:Option Name="WINRS_SKIP_CMD_SHELL">TRUE</w:Option></w:OptionSet>`
	long := func(n int) string { return "echo " + strings.Repeat("x", n-5) }
	if got := c.all(shell, c.run(shell, long(cmdLineLimit))); len(got.stdout) != cmdLineLimit-5+2 {
		t.Errorf("at the limit of cmd.exe: %d bytes of output", len(got.stdout))
	}
	got := c.all(shell, c.run(shell, long(cmdLineLimit+1)))
	if got.stderr != "The command line is too long.\r\n" || got.code != "1" {
		t.Errorf("beyond the limit of cmd.exe: %+v", got)
	}
	hello := func(n int) string {
		line := `C:\Tools\hello.exe`
		return commandBody(line, strings.Repeat("x", n-len(line)-1))
	}
	c.must(actionCommand, resourceCmd, shellSelector(shell)+skip, hello(processLineLimit))
	c.fault(codeCommandTooLong, actionCommand, resourceCmd, shellSelector(shell)+skip, hello(processLineLimit+1))
	c.fault(codeCommandTooLong, actionCommand, resourceCmd, shellSelector(shell), commandBody(long(processLineLimit+1)))
}

func TestUnknownShellAndCommand(t *testing.T) {
	c := newClient(t, startHost(t, nil))
	const nobody = "AAAAAAAA-0000-4000-8000-000000000000"
	shell := c.create()
	done := c.run(shell, "exit 0")
	c.all(shell, done)
	for _, r := range []struct{ name, action, selector, body string }{
		{"command in unknown shell", actionCommand, nobody, commandBody("echo")},
		{"receive in unknown shell", actionReceive, nobody, receiveBody(nobody)},
		{"delete unknown shell", actionDelete, nobody, ""},
		{"receive of unknown command", actionReceive, shell, receiveBody(nobody)},
		{"receive of finished command", actionReceive, shell, receiveBody(done)},
		{"send to unknown command", actionSend, shell, sendBody(nobody, "x", false)},
		{"signal to unknown command", actionSignal, shell, signalBody(nobody, "terminate")},
	} {
		t.Run(r.name, func(t *testing.T) {
			a := c.fault(codeSelectorsUnexpected, r.action, resourceCmd, shellSelector(r.selector), r.body)
			if !strings.Contains(a.raw, "<s:Value>w:InvalidSelectors</s:Value>") || !strings.Contains(a.raw, "faultDetail/UnexpectedSelectors") {
				t.Errorf("fault is %s", a.raw)
			}
		})
	}
	c.fault(codeSelectorsMissing, actionDelete, resourceCmd, "", "")
}

func TestShellsOfOthers(t *testing.T) {
	s := startHost(t, nil)
	c, other := newClient(t, s), newClient(t, s)
	other.user, other.password = "second", "Pass-2"
	shell := c.create()
	other.fault(codeAccessDenied, actionCommand, resourceCmd, shellSelector(shell), commandBody("echo"))
	a := other.must(actionGet, resourceCmd, shellSelector(shell), "")
	if a.body().child(nsShell, "Owner").value() != `HV1\Administrator` {
		t.Errorf("owner in %s", a.raw)
	}
	other.delete(shell)
	c.fault(codeSelectorsUnexpected, actionCommand, resourceCmd, shellSelector(shell), commandBody("echo"))
}
