package bus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
)

// serverEnv makes the test binary run as a NATS server of its own, so that a
// test can kill one as only processes can be killed.
const serverEnv = "LIFEBOAT_TEST_NATS_SERVER"

type serverSettings struct {
	Name        string
	Port, Route int
	Routes      []int // of a cluster; none for a single server
	Dir         string
}

func TestMain(m *testing.M) {
	if text := os.Getenv(serverEnv); text != "" {
		runServer(text)
		return
	}
	os.Exit(m.Run())
}

// runServer serves until it is killed, or until its standard input ends with
// the test that started it.
func runServer(text string) {
	var s serverSettings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		panic(err)
	}
	options := &server.Options{
		ServerName: s.Name, Host: "127.0.0.1", Port: s.Port,
		JetStream: true, StoreDir: s.Dir, SyncAlways: true, NoSigs: true, NoLog: true,
	}
	if len(s.Routes) > 0 {
		options.Cluster = server.ClusterOpts{Name: "lifeboat", Host: "127.0.0.1", Port: s.Route}
		for _, port := range s.Routes {
			options.Routes = append(options.Routes, &url.URL{Scheme: "nats-route", Host: fmt.Sprint("127.0.0.1:", port)})
		}
	}
	ns, err := server.NewServer(options)
	if err != nil {
		panic(err)
	}
	ns.Start()
	var sink bytes.Buffer
	_, _ = sink.ReadFrom(os.Stdin)
}

// process is a server in a process of its own.
type process struct {
	settings serverSettings
	cmd      *exec.Cmd
}

func (p *process) start(t testing.TB) {
	t.Helper()
	text, err := json.Marshal(p.settings)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), serverEnv+"="+string(text))
	if _, err := p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process as a power cut would, as far as the server can tell.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.cmd = nil
}

// startProcesses starts a single server or a cluster.
func startProcesses(t testing.TB, size int) (servers []*process, c bus.Config) {
	t.Helper()
	ports := bustest.FreePorts(t, 2*size)
	var routes []int
	if size > 1 {
		routes = ports[size:]
	}
	dir := t.TempDir()
	var urls []string
	for i := range size {
		p := &process{settings: serverSettings{
			Name: fmt.Sprint("n", i+1), Port: ports[i], Route: ports[size+i], Routes: routes,
			Dir: filepath.Join(dir, fmt.Sprint("n", i+1)),
		}}
		p.start(t)
		t.Cleanup(p.kill)
		servers = append(servers, p)
		urls = append(urls, fmt.Sprint("nats://127.0.0.1:", ports[i]))
	}
	return servers, bus.Config{URL: strings.Join(urls, ","), Replicas: size, ConnectWait: 30 * time.Second, Logger: bustest.Logger(t)}
}

// openProcesses opens a bus as soon as the servers are ready for streams.
func openProcesses(t testing.TB, c bus.Config) *bus.Bus {
	t.Helper()
	var b *bus.Bus
	bustest.Eventually(t, 60*time.Second, "the servers take streams", func() bool {
		var err error
		b, err = bus.Open(t.Context(), c)
		return err == nil
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// TestLeaderKilledMidAppend kills the process that leads the log, twice (once
// with -short), while events are appended and consumed: no acknowledged event
// is lost, none is stored twice, and no append fails although nobody leads for
// seconds.
func TestLeaderKilledMidAppend(t *testing.T) {
	t.Parallel()
	rounds := 2
	if testing.Short() {
		rounds = 1
	}
	servers, c := startProcesses(t, 3)
	b := openProcesses(t, c)
	w := startWriters(t, b, 4, 2)
	var mu sync.Mutex
	consumed := map[uint64]bool{}
	consume(t, b, quick("observer"), func(_ context.Context, d bus.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		consumed[d.Seq] = true
		return nil
	})
	w.progress(t, 100)
	for range rounds {
		leader := leaderOf(t, c.URL, servers)
		leader.kill()
		w.progress(t, 50)
		leader.start(t)
		w.progress(t, 50)
	}
	w.check(t, b, 4)
	bustest.Eventually(t, 60*time.Second, "the consumer has seen every acknowledged event", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, seq := range w.acked {
			if !consumed[seq] {
				return false
			}
		}
		return true
	})
}

// leaderOf finds the process that leads the log.
func leaderOf(t testing.TB, url string, servers []*process) *process {
	t.Helper()
	js, err := jetstream.New(dial(t, url))
	if err != nil {
		t.Fatal(err)
	}
	var leader *process
	bustest.Eventually(t, 60*time.Second, "the log has a leader", func() bool {
		s, err := js.Stream(t.Context(), bus.StreamEvents)
		if err != nil || s.CachedInfo().Cluster == nil {
			return false
		}
		for _, p := range servers {
			if p.settings.Name == s.CachedInfo().Cluster.Leader {
				leader = p
			}
		}
		return leader != nil
	})
	return leader
}

// TestSingleServerKilledMidAppend kills the only server there is: what was
// acknowledged is there when it comes back, and appends go on.
func TestSingleServerKilledMidAppend(t *testing.T) {
	t.Parallel()
	servers, c := startProcesses(t, 1)
	b := openProcesses(t, c)
	w := startWriters(t, b, 2, 2)
	for range 3 {
		w.progress(t, 100)
		servers[0].kill()
		servers[0].start(t)
	}
	w.progress(t, 100)
	w.check(t, b, 2)
}
