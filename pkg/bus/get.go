package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// getRequest asks for one message: by sequence, as the next of a filter at or
// after a sequence, or as the last of a filter.
type getRequest struct {
	Seq     uint64 `json:"seq,omitempty"`
	NextFor string `json:"next_by_subj,omitempty"`
	LastFor string `json:"last_by_subj,omitempty"`
}

// getAnswer is the server's answer to a getRequest.
type getAnswer struct {
	Error   *jetstream.APIError `json:"error"`
	Message *struct {
		Subject string    `json:"subject"`
		Seq     uint64    `json:"seq"`
		Header  []byte    `json:"hdrs"`
		Data    []byte    `json:"data"`
		Time    time.Time `json:"time"`
	} `json:"message"`
}

// leaderGet reads one message from the stream's leader. The client library's
// own call asks any replica when the stream allows that, and a replica may lag
// behind what was acknowledged a moment ago.
func (b *Bus) leaderGet(ctx context.Context, stream string, r getRequest) (*jetstream.RawStreamMsg, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	reply, err := b.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, body)
	if err != nil {
		return nil, b.readError(stream, err)
	}
	var answer getAnswer
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return nil, fmt.Errorf("stream %s: answer is not readable: %w", stream, err)
	}
	if answer.Error != nil {
		return nil, b.readError(stream, answer.Error)
	}
	if answer.Message == nil {
		return nil, fmt.Errorf("stream %s: empty answer", stream)
	}
	m := answer.Message
	raw := &jetstream.RawStreamMsg{Subject: m.Subject, Sequence: m.Seq, Data: m.Data, Time: m.Time}
	if len(m.Header) > 0 {
		if raw.Header, err = nats.DecodeHeadersMsg(m.Header); err != nil {
			return nil, fmt.Errorf("stream %s: message %d: headers: %w", stream, m.Seq, err)
		}
	}
	return raw, nil
}

// readError puts the error of a reading request into our terms.
func (b *Bus) readError(stream string, err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeMessageNotFound {
		return fmt.Errorf("stream %s: message: %w", stream, ErrNotFound)
	}
	if away := b.here(); away != nil {
		return fmt.Errorf("stream %s: %w", stream, away)
	}
	return fmt.Errorf("stream %s: %w", stream, err)
}
