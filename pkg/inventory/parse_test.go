package inventory_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
)

var rewrite = flag.Bool("rewrite", false, "write the expected errors of testdata/invalid anew")

// secretInSamples is the secret that the samples try to smuggle in.
const secretInSamples = "Tr0ub4dor"

func TestValidSamples(t *testing.T) {
	for _, path := range samples(t, "valid") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			inv, err := inventory.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			again, err := inventory.Parse("canonical", inv.Canonical())
			if err != nil {
				t.Fatalf("the canonical form is refused: %v", err)
			}
			if inv.Digest() != again.Digest() {
				t.Errorf("digest %s became %s by way of the canonical form", inv.Digest(), again.Digest())
			}
		})
	}
}

func TestInvalidSamples(t *testing.T) {
	for _, path := range samples(t, "invalid") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := inventory.Load(path)
			var problems inventory.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v, want Problems", err)
			}
			for i := range problems {
				problems[i].File = filepath.Base(path)
			}
			got := problems.Error() + "\n"
			if strings.Contains(got, secretInSamples) {
				t.Errorf("the error holds a secret:\n%s", got)
			}
			golden := strings.TrimSuffix(path, ".yaml") + ".txt"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestParseTellsWhereEveryProblemIs(t *testing.T) {
	for _, path := range samples(t, "invalid") {
		_, err := inventory.Load(path)
		var problems inventory.Problems
		if !errors.As(err, &problems) {
			t.Fatalf("%s: error %v, want Problems", path, err)
		}
		for _, p := range problems {
			if p.Line == 0 || p.Text == "" || p.Fix == "" {
				t.Errorf("%s: a problem without place, text or fix: %+v", path, p)
			}
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	text := "sites:\n" + strings.Repeat("  - {}\n", 1000)
	_, err := inventory.Parse("", []byte(text))
	var problems inventory.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	if len(problems) != 201 || !strings.Contains(problems[200].Text, "800 more problems") {
		t.Errorf("%d problems, the last one %v", len(problems), problems[len(problems)-1])
	}
}

func TestDefaultsAreCompleted(t *testing.T) {
	inv := load(t, "smallest.yaml")
	if inv.Accounts[0].Name != "acme" {
		t.Errorf("account name %q, want the id", inv.Accounts[0].Name)
	}
	want := inventory.Defaults{HoldOpenMinutes: 240, CommitAfterMinutes: 240, AtWindowEnd: events.WindowEndCommit, ShutdownGraceSeconds: 300}
	if got := inv.Accounts[0].Defaults; got != want {
		t.Errorf("defaults %+v, want %+v", got, want)
	}
	wantWinRM := inventory.WinRM{Transport: inventory.HTTPS, Port: 5986, Auth: inventory.NTLM, Credential: "hyperv"}
	if got := inv.Hosts[0].WinRM; got != wantWinRM {
		t.Errorf("winrm %+v, want %+v", got, wantWinRM)
	}
	full := load(t, "everything.yaml")
	for name, port := range map[string][2]int{"hv01": {5986, 443}, "hv02": {5986, 443}, "hv05": {5985, 80}} {
		host, ok := full.Host(name)
		if !ok || host.WinRM.Port != port[0] || host.Replica.Port != port[1] {
			t.Errorf("%s: ports %d and %d, want %v", name, host.WinRM.Port, host.Replica.Port, port)
		}
	}
	if got := full.Hosts[0].Replica.CertificateThumbprint; got != "AA112233445566778899"+"00AABBCCDDEEFF001122" {
		t.Errorf("thumbprint %q is not in its one form", got)
	}
	if got := full.VMs[0].ID; got != "5d5c2b0e-6f6b-4c2a-9f0d-0a3c1c5f7e01" {
		t.Errorf("VM id %q is not in its one form", got)
	}
}

func TestDigestIsOfWhatTheDocumentSays(t *testing.T) {
	inv := load(t, "everything.yaml")
	var doc inventory.Document
	if err := json.Unmarshal(inv.Canonical(), &doc); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	shuffle(random, reflect.ValueOf(&doc).Elem())
	shuffled, err := inventory.New(doc)
	if err != nil {
		t.Fatal(err)
	}
	if shuffled.Digest() != inv.Digest() {
		t.Error("the order of lists changed the digest")
	}
	doc.VMs[0].RTOMinutes++
	changed, err := inventory.New(doc)
	if err != nil {
		t.Fatal(err)
	}
	if changed.Digest() == inv.Digest() {
		t.Error("another objective left the digest as it was")
	}
}

// shuffle puts every list in v into another order.
func shuffle(random *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			shuffle(random, v.Field(i))
		}
	case reflect.Slice:
		random.Shuffle(v.Len(), reflect.Swapper(v.Interface()))
		for i := range v.Len() {
			shuffle(random, v.Index(i))
		}
	}
}

func TestNewLeavesTheDocumentAlone(t *testing.T) {
	doc := inventory.Document{Accounts: []inventory.Account{{ID: "acme", Kind: inventory.Managed}}}
	if _, err := inventory.New(doc); err != nil {
		t.Fatal(err)
	}
	if doc.Accounts[0].Name != "" || doc.Accounts[0].Defaults != (inventory.Defaults{}) {
		t.Errorf("New wrote into its argument: %+v", doc.Accounts[0])
	}
}

func TestLoadRefusesWhatCannotBeRead(t *testing.T) {
	if _, err := inventory.Load(filepath.Join(t.TempDir(), "nowhere.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one that the file does not exist", err)
	}
}

// fuzzHang is when a parse counts as one that never ends.
const fuzzHang = 20 * time.Second

func FuzzParse(f *testing.F) {
	for _, folder := range []string{"valid", "invalid"} {
		for _, path := range samples(f, folder) {
			raw, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		defer time.AfterFunc(fuzzHang, func() { panic(fmt.Sprintf("parsing hangs on %q", raw)) }).Stop()
		inv, err := inventory.Parse("fuzz.yaml", raw)
		if err != nil {
			var problems inventory.Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("error %v, want Problems", err)
			}
			return
		}
		again, err := inventory.Parse("canonical", inv.Canonical())
		if err != nil {
			t.Fatalf("the canonical form is refused: %v\n%s", err, inv.Canonical())
		}
		if again.Digest() != inv.Digest() {
			t.Fatalf("the canonical form says something else:\n%s\n%s", inv.Canonical(), again.Canonical())
		}
	})
}

func load(t testing.TB, name string) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Load(filepath.Join("testdata", "valid", name))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func samples(t testing.TB, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no samples in %s: %v", folder, err)
	}
	return paths
}
