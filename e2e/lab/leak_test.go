package lab_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/masterzen/winrm"

	"lifeboat.io/e2e/lab"
)

// processGoroutines are the stacks of goroutines that are somewhere in the interpreter or
// run a process of a host.
func processGoroutines() (all []string) {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for one := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		if s := string(one); strings.Contains(s, "lab/powershell.(*Input)") || strings.Contains(s, "lab/powershell/console.") || strings.Contains(s, "lab/cmdexe.") {
			all = append(all, s)
		}
	}
	return all
}

// Whatever commands do with their standard input, nothing of them stays when
// they are over, while their shell is still open.
func TestEndedCommandsLeaveNothing(t *testing.T) {
	l := start(t, func(o *lab.Options) { o.AllowUnencrypted = true })
	h := l.Host("p1")
	port, _ := h.Ports()
	client, err := winrm.NewClient(winrm.NewEndpoint(h.Address(), port, false, false, nil, nil, nil, patience), lab.Administrator, password)
	if err != nil {
		t.Fatal(err)
	}
	shell, err := client.CreateShell()
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	scripts := []string{
		"1",
		"[Console]::In.ReadLine()",
		"$null = [Console]::In.ReadLine(); throw 'enough'",
		"(New-Object System.IO.StringReader \"a`nb`nc\").ReadLine()",
		"[Console]::In.ReadLine(); exit 3",
	}
	for i := range 40 {
		runs(t, shell, scripts[i%len(scripts)], fmt.Sprintf("line %d\r\nand more", i))
	}
	until(t, "every process is over", func() bool { return l.Host("p1").WinRM().Stats().Processes == 0 })
	var left []string
	until(t, "nothing stays of processes", func() bool { left = processGoroutines(); return len(left) == 0 })
}

// runs runs a script that gets a line and a half, and whose input stays open.
func runs(t *testing.T, shell *winrm.Shell, script, input string) {
	t.Helper()
	c, err := shell.ExecuteWithContext(t.Context(), winrm.Powershell(script))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Stdin.Write([]byte(input)) // it may have ended already
	done := make(chan struct{}, 2)
	for _, r := range []io.Reader{c.Stdout, c.Stderr} {
		go func() {
			_, _ = io.Copy(io.Discard, r)
			done <- struct{}{}
		}()
	}
	c.Wait()
	<-done
	<-done
}
