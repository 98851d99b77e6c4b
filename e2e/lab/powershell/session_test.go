package powershell

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// run gives what a script puts out as strings, and how it ended.
func run(t testing.TB, s *Session, script string) ([]string, Result) {
	t.Helper()
	return runPlain(s, script)
}

func runPlain(s *Session, script string) ([]string, Result) {
	var out []string
	res := s.Run(context.Background(), script, Streams{Output: func(v Value) error {
		out = append(out, plainString(v))
		return nil
	}})
	return out, res
}

func TestLimits(t *testing.T) {
	small := Limits{Steps: 20_000, Bytes: 4 << 20, Depth: 50, Items: 1000, StringBytes: 10_000, Stages: 4}
	for _, c := range []struct{ script, limit string }{
		{"while ($true) { }", "Steps"},
		{"for (;;) { try { 1 } catch { } }", "Steps"},
		{"1..5000", "Items"},
		{"$a = @(); while ($true) { $a += 1 }", "Items"},
		{"$a = 'x'; while ($true) { $a += $a }", "StringBytes"},
		{"'x' * 100000", "StringBytes"},
		{"$l = @(); 1..900 | % { $l += 'x' * 9000 }", "Bytes"},
		{"1 | % { $_ } | % { $_ } | % { $_ } | % { $_ } | % { $_ }", "Stages"},
		{"$h = @{}; $i = 0; while ($true) { $h[$i++] = 1 }", "Steps"},
		{"[string]::new('a', 2000000)", "StringBytes"},
		{"[object[]]::new(100000)", "Items"},
		{"'{0,4000}{0,4000}{0,4000}' -f 1", "StringBytes"},
		{"'aaaa'.PadLeft(100000)", "StringBytes"},
	} {
		s := NewSession(Options{Seed: 1, Limits: small})
		_, res := run(t, s, c.script)
		var l *LimitError
		if !errors.As(res.Err, &l) || l.Limit != c.limit {
			t.Errorf("%s: ended with %v, want limit %s", c.script, res.Err, c.limit)
		}
	}
}

// TestLimitsCannotBeCaught: a script that catches everything still ends.
func TestLimitsCannotBeCaught(t *testing.T) {
	s := NewSession(Options{Seed: 1, Limits: Limits{Steps: 10_000}})
	out, res := run(t, s, "try { while ($true) { } } catch { 'caught' } finally { 'finally' }; 'after'")
	var l *LimitError
	if !errors.As(res.Err, &l) || len(out) != 0 {
		t.Errorf("ended with %v, output %q", res.Err, out)
	}
	// and the session goes on
	if out, res := run(t, s, "'alive'"); res.Err != nil || len(out) != 1 {
		t.Errorf("afterwards: %v %q", res.Err, out)
	}
}

func TestCallDepth(t *testing.T) {
	s := NewSession(Options{Seed: 1})
	out, res := run(t, s, "function r { r }; try { r } catch { $_.FullyQualifiedErrorId }; function b { & { b } }; try { b } catch { 'again' }; $f = { . $f }; try { . $f } catch { 'blocks' }")
	if res.Err != nil || strings.Join(out, ",") != "CallDepthOverflow,again,blocks" {
		t.Errorf("%v %q", res.Err, out)
	}
}

