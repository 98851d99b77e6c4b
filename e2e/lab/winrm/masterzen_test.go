package winrm

import (
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	masterzen "github.com/masterzen/winrm"

	"lifeboat.io/e2e/lab/winrm/pki"
)

// TestMasterzen runs commands through an unmodified client library, in each of
// its ways to log on.
func TestMasterzen(t *testing.T) {
	ca, cert := testPKI(t)
	own, err := ca.Client(pki.Days(time.Now(), 1), "x", "admin@localhost")
	if err != nil {
		t.Fatal(err)
	}
	certPEM, keyPEM, err := pki.Encode(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		https     bool
		sealed    bool // the host takes nothing else
		decorator func() masterzen.Transporter
	}{
		{"Basic", false, false, nil},
		{"Basic over HTTPS", true, false, nil},
		{"NTLM", false, false, func() masterzen.Transporter { return &masterzen.ClientNTLM{} }},
		{"NTLM sealed", false, true, func() masterzen.Transporter {
			e, err := masterzen.NewEncryption("ntlm")
			if err != nil {
				t.Error(err)
			}
			return e
		}},
		{"certificate", true, false, func() masterzen.Transporter { return &masterzen.ClientAuthRequest{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, func(cfg *Config) {
				cfg.Certificate, cfg.ClientCAs, cfg.Auth.Certificate = &cert, ca.Pool(), true
				cfg.Auth.AllowUnencrypted = !c.sealed
			})
			address, secure := s.Addresses()
			if c.https {
				address = secure
			}
			host, port, _ := net.SplitHostPort(address)
			n, _ := strconv.Atoi(port)
			endpoint := masterzen.NewEndpoint(host, n, c.https, false, ca.PEM(), certPEM, keyPEM, 20*time.Second)
			params := masterzen.NewParameters("PT10S", "en-US", 153600)
			params.TransportDecorator = c.decorator
			client, err := masterzen.NewClientWithParameters(endpoint, "Administrator", "Pass-1", params)
			if err != nil {
				t.Fatal(err)
			}
			shell, err := client.CreateShell()
			if err != nil {
				t.Fatal(err)
			}
			command, err := shell.ExecuteWithContext(context.Background(), "echo hello")
			if err != nil {
				t.Fatal(err)
			}
			go io.Copy(io.Discard, command.Stderr)
			var out bytes.Buffer
			_, _ = io.Copy(&out, command.Stdout)
			command.Wait()
			if out.String() != "hello\r\n" || command.ExitCode() != 0 {
				t.Errorf("%q, exit code %d", out.String(), command.ExitCode())
			}
			if err := command.Close(); err != nil {
				t.Error(err)
			}
			if err := shell.Close(); err != nil {
				t.Error(err)
			}
			if st := s.Stats(); st.Shells != 0 || st.Processes != 0 {
				t.Errorf("left behind %d shells and %d processes", st.Shells, st.Processes)
			}
		})
	}
}
