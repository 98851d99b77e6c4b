package main

import (
	"os"
	"runtime/debug"
)

// A lab keeps little alive and throws much away: every script is parsed, run and
// forgotten. It collects seldom, so that what is measured is who talks to the
// hosts and not the hosts, until the heap gets large.
const (
	// heapGrowth is by how many percent the heap may grow over what is alive
	// before it is collected.
	heapGrowth = 400
	// heapSoftLimit is the size, in bytes, from which on it is collected more often.
	heapSoftLimit = 512 << 20
)

// tendHeap sets how often memory is collected, unless the environment does.
func tendHeap() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapSoftLimit)
	}
}
