package connection

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// WireLogConfig says where to keep what is said to hosts on the wire, for
// support. The zero value keeps nothing.
type WireLogConfig struct {
	// File is the path of the log: one JSON object a line for each SOAP envelope
	// that was sent or came back, with its time and host. Values are replaced by
	// their lengths: no password, hash, ticket, script or script data is in it.
	File string `json:"file,omitempty" yaml:"file,omitempty"`
	// MaxMegabytes bounds the room it takes on disk, together with what went
	// before it in File with ".old" behind: 2 to 10,000, 100 when left out.
	MaxMegabytes int `json:"maxMegabytes,omitempty" yaml:"maxMegabytes,omitempty"`
}

// Limits of WireLogConfig.MaxMegabytes.
const (
	defaultWireLogMegabytes = 100
	minWireLogMegabytes     = 2
	maxWireLogMegabytes     = 10_000
)

// Validate tells what is wrong with the configuration.
func (c WireLogConfig) Validate() error {
	switch {
	case c.MaxMegabytes != 0 && (c.MaxMegabytes < minWireLogMegabytes || c.MaxMegabytes > maxWireLogMegabytes):
		return fmt.Errorf("wireLog.maxMegabytes: %d: must be %d to %d", c.MaxMegabytes, minWireLogMegabytes, maxWireLogMegabytes)
	case c.File == "" && c.MaxMegabytes != 0:
		return errors.New("wireLog.file: is missing: name the file, or leave wireLog out")
	}
	return nil
}

// WireLog is a file of bounded size. It is safe for concurrent use.
type WireLog struct {
	path string
	half int64 // bytes a file may have before it becomes the old one

	mu     sync.Mutex
	file   *os.File // nil after Close, and after a file could not be opened
	size   int64
	closed bool
}

// OpenWireLog opens the log, adding to what is there; nil when none is wanted.
// A relative path starts at the folder.
func OpenWireLog(folder string, c WireLogConfig) (*WireLog, error) {
	if err := c.Validate(); err != nil || c.File == "" {
		return nil, err
	}
	megabytes := c.MaxMegabytes
	if megabytes == 0 {
		megabytes = defaultWireLogMegabytes
	}
	l := &WireLog{path: c.File, half: int64(megabytes) << 20 / 2}
	if !filepath.IsAbs(l.path) {
		l.path = filepath.Join(folder, l.path)
	}
	if err := l.open(); err != nil {
		return nil, fmt.Errorf("wireLog.file: %w", err)
	}
	return l, nil
}

// open opens the file; readable for nobody else, since it names hosts and users.
func (l *WireLog) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Write adds one entry. When the file has half of the room it is renamed, over
// the one that was renamed before, and another one begun.
func (l *WireLog) Write(entry []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, os.ErrClosed
	}
	if int64(len(entry)) > l.half {
		return 0, fmt.Errorf("wire log: an entry of %d bytes, at most %d fit", len(entry), l.half)
	}
	if l.file != nil && l.size+int64(len(entry)) > l.half {
		if err := l.turnOver(); err != nil {
			return 0, err
		}
	}
	if l.file == nil { // an earlier turn went wrong
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(entry)
	l.size += int64(n)
	return n, err
}

// turnOver begins another file. One that cannot be renamed is emptied, since
// the bound holds in any case.
func (l *WireLog) turnOver() error {
	err := l.file.Close()
	l.file = nil
	if os.Rename(l.path, l.path+".old") != nil {
		err = errors.Join(err, os.Truncate(l.path, 0))
	}
	if err != nil {
		return err
	}
	return l.open()
}

// Close closes the file; what is written later is refused. On nil it does nothing.
func (l *WireLog) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close()
}
