package winrm

import (
	"fmt"
	"strings"
	"testing"
)

func TestShellsPerUser(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	for range 30 {
		c.create()
	}
	a := c.fault(codeQuotaShells, actionCreate, resourceCmd, "", createBody)
	if !strings.Contains(a.raw, "maximum number of 30 concurrent shells") || !strings.Contains(a.raw, "w:QuotaLimit") {
		t.Errorf("fault is %s", a.raw)
	}
	other := newClient(t, s)
	other.user, other.password = "second", "Pass-2"
	other.create()
	for _, sh := range s.Shells() {
		if sh.Owner == `HV1\Administrator` {
			c.delete(sh.ID)
			break
		}
	}
	c.create()
	if st := s.Stats(); st.Shells != 31 || st.PeakShells != 31 {
		t.Errorf("%+v", st)
	}
}

func TestConcurrentUsers(t *testing.T) {
	s := startHost(t, func(c *Config) { c.Quotas.MaxConcurrentUsers = 1 })
	c, other := newClient(t, s), newClient(t, s)
	other.user, other.password = "second", "Pass-2"
	shell := c.create()
	c.create()
	other.fault(codeQuotaUsers, actionCreate, resourceCmd, "", createBody)
	c.delete(shell)
	other.fault(codeQuotaUsers, actionCreate, resourceCmd, "", createBody)
}

func TestProcessesPerShell(t *testing.T) {
	s := startHost(t, func(c *Config) { c.Quotas.MaxProcessesPerShell = 5 })
	c := newClient(t, s)
	shell := c.create()
	first := c.run(shell, "sleep")
	c.run(shell, "sleep")
	c.fault(codeProcessQuota, actionCommand, resourceCmd, shellSelector(shell), commandBody("sleep"))
	const skip = `<w:OptionSet><w:Option Name="WINRS_SKIP_CMD_SHELL">TRUE</w:Option></w:OptionSet>`
	c.must(actionCommand, resourceCmd, shellSelector(shell)+skip, commandBody(`C:\tools\hello.exe`))
	c.signal(shell, first, "terminate")
	eventually(t, "the places are free", func() bool { return s.Shells()[0].Processes <= 3 })
	c.run(shell, "sleep")
}

func TestOperationsPerUser(t *testing.T) {
	s := startHost(t, func(c *Config) { c.Quotas.MaxConcurrentOperationsPerUser = 4 })
	c := newClient(t, s)
	shell := c.create()
	for range 3 {
		command := c.run(shell, "exit 0")
		c.all(shell, command)
		c.signal(shell, command, "terminate")
	}
	last := c.run(shell, "sleep")
	a := c.fault(codeQuotaOperations, actionReceive, resourceCmd, shellSelector(shell), receiveBody(last))
	if !strings.Contains(a.raw, "maximum number of 4 concurrent operations") {
		t.Errorf("fault is %s", a.raw)
	}
	c.delete(shell) // is never refused, and gives the places back
	c.create()
}

func TestMemoryPerShell(t *testing.T) {
	s := startHost(t, func(c *Config) { c.Quotas.MaxMemoryPerShellMB = 100 })
	c := newClient(t, s)
	shell := c.create()
	first := c.run(shell, "alloc 60")
	if o := c.receive(shell, first); o.stdout != "reserved\n" {
		t.Fatalf("%+v", o)
	}
	if o := c.all(shell, c.run(shell, "alloc 60")); o.code != "8" || o.stderr != "out of memory\n" {
		t.Errorf("beyond the quota: %+v", o)
	}
	c.signal(shell, first, "terminate")
	eventually(t, "the memory is back", func() bool { return s.Shells()[0].Memory == 0 })
	if o := c.receive(shell, c.run(shell, "alloc 100")); o.stdout != "reserved\n" {
		t.Errorf("all of it: %+v", o)
	}
	if s.Stats().MemoryRefused != 1 {
		t.Error("the refusal was not counted")
	}
}

