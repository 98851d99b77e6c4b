package command_test

import (
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/services/lifeboat/internal/house"
	"lifeboat.io/services/lifeboat/internal/story"
)

// TestAsking runs the scripts that submit tickets and steer runs.
func TestAsking(t *testing.T) { ask(t, "testdata/asking") }

// TestLosing runs those that lose a host, which no other script may be using.
func TestLosing(t *testing.T) { ask(t, "testdata/losing") }

// ask runs scripts, several at a time, against both services and one world of
// simulated hosts.
func ask(t *testing.T, folder string) {
	b := openBus(t)
	w := house.StartWorld(t)
	house.StartServices(t, b, b, w)
	can := commands(time.Now)
	can["fail-host"] = func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(w.Do(hypersim.Action{Do: hypersim.DoKill, Host: args[0]}))
	}
	can["guest"] = func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(w.Do(hypersim.Action{Do: hypersim.DoSetGuest, VM: hyperv.VMID(args[0]), Guest: &hypersim.Guest{NeverBoots: args[1] == "never-boots"}}))
	}
	testscript.Run(t, testscript.Params{
		Dir: folder, RequireUniqueNames: true, Cmds: can,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LIFEBOAT_NATS", b.URL())
			env.Setenv("LIFEBOAT_REQUESTER", story.Ada.Email)
			return nil
		},
	})
}
