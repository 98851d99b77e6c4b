package interop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

const (
	// jsDir holds the foreign programs.
	jsDir = "js"
	// nodeTimeout bounds one run of a program.
	nodeTimeout = 2 * time.Minute
	// requireEnv, set to 1, turns a missing foreign program into a failure.
	requireEnv = "LIFEBOAT_REQUIRE_FOREIGN"
)

// runNode runs a program of js that must succeed and returns its output.
func runNode(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	out, err := node(t, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// node runs a program of js. It skips the test where Node or the packages are
// not installed, unless they are required.
func node(t *testing.T, program string, args ...string) ([]byte, error) {
	t.Helper()
	binary, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not on the path")
	}
	if _, err := os.Stat(jsDir + "/node_modules"); err != nil {
		missing(t, "the JavaScript packages are not installed: run `npm ci` in e2e/interop/js")
	}
	ctx, cancel := context.WithTimeout(t.Context(), nodeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append([]string{program}, args...)...)
	cmd.Dir = jsDir
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("node %s: %w\n%s", program, err, &problems)
	}
	return out.Bytes(), nil
}

// missing skips the test, or fails it where foreign programs are required.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv(requireEnv) == "1" {
		t.Fatalf("%s=1, but %s", requireEnv, what)
	}
	t.Skipf("%s (%s=1 makes this a failure)", what, requireEnv)
}
