package revisions_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/inventory/revisions"
)

// patience bounds how long a test waits for the bus.
const patience = 20 * time.Second

func parse(t *testing.T, text string) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestStoreAndRead(t *testing.T) {
	b := bustest.Open(t)
	ctx := t.Context()
	if _, err := revisions.Latest(ctx, b); !errors.Is(err, bus.ErrNotFound) {
		t.Errorf("an empty bucket gives %v, want not found", err)
	}
	one, two := parse(t, "sites: [{name: north}]"), parse(t, "sites: [{name: south}]")
	first, changed, err := revisions.Store(ctx, b, one)
	if err != nil || !changed {
		t.Fatalf("stored %t: %v", changed, err)
	}
	again, changed, err := revisions.Store(ctx, b, parse(t, "# the same\nsites:\n  - name: north\n"))
	if err != nil || changed || again != first {
		t.Errorf("the same was stored as revision %d after %d (changed %t): %v", again, first, changed, err)
	}
	second, changed, err := revisions.Store(ctx, b, two)
	if err != nil || !changed || second <= first {
		t.Errorf("another one was stored as revision %d after %d (changed %t): %v", second, first, changed, err)
	}
	latest, err := revisions.Latest(ctx, b)
	if err != nil || latest.Number != second || latest.Digest() != two.Digest() {
		t.Errorf("latest is %d: %v", latest.Number, err)
	}
	former, err := revisions.At(ctx, b, first)
	if err != nil || former.Digest() != one.Digest() {
		t.Errorf("revision %d cannot be read any more: %v", first, err)
	}
}

func TestWatchGivesTheLatestAndWhatFollows(t *testing.T) {
	b := bustest.Open(t)
	store := func(text string) {
		t.Helper()
		if _, _, err := revisions.Store(t.Context(), b, parse(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	store("sites: [{name: north}]")
	store("sites: [{name: south}]")

	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	seen := make(chan string)
	ended := make(chan error, 1)
	go func() {
		ended <- revisions.Watch(ctx, b, slog.New(slog.NewTextHandler(&log, nil)), func(r revisions.Revision) { seen <- r.Sites[0].Name })
	}()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-seen:
			if got != want {
				t.Fatalf("seen %s, want %s", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("%s was not seen", want)
		}
	}
	expect("south")
	// Garbage on the bus does not end the watch.
	entry, _, err := b.Inventory().Get(t.Context(), "document")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Inventory().Put(t.Context(), "document", []byte("garbage"), entry.Revision); err != nil {
		t.Fatal(err)
	}
	store("sites: [{name: east}]")
	expect("east")
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the watch ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("the watch does not end")
	}
	if !strings.Contains(log.String(), "cannot be read") {
		t.Errorf("the garbage was not logged: %s", log.String())
	}
}

func TestTenThousandVMsFit(t *testing.T) {
	var text strings.Builder
	text.WriteString("accounts: [{id: acme, kind: managed}]\nsites: [{name: north}]\ncredentials: [{name: c, user: u, password: {env: X}}]\nhosts:\n")
	for i := range 500 {
		fmt.Fprintf(&text, "  - {name: hv%03d, site: north, address: hv%03d.lab.test, fqdn: hv%03d.lab.test, winrm: {credential: c}}\n", i, i, i)
	}
	text.WriteString("vms:\n")
	for i := range 10_000 {
		// Spread over the GUID as real ones are, so that compression has no easy game.
		id := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(i*2654435761), uint16(i*40503), i%4096, (i*7)%4096, uint64(i)*11400714819323198485>>16)
		fmt.Fprintf(&text, "  - {id: %s, name: vm-%05d, account: acme, primary: hv%03d, replica: hv%03d, test: {switch: Isolated}}\n", id, i, i%500, (i+1)%500)
	}
	b := bustest.Open(t)
	inv := parse(t, text.String())
	if _, _, err := revisions.Store(t.Context(), b, inv); err != nil {
		t.Fatal(err)
	}
	latest, err := revisions.Latest(t.Context(), b)
	if err != nil || len(latest.VMs) != 10_000 {
		t.Errorf("%d VMs came back: %v", len(latest.VMs), err)
	}
}
