package deployment

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"lifeboat.io/pkg/bus/bustest"
)

// deploy is the folder of the samples.
const deploy = "../../../deploy"

// Users of the bus: the seed's file in the samples, and the variable that gives
// the server its public key.
var users = map[string]string{
	"lifeboat.nk": "LIFEBOAT_NKEY", "ticket-intake.nk": "TICKET_INTAKE_NKEY", "failover-executor.nk": "FAILOVER_EXECUTOR_NKEY",
	"operator.nk": "OPERATOR_NKEY", "desk.nk": "DESK_NKEY",
}

// site is a running server and what its clients need to know.
type site struct {
	server *server.Server
	// seeds is the folder of the users' seeds, ca the file of the certificate
	// authority.
	seeds, ca string
	// replicas is how many servers there are, when there is more than one.
	replicas int
}

// url is where the server is.
func (s site) url() string { return strings.Replace(s.server.ClientURL(), "nats://", "tls://", 1) }

// startServer starts the server of the sample for one.
func startServer(t *testing.T) site {
	t.Helper()
	s := prepare(t)
	s.server = start(t, parse(t, "server.conf"))
	return s
}

// startCluster starts three servers of the sample for three.
func startCluster(t *testing.T) site {
	t.Helper()
	s := prepare(t)
	ports := bustest.FreePorts(t, 3)
	for i, port := range ports {
		t.Setenv(fmt.Sprintf("NATS_ROUTE_%d", i+1), fmt.Sprintf("tls://127.0.0.1:%d", port))
	}
	var all []*server.Server
	for i, port := range ports {
		t.Setenv("NATS_NAME", fmt.Sprintf("bus-%d", i+1))
		options := parse(t, "cluster.conf")
		options.Cluster.Host, options.Cluster.Port = "127.0.0.1", port
		all = append(all, start(t, options))
	}
	s.server, s.replicas = all[0], len(all)
	eventually(t, "the servers find one another", func() bool {
		return slices.ContainsFunc(all, (*server.Server).JetStreamIsLeader) &&
			!slices.ContainsFunc(all, func(one *server.Server) bool { return !one.JetStreamIsCurrent() || one.NumRoutes() == 0 })
	})
	return s
}

// start starts a server at a free port and on a folder of the test's.
func start(t *testing.T, options *server.Options) *server.Server {
	t.Helper()
	options.Host, options.Port, options.HTTPPort, options.StoreDir = "127.0.0.1", server.RANDOM_PORT, 0, t.TempDir()
	options.NoSigs = true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server is not ready for connections")
	}
	return s
}

// parse reads a server's configuration as nats-server does.
func parse(t *testing.T, sample string) *server.Options {
	t.Helper()
	options, err := server.ProcessConfigFile(filepath.Join(deploy, "nats", sample))
	if err != nil {
		t.Fatalf("%s: %v", sample, err)
	}
	return options
}

// prepare makes users and certificates, and the environment that names them.
func prepare(t *testing.T) site {
	t.Helper()
	s := site{seeds: t.TempDir()}
	for file, variable := range users {
		pair, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		seed, err := pair.Seed()
		if err != nil {
			t.Fatal(err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(s.seeds, file), seed)
		t.Setenv(variable, public)
	}
	folder := t.TempDir()
	cert, key := certificate(t)
	s.ca = filepath.Join(folder, "ca.pem")
	write(t, s.ca, cert)
	write(t, filepath.Join(folder, "server.key"), key)
	for variable, file := range map[string]string{"NATS_CERT": "ca.pem", "NATS_KEY": "server.key", "NATS_CA": "ca.pem"} {
		t.Setenv(variable, filepath.Join(folder, file))
	}
	return s
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// certificate makes one for 127.0.0.1 that signed itself, with its key, in PEM.
func certificate(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// sample copies a sample with the secrets and certificates it names, puts the
// test's server in place of the one it names, and returns its path.
func (s site) sample(t *testing.T, name string) string {
	t.Helper()
	return s.sampleAt(t, name, s.url())
}

// sampleAt is sample with another address of the server.
func (s site) sampleAt(t *testing.T, name, url string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(deploy, "external", name))
	if err != nil {
		t.Fatal(err)
	}
	const named = "tls://bus.acme.example:4222"
	if !strings.Contains(string(raw), named) {
		t.Fatalf("%s does not name %s", name, named)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, name)
	text := strings.ReplaceAll(string(raw), named, url)
	if s.replicas > 0 {
		text = strings.ReplaceAll(text, "replicas: 1", fmt.Sprintf("replicas: %d", s.replicas))
	}
	write(t, path, []byte(text))
	own := strings.TrimSuffix(name, ".yaml") + ".nk"
	for from, to := range map[string][]string{
		filepath.Join(s.seeds, own): {"secrets/" + own, own},
		s.ca:                        {"tls/bus-ca.pem", "bus-ca.pem"},
		deploy + "/inventory.yaml":  {"inventory.yaml"},
	} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range to {
			write(t, filepath.Join(folder, file), content)
		}
	}
	return path
}

// eventually waits for something that should be so in a moment.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	bustest.Eventually(t, 20*time.Second, what, holds)
}
