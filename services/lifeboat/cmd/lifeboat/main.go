// Command lifeboat is the operator's program: `lifeboat serve` runs the
// services, the rest of it asks, watches and decides. See `lifeboat --help`.
//
// What this package is not: there is nothing here but the way in.
package main

import (
	"context"
	"os"
	"time"

	"lifeboat.io/services/lifeboat/command"
)

func main() {
	program := command.Program{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Getenv, Now: time.Now}
	os.Exit(program.Run(context.Background(), os.Args[1:]))
}
