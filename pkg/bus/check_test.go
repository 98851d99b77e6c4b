package bus

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// tableOf is one stream of the table, with an embedded server's defaults.
func tableOf(t *testing.T, name string) jetstream.StreamConfig {
	t.Helper()
	for _, s := range streamTable(Config{Dir: "x"}.withDefaults()) {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no stream %s in the table", name)
	return jetstream.StreamConfig{}
}

func TestCompareFindsWhatBreaksAPromise(t *testing.T) {
	for _, row := range []struct {
		stream string
		change func(*jetstream.StreamConfig)
		field  string
		have   string
		want   string
	}{
		{StreamEvents, func(s *jetstream.StreamConfig) { s.DenyDelete = false }, "deny_delete", "false", "true"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.DenyPurge = false }, "deny_purge", "false", "true"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Discard = jetstream.DiscardOld }, "discard", "DiscardOld", "DiscardNew"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Storage = jetstream.MemoryStorage }, "storage", "Memory", "File"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Retention = jetstream.InterestPolicy }, "retention", "Interest", "Limits"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.MaxAge = 24 * time.Hour }, "max_age", "24h0m0s", "9600h0m0s"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.MaxMsgSize = 1000 }, "max_msg_size", "1000", "540672"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.MaxMsgsPerSubject = 5 }, "max_msgs_per_subject", "5", "unlimited"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Duplicates = 2 * time.Minute }, "duplicate_window", "2m0s", "10m0s"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.AllowDirect = false }, "allow_direct", "false", "true"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.NoAck = true }, "no_ack", "true", "false"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Sealed = true }, "sealed", "true", "false"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.AllowRollup = true }, "allow_rollup_hdrs", "true", "false"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.AllowMsgTTL = true }, "allow_msg_ttl", "true", "false"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.AllowMsgSchedules = true }, "allow_msg_schedules", "true", "false"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Sources = []*jetstream.StreamSource{{Name: "X"}} }, "source or mirror", "true", "false"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Mirror = &jetstream.StreamSource{Name: "X"} }, "source or mirror", "true", "false"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.SubjectTransform = &jetstream.SubjectTransformConfig{} }, "subject_transform", "true", "false"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.PersistMode = jetstream.AsyncPersistMode }, "persist_mode", "async", "default"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Replicas = 0 }, "num_replicas", "0", "1"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Subjects = s.Subjects[1:] }, "subjects", "lifeboat.cloud.> lifeboat.failover.> lifeboat.replication.> lifeboat.ticket.>", "lifeboat.alert.> lifeboat.cloud.> lifeboat.failover.> lifeboat.replication.> lifeboat.ticket.>"},
		{StreamEvents, func(s *jetstream.StreamConfig) { s.Subjects = append(s.Subjects, "other") }, "subjects", "lifeboat.alert.> lifeboat.cloud.> lifeboat.failover.> lifeboat.replication.> lifeboat.ticket.> other", "lifeboat.alert.> lifeboat.cloud.> lifeboat.failover.> lifeboat.replication.> lifeboat.ticket.>"},
		{StreamInbox, func(s *jetstream.StreamConfig) { s.Retention = jetstream.LimitsPolicy }, "retention", "Limits", "WorkQueue"},
		{StreamTimers, func(s *jetstream.StreamConfig) { s.AllowMsgSchedules = false }, "allow_msg_schedules", "false", "true"},
		{"KV_leases", func(s *jetstream.StreamConfig) { s.MaxMsgsPerSubject = 5 }, "max_msgs_per_subject", "5", "1"},
		{"KV_leases", func(s *jetstream.StreamConfig) { s.SubjectDeleteMarkerTTL = 0 }, "subject_delete_marker_ttl", "0s", "1m0s"},
		{"KV_leases", func(s *jetstream.StreamConfig) { s.AllowMsgTTL = false }, "allow_msg_ttl", "false", "true"},
	} {
		t.Run(row.stream+" "+row.field, func(t *testing.T) {
			want := tableOf(t, row.stream)
			have := tableOf(t, row.stream)
			row.change(&have)
			differences := compare(have, want)
			if len(differences) != 1 {
				t.Fatalf("%d differences: %+v; want 1", len(differences), differences)
			}
			d := differences[0]
			if d.Field != row.field || d.Have != row.have || d.Want != row.want || d.Why == "" {
				t.Errorf("%+v; want %s, have %q, want %q", d, row.field, row.have, row.want)
			}
			text := (&StreamMismatch{Stream: row.stream, Differences: differences}).Error()
			for _, part := range []string{row.stream, row.field, row.have, row.want, d.Why} {
				if !strings.Contains(text, part) {
					t.Errorf("%q does not say %q", text, part)
				}
			}
		})
	}
}

