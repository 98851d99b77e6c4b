package bustest

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"lifeboat.io/pkg/bus"
)

const (
	// clusterTimeout bounds the formation of a cluster, elections included.
	clusterTimeout = 60 * time.Second
	// globalAccount is the account of servers without users.
	globalAccount = "$G"
)

// Cluster is a cluster of servers in this process, with streams on disk.
type Cluster struct {
	t       testing.TB
	options []*server.Options
	servers []*server.Server
}

// NewCluster starts a cluster, or a single server without any streams, and
// ends it with the test.
func NewCluster(t testing.TB, size int) *Cluster {
	t.Helper()
	c := &Cluster{t: t, servers: make([]*server.Server, size)}
	dir := t.TempDir()
	ports := FreePorts(t, 2*size)
	var routes []*url.URL
	for i := range size {
		routes = append(routes, &url.URL{Scheme: "nats-route", Host: fmt.Sprintf("127.0.0.1:%d", ports[size+i])})
	}
	for i := range size {
		c.options = append(c.options, &server.Options{
			ServerName: fmt.Sprint("n", i+1),
			Host:       "127.0.0.1",
			Port:       ports[i],
			JetStream:  true,
			StoreDir:   filepath.Join(dir, fmt.Sprint("n", i+1)),
			SyncAlways: true,
			NoSigs:     true,
			NoLog:      true,
		})
		if size > 1 {
			c.options[i].Cluster = server.ClusterOpts{Name: "lifeboat", Host: "127.0.0.1", Port: ports[size+i]}
			c.options[i].Routes = routes
		}
	}
	for i := range size {
		c.Start(i)
	}
	t.Cleanup(func() {
		for i := range c.servers {
			c.Stop(i)
		}
	})
	Eventually(t, clusterTimeout, "the cluster has a leader and all members", c.formed)
	return c
}

func (c *Cluster) formed() bool {
	if len(c.servers) == 1 {
		return c.servers[0].JetStreamEnabled()
	}
	for _, s := range c.servers {
		if s.JetStreamIsLeader() {
			return len(s.JetStreamClusterPeers()) == len(c.servers)
		}
	}
	return false
}

// Start starts a member that is not running, with the disk it had.
func (c *Cluster) Start(i int) {
	c.t.Helper()
	s, err := server.NewServer(c.options[i].Clone())
	if err != nil {
		c.t.Fatalf("server %d: %v", i, err)
	}
	s.Start()
	if !s.ReadyForConnections(clusterTimeout) {
		c.t.Fatalf("server %d is not ready", i)
	}
	c.servers[i] = s
}

// Stop stops a member, as when its process is told to end.
func (c *Cluster) Stop(i int) {
	if c.servers[i] == nil {
		return
	}
	c.servers[i].Shutdown()
	c.servers[i].WaitForShutdown()
	c.servers[i] = nil
}

// Leader is the member that leads a stream, or -1 while none does.
func (c *Cluster) Leader(stream string) int {
	for i, s := range c.servers {
		if s != nil && s.JetStreamIsStreamLeader(globalAccount, stream) {
			return i
		}
	}
	return -1
}

// StepDown makes a stream's leader hand over to another member.
func (c *Cluster) StepDown(stream string) {
	c.t.Helper()
	leader := c.Leader(stream)
	if leader < 0 {
		return
	}
	if err := c.servers[leader].JetStreamStepdownStream(globalAccount, stream); err != nil {
		c.t.Logf("step down %s: %v", stream, err)
	}
}

// URL is where clients connect: all members.
func (c *Cluster) URL() string {
	var urls []string
	for _, o := range c.options {
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", o.Port))
	}
	return strings.Join(urls, ",")
}

// Config is the configuration of a bus on this cluster, with three replicas.
func (c *Cluster) Config() bus.Config {
	return bus.Config{URL: c.URL(), Replicas: 3, Logger: Logger(c.t)}
}

// FreePorts finds TCP ports on the loopback that are free at the moment.
func FreePorts(t testing.TB, count int) []int {
	t.Helper()
	var ports []int
	for range count {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("find a free port: %v", err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// MemberURL is where clients reach one member.
func (c *Cluster) MemberURL(i int) string {
	return fmt.Sprintf("nats://127.0.0.1:%d", c.options[i].Port)
}
