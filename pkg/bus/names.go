package bus

import (
	"slices"

	"lifeboat.io/events"
)

// Names of the streams.
const (
	// StreamEvents keeps every event of the five families: the log that is the truth.
	StreamEvents = "EVENTS"
	// StreamInbox keeps submitted tickets until ticket-intake has answered them.
	StreamInbox = "INBOX"
	// StreamTimers keeps armed timers, and fired ones until they are handled.
	StreamTimers = "TIMERS"
	// StreamSamples keeps figures for a short while: RPO, sizes, latencies.
	StreamSamples = "SAMPLES"
	// StreamDeadLetters keeps what could not be handled, and what was done about it.
	StreamDeadLetters = "DLQ"
)

// Names of the key-value buckets. A bucket's stream is named "KV_" + bucket.
const (
	// BucketInventory keeps the inventory's revisions.
	BucketInventory = "inventory"
	// BucketLeases keeps who works on what at the moment.
	BucketLeases = "leases"
	// BucketSeen remembers what may be used only once, such as signatures, until it expires.
	BucketSeen = "seen"

	bucketStreamPrefix  = "KV_"
	bucketSubjectPrefix = "$KV."
)

// Subjects beside those of package events. A subject and the filter that
// matches all of its kind stand together.
const (
	// SampleFilter matches every sample: lifeboat.sample.<kind>.<account>.<id>.
	SampleFilter = "lifeboat.sample.>"

	// armedPrefix.<owner>.<key> holds a timer until it is due.
	armedPrefix = "lifeboat.timer.armed"
	armedFilter = armedPrefix + ".>"
	// duePrefix.<owner>.<key> holds a timer that is due.
	duePrefix = "lifeboat.timer.due"
	dueFilter = duePrefix + ".>"

	// deadPrefix.<stream>.<consumer> holds a copy of a message its consumer gave up on.
	deadPrefix = "lifeboat.dead.letter"
	deadFilter = deadPrefix + ".>"
	// replayPrefix.<stream>.<consumer> hands a message to its consumer again.
	replayPrefix = "lifeboat.dead.replay"
	replayFilter = replayPrefix + ".>"
	// discardPrefix.<stream>.<consumer> records that a person decided to leave a dead letter be.
	discardPrefix = "lifeboat.dead.discard"
	discardFilter = discardPrefix + ".>"
	// exhaustedFilter matches the server's advisory that a message was delivered for the last time.
	exhaustedFilter = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>"
	// terminatedFilter matches the server's advisory that a consumer refused a message for good.
	terminatedFilter = "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>"
)

// Headers of our own in dead letters and replays. Texts are escaped like
// attributes of a CloudEvent in binary mode.
const (
	headerDeadStream     = "Lifeboat-Dead-Stream"
	headerDeadConsumer   = "Lifeboat-Dead-Consumer"
	headerDeadSubject    = "Lifeboat-Dead-Subject"
	headerDeadSeq        = "Lifeboat-Dead-Seq"
	headerDeadStored     = "Lifeboat-Dead-Stored"
	headerDeadDeliveries = "Lifeboat-Dead-Deliveries"
	headerDeadReplay     = "Lifeboat-Dead-Replay"
	headerDeadReason     = "Lifeboat-Dead-Reason"
	headerSettledLetter  = "Lifeboat-Settled-Letter"
	headerSettledBy      = "Lifeboat-Settled-By"
	headerSettledWhy     = "Lifeboat-Settled-Why"

	// replaySuffix ends the name of the durable consumer through which a consumer hears replays.
	replaySuffix = "-replay"
)

// eventFilters are the subjects of the EVENTS stream: one per family.
func eventFilters() []string {
	families := events.Family("").Values()
	filters := make([]string, len(families))
	for i, f := range families {
		filters[i] = events.FamilyFilter(events.Family(f.Name))
	}
	slices.Sort(filters)
	return filters
}
