package command

import (
	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/lifeboat/config"
)

// configuredBus is how a configuration says the bus is reached from outside.
func (c *cli) configuredBus(path string) (bus.Config, error) {
	conf, err := config.Load(path)
	if err != nil {
		return bus.Config{}, wrong(err)
	}
	client, err := conf.Client()
	if err != nil {
		return bus.Config{}, wrong(err)
	}
	return client, nil
}

// needConfig is the configuration's path, for commands that cannot do without.
func (c *cli) needConfig() (string, error) {
	path := c.configPath()
	if path == "" {
		return "", usage("which configuration? Name it with --config or $%s", envConfig)
	}
	return path, nil
}
