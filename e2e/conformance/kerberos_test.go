package conformance_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"lifeboat.io/e2e/lab/powershell"
	lab "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/e2e/lab/winrm/pki"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

// realm is a Kerberos realm of its own, served by MIT's KDC on loopback.
type realm struct {
	dir, config string
	address     string // of the KDC
	server      *exec.Cmd
}

// newRealm starts a KDC that ends with the test. Without one installed the
// test is skipped.
func newRealm(t *testing.T, services ...string) *realm {
	t.Helper()
	for _, program := range []string{"krb5kdc", "kdb5_util", "kadmin.local"} {
		if serverProgram(program) == "" {
			t.Skipf("%s is not installed: apt-get install krb5-kdc krb5-admin-server", program)
		}
	}
	r := &realm{dir: t.TempDir()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	r.address = address
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	const types = "aes256-cts-hmac-sha1-96"
	r.config = r.write(t, "krb5.conf", fmt.Sprintf("[libdefaults]\n default_realm = LAB.TEST\n dns_lookup_kdc = false\n dns_lookup_realm = false\n udp_preference_limit = 1\n"+
		" default_tkt_enctypes = %[1]s\n default_tgs_enctypes = %[1]s\n permitted_enctypes = %[1]s\n[realms]\n LAB.TEST = {\n  kdc = %[2]s\n }\n[domain_realm]\n .lab.test = LAB.TEST\n", types, address))
	profile := r.write(t, "kdc.conf", fmt.Sprintf("[kdcdefaults]\n kdc_listen = %[1]s\n kdc_tcp_listen = %[1]s\n[realms]\n LAB.TEST = {\n  database_name = %[2]s/principal\n  key_stash_file = %[2]s/stash\n"+
		"  supported_enctypes = %[3]s:normal\n }\n[logging]\n kdc = FILE:%[2]s/kdc.log\n", address, r.dir, types))
	environment := append(os.Environ(), "KRB5_CONFIG="+r.config, "KRB5_KDC_PROFILE="+profile)
	run := func(name string, args ...string) {
		t.Helper()
		command := exec.Command(serverProgram(name), args...)
		command.Env = environment
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	run("kdb5_util", "create", "-s", "-P", "master")
	run("kadmin.local", "-q", "addprinc +requires_preauth -pw kerberos-1 "+user)
	for _, s := range services {
		run("kadmin.local", "-q", "addprinc -randkey "+s)
		run("kadmin.local", "-q", "ktadd -k "+r.dir+"/http.keytab "+s)
	}
	r.server = exec.Command(serverProgram("krb5kdc"), "-n")
	r.server.Env = environment
	if err := r.server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	r.await(t, address)
	return r
}

// serverProgram finds a program, also where Debian keeps servers; empty when it
// is not installed.
func serverProgram(name string) string {
	for _, at := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(at); err == nil {
			return path
		}
	}
	return ""
}

func (r *realm) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// await waits until the KDC answers.
func (r *realm) await(t *testing.T, address string) {
	t.Helper()
	deadline := time.NewTimer(15 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("the KDC does not answer: %v", err)
		}
	}
}

func (r *realm) stop() {
	if r.server != nil {
		_ = r.server.Process.Kill()
		_ = r.server.Wait()
		r.server = nil
	}
}

// issued counts the tickets of a kind the KDC has issued.
func (r *realm) issued(t *testing.T, request string) int {
	t.Helper()
	log, err := os.ReadFile(r.dir + "/kdc.log")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.SplitSeq(string(log), "\n") {
		if strings.Contains(line, request) && strings.Contains(line, "ISSUE") {
			n++
		}
	}
	return n
}

// userKeytab is a file with the user's keys.
func (r *realm) userKeytab(t *testing.T) string {
	t.Helper()
	keys := keytab.New()
	if err := keys.AddEntry(user, "LAB.TEST", "kerberos-1", time.Now(), 1, etypeID.AES256_CTS_HMAC_SHA1_96); err != nil {
		t.Fatal(err)
	}
	raw, err := keys.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return r.write(t, "user.keytab", string(raw))
}

