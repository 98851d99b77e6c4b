package main

import (
	"fmt"
	"os"
	"path/filepath"

	"lifeboat.io/pkg/daemon"
)

// load reads the configuration, and settles what its paths and its instance are.
func load(path string) (config, error) {
	var c config
	if err := daemon.Load(path, &c); err != nil {
		return c, err
	}
	folder, err := daemon.Folder(path)
	if err != nil {
		return c, err
	}
	c.Bus.Folder = folder
	if !filepath.IsAbs(c.Secrets) {
		c.Secrets = filepath.Join(folder, c.Secrets)
	}
	if c.Executor.Instance == "" {
		// The same name for the executor's leases and for its shells on hosts.
		if c.Executor.Instance, err = os.Hostname(); err != nil {
			return c, fmt.Errorf("executor.instance: empty, and this machine does not tell its name; give one: %w", err)
		}
	}
	return c, c.Executor.Validate()
}
