// Package ntlmpeer is just enough of NTLM's accepting side to test the asking
// side with: one account, one way to do it, straight from MS-NLMP. It shares no
// code with the asking side.
//
// What this package is not: it is for tests only and imported by nothing else.
// The lab has a faithful server.
package ntlmpeer
