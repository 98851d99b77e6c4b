package ntlm

import "encoding/binary"

// Attribute ids of MS-NLMP 2.2.2.1.
const (
	avEOL             = 0
	avNetBIOSComputer = 1
	avNetBIOSDomain   = 2
	avDNSComputer     = 3
	avDNSDomain       = 4
	avFlags           = 6
	avTimestamp       = 7
	avChannelBindings = 10
)

// avFlagMIC, in MsvAvFlags, says that the AUTHENTICATE message carries a MIC.
const avFlagMIC = 2

// maxAttributes bounds how many attributes one list may have.
const maxAttributes = 32

// attribute is one AV_PAIR.
type attribute struct {
	id    uint16
	value []byte
}

// appendAttributes writes a list with its terminator.
func appendAttributes(b []byte, list []attribute) []byte {
	for _, a := range list {
		b = binary.LittleEndian.AppendUint16(b, a.id)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(a.value)))
		b = append(b, a.value...)
	}
	return append(b, 0, 0, 0, 0)
}

// parseAttributes reads a list up to its terminator; what follows is ignored,
// as Windows pads it.
func parseAttributes(b []byte) ([]attribute, error) {
	var list []attribute
	for {
		if len(b) < 4 {
			return nil, malformed("attribute list ends without a terminator")
		}
		id, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if id == avEOL {
			return list, nil
		}
		if len(b) < 4+n {
			return nil, malformed("attribute %d of %d bytes lies outside its list", id, n)
		}
		if len(list) == maxAttributes {
			return nil, malformed("attribute list has more than %d entries", maxAttributes)
		}
		list = append(list, attribute{id, b[4 : 4+n]})
		b = b[4+n:]
	}
}

// find returns the value of the first attribute with this id.
func find(list []attribute, id uint16) ([]byte, bool) {
	for _, a := range list {
		if a.id == id {
			return a.value, true
		}
	}
	return nil, false
}
