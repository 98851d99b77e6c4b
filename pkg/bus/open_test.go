package bus_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/secret"
)

func TestOpenAgainKeepsEverything(t *testing.T) {
	c := bustest.Config(t)
	b, err := bus.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if b.URL() != "" {
		t.Errorf("an in-process bus has an address: %s", b.URL())
	}
	last := fill(t, b, vm("vm-1"), 3)
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Append(t.Context(), vm("vm-1"), last, stepStarted(t, vm("vm-1"), "e")); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("append to a closed bus: %v", err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	b = bustest.OpenConfig(t, c)
	history, err := b.History(t.Context(), vm("vm-1"))
	if err != nil || len(history) != 3 {
		t.Fatalf("%d events after a restart, %v", len(history), err)
	}
	// The window of recognition outlives the restart.
	if seq, err := b.Append(t.Context(), vm("vm-1"), history[1].Seq, history[2].Event); err != nil || seq != last {
		t.Errorf("the last event again: %d, %v; want %d", seq, err, last)
	}
}

func TestOpenSaysWhatIsInTheWay(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	used := bustest.Config(t)
	bustest.OpenConfig(t, used)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		config bus.Config
		want   []string
	}{
		{"dir in use", bus.Config{Dir: used.Dir}, []string{used.Dir, "in use by another process"}},
		{"dir is a file", bus.Config{Dir: file}, []string{file}},
		{"port in use", bus.Config{Dir: t.TempDir(), Listen: taken.Addr().String()}, []string{"address already in use"}},
		{"no server there", bus.Config{URL: "nats://127.0.0.1:1", Replicas: 1}, []string{"nats://127.0.0.1:1"}},
		{"no such server config", bus.Config{Dir: t.TempDir(), ServerConfig: file + ".none"}, []string{"serverConfig", file + ".none"}},
		{"no such password file", bus.Config{URL: "nats://127.0.0.1:1", Credentials: bus.Credentials{User: "u", Password: secret.Ref{File: file + ".none"}}}, []string{"credentials.password", file + ".none"}},
		{"empty password file", bus.Config{URL: "nats://127.0.0.1:1", Credentials: bus.Credentials{User: "u", Password: secret.Ref{File: file}}}, []string{"credentials.password", "empty"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.config.Logger = bustest.Logger(t)
			began := time.Now()
			b, err := bus.Open(t.Context(), row.config)
			if err == nil {
				_ = b.Close(t.Context())
				t.Fatal("opened")
			}
			if time.Since(began) > 20*time.Second {
				t.Errorf("took %s to say so", time.Since(began))
			}
			for _, part := range row.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// TestPathsStartAtTheFolder gives every path relative to a folder.
func TestPathsStartAtTheFolder(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"nats.conf": "authorization { user: me, password: secret }\n", "password": "secret\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bustest.Open(t, func(c *bus.Config) {
		c.Folder, c.Dir, c.ServerConfig, c.Listen = folder, "streams", "nats.conf", "127.0.0.1:0"
		c.Credentials = bus.Credentials{User: "me", Password: secret.Ref{File: "password"}}
	})
	if _, err := os.Stat(filepath.Join(folder, "streams", "jetstream")); err != nil {
		t.Error(err)
	}
}

func TestOpenFreesTheDirectoryWhenItFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := bustest.Config(t)
	c.Listen = taken.Addr().String()
	if _, err := bus.Open(t.Context(), c); err == nil {
		t.Fatal("opened on a port in use")
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	bustest.OpenConfig(t, c)
}

func TestOpenWaitsForTheServerAsLongAsToldTo(t *testing.T) {
	port := bustest.FreePorts(t, 1)[0]
	result := make(chan error, 1)
	go func() {
		b, err := bus.Open(t.Context(), bus.Config{URL: fmt.Sprintf("nats://127.0.0.1:%d", port), Replicas: 1, ConnectWait: 20 * time.Second, Logger: bustest.Logger(t)})
		if err == nil {
			err = b.Close(context.Background())
		}
		result <- err
	}()
	bustest.Open(t, func(c *bus.Config) { c.Listen = fmt.Sprintf("127.0.0.1:%d", port) })
	if err := receive(t, "the client is connected", result); err != nil {
		t.Fatal(err)
	}
}

// TestOpenRefusesAStreamThatBreaksPromises makes the log forgetful first.
func TestOpenRefusesAStreamThatBreaksPromises(t *testing.T) {
	b := bustest.Open(t, listening)
	js, err := jetstream.New(dial(t, b.URL()))
	if err != nil {
		t.Fatal(err)
	}
	change := func(stream string, change func(*jetstream.StreamConfig)) {
		t.Helper()
		s, err := js.Stream(t.Context(), stream)
		if err != nil {
			t.Fatal(err)
		}
		c := s.CachedInfo().Config
		change(&c)
		if _, err := js.UpdateStream(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	change(bus.StreamEvents, func(c *jetstream.StreamConfig) { c.MaxAge, c.Discard = 24*time.Hour, jetstream.DiscardOld })
	change("KV_leases", func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 5 })
	_, err = bus.Open(t.Context(), bus.Config{URL: b.URL(), Replicas: 1, Logger: bustest.Logger(t)})
	var mismatch *bus.StreamMismatch
	if !errors.As(err, &mismatch) || mismatch.Stream != bus.StreamEvents || len(mismatch.Differences) != 2 {
		t.Fatalf("%v; want both differences of EVENTS", err)
	}
	for _, part := range []string{"max_age: have 24h0m0s, want 9600h0m0s", "discard: have DiscardOld, want DiscardNew", "KV_leases", "max_msgs_per_subject: have 5, want 1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

// TestAttachMakesNothing is how an operator's tool opens a bus.
func TestAttachMakesNothing(t *testing.T) {
	empty := bustest.NewCluster(t, 1)
	c := bus.Config{URL: empty.URL(), Attach: true, Logger: bustest.Logger(t)}
	if _, err := bus.Open(t.Context(), c); !errors.Is(err, bus.ErrNotFound) {
		t.Fatalf("an empty server: %v; want ErrNotFound", err)
	}
	js, err := jetstream.New(dial(t, empty.URL()))
	if err != nil {
		t.Fatal(err)
	}
	for name := range js.StreamNames(t.Context()).Name() {
		t.Errorf("stream %s was made", name)
	}

	b := bustest.Open(t, listening)
	js, err = jetstream.New(dial(t, b.URL()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), "KV_leases")
	if err != nil {
		t.Fatal(err)
	}
	changed := s.CachedInfo().Config
	changed.MaxMsgsPerSubject = 5
	if _, err := js.UpdateStream(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	var log logBuffer
	tool := bustest.OpenConfig(t, bus.Config{URL: b.URL(), Attach: true, Logger: log.logger()})
	if err := tool.Healthy(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "max_msgs_per_subject") {
		t.Error("the mismatch is not logged")
	}
}

func TestReplicasNeedACluster(t *testing.T) {
	b := bustest.Open(t, listening)
	_, err := bus.Open(t.Context(), bus.Config{URL: b.URL(), Logger: bustest.Logger(t)})
	var mismatch *bus.StreamMismatch
	if !errors.As(err, &mismatch) || !strings.Contains(err.Error(), "num_replicas: have 1, want 3") {
		t.Errorf("existing streams of one replica: %v", err)
	}
}

// TestEveryStreamIsOnTheServerAsWanted asks the server what it made of the table.
func TestEveryStreamIsOnTheServerAsWanted(t *testing.T) {
	b := bustest.Open(t, listening)
	js, err := jetstream.New(dial(t, b.URL()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range js.StreamNames(t.Context()).Name() {
		names = append(names, name)
	}
	if len(names) != 8 {
		t.Errorf("streams %v; want 8", names)
	}
	s, err := js.Stream(t.Context(), bus.StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context()); err == nil {
		t.Error("the log can be purged")
	}
	fill(t, b, vm("vm-1"), 1)
	if err := s.DeleteMsg(t.Context(), 1); err == nil {
		t.Error("an event can be deleted")
	}
	// Buckets are what the client library takes for buckets.
	for _, bucket := range []string{bus.BucketInventory, bus.BucketLeases, bus.BucketSeen} {
		if _, err := js.KeyValue(t.Context(), bucket); err != nil {
			t.Errorf("bucket %s: %v", bucket, err)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, row := range []struct {
		name   string
		config bus.Config
		want   string
	}{
		{"nothing", bus.Config{}, "dir"},
		{"replicas of an embedded server", bus.Config{Dir: "d", Replicas: 3}, "replicas"},
		{"an even number of replicas", bus.Config{URL: "u", Replicas: 2}, "replicas"},
		{"listen without a port", bus.Config{Dir: "d", Listen: "127.0.0.1"}, "listen"},
		{"listen to everybody", bus.Config{Dir: "d", Listen: "0.0.0.0:4222"}, "serverConfig"},
		{"listen to everybody, unnamed", bus.Config{Dir: "d", Listen: ":4222"}, "serverConfig"},
		{"dir of an external server", bus.Config{URL: "u", Dir: "d"}, "dir"},
		{"too short a window", bus.Config{Dir: "d", AppendWindow: time.Second}, "appendWindow"},
		{"too long a window", bus.Config{Dir: "d", AppendWindow: time.Hour}, "appendWindow"},
		{"too little room", bus.Config{Dir: "d", EventsMaxBytes: 1}, "eventsMaxBytes"},
		{"password in the url", bus.Config{URL: "nats://user:hunter2@host:4222"}, "credentials"},
		{"two identities", bus.Config{URL: "u", Credentials: bus.Credentials{CredsFile: "a", NKeyFile: "b"}}, "only one"},
		{"user without password", bus.Config{URL: "u", Credentials: bus.Credentials{User: "a"}}, "password"},
		{"certificate without key", bus.Config{URL: "u", Credentials: bus.Credentials{CertFile: "a"}}, "keyFile"},
	} {
		err := row.config.Validate()
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v; want it to name %q", row.name, err, row.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password", row.name)
		}
	}
	for name, good := range map[string]bus.Config{
		"embedded": {Dir: "d"}, "embedded for others": {Dir: "d", Listen: "[::1]:0"},
		"for everybody with users": {Dir: "d", Listen: "0.0.0.0:4222", ServerConfig: "f"}, "cluster": {URL: "nats://a,nats://b"},
	} {
		if err := good.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestServerConfigNamesUsers runs the embedded server from its own
// configuration file: a user without the right is refused, and the refusal is logged.
func TestServerConfigNamesUsers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conf := write("nats.conf", `
		authorization {
			users = [
				{ user: all, password: "top" }
				{ user: reader, password: "bottom", permissions: { publish: { allow: ["$JS.API.>", "_INBOX.>"] }, subscribe: ["_INBOX.>"] } }
			]
		}`)
	server := bustest.Open(t, listening, func(c *bus.Config) {
		c.ServerConfig = conf
		c.Credentials = bus.Credentials{User: "all", Password: secret.Ref{File: write("top", "top\n")}}
	})
	fill(t, server, vm("vm-1"), 1)

	if _, err := bus.Open(t.Context(), bus.Config{URL: server.URL(), Replicas: 1, Logger: bustest.Logger(t)}); err == nil {
		t.Error("nobody was let in")
	}
	var log logBuffer
	reader := bustest.OpenConfig(t, bus.Config{
		URL: server.URL(), Replicas: 1, Logger: log.logger(),
		Credentials: bus.Credentials{User: "reader", Password: secret.Ref{File: write("bottom", "bottom")}},
	})
	if history, err := reader.History(t.Context(), vm("vm-1")); err != nil || len(history) != 1 {
		t.Errorf("reading: %d events, %v", len(history), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	agg := vm("vm-2")
	if _, err := reader.Append(ctx, agg, 0, stepStarted(t, agg, "e")); err == nil {
		t.Error("a reader may write")
	}
	bustest.Eventually(t, 5*time.Second, "the refusal is logged as a security event", func() bool {
		return strings.Contains(log.String(), "security=true") && strings.Contains(log.String(), "Permissions Violation")
	})
	for _, secret := range []string{"top\"", "bottom"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
}

func TestInboxIsBounded(t *testing.T) {
	b := bustest.Open(t, listening)
	js, err := jetstream.New(dial(t, b.URL()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), bus.StreamInbox)
	if err != nil {
		t.Fatal(err)
	}
	c := s.CachedInfo().Config
	c.MaxMsgs = 2
	if _, err := js.UpdateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"T-1", "T-1", "T-2"} {
		if err := b.Submit(t.Context(), "acme", ticket(t, id)); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
	}
	if err := b.Submit(t.Context(), "acme", ticket(t, "T-3")); !errors.Is(err, bus.ErrFull) {
		t.Fatalf("a full inbox: %v; want ErrFull", err)
	}
	inbox := quick("intake")
	inbox.Stream = bus.StreamInbox
	consume(t, b, inbox, func(context.Context, bus.Delivery) error { return nil })
	bustest.Eventually(t, 10*time.Second, "there is room again", func() bool {
		return b.Submit(t.Context(), "acme", ticket(t, "T-3")) == nil
	})
	if err := b.Submit(t.Context(), "", ticket(t, "T-4")); !errors.Is(err, bus.ErrInvalid) {
		t.Errorf("no account: %v", err)
	}
}