func (r *realm) login(t *testing.T, password string) *winrm.Login {
	t.Helper()
	l, err := winrm.NewLogin(winrm.LoginSettings{ConfigFile: r.config, User: user,
		Password: func() (secret.Text, error) { return secret.NewText(password), nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// member starts a lab host that is in the realm.
func (r *realm) member(t *testing.T, name string, changes ...func(*lab.Config)) *site {
	t.Helper()
	keys, err := keytab.Load(r.dir + "/http.keytab")
	if err != nil {
		t.Fatal(err)
	}
	return start(t, func(c *lab.Config) {
		c.Name, c.Keytab, c.Auth = name, keys, lab.Auth{Kerberos: true, Negotiate: true}
		c.Run = runner(powershell.Options{Modules: emptyHyperV(t), ComputerName: strings.ToUpper(strings.Split(name, ".")[0])})
		for _, change := range changes {
			change(c)
		}
	})
}

func TestKerberos(t *testing.T) {
	r := newRealm(t, "HTTP/hv1.lab.test", "HTTP/hv2.lab.test")
	var hosts []*site
	for _, name := range []string{"hv1.lab.test", "hv2.lab.test"} {
		s := r.member(t, name)
		certificate, err := s.ca.Host(pki.Days(time.Now(), 1), name)
		if err != nil {
			t.Fatal(err)
		}
		s.SetCertificate(certificate)
		hosts = append(hosts, s)
	}
	dial := func(t *testing.T, s *site, l *winrm.Login) *winrm.Host {
		c := s.config(t, winrm.HTTPS, winrm.Kerberos)
		c.User, c.Password, c.Login, c.ServerName = "", nil, l, s.Name()
		return s.dial(t, c)
	}
	t.Run("one log-on for all hosts", func(t *testing.T) {
		login := r.login(t, "kerberos-1")
		for _, s := range hosts {
			h := dial(t, s, login)
			for range 5 {
				works(t, h)
			}
		}
		if as, tgs := r.issued(t, "AS_REQ"), r.issued(t, "TGS_REQ"); as != 1 || tgs != len(hosts) {
			t.Errorf("%d log-ons and %d service tickets, want 1 and %d", as, tgs, len(hosts))
		}
	})
	t.Run("wrong password", func(t *testing.T) {
		h := dial(t, hosts[0], r.login(t, "wrong"))
		_, err := h.Start(t.Context(), nobody)
		isError(t, err, hyperv.ClassHold, hyperv.CodeAccessDenied)
		if n := h.Counts().Requests; n != 0 {
			t.Errorf("%d requests to the host", n)
		}
	})
	t.Run("no such service", func(t *testing.T) {
		c := hosts[0].config(t, winrm.HTTPS, winrm.Kerberos)
		c.Login, c.Service = r.login(t, "kerberos-1"), "HTTP/hv3.lab.test"
		_, err := hosts[0].dial(t, c).Start(t.Context(), nobody)
		isError(t, err, hyperv.ClassHold, hyperv.CodeAccessDenied)
	})
	t.Run("the host's clock is too far off", func(t *testing.T) {
		off := func(c *lab.Config) { c.Now = func() time.Time { return time.Now().Add(10 * time.Minute) } }
		s := r.member(t, "hv1.lab.test", off)
		_, err := dial(t, s, r.login(t, "kerberos-1")).Start(t.Context(), nobody)
		e := isError(t, err, hyperv.ClassHold, hyperv.CodeAccessDenied)
		if !contains(e.Message, "clock") {
			t.Errorf("%q does not speak of the clock", e.Message)
		}
	})
	t.Run("the KDC is down", func(t *testing.T) {
		r.stop()
		login := r.login(t, "kerberos-1")
		h := dial(t, hosts[0], login)
		for range 2 {
			_, err := h.Start(t.Context(), nobody)
			isError(t, err, hyperv.ClassRetry, hyperv.CodeUnreachable)
		}
	})
}
