package bus

import (
	"time"

	"lifeboat.io/events"
)

// Limits of the streams. Sizes are in bytes.
const (
	// headerRoom is what headers may take in a message beside its payload.
	headerRoom = 16 << 10
	// maxEventMessage is the largest message in EVENTS.
	maxEventMessage = events.MaxEventBytes + headerRoom
	// maxInboxMessage is the largest message in INBOX. It leaves room above
	// events.MaxSubmittedBytes so that a ticket that is somewhat too large is
	// refused with a reason rather than by the server.
	maxInboxMessage = 4*events.MaxSubmittedBytes + headerRoom
	// maxDeadMessage is the largest message in DLQ: any other with its reason.
	maxDeadMessage = maxEventMessage + headerRoom
	// maxSmallMessage is the largest timer, sample, lease or seen mark.
	maxSmallMessage = 64 << 10
	// maxInventoryValue is the largest value in the inventory bucket.
	maxInventoryValue = 1<<20 - headerRoom

	// eventsMaxAge is how long events are kept: a year and the audit after it.
	eventsMaxAge = 400 * 24 * time.Hour
	// defaultEventsMaxBytes bounds EVENTS unless the configuration says otherwise.
	// A full stream refuses new events; it never forgets old ones.
	defaultEventsMaxBytes = 2 << 30
	// inboxMaxMsgs and inboxMaxBytes bound tickets that wait for their answer; beyond, submitting fails with ErrFull.
	inboxMaxMsgs  = 10_000
	inboxMaxBytes = 256 << 20
	// samplesMaxAge and samplesMaxBytes bound the samples; the oldest go first.
	samplesMaxAge   = 48 * time.Hour
	samplesMaxBytes = 256 << 20
	// deadMaxAge, deadMaxMsgs and deadMaxBytes bound the dead letters; the oldest go first.
	deadMaxAge   = 90 * 24 * time.Hour
	deadMaxMsgs  = 10_000
	deadMaxBytes = 512 << 20
	// inventoryHistory is how many revisions of each inventory key are kept.
	inventoryHistory = 64
	// markerTTL is how long the marker of an expired key stays for watchers.
	markerTTL = time.Minute
	// dueTTL is how long a fired timer waits for its owner before it is dropped.
	dueTTL = 30 * 24 * time.Hour
	// duplicateWindow is how long a stream remembers message ids. It must
	// exceed every publisher's retry window.
	duplicateWindow = 10 * time.Minute
)

// Limits of calls.
const (
	// DefaultAppendWindow is how long a publish whose outcome is open is
	// retried. A stream without its leader answers nobody for 4 to 8 seconds.
	DefaultAppendWindow = 20 * time.Second
	// minAppendWindow is the shortest window that outlives an election.
	minAppendWindow = 15 * time.Second
	// attemptTimeout bounds one try of a publish within its window.
	attemptTimeout = 2 * time.Second
	// retryWaitMin and retryWaitMax bound the wait between two tries; it doubles from one to the other, with jitter.
	retryWaitMin = 20 * time.Millisecond
	retryWaitMax = 500 * time.Millisecond
	// requestTimeout bounds one reading request.
	requestTimeout = 5 * time.Second
	// lagWait is the pause before asking again a replica that had not caught up.
	lagWait = 20 * time.Millisecond
	// historyPage is how many events one request of a history brings at most.
	historyPage = 500
	// historyPageBytes bounds the same page in bytes.
	historyPageBytes = 4 << 20
	// healthTimeout bounds a health check.
	healthTimeout = 2 * time.Second
	// openTimeout bounds everything Open does once the server answers.
	openTimeout = 30 * time.Second
	// closeTimeout bounds the drain of the connection in Close.
	closeTimeout = 10 * time.Second
)

// Limits of consumers.
const (
	// DefaultLanes is how many aggregates one consumer works on at a time.
	DefaultLanes = 8
	// DefaultMaxDeliver is how often a message is delivered before it becomes a
	// dead letter. A delivery that ended with the death of its process counts
	// too, so this leaves room for a few crashes on top of the failures.
	DefaultMaxDeliver = 10
	// DefaultAckWait is how long after the death of a process its messages go to another.
	DefaultAckWait = 15 * time.Second
	// DefaultMaxWork is how long one handling may take.
	DefaultMaxWork = 10 * time.Minute
	// DefaultGrace is how long handlers may go on after their consumer was told to stop.
	DefaultGrace = 20 * time.Second
	// pendingPerLane is how many messages are taken in per lane ahead of their turn.
	pendingPerLane = 16
	// giveBackGap keeps the oldest message that is given back ahead of the others.
	giveBackGap = 100 * time.Millisecond
	// stopWait is how long a handler has, once its context is cancelled, to return.
	stopWait = 5 * time.Second
	// ackTimeout bounds the confirmation of an acknowledgement; it outlives an election.
	ackTimeout = 10 * time.Second
	// maxReason bounds the reason stored with a dead letter, in bytes.
	maxReason = 2000
	// inactiveThreshold is how long the server keeps a watch whose client is gone.
	inactiveThreshold = time.Minute
	// watchHeartbeat is how often the server shows that a watch is alive.
	watchHeartbeat = 5 * time.Second
	// followPatience is how long a watch that is connected but gets nowhere tries before it fails.
	followPatience = 30 * time.Second
	// goalCheck is how often a watch that has not caught up looks whether there is still something to catch up with.
	goalCheck = time.Second
	// goalPatience is how long a watch that has not caught up waits for a message
	// that is there, before it asks with a new consumer.
	goalPatience = 3 * goalCheck
	// watchBatch is how many messages a watch takes in ahead.
	watchBatch = 500
)

// defaultBackoff is the wait after each failed handling; the last one repeats.
var defaultBackoff = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute}
