package wsman

import (
	"errors"
	"testing"
)

// Details of faults as Windows writes them, by how they are built.
func TestCodeIn(t *testing.T) {
	tests := map[string]struct {
		detail string
		want   uint32
	}{
		"WSManFault":          {`<f:WSManFault xmlns:f="x" Code="2150858843" Machine="h"><f:Message>m</f:Message></f:WSManFault>`, 2150858843},
		"a provider's inside": {`<f:WSManFault Code="5" Machine="h"><f:Message><f:ProviderFault><f:WSManFault Code="99"/></f:ProviderFault></f:Message></f:WSManFault>`, 5},
		"MSFT_WmiError":       {`<p:MSFT_WmiError b:IsCIM_Error="true"><p:CIMStatusCode xsi:type="cim:cimUnsignedInt">27</p:CIMStatusCode><p:error_Code xsi:type="cim:cimUnsignedInt">2150859174</p:error_Code></p:MSFT_WmiError>`, 2150859174},
		"signed":              {`<p:error_Code>-2144108122</p:error_Code>`, 2150859174},
		"no code":             {`<w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/UnexpectedSelectors</w:FaultDetail>`, 0},
		"no number":           {`<f:WSManFault Code="abc"/>`, 0},
		"broken":              {`<f:WSManFault Code="5"`, 0},
		"empty":               {``, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := codeIn([]byte(tt.detail)); got != tt.want {
				t.Errorf("code %d, want %d", got, tt.want)
			}
		})
	}
}

func TestParseTakesOneEnvelope(t *testing.T) {
	const envelope = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body/></s:Envelope>`
	for name, text := range map[string]string{
		"two":            envelope + envelope,
		"text after it":  envelope + "x",
		"another root":   `<html><body>hello</body></html>`,
		"soap 1.1":       `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`,
		"nothing":        ``,
		"cut":            envelope[:len(envelope)-3],
		"an entity bomb": `<!DOCTYPE x [<!ENTITY a "aaaa">]><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>&a;</s:Body></s:Envelope>`,
	} {
		if _, err := parse([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := parse([]byte("<?xml version='1.0'?>\n" + envelope + "\n")); err != nil {
		t.Error(err)
	}
}

// FuzzAnswer feeds answers to everything that reads them: nothing panics, and
// what is believed has what it must have.
func FuzzAnswer(f *testing.F) {
	const head = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header><a:Action>` + actionReceive + `Response</a:Action><a:RelatesTo>uuid:1</a:RelatesTo></s:Header><s:Body>`
	f.Add([]byte(head + `<rsp:ReceiveResponse><rsp:Stream Name="stdout" CommandId="c">aGVsbG8=</rsp:Stream><rsp:CommandState CommandId="c" State="` + stateDone + `"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse></s:Body></s:Envelope>`))
	f.Add([]byte(head + `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:TimedOut</s:Value></s:Subcode></s:Code><s:Reason><s:Text>t</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="2150858793"/></s:Detail></s:Fault></s:Body></s:Envelope>`))
	f.Add([]byte(head + `<x:ResourceCreated xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer"><a:ReferenceParameters><w:SelectorSet xmlns:w="w"><w:Selector Name="ShellId">S</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated></s:Body></s:Envelope>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := parse(text)
		if err != nil {
			return
		}
		err = e.answers(message{id: "uuid:1"}, actionReceive)
		var fault *Fault
		if errors.As(err, &fault) && e.Body.Fault == nil {
			t.Error("a fault out of nothing")
		}
		if err == nil && (e.Header.RelatesTo != "uuid:1" || e.Body.Fault != nil) {
			t.Error("believed without reason")
		}
		_ = e.Body.shellID()
		if r := e.Body.Received; r != nil {
			if out, err := r.output(); err == nil && !out.Done && out.ExitCode != 0 {
				t.Error("an exit code before the end")
			}
		}
	})
}