// TestCancellation: each of these runs until it is told to stop.
func TestCancellation(t *testing.T) {
	for _, script := range []string{
		"while ($true) { }",
		"Start-Sleep -Seconds 1000",
		"try { Start-Sleep -Seconds 1000 } catch { 'caught' }",
		"try { while ($true) { } } finally { while ($true) { } }",
		"1..100000 | % { 1..100000 | % { $_ } }",
		"function r { try { r } finally { while ($true) { } } }; r",
	} {
		ctx, cancel := context.WithCancel(context.Background())
		s := NewSession(Options{Seed: 1})
		done := make(chan Result, 1)
		started := make(chan struct{})
		go func() {
			close(started)
			done <- s.Run(ctx, script, Streams{})
		}()
		<-started
		cancel()
		select {
		case res := <-done:
			if res.Err == nil {
				t.Errorf("%s: ended well", script)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: did not end", script)
		}
	}
}

// TestSleepUsesTheClockGiven: no test and no lab waits for real.
func TestSleepUsesTheClockGiven(t *testing.T) {
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	s := NewSession(Options{Seed: 1, Now: func() time.Time { return now }, Sleep: func(_ context.Context, d time.Duration) error {
		now = now.Add(d)
		return nil
	}})
	out, res := run(t, s, "$a = Get-Date; Start-Sleep -Seconds 90; Start-Sleep -Milliseconds 500; ((Get-Date) - $a).TotalSeconds")
	if res.Err != nil || strings.Join(out, "") != "90.5" {
		t.Errorf("%v %q", res.Err, out)
	}
}

func TestSessionKeepsState(t *testing.T) {
	s := NewSession(Options{Seed: 1})
	run(t, s, "$x = 1; function f { $x + 1 }; $script:y = 5")
	out, res := run(t, s, "f; $y; $x = 7; f")
	if res.Err != nil || strings.Join(out, ",") != "2,5,8" {
		t.Errorf("%v %q", res.Err, out)
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	r, err := NewRegistry(&Module{Name: "Broken", Cmdlets: []*Cmdlet{{Name: "Test-Panic", Process: func(*Call) error { panic("defect") }}}})
	if err != nil {
		t.Fatal(err)
	}
	s := NewSession(Options{Seed: 1, Modules: r})
	_, res := run(t, s, "try { Test-Panic } catch { 'caught' }")
	var ie *InternalError
	if !errors.As(res.Err, &ie) {
		t.Errorf("ended with %v", res.Err)
	}
	if out, res := run(t, s, "1 + 1"); res.Err != nil || out[0] != "2" {
		t.Errorf("afterwards: %v %q", res.Err, out)
	}
}

// disk is what the cmdlets of TestModule work on.
type disk struct {
	name string
	size int64
	kind Enum
}

func testModule() *Module {
	kinds := NewEnumType("Test.DiskKind", map[string]int64{"Fixed": 2, "Dynamic": 3, "Differencing": 4})
	class := &Class{Name: "Test.Disk", Bases: []string{"Test.Device"}, Properties: []Property{
		{Name: "Name", Type: tString, Get: func(v Value) Value { return v.(*disk).name }, Set: func(v, n Value) error {
			if plainString(n) == "" {
				return errors.New("a disk needs a name")
			}
			v.(*disk).name = plainString(n)
			return nil
		}},
		{Name: "Size", Type: tInt64, Get: func(v Value) Value { return v.(*disk).size }},
		{Name: "Kind", Type: kinds.Name, Get: func(v Value) Value { return v.(*disk).kind }},
	}, Table: []Column{{Property: "Name", Width: 10}, {Label: "GB", Show: func(v Value) Value { return v.(*disk).size >> 30 }, Width: 5, Right: true}},
		String: func(v Value) string { return "disk " + v.(*disk).name }}
	all := []*disk{{"alpha", 1 << 30, kinds.Of("Fixed")}, {"beta", 2 << 30, kinds.Of("Dynamic")}}
	object := map[string]Setting{"Object": {Mandatory: true, Positional: true, ByValue: true}}
	byName := map[string]Setting{"Name": {Mandatory: true, Positional: true, ByValue: true}}
	return &Module{Name: "Disks", Version: "1.0", Classes: []*Class{class}, Enums: []*EnumType{kinds}, Cmdlets: []*Cmdlet{
		{Name: "Get-Disk", Aliases: []string{"gdsk"}, Parameters: []*Parameter{
			{Name: "Name", Type: "String[]", Sets: map[string]Setting{"": {Positional: true}}},
			{Name: "Kind", Type: "DiskKind"},
			{Name: "Count", Type: "Int32", Validation: []string{"ValidateRange(1, 5)"}},
		}, Process: func(c *Call) error {
			found := false
			for _, d := range all {
				if c.Has("Name") && !anyMatch(c.Strings("Name"), d.name) || c.Has("Kind") && c.Value("Kind") != d.kind {
					continue
				}
				found = true
				if err := c.Write(NewInstance(class, d)); err != nil {
					return err
				}
			}
			if !found {
				return c.Error(NewErrorRecord("Test.DiskException", "NotFound", ObjectNotFound, "There is no disk "+c.String("Name")+"."))
			}
			return nil
		}},
		{Name: "Remove-Disk", ErrorName: "Test.RemoveDisk", DefaultSet: "Name", SupportsShouldProcess: true, ConfirmImpact: ImpactHigh, Parameters: []*Parameter{
			{Name: "Name", Type: "String[]", Sets: byName},
			{Name: "Disk", Type: "Disk[]", Sets: object},
			{Name: "Passthru", Type: "SwitchParameter"},
		}, Process: func(c *Call) error {
			names := c.Strings("Name")
			for _, d := range c.Data("Disk") {
				names = append(names, d.(*disk).name)
			}
			for _, n := range names {
				ok, err := c.ShouldProcess(n, "")
				if err != nil {
					return err
				}
				if !ok {
					continue
				}
				if n == "gamma" {
					return c.Fail(NewErrorRecord("Test.DiskException", "Gone", ObjectNotFound, "gamma is gone."))
				}
				if err := c.Verbose("removing " + n); err != nil {
					return err
				}
				if err := c.Write(c.Set() + ":" + n); err != nil {
					return err
				}
			}
			return nil
		}},
	}}
}

func TestModule(t *testing.T) {
	r, err := NewRegistry(testModule())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ script, want string }{
		{"(Get-Disk).Count", "2"},
		{"(gdsk a*).Name", "alpha"},
		{"(Disk beta).Size / 1GB", "2"},
		{"Get-Disk -Kind Fixed | % Name", "alpha"},
		{"Get-Disk -Kind 3 | % Name", "beta"},
		{"(Get-Disk alpha).Kind -eq 'Fixed'; (Get-Disk alpha).Kind; [int](Get-Disk alpha).Kind", "True,Fixed,2"},
		{"Get-Disk alpha | ConvertTo-Json -Compress", `{"Name":"alpha","Size":1073741824,"Kind":2}`},
		{`"$(Get-Disk alpha)"; (Get-Disk alpha).GetType().Name; (Get-Disk alpha) -is [Test.Disk]; [Test.DiskKind]::Dynamic`, "disk alpha,Disk,True,Dynamic"},
		{"try { Get-Disk -Kind Odd } catch { $_.FullyQualifiedErrorId }", "CannotConvertArgumentNoMessage,Get-Disk"},
		{"try { Get-Disk -Count 9 } catch { $_.FullyQualifiedErrorId }", "ParameterArgumentValidationError,Get-Disk"},
		{"try { Get-Disk nope -ErrorAction Stop } catch { $_.FullyQualifiedErrorId; \"$($_.CategoryInfo)\" }", "NotFound,Get-Disk,ObjectNotFound: (:) [Get-Disk], DiskException"},
		{"Get-Disk nope -ErrorAction SilentlyContinue; $?; $Error.Count", "False,1"},
		{"Remove-Disk x -Confirm:$false", "Name:x"},
		{"Get-Disk | Remove-Disk -Confirm:$false", "Object:alpha,Object:beta"},
		{"'a', 'b' | Remove-Disk -Confirm:$false", "Name:a,Name:b"},
		{"Remove-Disk (Get-Disk alpha) -Confirm:$false", "Object:alpha"},
		{"Remove-Disk -Disk (Get-Disk) -Confirm:$false", "Object:alpha,Object:beta"},
		{"try { Remove-Disk -Disk 'text' -Confirm:$false } catch { $_.FullyQualifiedErrorId }", "CannotConvertArgumentNoMessage,Test.RemoveDisk"},
		{"try { Remove-Disk -Name x -Disk (Get-Disk alpha) } catch { $_.FullyQualifiedErrorId }", "AmbiguousParameterSet,Test.RemoveDisk"},
		{"try { Remove-Disk } catch { $_.FullyQualifiedErrorId }", "MissingMandatoryParameter,Test.RemoveDisk"},
		{"try { Remove-Disk x } catch { $_.Exception.Message }", "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available."},
		{"Remove-Disk x -WhatIf; $ConfirmPreference = 'None'; Remove-Disk y", "Name:y"},
		{"try { 'gamma', 'a' | Remove-Disk -Confirm:$false } catch { $_.FullyQualifiedErrorId }", "Gone,Test.RemoveDisk"},
		{"$d = Get-Disk alpha; try { $d.Name = '' } catch { $_.Exception.Message }; try { $d.Size = 1 } catch { $_.Exception.Message }", "Exception setting \"Name\": \"a disk needs a name\",'Size' is a ReadOnly property."},
		{"(Get-Command Remove-Disk).Source; (Get-Module Disks -ListAvailable).Name", "Disks,Disks"},
		{"Get-Disk alpha | Select-Object Name, @{ n = 'g'; e = { $_.Size / 1GB } } | % { \"$_\" }", "@{Name=alpha; g=1}"},
		{"(Get-Disk alpha | Out-String) -replace '\\r\\n', '|'", "|Name          GB|----          --|alpha          1|||"},
		{"(Get-Disk | Sort-Object Size -Descending).Name -join '+'", "beta+alpha"},
		{"Get-Disk | ? { $_.Kind -eq 'Dynamic' } | % Name; Get-Disk | ? Kind -eq Fixed | % Name", "beta,alpha"},
	} {
		out, res := run(t, NewSession(Options{Seed: 1, Modules: r}), c.script)
		if got := strings.Join(out, ","); got != c.want || res.Err != nil {
			t.Errorf("%s\n gives %q (%v)\n want  %q", c.script, got, res.Err, c.want)
		}
	}
}

func TestRegistryRefuses(t *testing.T) {
	cmd := func(p ...*Parameter) *Module {
		return &Module{Name: "M", Cmdlets: []*Cmdlet{{Name: "Get-X", Parameters: p}}}
	}
	for _, c := range []struct {
		module *Module
		want   string
	}{
		{&Module{Name: "M", Cmdlets: []*Cmdlet{{Name: "Get-Date"}}}, "cmdlet Get-Date is there twice"},
		{cmd(&Parameter{Name: "A", Type: "int", Validation: []string{"ValidateRange(1"}}), "validation"},
		{cmd(&Parameter{Name: "A", Type: "int", Validation: []string{"ValidateOdd(1)"}}), "ValidateOdd"},
		{cmd(&Parameter{Name: "A", Type: "int"}, &Parameter{Name: "a", Type: "int"}), "there twice"},
	} {
		if _, err := NewRegistry(c.module); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// TestManySessions runs sessions beside each other on one registry.
func TestManySessions(t *testing.T) {
	r, err := NewRegistry(testModule())
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 16)
	for i := range 16 {
		go func() {
			s := NewSession(Options{Seed: 1, Modules: r})
			for range 20 {
				var out []string
				res := s.Run(context.Background(), fmt.Sprintf("$x = %d; (Get-Disk | Measure-Object).Count + $x", i), Streams{Output: func(v Value) error {
					out = append(out, plainString(v))
					return nil
				}})
				if res.Err != nil || len(out) != 1 || out[0] != fmt.Sprint(i+2) {
					errs <- fmt.Errorf("session %d: %v %v", i, out, res.Err)
					return
				}
			}
			errs <- nil
		}()
	}
	for range 16 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