func TestCompareAcceptsWhatIsStricterOrTheOperatorsChoice(t *testing.T) {
	for name, change := range map[string]func(*jetstream.StreamConfig){
		"as it is":            func(*jetstream.StreamConfig) {},
		"kept for ever":       func(s *jetstream.StreamConfig) { s.MaxAge = 0 },
		"kept longer":         func(s *jetstream.StreamConfig) { s.MaxAge *= 2 },
		"more replicas":       func(s *jetstream.StreamConfig) { s.Replicas = 5 },
		"any message size":    func(s *jetstream.StreamConfig) { s.MaxMsgSize = -1 },
		"less room":           func(s *jetstream.StreamConfig) { s.MaxBytes = 1 << 20 },
		"no compression":      func(s *jetstream.StreamConfig) { s.Compression = jetstream.NoCompression },
		"longer window":       func(s *jetstream.StreamConfig) { s.Duplicates *= 2 },
		"server's no limit":   func(s *jetstream.StreamConfig) { s.MaxMsgsPerSubject = -1 },
		"placed by the owner": func(s *jetstream.StreamConfig) { s.Placement = &jetstream.Placement{Tags: []string{"az1"}} },
		"other order":         func(s *jetstream.StreamConfig) { s.Subjects = append(s.Subjects[1:], s.Subjects[0]) },
	} {
		have := tableOf(t, StreamEvents)
		change(&have)
		if differences := compare(have, tableOf(t, StreamEvents)); len(differences) != 0 {
			t.Errorf("%s: %+v", name, differences)
		}
	}
}

func TestJudge(t *testing.T) {
	api := func(code jetstream.ErrorCode, status int) error {
		return &jetstream.APIError{ErrorCode: code, Code: status}
	}
	for _, row := range []struct {
		name string
		err  error
		want answer
	}{
		{"stored", nil, answerStored},
		{"wrong sequence on a single server", api(10071, 400), answerMoved},
		{"wrong sequence on a replicated stream", api(10164, 400), answerMoved},
		{"stream full", api(10077, 503), answerFull},
		{"account full", api(10047, 500), answerFull},
		{"too large", api(10054, 400), answerTooLarge},
		{"too many requests", api(10167, 429), answerOpen},
		{"no leader", api(10008, 503), answerOpen},
		{"not allowed there", api(10060, 400), answerRefused},
		{"no answer", jetstream.ErrNoStreamResponse, answerOpen},
	} {
		if got := judge(row.err); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestDecide(t *testing.T) {
	backoff := []time.Duration{1, 2, 3}
	boom := errorString("boom")
	for _, row := range []struct {
		name         string
		err          error
		attempt, max int
		want         verdict
		wait         time.Duration
	}{
		{"handled", nil, 1, 3, verdictDone, 0},
		{"handled at last", nil, 3, 3, verdictDone, 0},
		{"first failure", boom, 1, 3, verdictAgain, 1},
		{"second failure", boom, 2, 3, verdictAgain, 2},
		{"last failure", boom, 3, 3, verdictDead, 0},
		{"past the last", boom, 9, 3, verdictDead, 0},
		{"for ever", boom, 1000, -1, verdictAgain, 3},
		{"poison", Poison(boom), 1, 3, verdictDead, 0},
		{"poison for ever", Poison(boom), 1, -1, verdictDead, 0},
		{"attempt unknown", boom, 0, 3, verdictAgain, 1},
	} {
		if got, wait := decide(row.err, row.attempt, row.max, backoff); got != row.want || wait != row.wait {
			t.Errorf("%s: %s after %d; want %s after %d", row.name, got, wait, row.want, row.wait)
		}
	}
}

type errorString string

func (e errorString) Error() string { return string(e) }

func TestHeaderText(t *testing.T) {
	long := strings.Repeat("ü", maxReason)
	for _, row := range []struct{ in, want string }{
		{"plain", "plain"},
		{"two\r\nlines", "two\r\nlines"},
		{"bad \xff byte", "bad \uFFFD byte"},
		{long, strings.Repeat("ü", maxReason/2) + "…"},
	} {
		header := headerText(row.in)
		if strings.ContainsAny(header, "\r\n ") {
			t.Errorf("%q is not fit for a header", header)
		}
		if got := plainText(header); got != row.want {
			t.Errorf("%q came back as %q", row.in, got)
		}
	}
}
