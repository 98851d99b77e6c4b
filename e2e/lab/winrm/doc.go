// Package winrm is the WinRM service of one simulated Windows host: WS-Management
// (DSP0226) with the remote shell of MS-WSMV over HTTP and HTTPS, faithful
// enough that programs written for real Windows cannot tell the difference,
// and breakable on demand.
//
// A Server speaks Identify, Create, Command, Send, Receive, Signal, Delete,
// Enumerate, Pull, Release and Get; authenticates with Basic, NTLM (raw and
// inside SPNEGO) and Kerberos, both with message sealing, and with client
// certificates; and enforces the quotas of a real host with its fault codes.
// What a command does is not its business: each is handed to a Runner.
//
// Faults are armed with Arm and act on single requests; Freeze, Stop and
// Restart act on the whole host. All of it is plain data with JSON tags, so
// that an admin API can pass it through.
//
// What it is not: it runs no command and knows no shell language. It has no
// PowerShell remoting (PSRP), WMI resources, eventing, CredSSP, compression or
// disconnected shells; asking for one gets the fault a host without it gives.
// Client certificates are asked for during the TLS handshake, not by
// renegotiation after it as http.sys does; clients see no difference.
package winrm
