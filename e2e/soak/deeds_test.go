package soak_test

import (
	"context"

	"lifeboat.io/pkg/hyperv"
)

// verb is a call that may change something, by the one cmdlet the journal shows.
type verb struct {
	name, cmdlet string
	act          func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error)
}

// deed is a verb on one of the two hosts of a VM, by the role it has just then.
type deed struct {
	verb
	on func(w *worker) string
}

func onPrimary(w *worker) string { return w.primary }
func onReplica(w *worker) string { return w.replica }

var (
	setAutoStart = verb{"SetAutoStart", "Set-VM", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.SetAutoStart(ctx, w.vm, []hyperv.StartAction{hyperv.StartNothing, hyperv.StartIfRunning, hyperv.StartAlways}[w.dice.IntN(3)])
	}}
	stop = verb{"Stop", "Stop-VM -TurnOff", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.Stop(ctx, w.vm, hyperv.StopOptions{})
	}}
	start = verb{"Start", "Start-VM", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.Start(ctx, w.vm)
	}}
	setTestNetwork = verb{"SetTestNetwork", "Set-VMNetworkAdapter", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.SetTestNetwork(ctx, w.vm, []hyperv.AdapterSwitch{{Adapter: "Network Adapter", Switch: []string{"Production", "Isolated"}[w.dice.IntN(2)]}})
	}}
	startTestFailover = verb{"StartTestFailover", "Start-VMFailover -AsTest", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.StartTestFailover(ctx, w.vm, "")
	}}
	stopTestFailover = verb{"StopTestFailover", "Stop-VMFailover", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.StopTestFailover(ctx, w.vm)
	}}
	prepare = verb{"Prepare", "Start-VMFailover -Prepare", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.Prepare(ctx, w.vm)
	}}
	failOver = verb{"FailOver", "Start-VMFailover", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.FailOver(ctx, w.vm, "")
	}}
	cancelFailover = verb{"CancelFailover", "Stop-VMFailover", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.CancelFailover(ctx, w.vm)
	}}
	complete = verb{"Complete", "Complete-VMFailover", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.Complete(ctx, w.vm)
	}}
	becomeReplica = verb{"BecomeReplica", "Set-VMReplication -AsReplica", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		return h.BecomeReplica(ctx, w.vm)
	}}
	reverse = verb{"Reverse", "Set-VMReplication -Reverse", func(ctx context.Context, w *worker, h hyperv.Host) (hyperv.Change, error) {
		// To whom is stored already, and may be said.
		target := []hyperv.ReplicaServer{{}, {Server: w.round.lab.Host(w.primary).FQDN()}}[w.dice.IntN(2)]
		return h.Reverse(ctx, w.vm, target)
	}}
)

// deeds are all there are. They lead from each state of a VM to another, and
// most of them back; for what they don't there is mend.
var deeds = []deed{
	{setAutoStart, onPrimary}, {setTestNetwork, onReplica},
	{stop, onPrimary}, {stop, onReplica}, {start, onPrimary}, {start, onReplica},
	{startTestFailover, onReplica}, {stopTestFailover, onReplica},
	{prepare, onPrimary}, {failOver, onReplica}, {cancelFailover, onPrimary}, {cancelFailover, onReplica},
	{complete, onReplica}, {becomeReplica, onPrimary}, {reverse, onReplica},
}

// course is a whole failover. Chance alone would seldom get through one.
type course struct {
	name  string
	steps []deed
}

var courses = []course{
	{"planned failover", []deed{
		{stop, onPrimary}, {prepare, onPrimary}, {failOver, onReplica}, {reverse, onReplica}, {start, onPrimary}, // which is another one by now
	}},
	{"unplanned failover", []deed{
		{failOver, onReplica}, {start, onReplica}, {complete, onReplica}, {stop, onPrimary}, {becomeReplica, onPrimary}, {reverse, onReplica},
	}},
}
