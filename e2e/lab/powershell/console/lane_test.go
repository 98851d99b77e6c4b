package console

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv/winrm/script"
)

// texts are names that have broken out of scripts, shells and wires.
var texts = []string{
	`a'b`, `a"b`, "a`b", `$(Stop-VM *)`, `$env:USERNAME`, `${x}`, `@{a=1}`, `;Stop-VM x`, `|Out-File c:\x`, `&calc`, `--%`, `-Force`,
	"\u2013Force", "a\u2019; Remove-VM x; \u2018b", "a\u201bb", "a\u201ab", "\u201ca\u201d", "\u201ea",
	"a\nb", "a\r\n'@\nx", `'@`, `"@`, `#>`, `*`, `[a-z]*`, `a?`, `a `, ` a`, `a.`,
	"a\x00b", "a\u0085b", "a\u2028b", "a\u202eb", "a\u00a0b", "\U0001F600", "e\u0301", "\u00e9",
	`]]>`, `</rsp:Command>`, `&amp;`, `<!--`, "\x1b[2J", strings.Repeat("x", 8192+10), strings.Repeat("n", 100),
	`null`, `True`, `1e3`, `0x10`, `../..\`, `\\?\C:\`, `CON`, `{{.}}`, `%PATH%`, `^&`,
	`LB1 1 e30=`, `ZTMwPQ==`, `/Date(0)/`, `\/Date(0)\/`,
}

// machine is a VM as the tests need one.
type machine struct{ id, name string }

var machineClass = &powershell.Class{Name: "Microsoft.HyperV.PowerShell.VirtualMachine", Properties: []powershell.Property{
	{Name: "Id", Get: func(v powershell.Value) powershell.Value { g, _ := powershell.ParseGuid(v.(*machine).id); return g }},
	{Name: "Name", Get: func(v powershell.Value) powershell.Value { return v.(*machine).name }},
	{Name: "State", Get: func(powershell.Value) powershell.Value { return "Off" }},
	{Name: "ReplicationMode", Get: func(powershell.Value) powershell.Value { return "None" }},
}}

// hyperV is a module with the one cmdlet that listing and finding VMs take.
func hyperV(t testing.TB, vms []*machine) *powershell.Registry {
	t.Helper()
	get := &powershell.Cmdlet{Name: "Get-VM", ErrorName: "Microsoft.HyperV.PowerShell.Commands.GetVM", DefaultSet: "Name",
		Parameters: []*powershell.Parameter{
			{Name: "Name", Type: "String[]", Aliases: []string{"VMName"}, Sets: map[string]powershell.Setting{"Name": {Positional: true, ByValue: true}}},
			{Name: "Id", Type: "Guid", Sets: map[string]powershell.Setting{"Id": {Positional: true, Mandatory: true, ByValue: true, ByPropertyName: true}}},
		},
		Process: func(c *powershell.Call) error {
			for _, vm := range vms {
				if c.Set() == "Id" && c.String("Id") != vm.id {
					continue
				}
				if err := c.Write(powershell.NewInstance(machineClass, vm)); err != nil {
					return err
				}
			}
			return nil
		}}
	r, err := powershell.NewRegistry(&powershell.Module{Name: "Hyper-V", Version: "2.0.0.0", Cmdlets: []*powershell.Cmdlet{get}, Classes: []*powershell.Class{machineClass}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// lane is a running lane: powershell.exe fed through standard input.
type lane struct {
	t    testing.TB
	in   *io.PipeWriter
	out  *bufio.Reader
	errs *strings.Builder
	code chan int
	next int
}

func startLane(t testing.TB, ctx context.Context, o powershell.Options) *lane {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	l := &lane{t: t, in: inW, out: bufio.NewReaderSize(outR, 1<<20), errs: &strings.Builder{}, code: make(chan int, 1)}
	go func() {
		code := Exe(ctx, o, []string{"-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-OutputFormat", "Text", "-EncodedCommand", script.EncodedBootstrap()}, inR, outW, l.errs)
		_ = outW.Close()
		_ = inR.Close()
		l.code <- code
	}()
	l.send(base64.StdEncoding.EncodeToString(script.Library()))
	return l
}

func (l *lane) send(line string) {
	if _, err := io.WriteString(l.in, line+"\n"); err != nil {
		l.t.Fatalf("write to the lane: %v", err)
	}
}

type laneAnswer struct {
	OK    bool
	Value json.RawMessage
	Error *struct{ Fqid, Category, Message string }
	Clock string
}

// ask sends a frame and reads its answer.
func (l *lane) ask(verb string, args any) laneAnswer {
	l.t.Helper()
	l.next++
	id := fmt.Sprint(l.next)
	b, err := json.Marshal(map[string]any{"id": id, "verb": verb, "notAfter": 0, "args": args})
	if err != nil {
		l.t.Fatal(err)
	}
	l.send(base64.StdEncoding.EncodeToString(b))
	line, err := l.out.ReadString('\n')
	if err != nil {
		l.t.Fatalf("read from the lane: %v; standard error: %s", err, l.errs)
	}
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[0] != "LB1" || fields[1] != id {
		l.t.Fatalf("answer %q", line)
	}
	body, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		l.t.Fatal(err)
	}
	var a laneAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		l.t.Fatalf("answer %s: %v", body, err)
	}
	return a
}

func machines() []*machine {
	vms := make([]*machine, len(texts))
	for i, name := range texts {
		vms[i] = &machine{fmt.Sprintf("00000000-0000-0000-0000-%012d", i), name}
	}
	return vms
}

// TestLane runs lifeboat's own function library as a lane runs it, and passes
// every hostile name through it in both directions.
func TestLane(t *testing.T) {
	vms := machines()
	o := caseOptions()
	o.Modules = hyperV(t, vms)
	l := startLane(t, t.Context(), o)

	if a := l.ask("hello", map[string]any{}); !a.OK {
		t.Fatalf("hello: %+v", a.Error)
	}
	a := l.ask("list", map[string]any{})
	var list struct {
		Machines []struct{ ID, Name string }
	}
	if err := json.Unmarshal(a.Value, &list); err != nil || !a.OK {
		t.Fatalf("list: %s %+v %v", a.Value, a.Error, err)
	}
	if len(list.Machines) != len(vms) {
		t.Fatalf("%d machines, want %d", len(list.Machines), len(vms))
	}
	for i, m := range list.Machines {
		if m.Name != vms[i].name || m.ID != vms[i].id {
			t.Errorf("machine %d came back as %q %s, want %q %s", i, m.Name, m.ID, vms[i].name, vms[i].id)
		}
	}
	for _, vm := range vms {
		a := l.ask("find", map[string]any{"name": vm.name})
		var found struct{ IDs []string }
		if err := json.Unmarshal(a.Value, &found); err != nil || !a.OK || len(found.IDs) != 1 || found.IDs[0] != vm.id {
			t.Errorf("find %q: %s %+v %v", vm.name, a.Value, a.Error, err)
		}
	}
	if a := l.ask("no-such", map[string]any{}); a.OK || a.Error == nil || a.Error.Fqid != "no-such-verb" {
		t.Errorf("a verb nobody knows: %+v", a.Error)
	}
	if a := l.ask("info", map[string]any{"cmdlets": []string{"Get-VM"}}); a.OK || a.Error.Fqid != "CommandNotFoundException" {
		t.Errorf("a cmdlet that is not there: %+v", a.Error)
	}
	_ = l.in.Close()
	select {
	case code := <-l.code:
		if code != 0 || l.errs.String() != "" {
			t.Errorf("the lane ended with %d: %s", code, l.errs)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the lane did not end with its input")
	}
}

// TestLaneRefusesADamagedLibrary is the check of the digest.
func TestLaneRefusesADamagedLibrary(t *testing.T) {
	var out, errs strings.Builder
	in := strings.NewReader(base64.StdEncoding.EncodeToString([]byte("'changed'")) + "\n")
	code := Exe(t.Context(), caseOptions(), []string{"-OutputFormat", "Text", "-EncodedCommand", script.EncodedBootstrap()}, in, &out, &errs)
	if code != 1 || !strings.Contains(errs.String(), "the function library arrived damaged") {
		t.Errorf("code %d, standard error %q", code, errs.String())
	}
}

// TestLaneIsCancelled ends a lane that waits for a frame.
func TestLaneIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := caseOptions()
	o.Modules = hyperV(t, nil)
	l := startLane(t, ctx, o)
	l.ask("hello", map[string]any{})
	cancel()
	select {
	case code := <-l.code:
		if code != ExitCancelled {
			t.Errorf("code %d, want %d", code, ExitCancelled)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the lane did not end")
	}
	_ = l.in.Close()
}

func BenchmarkLaneFrame(b *testing.B) {
	o := caseOptions()
	o.Modules = hyperV(b, nil)
	l := startLane(b, b.Context(), o)
	l.ask("hello", map[string]any{})
	b.ReportAllocs()
	for b.Loop() {
		l.ask("list", map[string]any{})
	}
	_ = l.in.Close()
}
