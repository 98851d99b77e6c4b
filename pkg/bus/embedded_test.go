package bus

import (
	"os"
	"path/filepath"
	"testing"
)

// TestServerOptionsKeepTheirPromises checks what no configuration file may undo.
func TestServerOptionsKeepTheirPromises(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nats.conf")
	text := "port: 4333\njetstream { store_dir: \"/elsewhere\", sync_interval: 2m }\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Config{
		"without a file": {Dir: "streams"},
		"with a file":    {Dir: "streams", ServerConfig: file},
	} {
		options, err := serverOptions(c.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		if !options.SyncAlways {
			t.Errorf("%s: what is acknowledged is not on disk", name)
		}
		if !options.NoSigs {
			t.Errorf("%s: the server takes the program's signals", name)
		}
		if !options.JetStream || options.StoreDir != "streams" {
			t.Errorf("%s: streams %v in %q", name, options.JetStream, options.StoreDir)
		}
		if options.DontListen != (c.ServerConfig == "") {
			t.Errorf("%s: listens %v", name, !options.DontListen)
		}
	}
}
