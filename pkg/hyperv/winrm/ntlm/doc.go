// Package ntlm is the asking side of NTLM for one connection: it makes the
// NEGOTIATE and AUTHENTICATE messages and then seals what is sent and unseals
// what comes back, as [MS-NLMP] describes and WinRM frames it (multipart/encrypted).
//
// The cryptography is github.com/bodgit/ntlmssp's. This package adds what that
// one leaves to its user: a challenge is checked before it is used, and a
// session is refused unless it is NTLMv2 with 128-bit sealing, signing, key
// exchange and extended session security, so that nobody in between can talk
// the two sides down to something weaker or to clear text.
//
// What this package is not: it knows nothing of HTTP, and has no server side.
//
// [MS-NLMP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-nlmp
package ntlm
