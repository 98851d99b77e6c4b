package lab

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lifeboat.io/pkg/hyperv/hypersim"
)

func TestDefaultWorld(t *testing.T) {
	s, err := World(DefaultHosts, DefaultVMs, 7)
	if err != nil || len(s.Hosts) != 4 || len(s.VMs) != 8 || s.Seed != 7 {
		t.Fatalf("%+v, %v", s, err)
	}
}

// Every world of any size can be made, and no VM replicates within its site.
func TestWorldsOfAnySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := World(rapid.IntRange(2, 40).Draw(t, "hosts"), rapid.IntRange(0, 120).Draw(t, "vms"), rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		sites := map[string]string{}
		for _, h := range s.Hosts {
			sites[h.Name] = h.Site
		}
		for _, vm := range s.VMs {
			if sites[vm.Host] == "" || sites[vm.Host] == sites[vm.Replica] {
				t.Fatalf("%s of %d: from %s in %s to %s in %s", vm.Name, len(s.Hosts), vm.Host, sites[vm.Host], vm.Replica, sites[vm.Replica])
			}
		}
		if _, err := hypersim.New(s); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWorldRefuses(t *testing.T) {
	for _, size := range [][2]int{{1, 0}, {MaxHosts + 1, 0}, {4, -1}, {4, MaxVMs + 1}} {
		if _, err := World(size[0], size[1], 1); err == nil || !strings.Contains(err.Error(), "give") {
			t.Errorf("%v: %v", size, err)
		}
	}
}

func TestReadWorld(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "world.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s, err := ReadWorld(write(`{"hosts": [{"name": "a"}], "durations": {"guestBoot": "2s"}}`))
	if err != nil || len(s.Hosts) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{``, `{"host": []}`, `{"hosts": [{"name": 5}]}`, `[]`} {
		if _, err := ReadWorld(write(bad)); err == nil || !strings.Contains(err.Error(), "world.json") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := ReadWorld(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestAddresses(t *testing.T) {
	if list, err := addresses("127.0.0.1", 3); err != nil || !slices.Equal(list, []string{"127.0.0.1", "127.0.0.1", "127.0.0.1"}) {
		t.Errorf("%v, %v", list, err)
	}
	if !bindable("127.3.0.254") {
		t.Skip("this system has one loopback address")
	}
	if list, err := addresses("127.3.0.254", 3); err != nil || !slices.Equal(list, []string{"127.3.0.254", "127.3.0.255", "127.3.1.0"}) {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := addresses("127.255.255.254", 3); err == nil {
		t.Error("addresses beyond loopback were given")
	}
}

func TestIDsFollowTheSeed(t *testing.T) {
	vms := []hypersim.VMSpec{{Name: "a"}, {Name: "b", ID: "6f9619ff-8b86-4011-b42d-00c04fc964ff"}, {Name: "c"}}
	one, same, other := withIDs(vms, 1), withIDs(vms, 1), withIDs(vms, 2)
	if one[0].ID != same[0].ID || one[0].ID == other[0].ID || one[0].ID == one[2].ID || one[1].ID != vms[1].ID || vms[0].ID != "" {
		t.Errorf("%v %v %v", one, same, other)
	}
}
