package powershell

import (
	"net/netip"
	"strconv"
	"strings"
)

// parseIP reads an address as IPAddress.Parse does: a version 4 address may have
// fewer than four parts, the last of which stands for the rest, and hexadecimal
// or octal ones.
func parseIP(text string) (netip.Addr, bool) {
	if strings.Contains(text, ":") {
		a, err := netip.ParseAddr(strings.Trim(text, "[]"))
		return a, err == nil && a.Is6()
	}
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var whole uint64
	for i, p := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		base := 10
		switch low := strings.ToLower(p); {
		case strings.HasPrefix(low, "0x"):
			base, p = 16, low[2:]
		case len(p) > 1 && p[0] == '0':
			base = 8
		}
		n, err := strconv.ParseUint(p, base, bits)
		if err != nil || strings.HasPrefix(p, "+") {
			return netip.Addr{}, false
		}
		whole = whole<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(whole >> 24), byte(whole >> 16), byte(whole >> 8), byte(whole)}), true
}

var enumAddressFamily = &EnumType{Name: "System.Net.Sockets.AddressFamily", Members: []EnumMember{{"InterNetwork", 2}, {"InterNetworkV6", 23}}}

// onAddress reads a property of an address.
func onAddress(name, typ string, f func(a netip.Addr) Value) Property {
	return get(name, typ, func(v Value) Value { return f(v.(netip.Addr)) })
}

var classIPAddress = &Class{Name: "System.Net.IPAddress", String: func(v Value) string { return v.(netip.Addr).String() }, Properties: []Property{
	onAddress("Address", tInt64, func(a netip.Addr) Value {
		if !a.Is4() {
			return nil
		}
		b := a.As4()
		return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 | int64(b[3])<<24
	}),
	onAddress("AddressFamily", enumAddressFamily.Name, func(a netip.Addr) Value {
		if a.Is4() {
			return enumAddressFamily.Of("InterNetwork")
		}
		return enumAddressFamily.Of("InterNetworkV6")
	}),
	onAddress("ScopeId", tInt64, func(a netip.Addr) Value {
		if a.Is4() {
			return nil
		}
		n, _ := strconv.ParseInt(a.Zone(), 10, 64)
		return n
	}),
	onAddress("IsIPv6Multicast", tBoolean, func(a netip.Addr) Value { return a.Is6() && a.IsMulticast() }),
	onAddress("IsIPv6LinkLocal", tBoolean, func(a netip.Addr) Value { return a.Is6() && a.IsLinkLocalUnicast() }),
	onAddress("IsIPv6SiteLocal", tBoolean, func(a netip.Addr) Value {
		return a.Is6() && netip.MustParsePrefix("fec0::/10").Contains(a.WithZone(""))
	}),
	onAddress("IsIPv6Teredo", tBoolean, func(a netip.Addr) Value {
		return a.Is6() && netip.MustParsePrefix("2001::/32").Contains(a.WithZone(""))
	}),
	onAddress("IsIPv4MappedToIPv6", tBoolean, func(a netip.Addr) Value { return a.Is4In6() }),
	onAddress("IPAddressToString", tString, func(a netip.Addr) Value { return a.String() }),
}, Methods: []Method{
	method("GetAddressBytes", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return &Bytes{v.(netip.Addr).AsSlice()}, nil }),
	method("Equals", 1, 1, func(_ *Session, v Value, a []Value) (Value, error) {
		o, ok := a[0].(*Object)
		return ok && o.Class.Name == "System.Net.IPAddress" && o.Data == v, nil
	}),
}}

func init() {
	builtinTypes[strings.ToLower(enumAddressFamily.Name)] = &Type{Name: enumAddressFamily.Name, kind: kindEnum, Enum: enumAddressFamily}
	t := define("System.Net.IPAddress", kindClass, "ipaddress", "net.ipaddress")
	t.Class = classIPAddress
	parse := func(s *Session, a []Value) (Value, error) {
		if b, ok := a[0].(*Bytes); ok {
			if addr, ok := netip.AddrFromSlice(b.B); ok {
				return NewInstance(classIPAddress, addr), nil
			}
		}
		if addr, ok := parseIP(s.toString(a[0])); ok {
			return NewInstance(classIPAddress, addr), nil
		}
		return nil, throwNet("System.FormatException", "An invalid IP address was specified.")
	}
	t.statics = &statics{methods: methodTable(
		fn("Parse", 1, 1, parse),
		fn("TryParse", 2, 2, func(s *Session, a []Value) (Value, error) {
			ref, ok := a[1].(*Object)
			if !ok || ref.Class != classRef {
				return nil, throwNet("System.ArgumentException", "The second argument must be a [ref].")
			}
			addr, found := parseIP(s.toString(a[0]))
			var v Value
			if found {
				v = NewInstance(classIPAddress, addr)
			}
			return found, s.setProperty(ref, "Value", v)
		}),
		fn("IsLoopback", 1, 1, func(s *Session, a []Value) (Value, error) {
			v, err := parse(s, a)
			if err != nil {
				return nil, err
			}
			return v.(*Object).Data.(netip.Addr).IsLoopback(), nil
		}),
	), construct: &staticMethod{name: ".ctor", min: 1, max: 1, call: parse}, properties: map[string]func(*Session) Value{}}
	for name, text := range map[string]string{"Any": "0.0.0.0", "Loopback": "127.0.0.1", "Broadcast": "255.255.255.255", "None": "255.255.255.255", "IPv6Any": "::", "IPv6Loopback": "::1"} {
		t.statics.properties[strings.ToLower(name)] = func(*Session) Value { return NewInstance(classIPAddress, netip.MustParseAddr(text)) }
	}
}
