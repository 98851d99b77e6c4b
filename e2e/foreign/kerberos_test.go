package foreign

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"
	masterzen "github.com/masterzen/winrm"

	"lifeboat.io/e2e/lab/winrm"
)

const (
	realm     = "LAB.TEST"
	principal = "HTTP/" + hostName
	// kdcStart is how long a KDC may take to answer.
	kdcStart = 15 * time.Second
)

// kdc is a Kerberos realm of its own.
type kdc struct {
	dir    string
	env    []string
	keytab *keytab.Keytab
}

// startKDC runs MIT's KDC on loopback until the end of the test, with the
// service of the host, an administrator and a user the host does not know.
func startKDC(t *testing.T) *kdc {
	t.Helper()
	// Debian keeps the servers where only root's path looks.
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	needPrograms(t, "krb5kdc", "kdb5_util", "kadmin.local", "kinit")
	k := &kdc{dir: t.TempDir()}
	port := freePort(t)
	file := func(name, text string) string {
		path := filepath.Join(k.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	krb5 := file("krb5.conf", fmt.Sprintf(`[libdefaults]
 default_realm = %[1]s
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
 default_tkt_enctypes = aes256-cts-hmac-sha1-96
 default_tgs_enctypes = aes256-cts-hmac-sha1-96
 permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96
[realms]
 %[1]s = {
  kdc = 127.0.0.1:%[2]d
 }
[domain_realm]
 .lab.test = %[1]s
`, realm, port))
	profile := file("kdc.conf", fmt.Sprintf(`[kdcdefaults]
 kdc_listen = 127.0.0.1:%[2]d
 kdc_tcp_listen = 127.0.0.1:%[2]d
[realms]
 %[1]s = {
  database_name = %[3]s/principal
  key_stash_file = %[3]s/stash
  supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
 }
[logging]
 kdc = FILE:%[3]s/kdc.log
`, realm, port, k.dir))
	k.env = append(os.Environ(), "KRB5_CONFIG="+krb5, "KRB5_KDC_PROFILE="+profile, "KRB5CCNAME=FILE:"+k.dir+"/ccache")
	k.must(t, "", "kdb5_util", "create", "-s", "-P", "master")
	for _, q := range []string{
		`addprinc -pw kerberos-1 ` + user, `addprinc -pw kerberos-1 stranger`,
		"addprinc -randkey " + principal, "ktadd -k " + k.dir + "/http.keytab " + principal,
	} {
		k.must(t, "", "kadmin.local", "-q", q)
	}
	var err error
	if k.keytab, err = keytab.Load(k.dir + "/http.keytab"); err != nil {
		t.Fatal(err)
	}
	server := exec.Command("krb5kdc", "-n")
	server.Env = k.env
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	waitForPort(t, port)
	return k
}

// freePort finds a port nobody listens at now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func waitForPort(t *testing.T, port int) {
	t.Helper()
	deadline := time.Now().Add(kdcStart)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the KDC does not answer: %v", err)
		}
		<-tick.C
	}
}

