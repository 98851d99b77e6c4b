package daemon

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Ready tells whoever started the program that it is ready: what is given, as
// one line of JSON, and a notification to systemd where that is listening.
func Ready(w io.Writer, line any) error {
	raw, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("ready line: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s\n", raw); err != nil {
		return fmt.Errorf("ready line: %w", err)
	}
	return notify(daemon.SdNotifyReady)
}

// notify tells systemd where the program stands; elsewhere it does nothing.
func notify(state string) error {
	if _, err := daemon.SdNotify(false, state); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}
