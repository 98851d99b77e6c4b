package winrm

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// Fault codes: WS-Management's own (0x8033xxxx, wsmerror.h), HRESULTs of
// Win32 errors (0x8007xxxx) and bare Win32 errors, as real hosts answer them.
const (
	codeAccessDenied     uint32 = 5
	codeInvalidParameter uint32 = 87
	codePipeEnded        uint32 = 109
	codeBusy             uint32 = 170
	codeAborted          uint32 = 995

	codeFileNotFound   uint32 = 0x80070002
	codeCommandTooLong uint32 = 0x800700ce
	codeProcessQuota   uint32 = 0x80070718

	codeResourceNotFound    uint32 = 0x80338000
	codeSOAPVersion         uint32 = 0x8033800d
	codeInvalidHeader       uint32 = 0x8033800f
	codeMustUnderstand      uint32 = 0x80338010
	codeHeaderRequired      uint32 = 0x80338011
	codeActionNotSupported  uint32 = 0x80338013
	codeFilterNotSupported  uint32 = 0x80338018
	codeEnumerationContext  uint32 = 0x8033801b
	codeInvalidBody         uint32 = 0x80338027
	codeTimedOut            uint32 = 0x80338029
	codeAlreadyExists       uint32 = 0x80338033
	codeEncodingLimit       uint32 = 0x80338035
	codeResourceMissing     uint32 = 0x8033803b
	codeSchema              uint32 = 0x80338041
	codeInvalidXML          uint32 = 0x80338043
	codeEnvelopeExceeded    uint32 = 0x80338048
	codeCharacterSet        uint32 = 0x8033804c
	codeOptionsNotSupported uint32 = 0x80338051
	codeOptionValue         uint32 = 0x80338053
	codeSelectorsMissing    uint32 = 0x8033805a
	codeSelectorsUnexpected uint32 = 0x8033805b
	codeDuplicateSelectors  uint32 = 0x8033805f
	codeAddressingMode      uint32 = 0x80338076
	codeMinEnvelope         uint32 = 0x8033807e
	codeEnumerationMode     uint32 = 0x80338086
	codeLocaleMandatory     uint32 = 0x80338087
	codeQuotaShells         uint32 = 0x803381a5
	codeQuotaOperations     uint32 = 0x803381a6
	codeQuotaUsers          uint32 = 0x803381ab
)

// provider is the part of Windows a fault says it comes from.
type provider struct{ name, path string }

var (
	noProvider    = provider{}
	cmdProvider   = provider{"Shell cmd plugin", `%systemroot%\system32\winrscmd.dll`}
	shellProvider = provider{"Shell provider", `%systemroot%\system32\WsmSvc.dll`}
)

// faultForm is how the fault of one code looks on the wire.
type faultForm struct {
	role     string // s:Sender, s:Receiver, …
	subcode  string // with the prefix envelopeStart declares; may be empty
	detail   string // last part of the w:FaultDetail URI; may be empty
	provider provider
	text     string // English
}

