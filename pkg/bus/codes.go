package bus

import (
	"errors"
	"net/http"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Error codes of the server that the client library has no name for.
const (
	codeReplicasNotSupported jetstream.ErrorCode = 10074
	codeStoreFailed          jetstream.ErrorCode = 10077
	codeStorageExceeded      jetstream.ErrorCode = 10047
	codeInsufficient         jetstream.ErrorCode = 10023
)

// answer is what a publish's answer means to us.
type answer int

const (
	// answerStored: the message is stored.
	answerStored answer = iota
	// answerMoved: the expected sequence is not the last one, or was not at
	// that instant. Who is last must be read.
	answerMoved
	// answerFull: the stream takes no more.
	answerFull
	// answerTooLarge: the message is over the stream's limit.
	answerTooLarge
	// answerRefused: the server understood and refuses for good.
	answerRefused
	// answerOpen: no answer, or one that says to try again. It may be stored.
	answerOpen
)

// judge sorts the error of a publish into what it means. The two codes for a
// wrong sequence mean the same to us: a single server and a replicated stream
// answer differently, and the latter also while another publish to the same
// aggregate is still on its way.
func judge(err error) answer {
	if err == nil {
		return answerStored
	}
	// What the client itself refuses to send:
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		return answerTooLarge
	case errors.Is(err, nats.ErrBadSubject):
		return answerRefused
	}
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return answerOpen
	}
	switch api.ErrorCode {
	case jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant:
		return answerMoved
	case codeStoreFailed, codeStorageExceeded, codeInsufficient:
		return answerFull
	case jetstream.JSErrCodeStreamMessageExceedsMaximum:
		return answerTooLarge
	}
	if api.Code == http.StatusTooManyRequests || api.Code >= http.StatusInternalServerError {
		return answerOpen
	}
	return answerRefused
}
