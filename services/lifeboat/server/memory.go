package server

import (
	"os"
	"runtime/debug"
)

// heapGrowth is by how many percent the heap may grow over what is alive before
// it is collected. Go's own 100 suits a large heap. This one is some 20 MB, and
// what throws the most away is a burst: a hundred failovers that begin in the
// same second, when time matters more than the memory. Measured by make bench.
const heapGrowth = 300

// tendHeap sets how often memory is collected, unless the environment does.
func tendHeap() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}
