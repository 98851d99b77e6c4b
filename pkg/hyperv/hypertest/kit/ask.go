package kit

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypertest"
)

// askScript asks Hyper-V itself, one cmdlet at a time, without the checks that
// lifeboat's verbs make before: what the host answers then is what the
// assumptions are about. It looks for the mark before it does anything.
//
//go:embed ask.ps1
var askScript string

// Question is a cmdlet that is put to Hyper-V itself.
type Question string

// Questions; see ask.ps1.
const (
	// AskLook asks for nothing but name and mark.
	AskLook         Question = "look"
	AskStart        Question = "start"
	AskPrepare      Question = "prepare"
	AskFailOver     Question = "fail-over"
	AskTest         Question = "test"
	AskStopFailover Question = "stop-failover"
	AskReverse      Question = "reverse"
	AskSuspend      Question = "suspend"
	AskResume       Question = "resume"
	AskTestSwitch   Question = "test-switch"
	// AskSave saves the VM's state.
	AskSave Question = "save"
	// AskSeed begins initial replication onto what the other host has.
	AskSeed Question = "seed"
	// AskReplicaOf makes a replica of a primary, for the primary server named.
	AskReplicaOf Question = "replica-of"
)

// Reply is what Hyper-V answered, word for word.
type Reply struct {
	// OK tells that the cmdlet did not fail.
	OK bool `json:"ok"`
	// Marked tells whether the VM's name and notes say that it may be used.
	Marked bool `json:"marked"`
	// Name is the VM's name.
	Name string `json:"name"`
	// FullyQualifiedErrorID, Category, Message and HResult are the error's.
	FullyQualifiedErrorID string `json:"fqid,omitempty"`
	Category              string `json:"category,omitempty"`
	Message               string `json:"message,omitempty"`
	HResult               int64  `json:"hresult,omitempty"`
}

// scripted is what runs a constant script on a host; winrm.Host does.
type scripted interface {
	RunScript(ctx context.Context, script string, input []byte) ([]byte, error)
}

// answerMark begins the line that ask.ps1 answers with.
var answerMark = []byte("HT1 ")

// put puts a question about a VM to a host.
func put(ctx context.Context, h scripted, id hyperv.VMID, q Question, adapter, value string) (Reply, error) {
	input, err := json.Marshal(map[string]string{"ask": string(q), "id": string(id), "marker": Marker, "prefix": hypertest.Mark,
		"adapter": adapter, "value": value})
	if err != nil {
		return Reply{}, err
	}
	out, err := h.RunScript(ctx, askScript, []byte(base64.StdEncoding.EncodeToString(input)))
	if err != nil {
		return Reply{}, err
	}
	return replyIn(out)
}

// replyIn finds the reply in what the script wrote.
func replyIn(out []byte) (Reply, error) {
	for line := range bytes.Lines(out) {
		coded, ours := bytes.CutPrefix(bytes.TrimSpace(line), answerMark)
		if !ours {
			continue
		}
		text, err := base64.StdEncoding.DecodeString(string(coded))
		if err != nil {
			return Reply{}, fmt.Errorf("the host's reply is not base64: %w", err)
		}
		var r Reply
		if err := json.Unmarshal(text, &r); err != nil {
			return Reply{}, fmt.Errorf("the host's reply cannot be read: %w", err)
		}
		return r, nil
	}
	return Reply{}, errors.New("the host ran the script and gave no reply")
}