// faultForms is the table of all faults.
var faultForms = map[uint32]faultForm{
	codeAccessDenied:     {"s:Sender", "w:AccessDenied", "", noProvider, "Access is denied. "},
	codeInvalidParameter: {"s:Sender", "w:InvalidParameter", "InvalidValue", cmdProvider, "The parameter is incorrect. "},
	codePipeEnded:        {"s:Receiver", "w:InternalError", "", cmdProvider, "The pipe has been ended. "},
	codeBusy:             {"s:Receiver", "w:InternalError", "", cmdProvider, "The requested resource is in use. "},
	codeAborted:          {"s:Receiver", "w:InternalError", "", noProvider, "The I/O operation has been aborted because of either a thread exit or an application request. "},

	codeFileNotFound:   {"s:Receiver", "w:InternalError", "", cmdProvider, "The system cannot find the file specified. "},
	codeCommandTooLong: {"s:Receiver", "w:InternalError", "", cmdProvider, "The filename or extension is too long. "},
	codeProcessQuota:   {"s:Receiver", "w:InternalError", "", cmdProvider, "Not enough quota is available to process this command. "},

	codeResourceNotFound:    {"s:Sender", "a:DestinationUnreachable", "InvalidResourceURI", noProvider, "The WS-Management service cannot process the request. The service cannot find the resource identified by the resource URI and selectors. "},
	codeSOAPVersion:         {"s:VersionMismatch", "", "", noProvider, "The WS-Management service does not support the SOAP version specified in the request. "},
	codeInvalidHeader:       {"s:Sender", "a:InvalidMessageInformationHeader", "", noProvider, "The WS-Management service cannot process the request. The request contains one or more invalid SOAP headers. "},
	codeMustUnderstand:      {"s:MustUnderstand", "", "", noProvider, "The WS-Management service cannot process a SOAP header in the request that is marked as mustUnderstand by the client. "},
	codeHeaderRequired:      {"s:Sender", "a:MessageInformationHeaderRequired", "", noProvider, "The WS-Management service cannot process the request. The request does not have all the expected SOAP headers. "},
	codeActionNotSupported:  {"s:Sender", "a:ActionNotSupported", "", noProvider, "The WS-Management service does not support the action specified in the request. "},
	codeFilterNotSupported:  {"s:Sender", "n:FilteringNotSupported", "", noProvider, "The data source does not support filtering. Remove the filter from the request and try the request again. "},
	codeEnumerationContext:  {"s:Receiver", "n:InvalidEnumerationContext", "", noProvider, "The WS-Enumeration context in the enumeration is not valid. Start a new enumeration. "},
	codeInvalidBody:         {"s:Sender", "w:InvalidBody", "", noProvider, "The WS-Management service cannot process the request because the request packet does not have a valid SOAP body. "},
	codeTimedOut:            {"s:Receiver", "w:TimedOut", "", noProvider, "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "},
	codeAlreadyExists:       {"s:Sender", "w:AlreadyExists", "", noProvider, "The WS-Management service cannot create the resource because it already exists. "},
	codeEncodingLimit:       {"s:Sender", "w:EncodingLimit", "ServiceEnvelopeLimit", noProvider, "The WS-Management service cannot process the request because the encoding of the request exceeds an internal encoding limit. "},
	codeResourceMissing:     {"s:Sender", "w:InvalidResourceURI", "", noProvider, "The WS-Management service cannot process the request. The resource URI is missing or it has an incorrect format. "},
	codeSchema:              {"s:Sender", "w:SchemaValidationError", "", noProvider, "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and retry. "},
	codeInvalidXML:          {"s:Sender", "w:SchemaValidationError", "", noProvider, "The WS-Management service cannot process the request because the XML is invalid. "},
	codeEnvelopeExceeded:    {"s:Sender", "w:EncodingLimit", "MaxEnvelopeSize", noProvider, "The response that the WS-Management service computed exceeds the maximum envelope size in the request. "},
	codeCharacterSet:        {"s:Sender", "w:EncodingLimit", "CharacterSet", noProvider, "The WS-Management service does not support the character set used in the request. Change the request to use UTF-8 or UTF-16. "},
	codeOptionsNotSupported: {"s:Sender", "w:InvalidOptions", "NotSupported", noProvider, "The WS-Management provider does not support the specified option set because mustComply for one of the options is set to true. "},
	codeOptionValue:         {"s:Sender", "w:InvalidOptions", "InvalidValue", noProvider, "The WS-Management service cannot process the request because one or more of the options has an invalid value. "},
	codeSelectorsMissing:    {"s:Sender", "w:InvalidSelectors", "InsufficientSelectors", noProvider, "The WS-Management service cannot process the request because the request did not contain all required selectors. "},
	codeSelectorsUnexpected: {"s:Sender", "w:InvalidSelectors", "UnexpectedSelectors", noProvider, "The WS-Management service cannot process the request because the request contained invalid selectors for the resource. "},
	codeDuplicateSelectors:  {"s:Sender", "w:InvalidSelectors", "DuplicateSelectors", noProvider, "The WS-Management service cannot process the request because the request contains duplicate selectors. "},
	codeAddressingMode:      {"s:Sender", "w:UnsupportedFeature", "AddressingMode", noProvider, "The WS-Management service does not support the addressing mode. "},
	codeMinEnvelope:         {"s:Sender", "w:EncodingLimit", "MinimumEnvelopeLimit", noProvider, "The WS-Management service cannot process the request because the envelope size in the request is too small. "},
	codeEnumerationMode:     {"s:Sender", "w:UnsupportedFeature", "EnumerationMode", noProvider, "The WS-Management service does not support the specified enumeration mode. "},
	codeLocaleMandatory:     {"s:Sender", "w:UnsupportedFeature", "Locale", noProvider, "The WS-Management service cannot guarantee that all data is returned in the requested locale. "},
	codeQuotaShells:         {"s:Sender", "w:QuotaLimit", "", noProvider, "The WS-Management service cannot process the request. The maximum number of concurrent shells for this user has been exceeded. Close existing shells or raise the quota for this user. "},
	codeQuotaOperations:     {"s:Sender", "w:QuotaLimit", "", noProvider, "The WS-Management service cannot process the request. The maximum number of concurrent operations for this user has been exceeded. Close existing operations for this user, or raise the quota for this user. "},
	codeQuotaUsers:          {"s:Sender", "w:QuotaLimit", "", noProvider, "The WS-Management service cannot process the request. The maximum number of concurrent shell users has been exceeded. Retry later. "},
}

