package foreign

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/e2e/lab/winrm/pki"
	"lifeboat.io/pkg/secret"
)

const (
	hostName = "hv1.lab.test"
	user     = "Administrator"
	password = `Pass-1 "quoted" %&'`

	unicodeUser, unicodePassword = "Jürgen", "Grüße-1 ✓"

	// programTimeout is how long one foreign program may run.
	programTimeout = 90 * time.Second
)

// passwordOf is a user's password.
func passwordOf(name string) string {
	if name == unicodeUser {
		return unicodePassword
	}
	return password
}

// need skips the test when a program is missing, or fails it when the
// environment says that nothing may be missing.
func need(t *testing.T, found bool, what string) {
	t.Helper()
	switch {
	case found:
	case os.Getenv("LIFEBOAT_REQUIRE_FOREIGN") == "1":
		t.Fatalf("%s is needed and missing", what)
	default:
		t.Skipf("%s is missing", what)
	}
}

// needPrograms looks for programs.
func needPrograms(t *testing.T, names ...string) {
	t.Helper()
	for _, n := range names {
		_, err := exec.LookPath(n)
		need(t, err == nil, "the program "+n)
	}
}

// python is Debian's, which sees Debian's packages; another one first in the
// path would not.
const python = "/usr/bin/python3"

// needModules looks for Python modules.
func needModules(t *testing.T, names ...string) {
	t.Helper()
	needPrograms(t, python)
	for _, n := range names {
		need(t, exec.Command(python, "-c", "import "+n).Run() == nil, "the Python module "+n)
	}
}

// echo is what the runner of these tests answers: what it was asked to run.
type echo struct {
	Command string   `json:"command"`
	Args    []string `json:"args"`
	Script  string   `json:"script"` // of -EncodedCommand, decoded
	Stdin   string   `json:"stdin"`
	User    string   `json:"user"`
	Codes   int      `json:"codepage"`
	Console bool     `json:"console"`
}

// repeat is the runner. Input is read only when standard input is a pipe.
func repeat(_ context.Context, p winrm.Process) int {
	e := echo{Command: p.CommandLine, Args: p.Args, User: p.User, Codes: p.Codepage, Console: p.ConsoleModeStdin}
	words := strings.Fields(p.Line())
	for i, w := range words[:max(0, len(words)-1)] {
		if strings.EqualFold(strings.TrimLeft(w, "-"), "EncodedCommand") {
			e.Script = decodeScript(words[i+1])
		}
	}
	if !p.ConsoleModeStdin {
		data, err := io.ReadAll(p.Stdin)
		if err != nil {
			fmt.Fprintln(p.Stderr, err)
			return 2
		}
		e.Stdin = string(data)
	}
	if err := json.NewEncoder(p.Stdout).Encode(e); err != nil {
		return 3
	}
	return 0
}

// decodeScript reads the argument of -EncodedCommand: base64 of UTF-16LE.
func decodeScript(s string) string {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(raw)%2 != 0 {
		return "not an encoded command: " + s
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i]) | uint16(raw[2*i+1])<<8
	}
	return string(utf16.Decode(units))
}

// host is a WinRM service with what clients need to reach it.
type host struct {
	*winrm.Server
	http, https string // URLs
	dir         string // with ca.pem, client.pem, client.key
	env         []string
}

// startHost runs a host until the end of the test.
func startHost(t *testing.T, change func(*winrm.Config)) *host {
	t.Helper()
	now := time.Now()
	ca, err := pki.NewAuthority("lab", pki.Days(now, 10))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Host(pki.Days(now, 5), hostName, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Client(pki.Days(now, 5), user, "admin@localhost")
	if err != nil {
		t.Fatal(err)
	}
	cfg := winrm.Config{
		Name: hostName,
		Users: []winrm.User{
			{Name: user, Password: secret.NewText(password), Administrator: true, CertificateUPN: "admin@localhost"},
			{Name: unicodeUser, Password: secret.NewText(unicodePassword), Administrator: true},
			{Name: "guest", Password: secret.NewText(password)},
			{Name: "gone", Password: secret.NewText(password), Administrator: true, Expired: true},
		},
		Run: repeat, Certificate: &cert, ClientCAs: ca.Pool(),
		Auth: winrm.Auth{Basic: true, Negotiate: true, Certificate: true},
	}
	if change != nil {
		change(&cfg)
	}
	s, err := winrm.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &host{Server: s, dir: t.TempDir()}
	plain, secure := s.Addresses()
	h.http, h.https = "http://"+plain+"/wsman", "https://"+secure+"/wsman"
	h.write(t, "ca.pem", ca.PEM())
	h.writePair(t, client)
	legacy, err := filepath.Abs("testdata/openssl-legacy.cnf")
	if err != nil {
		t.Fatal(err)
	}
	h.env = append(os.Environ(), "OPENSSL_CONF="+legacy, "HOME="+h.dir, "PYTHONWARNINGS=ignore", "NO_PROXY=127.0.0.1", "LC_ALL=C.UTF-8")
	return h
}

func (h *host) write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (h *host) writePair(t *testing.T, c tls.Certificate) {
	t.Helper()
	cert, key, err := pki.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	h.write(t, "client.pem", cert)
	h.write(t, "client.key", key)
}

// run runs a program to its end and returns its output; its error is nil only
// for exit code 0.
func (h *host) run(t *testing.T, input, name string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Dir, cmd.Stdin = h.env, h.dir, strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// clean checks that a client left no shell and no process behind.
func (h *host) clean(t *testing.T) {
	t.Helper()
	if st := h.Stats(); st.Shells != 0 || st.Processes != 0 || st.ShellsOpened == 0 {
		t.Errorf("%d shells opened, left behind are %d shells and %d processes", st.ShellsOpened, st.Shells, st.Processes)
	}
}
