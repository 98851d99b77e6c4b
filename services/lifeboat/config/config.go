package config

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/daemon"
	"lifeboat.io/pkg/telemetry"
	executor "lifeboat.io/services/failover-executor"
	intake "lifeboat.io/services/ticket-intake"
)

// Config is lifeboat.yaml. Relative paths in it start at the file's own folder.
type Config struct {
	// Bus is the event store: embedded by default, an external one by url.
	Bus bus.Config `yaml:"bus"`
	// Inventory is the path of the inventory. It is read again on SIGHUP, and
	// every version is stored on the bus, where the services hear of it.
	Inventory string `yaml:"inventory"`
	// Intake is ticket-intake's part.
	Intake intake.Config `yaml:"intake"`
	// Executor is failover-executor's part.
	Executor executor.Config `yaml:"executor"`
	// Health is the address that tells whether the program is ready.
	Health Health `yaml:"health"`
	// Telemetry says where traces go; off unless configured.
	Telemetry telemetry.Config `yaml:"telemetry"`
	// Log says how to log.
	Log daemon.LogConfig `yaml:"log"`

	// Folder is the file's own folder, absolute.
	Folder string `yaml:"-"`
}

// Health is the address that tells whether a program lives and is ready.
type Health struct {
	// Listen is its host:port; "127.0.0.1:0", any free port, when left out.
	Listen string `yaml:"listen"`
}

// Load reads lifeboat.yaml. It checks the form only; Check says whether the
// values go together.
func Load(path string) (Config, error) {
	var c Config
	if err := daemon.Load(path, &c); err != nil {
		return c, err
	}
	folder, err := daemon.Folder(path)
	if err != nil {
		return c, err
	}
	c.Folder, c.Bus.Folder = folder, folder
	return c, nil
}

// InventoryPath is where the inventory is; "" when none is named.
func (c Config) InventoryPath() string {
	if c.Inventory == "" || filepath.IsAbs(c.Inventory) {
		return c.Inventory
	}
	return filepath.Join(c.Folder, c.Inventory)
}

// SecretsFolder is where relative paths of the inventory start: its own folder.
func (c Config) SecretsFolder() string {
	if path := c.InventoryPath(); path != "" {
		return filepath.Dir(path)
	}
	return c.Folder
}

// Client is how another process reaches the bus that the configuration is
// about: the same external one, or the embedded server's address.
func (c Config) Client() (bus.Config, error) {
	client := bus.Config{URL: c.Bus.URL, Credentials: c.Bus.Credentials, InboxPrefix: c.Bus.InboxPrefix, Folder: c.Folder}
	if client.URL != "" {
		return client, nil
	}
	host, port, err := net.SplitHostPort(c.Bus.Listen)
	switch {
	case c.Bus.Listen == "":
		return client, fmt.Errorf("the configuration's bus has no listen, so that no other process reaches it; add one, or give the url of a bus")
	case err != nil:
		return client, fmt.Errorf("bus.listen %q: %w", c.Bus.Listen, err)
	case port == "0":
		return client, fmt.Errorf("bus.listen %q takes any free port; give --nats with the address that lifeboat serve printed when it was ready", c.Bus.Listen)
	}
	if strings.TrimSpace(host) == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	client.URL = "nats://" + net.JoinHostPort(host, port)
	return client, nil
}