// unlistedForm is used for codes a test injects that the table does not have.
var unlistedForm = faultForm{"s:Receiver", "w:InternalError", "", noProvider, "The WS-Management service cannot process the request. "}

// soapFault is a fault on its way to the client.
type soapFault struct {
	code uint32
	// message says more than the text of the code; empty means the same text.
	message string
	// provider overrides the one of the form.
	provider provider
	// notUnderstood names the header of a MustUnderstand fault.
	notUnderstood xml.Name
}

// newFault makes a fault; an empty format takes the code's own text.
func newFault(code uint32, format string, args ...any) *soapFault {
	f := &soapFault{code: code}
	if format != "" {
		f.message = fmt.Sprintf(format, args...) + " " // every text of WinRM ends in a blank
	}
	return f
}

// schemaFault is the fault for an element that does not belong where it is.
func schemaFault(local string) *soapFault {
	return newFault(codeSchema, "The Windows Remote Shell cannot process the request. The SOAP packet contains an element %s that is invalid. Retry the request with the correct XML element.", local)
}

// Error makes a fault an error; it is what the server's own tests see.
func (f *soapFault) Error() string {
	text := f.message
	if text == "" {
		text = f.form().text
	}
	return fmt.Sprintf("wsman fault %d: %s", f.code, strings.TrimSpace(text))
}

func (f *soapFault) form() faultForm {
	if form, ok := faultForms[f.code]; ok {
		return form
	}
	return unlistedForm
}

// machine is what faults and owners call the host; language picks the text.
type faultStyle struct {
	machine  string
	language string
	// wmiQuota makes quota faults carry an MSFT_WmiError, as Windows since 2012 does, instead of a WSManFault.
	wmiQuota bool
}

// action is the Action URI of a fault, which depends on whose fault it is.
func (f *soapFault) action() string {
	switch prefix, _, _ := strings.Cut(f.form().subcode, ":"); prefix {
	case "a", "":
		return nsAddressing + "/fault"
	case "n":
		return nsEnumerate + "/fault"
	}
	return "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
}

