package daemon

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"lifeboat.io/pkg/telemetry"
)

// Formats of the log.
const (
	// FormatAuto is text on a terminal and JSON elsewhere.
	FormatAuto = "auto"
	// FormatText is one line of key=value per record, for people.
	FormatText = "text"
	// FormatJSON is one JSON object per record, for programs.
	FormatJSON = "json"
)

// LogConfig says how to log.
type LogConfig struct {
	// Level is the least level that is written: debug, info, warn or error; empty means info.
	Level string `json:"level,omitempty" yaml:"level,omitempty"`
	// Format is FormatAuto, FormatText or FormatJSON; empty means FormatAuto.
	Format string `json:"format,omitempty" yaml:"format,omitempty"`
}

// NewLogger makes the program's log. Records made with a context carry the ids
// of its trace.
func NewLogger(w io.Writer, c LogConfig) (*slog.Logger, error) {
	var level slog.Level
	if c.Level != "" {
		if err := level.UnmarshalText([]byte(c.Level)); err != nil {
			return nil, fmt.Errorf("log: level %q: want debug, info, warn or error", c.Level)
		}
	}
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler
	switch format := strings.ToLower(c.Format); {
	case format == FormatText, (format == FormatAuto || format == "") && terminal(w):
		handler = slog.NewTextHandler(w, options)
	case format == FormatJSON, format == FormatAuto, format == "":
		handler = slog.NewJSONHandler(w, options)
	default:
		return nil, fmt.Errorf("log: format %q: want %s, %s or %s", c.Format, FormatAuto, FormatText, FormatJSON)
	}
	return slog.New(telemetry.LogHandler(handler)), nil
}

// terminal reports whether somebody may be looking.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