func TestIdleShellsAreReaped(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	withTimes := func(xml string) string {
		return strings.Replace(createBody, "<rsp:InputStreams>", xml+"<rsp:InputStreams>", 1)
	}
	c.must(actionCreate, resourceCmd, "", withTimes("<rsp:IdleTimeOut>PT0.05S</rsp:IdleTimeOut>"))
	c.must(actionCreate, resourceCmd, "", withTimes("<rsp:Lifetime>PT0.05S</rsp:Lifetime>"))
	stays := c.create()
	eventually(t, "two shells are gone", func() bool { return s.Stats().ShellsReaped == 2 })
	if list := s.Shells(); len(list) != 1 || list[0].ID != stays {
		t.Errorf("left are %+v", list)
	}
}

// TestBusyShellIsNotReaped: a pending Receive keeps a shell from being idle.
func TestBusyShellIsNotReaped(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	a := c.must(actionCreate, resourceCmd, "", strings.Replace(createBody, "<rsp:InputStreams>", "<rsp:IdleTimeOut>PT0.2S</rsp:IdleTimeOut><rsp:InputStreams>", 1))
	shell := a.root.child(nsSOAP, "Body").children[1].child(nsShell, "ShellId").value()
	command := c.run(shell, "sleep")
	c.timeout = "PT0.6S"
	c.fault(codeTimedOut, actionReceive, resourceCmd, shellSelector(shell), receiveBody(command))
	if len(s.Shells()) != 1 {
		t.Error("the shell was reaped while a Receive was waiting")
	}
	eventually(t, "the shell is reaped with its process", func() bool { st := s.Stats(); return st.Shells == 0 && st.Processes == 0 })
}

func TestConnections(t *testing.T) {
	s := startHost(t, func(c *Config) { c.Quotas.MaxConnections = 3 })
	var clients []*client
	for range 3 {
		c := newClient(t, s)
		c.create()
		clients = append(clients, c)
	}
	more := newClient(t, s)
	if _, err := more.post(more.message(actionCreate, resourceCmd, "", createBody)); err == nil {
		t.Error("a fourth connection was served")
	}
	clients[0].http.CloseIdleConnections()
	eventually(t, "a place is free", func() bool { return s.Stats().Connections < 3 })
	more.create()
}

func TestEnumerationInPieces(t *testing.T) {
	s := startHost(t, nil)
	c := newClient(t, s)
	want := map[string]bool{}
	for range 7 {
		want[c.create()] = true
	}
	a := c.must(actionEnumerate, resourceShell, "", `<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>3</w:MaxElements></n:Enumerate>`)
	count := 0
	for {
		items := a.body().child(nsWSMan, "Items")
		if items == nil {
			items = a.body().child(nsEnumerate, "Items")
		}
		for _, sh := range items.children {
			count++
			delete(want, sh.child(nsShell, "ShellId").value())
		}
		if a.body().child(nsEnumerate, "EndOfSequence") != nil {
			break
		}
		id := a.body().child(nsEnumerate, "EnumerationContext").value()
		a = c.must(actionPull, resourceShell, "", fmt.Sprintf(`<n:Pull><n:EnumerationContext>%s</n:EnumerationContext><n:MaxElements>3</n:MaxElements></n:Pull>`, id))
	}
	if count != 7 || len(want) != 0 {
		t.Errorf("%d shells listed, missing %v", count, want)
	}
	for _, e := range []struct {
		name, body string
		code       uint32
	}{
		{"filter", `<n:Enumerate><w:Filter>x</w:Filter></n:Enumerate>`, codeFilterNotSupported},
		{"references", `<n:Enumerate><w:EnumerationMode>EnumerateEPR</w:EnumerationMode></n:Enumerate>`, codeEnumerationMode},
		{"wrong body", `<n:Pull/>`, codeSchema},
	} {
		c.fault(e.code, actionEnumerate, resourceShell, "", e.body)
	}
	a = c.must(actionEnumerate, resourceShell, "", `<n:Enumerate/>`)
	release := `<n:Release>` + `<n:EnumerationContext>` + a.body().child(nsEnumerate, "EnumerationContext").value() + `</n:EnumerationContext></n:Release>`
	c.must(actionRelease, resourceShell, "", release)
	c.fault(codeEnumerationContext, actionRelease, resourceShell, "", release)
	for range maxContexts + 5 {
		c.must(actionEnumerate, resourceShell, "", `<n:Enumerate/>`)
	}
	if len(s.contexts) != maxContexts {
		t.Errorf("%d enumerations are open, the limit is %d", len(s.contexts), maxContexts)
	}
}
