// Package ntlm is the accepting side of NTLM as [MS-NLMP] describes it:
// it reads NEGOTIATE and AUTHENTICATE messages, makes CHALLENGE messages,
// verifies NTLMv2 responses with their MIC and channel binding, and seals and
// signs messages once a handshake is over.
//
// It is meant for a simulated Windows host. What it is not: it is no client,
// it knows nothing of HTTP or SPNEGO, it keeps no accounts (the caller looks
// them up), and it refuses what a hardened Windows refuses: LM and NTLMv1
// responses, anonymous log-ons, names that are not Unicode, datagram mode.
// Clients without extended session security can log on but not seal.
//
// [MS-NLMP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-nlmp
package ntlm