func (k *kdc) must(t *testing.T, input, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdin = k.env, strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

// host runs a host in the realm.
func (k *kdc) host(t *testing.T, change func(*winrm.Config)) *host {
	h := startHost(t, func(c *winrm.Config) {
		c.Keytab, c.Auth.Kerberos = k.keytab, true
		if change != nil {
			change(c)
		}
	})
	h.env = append(h.env, k.env[len(k.env)-3:]...)
	return h
}

func port(address string) string {
	u, _ := url.Parse(address)
	return u.Port()
}

// TestKerberos: one realm for all, since making one takes its time.
func TestKerberos(t *testing.T) {
	k := startKDC(t)
	k.must(t, "kerberos-1\n", "kinit", user)
	t.Run("curl", func(t *testing.T) { curlNegotiates(t, k) })
	t.Run("gssapi sealed", func(t *testing.T) { gssapiSeals(t, k) })
	t.Run("pywinrm", func(t *testing.T) { pywinrmKerberos(t, k) })
	t.Run("masterzen", func(t *testing.T) { masterzenKerberos(t, k) })
	t.Run("clock skew", func(t *testing.T) { skewedHost(t, k) })
	k.must(t, "kerberos-1\n", "kinit", "stranger")
	t.Run("stranger", func(t *testing.T) {
		h := k.host(t, nil)
		if status := curl(t, h, "--negotiate"); status != "401" {
			t.Errorf("a user the host does not know gets HTTP %s", status)
		}
	})
}

// identifyMessage asks the service who it is.
const identifyMessage = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>` +
	`<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>`

// curl posts Identify over HTTPS and returns the HTTP status.
func curl(t *testing.T, h *host, args ...string) string {
	t.Helper()
	needPrograms(t, "curl")
	args = append([]string{"-s", "-o", "answer.xml", "-w", "%{http_code}", "--cacert", "ca.pem", "-u", ":",
		"--resolve", hostName + ":" + port(h.https) + ":127.0.0.1", "-H", "Content-Type: application/soap+xml;charset=UTF-8",
		"--data-binary", identifyMessage}, args...)
	out, errs, err := h.run(t, "", "curl", append(args, "https://"+hostName+":"+port(h.https)+"/wsman")...)
	if err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	return out
}

func curlNegotiates(t *testing.T, k *kdc) {
	h := k.host(t, nil)
	if status := curl(t, h, "--negotiate"); status != "200" {
		t.Fatalf("HTTP %s", status)
	}
	answer, err := os.ReadFile(filepath.Join(h.dir, "answer.xml"))
	if err != nil || !strings.Contains(string(answer), "OS: 10.0") {
		t.Errorf("%v: %s", err, answer)
	}
	if st := h.Stats(); st.Logins["kerberos"] != 1 || st.Logins["ntlm"] != 0 {
		t.Errorf("log-ons: %v", st.Logins)
	}
}

// skewedHost: a host whose clock is off by more than five minutes takes no ticket.
func skewedHost(t *testing.T, k *kdc) {
	h := k.host(t, nil)
	late := k.host(t, func(c *winrm.Config) {
		c.Now = func() time.Time { return time.Now().Add(6 * time.Minute) }
	})
	if a, b := curl(t, h, "--negotiate"), curl(t, late, "--negotiate"); a != "200" || b != "401" {
		t.Errorf("HTTP %s with the right clock, %s with a wrong one", a, b)
	}
}

func gssapiSeals(t *testing.T, k *kdc) {
	needModules(t, "gssapi")
	script, err := filepath.Abs("testdata/gssapi_sealed.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"Kerberos", "Negotiate"} {
		h := k.host(t, nil) // AllowUnencrypted is off: clear SOAP is refused
		out, errs, err := h.run(t, strings.Repeat(identifyMessage+"\n", 3), python, script, "127.0.0.1", port(h.http), principal+"@"+realm, scheme)
		if err != nil {
			t.Fatalf("%s: %v: %s", scheme, err, errs)
		}
		var answers [][2]any
		if err := json.Unmarshal([]byte(out), &answers); err != nil {
			t.Fatal(err)
		}
		if len(answers) != 3 {
			t.Fatalf("%d answers", len(answers))
		}
		for _, a := range answers {
			if text, _ := a[1].(string); a[0] != 200.0 || !strings.Contains(text, "Microsoft Corporation") {
				t.Errorf("%s: %v", scheme, a)
			}
		}
	}
}

func pywinrmKerberos(t *testing.T, k *kdc) {
	needModules(t, "winrm", "requests_kerberos")
	h := k.host(t, nil)
	got := h.pywinrm(t, h.https, user+"@"+realm, map[string]any{
		"transport": "kerberos", "kerberos_hostname_override": hostName, "ca_trust_path": filepath.Join(h.dir, "ca.pem"),
	}, []any{"run_cmd", "hostname"}, []any{"run_ps", "Get-VM"})
	for _, r := range got {
		if r.Exception != "" || r.Code != 0 {
			t.Fatalf("%+v", r)
		}
	}
	if e := said(t, got[1].Out); e.Script != "Get-VM" || e.User != `HV1\`+user {
		t.Errorf("%+v", e)
	}
	h.clean(t)
}

func masterzenKerberos(t *testing.T, k *kdc) {
	h := k.host(t, func(c *winrm.Config) { c.Auth.AllowUnencrypted = true }) // it cannot seal
	n, err := strconv.Atoi(port(h.http))
	if err != nil {
		t.Fatal(err)
	}
	params := masterzen.NewParameters("PT10S", "en-US", 153600)
	params.TransportDecorator = func() masterzen.Transporter {
		return masterzen.NewClientKerberos(&masterzen.Settings{
			WinRMUsername: user, WinRMPassword: "kerberos-1", WinRMHost: "127.0.0.1", WinRMPort: n, WinRMProto: "http",
			KrbRealm: realm, KrbConfig: k.dir + "/krb5.conf", KrbSpn: principal,
		})
	}
	client, err := masterzen.NewClientWithParameters(masterzen.NewEndpoint("127.0.0.1", n, false, false, nil, nil, nil, programTimeout), user, "", params)
	if err != nil {
		t.Fatal(err)
	}
	out, _, code, err := client.RunCmdWithContext(t.Context(), "hostname")
	if err != nil || code != 0 {
		t.Fatalf("exit code %d, %v", code, err)
	}
	if e := said(t, out); e.User != `HV1\`+user {
		t.Errorf("%+v", e)
	}
	h.clean(t)
}
