package bus

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// Difference is one setting of a stream that would break a promise.
type Difference struct {
	// Field is the setting as the server's tools call it, such as "deny_delete".
	Field string
	// Have and Want are the values found and needed.
	Have, Want string
	// Why is the promise that would break.
	Why string
}

// StreamMismatch tells that a stream exists with settings that break promises.
type StreamMismatch struct {
	// Stream is the stream's name.
	Stream string
	// Differences are all settings that would have to change.
	Differences []Difference
}

// Error shows every difference on a line of its own.
func (m *StreamMismatch) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "bus: stream %s has settings that break a promise; change them with the server's tools:", m.Stream)
	for _, d := range m.Differences {
		fmt.Fprintf(&b, "\n  %s: have %s, want %s: %s", d.Field, d.Have, d.Want, d.Why)
	}
	return b.String()
}

// condition is one setting to compare: how it reads, when it is acceptable and
// why it matters.
type condition struct {
	field string
	read  func(jetstream.StreamConfig) string
	holds func(have, want jetstream.StreamConfig) bool
	why   string
}

// conditions is every setting that promises rest on. What is not here, such as
// compression, placement or a tighter limit of size, is the operator's choice.
var conditions = []condition{
	{
		"subjects", func(s jetstream.StreamConfig) string { return strings.Join(sorted(s.Subjects), " ") },
		func(have, want jetstream.StreamConfig) bool {
			return slices.Equal(sorted(have.Subjects), sorted(want.Subjects))
		},
		"a subject too few is not stored, a subject too many is stored by two streams or mixes foreign messages in",
	},
	{
		"retention", func(s jetstream.StreamConfig) string { return s.Retention.String() },
		func(have, want jetstream.StreamConfig) bool { return have.Retention == want.Retention },
		"another retention removes messages at other moments",
	},
	{
		"storage", func(s jetstream.StreamConfig) string { return s.Storage.String() },
		func(have, want jetstream.StreamConfig) bool { return have.Storage == want.Storage },
		"what was acknowledged must survive a power cut",
	},
	{
		"num_replicas", func(s jetstream.StreamConfig) string { return fmt.Sprint(s.Replicas) },
		func(have, want jetstream.StreamConfig) bool { return have.Replicas >= want.Replicas },
		"the loss of one server must not lose the stream; or set replicas to what it has",
	},
	{
		"discard", func(s jetstream.StreamConfig) string { return s.Discard.String() },
		func(have, want jetstream.StreamConfig) bool { return have.Discard == want.Discard },
		"a full log refuses what is new rather than forget what is old",
	},
	flag("deny_delete", func(s jetstream.StreamConfig) bool { return s.DenyDelete }, needed, "nobody may take a message out of the log"),
	flag("deny_purge", func(s jetstream.StreamConfig) bool { return s.DenyPurge }, needed, "nobody may empty the log"),
	flag("allow_direct", func(s jetstream.StreamConfig) bool { return s.AllowDirect }, needed, "histories are read by direct requests"),
	flag("no_ack", func(s jetstream.StreamConfig) bool { return s.NoAck }, same, "without acknowledgements nothing is known to be stored"),
	flag("sealed", func(s jetstream.StreamConfig) bool { return s.Sealed }, same, "a sealed stream takes no messages"),
	flag("allow_rollup_hdrs", func(s jetstream.StreamConfig) bool { return s.AllowRollup }, same, "a rollup replaces what was stored before it"),
	flag("allow_msg_ttl", func(s jetstream.StreamConfig) bool { return s.AllowMsgTTL }, same, "messages expire one by one only where they are meant to"),
	flag("allow_msg_schedules", func(s jetstream.StreamConfig) bool { return s.AllowMsgSchedules }, same, "schedules belong into the timers' stream and nowhere else"),
	flag("source or mirror", func(s jetstream.StreamConfig) bool { return s.Mirror != nil || len(s.Sources) > 0 }, same, "messages from elsewhere are not in our order"),
	flag("subject_transform", func(s jetstream.StreamConfig) bool { return s.SubjectTransform != nil }, same, "a changed subject is another aggregate"),
	{
		"persist_mode", func(s jetstream.StreamConfig) string { return persistMode(s) },
		func(have, _ jetstream.StreamConfig) bool { return have.PersistMode != jetstream.AsyncPersistMode },
		"what is acknowledged before it is written can be lost",
	},
	{
		"max_age", func(s jetstream.StreamConfig) string { return unlimited(int64(s.MaxAge), s.MaxAge.String()) },
		func(have, want jetstream.StreamConfig) bool {
			return atLeast(int64(have.MaxAge), int64(want.MaxAge))
		},
		"messages must be kept this long",
	},
	{
		"max_msg_size", func(s jetstream.StreamConfig) string { return unlimited(int64(s.MaxMsgSize), fmt.Sprint(s.MaxMsgSize)) },
		func(have, want jetstream.StreamConfig) bool {
			return atLeast(int64(have.MaxMsgSize), int64(want.MaxMsgSize))
		},
		"messages of this size must be taken",
	},
	{
		"max_msgs_per_subject", func(s jetstream.StreamConfig) string {
			return unlimited(s.MaxMsgsPerSubject, fmt.Sprint(s.MaxMsgsPerSubject))
		},
		func(have, want jetstream.StreamConfig) bool {
			return bounded(have.MaxMsgsPerSubject) == bounded(want.MaxMsgsPerSubject)
		},
		"fewer forgets, and more than one makes the server stretch the life of a lease",
	},
	{
		"duplicate_window", func(s jetstream.StreamConfig) string { return s.Duplicates.String() },
		func(have, want jetstream.StreamConfig) bool { return have.Duplicates >= want.Duplicates },
		"a repeated publish must be recognised for as long as publishers repeat",
	},
	{
		"subject_delete_marker_ttl", func(s jetstream.StreamConfig) string { return s.SubjectDeleteMarkerTTL.String() },
		func(have, want jetstream.StreamConfig) bool {
			return (have.SubjectDeleteMarkerTTL > 0) == (want.SubjectDeleteMarkerTTL > 0)
		},
		"watchers learn of expiry by the marker",
	},
}

// compare tells which settings of an existing stream break a promise.
func compare(have, want jetstream.StreamConfig) []Difference {
	var differences []Difference
	for _, c := range conditions {
		if !c.holds(have, want) {
			differences = append(differences, Difference{Field: c.field, Have: c.read(have), Want: c.read(want), Why: c.why})
		}
	}
	return differences
}

// needed accepts a flag that is set although it need not be; same does not.
func needed(have, want bool) bool { return have || !want }
func same(have, want bool) bool   { return have == want }

func flag(field string, get func(jetstream.StreamConfig) bool, holds func(have, want bool) bool, why string) condition {
	return condition{
		field: field,
		read:  func(s jetstream.StreamConfig) string { return fmt.Sprint(get(s)) },
		holds: func(have, want jetstream.StreamConfig) bool { return holds(get(have), get(want)) },
		why:   why,
	}
}

// atLeast compares limits of which 0 and below mean none.
func atLeast(have, want int64) bool {
	if have <= 0 {
		return true
	}
	return want > 0 && have >= want
}

// bounded maps every way to say "no limit" to 0.
func bounded(limit int64) int64 { return max(limit, 0) }

func unlimited(limit int64, text string) string {
	if limit <= 0 {
		return "unlimited"
	}
	return text
}

func persistMode(s jetstream.StreamConfig) string {
	if s.PersistMode == jetstream.AsyncPersistMode {
		return "async"
	}
	return "default"
}

func sorted(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return out
}
