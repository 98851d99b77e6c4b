package revisions

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/inventory"
)

// key is the one key of the bucket.
const key = "document"

// maxCanonicalBytes bounds what a stored revision may unpack to.
const maxCanonicalBytes = 32 << 20

// Revision is one stored inventory.
type Revision struct {
	*inventory.Inventory
	// Number grows with every change.
	Number uint64
	// Stored is when it was stored, by the bus's clock.
	Stored time.Time
}

// Store makes inv the latest revision and returns its number. When the latest
// says the same already, nothing is stored and changed is false. It fails with
// *bus.RevisionConflict when another stores at the same moment; and with an
// error that says so when the inventory is too large for the bus.
func Store(ctx context.Context, b *bus.Bus, inv *inventory.Inventory) (number uint64, changed bool, err error) {
	var latest uint64
	entry, ok, err := b.Inventory().Get(ctx, key)
	if err != nil {
		return 0, false, fmt.Errorf("inventory: read the latest revision: %w", err)
	}
	if ok {
		latest = entry.Revision
		// One that cannot be read, as a newer version may have written it, is replaced.
		if have, err := unpack(entry); err == nil && have.Digest() == inv.Digest() {
			return latest, false, nil
		}
	}
	packed, err := pack(inv)
	if err != nil {
		return 0, false, err
	}
	number, err = b.Inventory().Put(ctx, key, packed, latest)
	if err != nil {
		return 0, false, fmt.Errorf("inventory: store %d bytes: %w", len(packed), err)
	}
	return number, true, nil
}

// Latest reads the latest revision. It fails with bus.ErrNotFound when none was
// ever stored.
func Latest(ctx context.Context, b *bus.Bus) (Revision, error) {
	entry, ok, err := b.Inventory().Get(ctx, key)
	if err == nil && !ok {
		err = bus.ErrNotFound
	}
	if err != nil {
		return Revision{}, fmt.Errorf("inventory: %w", err)
	}
	return revision(entry)
}

// At reads a former revision. It fails with bus.ErrNotFound when it is not kept
// any more.
func At(ctx context.Context, b *bus.Bus, number uint64) (Revision, error) {
	entry, err := b.Inventory().GetRevision(ctx, key, number)
	if err != nil {
		return Revision{}, fmt.Errorf("inventory: %w", err)
	}
	return revision(entry)
}

// Watch calls handle with the latest revision, if there is one, and with every
// one after it, until the context ends; it returns nil then. A revision that
// cannot be read is logged and left out: the one before it goes on to hold.
func Watch(ctx context.Context, b *bus.Bus, log *slog.Logger, handle func(Revision)) error {
	return b.Inventory().Watch(ctx, key, nil, func(entry bus.Entry) error {
		r, err := revision(entry)
		if err != nil {
			log.Error("a stored inventory cannot be read; the one before it goes on to hold", "revision", entry.Revision, "error", err)
			return nil
		}
		handle(r)
		return nil
	})
}

func revision(entry bus.Entry) (Revision, error) {
	inv, err := unpack(entry)
	if err != nil {
		return Revision{}, fmt.Errorf("inventory revision %d: %w", entry.Revision, err)
	}
	return Revision{Inventory: inv, Number: entry.Revision, Stored: entry.Stored}, nil
}

// pack makes the stored form: the canonical JSON, compressed, because one
// message must hold thousands of VMs.
func pack(inv *inventory.Inventory) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(inv.Canonical())
	if err := errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("inventory: compress: %w", err)
	}
	return out.Bytes(), nil
}

func unpack(entry bus.Entry) (*inventory.Inventory, error) {
	z, err := gzip.NewReader(bytes.NewReader(entry.Value))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(z, maxCanonicalBytes+1))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if len(raw) > maxCanonicalBytes {
		return nil, fmt.Errorf("unpacks to more than %d bytes", maxCanonicalBytes)
	}
	return inventory.Parse("", raw)
}
