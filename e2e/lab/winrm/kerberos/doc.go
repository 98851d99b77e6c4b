// Package kerberos is the accepting side of Kerberos over GSS-API (RFC 4121)
// for a simulated Windows host: it verifies AP-REQ tokens against a keytab,
// answers them when the client wants mutual authentication, and seals and
// opens messages the way WinRM puts them on the wire.
//
// Tickets, encryption types and the replay cache are gokrb5's; AP-REP and
// per-message sealing, which gokrb5 does not have, are here.
//
// What it is not: it is no KDC and no client, it decodes no PAC, it delegates
// nothing, and it does not support RC4-HMAC sealing (RFC 4757), three-leg
// DCE-style contexts or acceptor subkeys.
package kerberos
