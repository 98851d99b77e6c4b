package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram makes the test's own binary be the program.
const asProgram = "LAB_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience is how long the program may take for anything.
const patience = 30 * time.Second

// program is the program running.
type program struct {
	*exec.Cmd
	line   ready
	stdout *bufio.Reader
	stderr bytes.Buffer
}

func command(t *testing.T, arguments ...string) *program {
	t.Helper()
	p := &program{Cmd: exec.CommandContext(t.Context(), os.Args[0], arguments...)}
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stderr = &p.stderr
	p.WaitDelay = patience
	return p
}

// run starts the program and waits until it is ready.
func run(t *testing.T, arguments ...string) *program {
	t.Helper()
	p := command(t, arguments...)
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	p.stdout = bufio.NewReader(out)
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		_ = p.Wait()
		t.Fatalf("it was not ready: %v\n%s", err, p.stderr.String())
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&p.line); err != nil || !p.line.Ready {
		t.Fatalf("%s: %v", line, err)
	}
	return p
}

// ends sends a signal and checks that the program ends well and says no more.
func (p *program) ends(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(p.stdout)
	if err != nil || len(rest) != 0 {
		t.Errorf("after the line: %q, %v", rest, err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("%v\n%s", err, p.stderr.String())
	}
}

func TestDefaultWorld(t *testing.T) {
	p := run(t, "--address", "127.77.1.1")
	if len(p.line.Hosts) != 4 || p.line.Hosts[0].Name != "hv01" || p.line.Hosts[3].User != "Administrator" || p.line.Hosts[3].Password == "" {
		t.Errorf("%+v", p.line)
	}
	if p.line.Hosts[0].Address != "127.0.0.1" && (p.line.Hosts[1].Address != "127.77.1.2" || p.line.Hosts[1].HTTP != "http://127.77.1.2:5985" || p.line.Hosts[1].HTTPS != "https://127.77.1.2:5986") {
		t.Errorf("%+v", p.line.Hosts[1])
	}
	var truth struct {
		Copies []struct{ Name string }
	}
	get(t, p.line.Admin+"/v1/truth", &truth)
	if len(truth.Copies) != 16 {
		t.Errorf("%d copies, want those of eight replicated VMs", len(truth.Copies))
	}
	if _, err := os.Stat(p.line.Config); err != nil {
		t.Error(err)
	}
	p.ends(t, syscall.SIGTERM)
	if strings.Contains(p.stderr.String(), p.line.Hosts[0].Password) {
		t.Error("the password is in the log")
	}
	if _, err := os.Stat(filepath.Dir(p.line.Config)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its directory is left: %v", err)
	}
}

func get(t *testing.T, url string, into any) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

func TestFlags(t *testing.T) {
	dir := t.TempDir()
	p := run(t, "--hosts", "6", "--vms", "3", "--seed", "9", "--ps-start", "0", "--cmdlet-latency", "1ms", "--time-scale", "50",
		"--address", "127.0.0.1", "--nats", "nats://127.0.0.1:14999", "--dir", dir, "--log-level", "ERROR")
	if len(p.line.Hosts) != 6 || p.line.Hosts[5].Address != "127.0.0.1" || p.line.Hosts[5].HTTP == p.line.Hosts[4].HTTP {
		t.Errorf("%+v", p.line)
	}
	var clock struct{ Scale float64 }
	if get(t, p.line.Admin+"/v1/time", &clock); clock.Scale != 50 {
		t.Errorf("%+v", clock)
	}
	text, err := os.ReadFile(p.line.Config)
	if err != nil || filepath.Dir(p.line.Config) != dir || !strings.Contains(string(text), "127.0.0.1:14999") {
		t.Errorf("%s %s %v", p.line.Config, text, err)
	}
	p.ends(t, syscall.SIGINT)
	if _, err := os.Stat(p.line.Config); err != nil {
		t.Errorf("a directory of the user's own was removed: %v", err)
	}
}

func TestWorldOfOnesOwn(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world.json")
	text := `{"hosts": [{"name": "a", "site": "x"}, {"name": "b", "site": "y"}], "vms": [{"name": "one", "host": "a", "replica": "b"}]}`
	if err := os.WriteFile(world, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := run(t, "--world", world, "--address", "127.0.0.1")
	if len(p.line.Hosts) != 2 || p.line.Hosts[1].Name != "b" {
		t.Errorf("%+v", p.line)
	}
	p.ends(t, syscall.SIGTERM)
}

func TestItFailsWithAReason(t *testing.T) {
	taken := run(t, "--address", "127.0.0.1")
	for _, tt := range []struct {
		arguments []string
		code      int
		says      string
	}{
		{[]string{"--hosts", "1"}, exitUsage, "give 2 to"},
		{[]string{"--hosts", "many"}, exitUsage, "hosts"},
		{[]string{"--nonsense"}, exitUsage, "nonsense"},
		{[]string{"extra"}, exitUsage, "extra"},
		{[]string{"--address", "192.0.2.1"}, exitFailure, "loopback"},
		{[]string{"--time-scale", "-1", "--address", "127.0.0.1"}, exitFailure, "time scale"},
		{[]string{"--nats", "somewhere", "--address", "127.0.0.1"}, exitFailure, "nats://"},
		{[]string{"--world", "/nothing/there.json"}, exitFailure, "there.json"},
		{[]string{"--dir", "/nothing/there", "--address", "127.0.0.1"}, exitFailure, "/nothing"},
		{[]string{"--admin", strings.TrimPrefix(taken.line.Admin, "http://"), "--address", "127.0.0.1"}, exitFailure, "--admin"},
	} {
		p := command(t, tt.arguments...)
		out, err := p.Output()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != tt.code || !strings.Contains(p.stderr.String(), tt.says) || len(out) != 0 {
			t.Errorf("%v: %v %q %s; want exit code %d with %q", tt.arguments, err, out, p.stderr.String(), tt.code, tt.says)
		}
	}
	taken.ends(t, syscall.SIGTERM)
}

func TestHelpTeaches(t *testing.T) {
	out, err := command(t, "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"lifeboat serve --config", "--ps-start", "--cmdlet-latency", "--time-scale", "Exit codes", `"ready":true`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not mention %q", want)
		}
	}
}
