// Package config is lifeboat.yaml: what `lifeboat serve` runs with, and how the
// commands find the bus.
//
// The file is read strictly. Check lists everything that is wrong with it and
// with the inventory it names, each with its place, so that a person mends all
// of it in one go.
//
// What this package is not: it starts nothing, and reads no secret.
package config
