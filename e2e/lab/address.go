package lab

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
)

// Ports of WinRM.
const (
	httpPort  = 5985
	httpsPort = 5986
)

// addresses are those of n hosts from the first on. Where the system has no
// such addresses, and where the first is the shared one, all have that.
func addresses(first string, n int) ([]string, error) {
	list := make([]string, n)
	if first == sharedAddress || !bindable(first) {
		for i := range list {
			list[i] = sharedAddress
		}
		return list, nil
	}
	from, err := netip.ParseAddr(first)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", first, err)
	}
	four := from.As4()
	number := binary.BigEndian.Uint32(four[:])
	for i := range list {
		ip := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, number+uint32(i))))
		if !ip.IsLoopback() {
			return nil, fmt.Errorf("address %q: %d hosts do not fit behind it; begin with a lower one, such as %s", first, n, DefaultAddress)
		}
		list[i] = ip.String()
	}
	return list, nil
}

// bindable tells whether the system has this address.
func bindable(address string) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return false
	}
	_ = l.Close() // it was only to try
	return true
}
