package events

// Limits on what others may write. They stand in the schema of
// ticket.submitted, so a ticket system can check its tickets before it sends
// them. Lengths are in Unicode code points unless the name says bytes.
const (
	// MaxSubmittedBytes bounds the data of a submitted ticket. It is checked
	// before anything is parsed. It leaves room for MaxVMs VMs by id and name,
	// and keeps the answer, which repeats the ticket and adds an item for each
	// VM, below MaxEventBytes.
	MaxSubmittedBytes = 64 << 10
	// MaxEventBytes bounds the data of an event that lifeboat writes. The
	// stream that keeps the events must take messages of this size and their
	// headers.
	MaxEventBytes = 512 << 10

	// MaxID bounds identifiers: accounts, ticket systems, ticket numbers,
	// recovery points, and the id of a submitted event. Ticket systems and
	// numbers are ASCII besides, which keeps a ticket's subject below the 4096
	// bytes that a NATS server takes on one protocol line.
	MaxID = 128
	// MaxName bounds names of VMs, network adapters, virtual switches and
	// people, and the source of a submitted event.
	MaxName = 256
	// MaxEmail bounds an e-mail address; mail itself allows no longer one.
	MaxEmail = 254
	// MaxURL bounds a ticket's address.
	MaxURL = 2048
	// MaxReason bounds what people write to explain themselves.
	MaxReason = 4000
	// MaxVMs bounds the VMs of one ticket.
	MaxVMs = 500
	// MaxAdapters bounds the network adapters of one VM: 64 and 4 legacy ones
	// are the most Hyper-V gives a VM.
	MaxAdapters = 68
	// MaxRevision is the largest integer that every JSON implementation keeps
	// exactly. Revisions may be times in milliseconds, so this is not small.
	MaxRevision = 1<<53 - 1
	// MaxHoldOpenMinutes bounds how long a test VM may stay up: seven days.
	// Its disks grow beside the replica's for as long.
	MaxHoldOpenMinutes = 7 * 24 * 60
	// MaxCommitAfterMinutes bounds a commit window: seven days. The replica's
	// undo disks grow, and nothing protects the VM, for as long.
	MaxCommitAfterMinutes = 7 * 24 * 60

	// MaxReasons bounds the reasons that one answer lists for a malformed
	// ticket; the last one then says how many there are besides.
	MaxReasons = 50
)

// Patterns of texts, as regular expressions that RE2 and ECMAScript read alike.
const (
	// PatternVMID is a VMId GUID in lower case without braces.
	PatternVMID = `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`
	// PatternSystem is a ticket system's name: ASCII letters, digits, dot,
	// hyphen and underscore, beginning with a letter or digit. It has no
	// tilde, so that TicketID is never ambiguous.
	PatternSystem = `^[A-Za-z0-9][A-Za-z0-9._-]*$`
	// PatternTicket is a ticket's number: printable ASCII without spaces.
	PatternTicket = `^[!-~]+$`
	// PatternURL is an address that is safe to make a link of.
	PatternURL = `^https?://[!-~]+$`
	// PatternEmail asks no more of an e-mail address than one @ between two
	// parts without spaces; whether it is known is for the account's contacts.
	PatternEmail = `^[^@\x00-\x20]+@[^@\x00-\x20]+$`
	// PatternText is a text in which there is something to read.
	PatternText = `[^\x00-\x20]`
	// PatternCode is a code for programs: kebab-case.
	PatternCode = `^[a-z0-9]+(-[a-z0-9]+)*$`
)