// envelope writes the whole answer.
func (f *soapFault) envelope(style faultStyle, relatesTo string) []byte {
	var header string
	if n := f.notUnderstood; n.Local != "" {
		header = fmt.Sprintf(`<s:NotUnderstood qname="q:%s" xmlns:q="%s"/>`, escape(n.Local), escape(n.Space))
	}
	return envelope(style.language, f.action(), relatesTo, header, f.body(style))
}

func (f *soapFault) body(style faultStyle) string {
	form := f.form()
	text := translate(style.language, f.code, form.text)
	message := f.message
	if message == "" || style.language != English {
		message = text
	}
	var b strings.Builder
	b.WriteString("<s:Fault><s:Code><s:Value>" + form.role + "</s:Value>")
	if form.subcode != "" {
		b.WriteString("<s:Subcode><s:Value>" + form.subcode + "</s:Value></s:Subcode>")
	}
	fmt.Fprintf(&b, `</s:Code><s:Reason><s:Text xml:lang="%s">%s</s:Text></s:Reason>`, style.language, escape(text))
	if f.code != codeMustUnderstand && f.code != codeSOAPVersion {
		b.WriteString("<s:Detail>")
		if form.detail != "" {
			b.WriteString("<w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/" + form.detail + "</w:FaultDetail>")
		}
		if form.subcode == "w:QuotaLimit" && style.wmiQuota {
			b.WriteString(wmiError(f.code, message))
		} else {
			b.WriteString(f.wsmanFault(style.machine, message))
		}
		b.WriteString("</s:Detail>")
	}
	b.WriteString("</s:Fault>")
	return b.String()
}

// wsmanFault is the detail most faults carry.
func (f *soapFault) wsmanFault(machine, message string) string {
	from := f.form().provider
	if f.provider != noProvider {
		from = f.provider
	}
	inner := escape(message)
	open := fmt.Sprintf(`<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="%d" Machine="%s"><f:Message>`, f.code, escape(machine))
	const end = "</f:Message></f:WSManFault>"
	switch from {
	case shellProvider:
		inner = open + inner + end
		fallthrough
	case cmdProvider:
		inner = fmt.Sprintf(`<f:ProviderFault provider="%s" path="%s">%s</f:ProviderFault>`, from.name, from.path, inner)
	}
	return open + inner + end
}

// wmiError is the detail of quota faults since Windows Server 2012.
func wmiError(code uint32, message string) string {
	text := func(name, value string) string {
		return `<m:` + name + ` xsi:type="cim:cimString">` + escape(value) + `</m:` + name + `>`
	}
	number := func(name, kind string, value uint32) string {
		return fmt.Sprintf(`<m:%s xsi:type="cim:%s">%d</m:%s>`, name, kind, value, name)
	}
	null := func(name string) string { return `<m:` + name + ` xsi:type="cim:cimString" xsi:nil="true"/>` }
	const (
		cimFailed     = 27 // CIMStatusCode
		categoryLimit = 30 // error_Category LimitsExceeded
	)
	return `<m:MSFT_WmiError b:IsCIM_Error="true" xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"` +
		` xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` +
		` xmlns:m="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError" xsi:type="m:MSFT_WmiError_Type">` +
		number("CIMStatusCode", "cimUnsignedInt", cimFailed) + null("CIMStatusCodeDescription") + null("ErrorSource") +
		number("ErrorSourceFormat", "cimUnsignedShort", 0) + number("ErrorType", "cimUnsignedShort", 0) +
		text("Message", message) + text("MessageID", fmt.Sprintf("HRESULT 0x%08x", code)) +
		null("OtherErrorSourceFormat") + null("OtherErrorType") + null("OwningEntity") +
		number("PerceivedSeverity", "cimUnsignedShort", 0) + number("ProbableCause", "cimUnsignedShort", 0) + null("ProbableCauseDescription") +
		number("error_Category", "cimUnsignedInt", categoryLimit) + number("error_Code", "cimUnsignedInt", code) +
		text("error_Type", "HRESULT") + text("error_WindowsErrorMessage", message) + `</m:MSFT_WmiError>`
}
