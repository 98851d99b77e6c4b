package script

import (
	"embed"
	"encoding/base64"
	"encoding/binary"
	"unicode/utf16"
)

//go:embed *.ps1
var files embed.FS

// parts are the files of the function library, in the order they are sent.
var parts = []string{"lane.ps1", "check.ps1", "read.ps1", "power.ps1", "test-failover.ps1", "failover.ps1"}

// Library is the function library, UTF-8. Callers must not change it.
func Library() []byte { return library }

// EncodedBootstrap is the bootstrap as powershell.exe takes it after
// -EncodedCommand: base64 of UTF-16LE.
func EncodedBootstrap() string { return encodedBootstrap }

var (
	library          = joined()
	encodedBootstrap = encoded(read("bootstrap.ps1"))
)

// Cmdlets are the Hyper-V cmdlets the scripts use, in alphabetical order: what
// a host must know, and its user be allowed to do.
var Cmdlets = []string{
	"Complete-VMFailover",
	"Get-VM",
	"Get-VMHost",
	"Get-VMNetworkAdapter",
	"Get-VMReplication",
	"Get-VMReplicationAuthorizationEntry",
	"Get-VMReplicationServer",
	"Get-VMSnapshot",
	"Get-VMSwitch",
	"Measure-VMReplication",
	"Remove-VMSavedState",
	"Set-VM",
	"Set-VMNetworkAdapter",
	"Set-VMReplication",
	"Start-VM",
	"Start-VMFailover",
	"Stop-VM",
	"Stop-VMFailover",
}

func joined() []byte {
	var all []byte
	for _, name := range parts {
		all = append(all, read(name)...)
		all = append(all, '\n')
	}
	return all
}

// read returns an embedded file. That it exists is settled when compiling.
func read(name string) []byte {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return text
}

func encoded(text []byte) string {
	units := utf16.Encode([]rune(string(text)))
	raw := make([]byte, 0, 2*len(units))
	for _, u := range units {
		raw = binary.LittleEndian.AppendUint16(raw, u)
	}
	return base64.StdEncoding.EncodeToString(raw)
}
