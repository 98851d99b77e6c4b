package lane

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Request is one thing to do.
type Request struct {
	// Verb is one of the function library's.
	Verb string
	// NotAfter is by when it must begin, by our clock; zero means any time.
	NotAfter time.Time
	// Args becomes a JSON object. Every value the verb reads must be there.
	Args any
}

// Answer is what the host said to a request.
type Answer struct {
	OK bool `json:"ok"`
	// Value is the verb's result when OK.
	Value json.RawMessage `json:"value"`
	// Error is why not.
	Error *Failure `json:"error"`
	// Before is the VM as the verb found it, when it got that far.
	Before json.RawMessage `json:"before"`
	// After is the VM as it was after an act that failed.
	After json.RawMessage `json:"after"`
	// Acting tells that the verb had begun to act.
	Acting bool `json:"acting"`
	// Clock is the host's clock when it answered.
	Clock time.Time `json:"clock"`
}

// Failure is an error as the host tells it.
type Failure struct {
	// ID is the FullyQualifiedErrorId, or one of lifeboat's codes.
	ID string `json:"fqid"`
	// Category is PowerShell's ErrorCategory by name.
	Category string `json:"category"`
	// Message is text, maybe in the host's language.
	Message string `json:"message"`
	// HResult is the exception's, signed as .NET has it.
	HResult int64 `json:"hresult"`
}

// mark begins every answer line, version included.
const mark = "LB1"

// maxFrame is how long a request line may be, in bytes: VM names and recovery
// points need hundreds.
const maxFrame = 1 << 20

// ticksAtUnixEpoch are .NET's ticks, of 100 ns, at 1970-01-01 UTC.
const ticksAtUnixEpoch = 621355968000000000

// ErrRequest: the request cannot be sent as it is.
var ErrRequest = errors.New("request cannot be sent")

// frame is a request line.
func frame(id string, r Request, offset time.Duration) ([]byte, error) {
	var notAfter int64
	if !r.NotAfter.IsZero() {
		notAfter = r.NotAfter.Add(offset).UnixNano()/100 + ticksAtUnixEpoch
	}
	text, err := json.Marshal(struct {
		ID       string `json:"id"`
		Verb     string `json:"verb"`
		NotAfter int64  `json:"notAfter"`
		Args     any    `json:"args"`
	}{id, r.Verb, notAfter, r.Args})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	line := base64.StdEncoding.AppendEncode(nil, text)
	if len(line) > maxFrame {
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d fit", ErrRequest, r.Verb, len(line), maxFrame)
	}
	return append(line, '\n'), nil
}

// answerIn reads a line of output. A line that is no answer to this request is
// none of ours: false. A line that is one, but cannot be read, is an error.
func answerIn(line []byte, id string) (Answer, bool, error) {
	fields := bytes.Fields(bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF"))) // PowerShell may begin with a mark
	if len(fields) != 3 || string(fields[0]) != mark || string(fields[1]) != id {
		return Answer{}, false, nil
	}
	text, err := base64.StdEncoding.DecodeString(string(fields[2]))
	if err != nil {
		return Answer{}, true, errors.New("the host's answer is not base64")
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return Answer{}, true, fmt.Errorf("the host's answer cannot be read: %w", err)
	}
	if a.OK == (a.Error != nil) {
		return Answer{}, true, errors.New("the host's answer is neither a result nor an error")
	}
	if a.Clock.IsZero() {
		return Answer{}, true, errors.New("the host's answer has no time")
	}
	return a, true, nil
}
