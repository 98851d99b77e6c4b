package lab_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of these tests, wherever they run

	"lifeboat.io/e2e/lab"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/secret"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// Hosts show local times; lifeboat's client reads the moments they stand for,
// also in the hour that comes twice when clocks are set back.
func TestTimesOfHostsElsewhere(t *testing.T) {
	elsewhere := map[string]*time.Location{"east": zone(t, "Asia/Tokyo"), "west": zone(t, "Europe/Berlin")}
	for name, now := range map[string]time.Time{
		"an ordinary day":           time.Date(2026, 3, 2, 9, 4, 0, 0, time.UTC),
		"the hour that comes twice": time.Date(2026, 10, 25, 0, 34, 0, 0, time.UTC), // in Berlin, 02:34 summer time
		"the hour again":            time.Date(2026, 10, 25, 1, 34, 0, 0, time.UTC), // in Berlin, 02:34 winter time
	} {
		t.Run(name, func(t *testing.T) {
			want, is := readAt(t, now, nil), readAt(t, now, elsewhere)
			for host, vm := range want {
				if off := is[host].HostTime.Sub(now).Abs(); off > time.Second {
					t.Errorf("%s: its clock reads %v at %v", host, is[host].HostTime, now)
				}
				if age := now.Sub(vm.Replication.LastReplication); age < 0 || age > 10*time.Minute {
					t.Errorf("%s: without zones, the last replication was %v ago", host, age)
				}
				if a, b := is[host].Replication, vm.Replication; !a.LastReplication.Equal(b.LastReplication) || !a.LastApplied.Equal(b.LastApplied) {
					t.Errorf("%s: last replication %v, applied %v; want %v, %v", host, a.LastReplication, a.LastApplied, b.LastReplication, b.LastApplied)
				}
				if a, b := pointTimes(is[host]), pointTimes(vm); !slices.Equal(a, b) || host == "r1" && len(b) < 3 {
					t.Errorf("%s: recovery points of %v; want %v", host, a, b)
				}
			}
		})
	}
}

// readAt reads vm1 on both hosts of a pair whose clock has come to a time after
// three hours of replication.
func readAt(t *testing.T, now time.Time, zones map[string]*time.Location) map[string]hyperv.VM {
	t.Helper()
	l := start(t, func(o *lab.Options) { o.World.Start, o.Zones, o.TimeScale = now.Add(-3*time.Hour), zones, 0 })
	if err := l.Clock().Advance(3 * time.Hour); err != nil {
		t.Fatal(err)
	}
	read := map[string]hyperv.VM{}
	for _, host := range []string{"p1", "r1"} {
		h := dial(t, l, host)
		id, err := h.FindVM(t.Context(), "vm1")
		if err != nil {
			t.Fatal(err)
		}
		if read[host], err = h.Read(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	return read
}

func pointTimes(vm hyperv.VM) (all []string) {
	for _, p := range vm.RecoveryPoints {
		all = append(all, p.Time.UTC().Format(time.RFC3339Nano))
	}
	return all
}

func TestZoneOfNoSite(t *testing.T) {
	_, err := lab.Start(t.Context(), lab.Options{World: hypersim.Pair(1), Password: secret.NewText(password), Zones: map[string]*time.Location{"north": time.UTC}})
	if err == nil || !strings.Contains(err.Error(), `site "north"`) {
		t.Errorf("%v", err)
	}
}
