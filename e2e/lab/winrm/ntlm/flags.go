package ntlm

// Flags are the negotiate flags of MS-NLMP 2.2.2.5.
type Flags uint32

// The negotiate flags this package looks at. Values are those of MS-NLMP 2.2.2.5.
const (
	FlagUnicode         Flags = 1 << 0
	FlagOEM             Flags = 1 << 1
	FlagRequestTarget   Flags = 1 << 2
	FlagSign            Flags = 1 << 4
	FlagSeal            Flags = 1 << 5
	FlagDatagram        Flags = 1 << 6
	FlagNTLM            Flags = 1 << 9
	FlagAnonymous       Flags = 1 << 11
	FlagAlwaysSign      Flags = 1 << 15
	FlagTargetDomain    Flags = 1 << 16
	FlagTargetServer    Flags = 1 << 17
	FlagExtendedSession Flags = 1 << 19
	FlagTargetInfo      Flags = 1 << 23
	FlagVersion         Flags = 1 << 25
	Flag128             Flags = 1 << 29
	FlagKeyExchange     Flags = 1 << 30
	Flag56              Flags = 1 << 31
)

// has tells whether all of want are set.
func (f Flags) has(want Flags) bool { return f&want == want }

// offered are the flags the server grants when the client asks.
const offered = FlagSign | FlagSeal | FlagAlwaysSign | FlagExtendedSession | FlagKeyExchange | Flag128 | Flag56 |
	FlagRequestTarget | FlagVersion
