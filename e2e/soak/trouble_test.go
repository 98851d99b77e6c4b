package soak_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// kinds are the faults of single requests.
var kinds = []winrm.FaultKind{
	winrm.FaultDelay, winrm.FaultReset, winrm.FaultHalfOpen, winrm.FaultStatus, winrm.FaultSOAP, winrm.FaultQuota, winrm.FaultAccessDenied,
	winrm.FaultRestart, winrm.FaultResetBody, winrm.FaultEmptyBody, winrm.FaultTruncated, winrm.FaultGarbage, winrm.FaultSlow, winrm.FaultLocalized,
}

// lost are those that are there on both sides of the effect. A host that says
// why it did not take a request (a quota, no access, a shell that is gone) did
// not take it, so those come before only.
var lost = map[winrm.FaultKind]bool{winrm.FaultReset: true, winrm.FaultHalfOpen: true, winrm.FaultStatus: true, winrm.FaultRestart: true}

var (
	actions   = []string{"", winrm.ActionCreate, winrm.ActionCommand, winrm.ActionSend, winrm.ActionReceive, winrm.ActionSignal, winrm.ActionDelete}
	codes     = []uint32{2150858843, 995, 170, 1726, 2147943418}
	languages = []string{"de-DE", "ja-JP"}
)

// trouble befalls a host until the context ends, and is then taken away.
func trouble(ctx context.Context, t *testing.T, l *lab.Lab, h *lab.Host, dice *rand.Rand) {
	for {
		if err := strike(l, h, dice); err != nil {
			t.Error(err)
		}
		if !lasts(ctx, between(dice, 20*time.Millisecond, 400*time.Millisecond)) {
			return
		}
		if err := heal(l, h); err != nil {
			t.Error(err)
		}
		if !lasts(ctx, between(dice, 50*time.Millisecond, 1200*time.Millisecond)) {
			return
		}
	}
}

func between(dice *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(dice.Int64N(int64(high-low)))
}

// lasts lets a while go by; false when the round is over.
func lasts(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// strike does something to a host, or to some of the requests it gets.
func strike(l *lab.Lab, h *lab.Host, dice *rand.Rand) error {
	do := func(kind hypersim.ActionKind) error { return l.Do(hypersim.Action{Do: kind, Host: h.Name()}) }
	switch dice.IntN(16) {
	case 0:
		return do(hypersim.DoFreeze)
	case 1:
		return do(hypersim.DoCutWinRM)
	case 2:
		h.WinRM().Stop()
		return nil
	case 3:
		h.WinRM().Restart()
		return nil
	case 4:
		return l.StickVMMS(h.Name())
	case 5:
		return l.Inject(hypersim.Fault{Kind: hypersim.FaultCmdletFails, Host: h.Name(), Times: 1 + dice.IntN(3), Skip: dice.IntN(4)})
	case 6:
		return l.Inject(hypersim.Fault{Kind: hypersim.FaultCmdletHangs, Host: h.Name(), Delay: hypersim.Duration(between(dice, time.Millisecond, time.Second))})
	case 7:
		skew := between(dice, -time.Hour, time.Hour)
		return l.Do(hypersim.Action{Do: hypersim.DoSetSkew, Host: h.Name(), Skew: hypersim.Duration(skew)})
	}
	var faults []winrm.Fault
	for range 1 + dice.IntN(3) {
		f := winrm.Fault{Kind: kinds[dice.IntN(len(kinds))], Action: actions[dice.IntN(len(actions))], Skip: dice.IntN(4), Count: 1 + dice.IntN(3),
			DelayMillis: dice.IntN(30), Code: codes[dice.IntN(len(codes))], Language: languages[dice.IntN(len(languages))]}
		if lost[f.Kind] && dice.IntN(2) == 0 {
			f.When = winrm.After
		}
		faults = append(faults, f)
	}
	_, err := h.WinRM().Arm(faults...)
	return err
}

// heal takes everything away but the host's idea of the time.
func heal(l *lab.Lab, h *lab.Host) error {
	s := h.WinRM()
	s.DisarmAll()
	err := errors.Join(l.ClearInjected(h.Name()), l.Do(hypersim.Action{Do: hypersim.DoUnfreeze, Host: h.Name()}),
		l.Do(hypersim.Action{Do: hypersim.DoRestoreWinRM, Host: h.Name()}))
	if s.Frozen() {
		s.Thaw()
	}
	if !s.Listening() {
		err = errors.Join(err, s.Resume())
	}
	return err
}
