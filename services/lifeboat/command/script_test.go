package command_test

import (
	"context"
	"flag"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/inventory/revisions"
	"lifeboat.io/services/lifeboat/command"
	"lifeboat.io/services/lifeboat/internal/story"
)

// update writes what the commands print into the scripts that compare it.
var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// commandPatience is how long one command of a script may take.
const commandPatience = 30 * time.Second

// openBus is a bus that commands reach, with the inventory of the stories.
func openBus(t testing.TB) *bus.Bus {
	t.Helper()
	b := bustest.Open(t, func(c *bus.Config) { c.Listen, c.Check = "127.0.0.1:0", contract.Validate })
	if _, _, err := revisions.Store(t.Context(), b, story.Inventory()); err != nil {
		t.Fatal(err)
	}
	return b
}

// commands are what scripts can do: run lifeboat and expect it to succeed, or
// to end with a code.
func commands(now func() time.Time) map[string]func(*testscript.TestScript, bool, []string) {
	run := func(ts *testscript.TestScript, code int, args []string) {
		p := command.Program{In: strings.NewReader(ts.Getenv("stdin")), Out: ts.Stdout(), Err: ts.Stderr(), Env: ts.Getenv, Now: now}
		ctx, cancel := context.WithTimeout(context.Background(), commandPatience)
		defer cancel()
		got := p.Run(ctx, args)
		if ctx.Err() != nil {
			ts.Fatalf("still running after %s", commandPatience)
		}
		if got != code {
			ts.Fatalf("exit code %d, want %d", got, code)
		}
	}
	return map[string]func(*testscript.TestScript, bool, []string){
		"lifeboat": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("say with which code it ends: exits <code> <args>...")
			}
			run(ts, command.ExitOK, args)
		},
		"exits": func(ts *testscript.TestScript, _ bool, args []string) {
			code, err := strconv.Atoi(args[0])
			ts.Check(err)
			run(ts, code, args[1:])
		},
	}
}

// TestLooking runs the scripts that look at the recorded days, as of a fixed
// time, and compares what is printed letter by letter.
func TestLooking(t *testing.T) {
	b := openBus(t)
	if err := story.Days().Record(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/looking", UpdateScripts: *update, RequireUniqueNames: true,
		Cmds: commands(func() time.Time { return story.End }),
		Setup: func(env *testscript.Env) error {
			env.Setenv("LIFEBOAT_NATS", b.URL())
			return nil
		},
	})
}

// TestUsage runs the scripts that need no bus.
func TestUsage(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/usage", UpdateScripts: *update, RequireUniqueNames: true,
		Cmds: commands(func() time.Time { return story.End }),
	})
}
