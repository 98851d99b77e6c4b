package powershell

import (
	"fmt"
	"time"
)

// Limits bound what scripts may use. Steps and Bytes count from the start of a
// run, and again from each line the script reads from standard input, so that
// a process that serves requests for ever is bounded per request.
type Limits struct {
	// Steps is how many statements, expressions and loop turns may run.
	Steps int64
	// Bytes is how many bytes of strings and collections may be made.
	Bytes int64
	// Depth is how deep calls may nest.
	Depth int
	// Items is how many elements one collection or range may have.
	Items int
	// StringBytes is how many bytes one string may have.
	StringBytes int
	// OutputBytes is how many bytes a run may write to standard output and error.
	OutputBytes int64
	// Stages is how many commands one pipeline may have.
	Stages int
	// Errors is how many records $Error keeps.
	Errors int
}

// DefaultLimits are generous for administration scripts.
var DefaultLimits = Limits{
	Steps:       50_000_000,
	Bytes:       1 << 30,
	Depth:       400,
	Items:       2_000_000,
	StringBytes: 64 << 20,
	OutputBytes: 256 << 20,
	Stages:      64,
	Errors:      256,
}

// LimitError tells which limit a script ran into. Scripts cannot catch it.
type LimitError struct {
	// Limit is the name of the field of Limits.
	Limit string
	// Max is its value.
	Max int64
}

// Error names the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the script exceeds the limit %s of %d", e.Limit, e.Max)
}

// finallyGrace is how long all finally blocks together may run once a run was
// cancelled or ran into a limit.
const finallyGrace = 50 * time.Millisecond

// cancelEvery is how many steps run between two looks at the context.
const cancelEvery = 128

// step counts one step.
func (s *Session) step() error {
	s.steps++
	if s.steps >= s.nextLook {
		s.nextLook = s.steps + cancelEvery
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if s.steps > s.limits.Steps {
			return &LimitError{"Steps", s.limits.Steps}
		}
	}
	return nil
}

func (s *Session) charge(bytes int64) error {
	if s.bytes += bytes; s.bytes > s.limits.Bytes {
		return &LimitError{"Bytes", s.limits.Bytes}
	}
	return nil
}

func (s *Session) limitString(n int) error {
	if n > s.limits.StringBytes || n < 0 {
		return &LimitError{"StringBytes", int64(s.limits.StringBytes)}
	}
	return s.charge(int64(n))
}

// valueBytes is what one element of a collection costs, roughly.
const valueBytes = 16

func (s *Session) limitItems(n int) error {
	if n > s.limits.Items || n < 0 {
		return &LimitError{"Items", int64(s.limits.Items)}
	}
	return s.charge(int64(n) * valueBytes)
}

// limitGrowth checks a collection that has grown by one element; limitItems would
// count it again from its first.
func (s *Session) limitGrowth(n int) error {
	if n > s.limits.Items {
		return &LimitError{"Items", int64(s.limits.Items)}
	}
	return s.charge(valueBytes)
}

// limitAppended checks a string that has grown by some bytes.
func (s *Session) limitAppended(n, by int) error {
	if n > s.limits.StringBytes {
		return &LimitError{"StringBytes", int64(s.limits.StringBytes)}
	}
	return s.charge(int64(by))
}

// renew starts counting again.
func (s *Session) renew() { s.steps, s.bytes, s.nextLook = 0, 0, 0 }
