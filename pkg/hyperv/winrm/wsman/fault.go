package wsman

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Fault is a SOAP fault a host answered with. Code is what tells them apart;
// Reason may be in the host's language.
type Fault struct {
	// Code is the WSMan or Windows error code; 0 when the fault has none.
	Code uint32
	// Subcode is such as "w:QuotaLimit".
	Subcode string
	// Reason is text for people.
	Reason string
}

// Error tells code and reason.
func (f *Fault) Error() string {
	return fmt.Sprintf("WinRM fault %d (%s): %s", f.Code, f.Subcode, f.Reason)
}

// Fault codes, from wsmerror.h and winerror.h.
const (
	// CodeTimedOut ends a Receive that had nothing to tell for OperationTimeout.
	CodeTimedOut = 2150858793
	// CodeShellNotFound: the shell is gone; the host or its WinRM was restarted, or it was idle for too long.
	CodeShellNotFound = 2150858843
	// CodeAccessDenied is Windows' ERROR_ACCESS_DENIED.
	CodeAccessDenied = 5
	// CodeBusy is Windows' ERROR_BUSY: standard input is not ready to take more.
	CodeBusy = 170
	// CodeBrokenPipe is Windows' ERROR_BROKEN_PIPE: the command has ended and reads nothing any more.
	CodeBrokenPipe = 109

	codeMarkedForDeletion = 2147943418 // a shell of a user whose profile is being unloaded
)

// quotaCodes are the codes of quotas that are used up, of old and of newer
// Windows: shells, operations, users, system, shell users, plugin, commands.
var quotaCodes = []uint32{
	2150859173, 2150859174, 2150859175, 2150859176, 2150859179,
	2150859236, 2150859237, 2150859238, 2150859239, 2150859240, 2150859241,
}

// Quota tells whether the host refused because a quota is used up.
func (f *Fault) Quota() bool {
	return slices.Contains(quotaCodes, f.Code) || strings.HasSuffix(f.Subcode, "QuotaLimit")
}

// ShellGone tells whether the shell is no longer there, so that another one
// has to be created.
func (f *Fault) ShellGone() bool {
	return f.Code == CodeShellNotFound || f.Code == codeMarkedForDeletion
}

type faultBody struct {
	Subcode string   `xml:"Code>Subcode>Value"`
	Code    string   `xml:"Code>Value"`
	Reason  []string `xml:"Reason>Text"`
	Detail  struct {
		Inner []byte `xml:",innerxml"`
	} `xml:"Detail"`
}

func (b *faultBody) fault() *Fault {
	f := &Fault{Subcode: strings.TrimSpace(b.Subcode)}
	if f.Subcode == "" {
		f.Subcode = strings.TrimSpace(b.Code)
	}
	for _, r := range b.Reason {
		f.Reason = strings.TrimSpace(r)
	}
	f.Code = codeIn(b.Detail.Inner)
	return f
}

// codeIn finds the code in a fault's detail: the attribute Code of WSManFault,
// or the element error_Code of MSFT_WmiError, which is signed at times.
func codeIn(detail []byte) uint32 {
	d := xml.NewDecoder(bytes.NewReader(detail))
	d.Strict = false // the detail's prefixes are declared outside of it
	for {
		token, err := d.Token()
		if err != nil {
			return 0
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "WSManFault":
			for _, a := range start.Attr {
				if a.Name.Local == "Code" {
					return number(a.Value)
				}
			}
		case "error_Code":
			var text string
			if d.DecodeElement(&text, &start) == nil {
				return number(text)
			}
		}
	}
}

// number reads a code, which is written as unsigned or as signed 32-bit number.
func number(text string) uint32 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return uint32(n)
}
