package winrm

import (
	"fmt"
	"strings"
)

// identify answers who the service is. An anonymous client learns no version.
func (s *Server) identify(user *account) []byte {
	version, profiles := "OS: 0.0.0 SP: 0.0 Stack: 3.0", ""
	if user != nil {
		version, profiles = s.cfg.Version, s.securityProfiles()
	}
	return []byte(fmt.Sprintf(`<s:Envelope xml:lang="" xmlns:s="%s"><s:Header/><s:Body><wsmid:IdentifyResponse xmlns:wsmid="%s">`+
		`<wsmid:ProtocolVersion>%s</wsmid:ProtocolVersion><wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>`+
		`<wsmid:ProductVersion>%s</wsmid:ProductVersion>%s</wsmid:IdentifyResponse></s:Body></s:Envelope>`,
		nsSOAP, nsIdentity, nsWSMan, escape(version), profiles))
}

// securityProfiles are the ways to log on, MS-WSMV 3.1.4.1.23.
func (s *Server) securityProfiles() string {
	const profile = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/"
	var names []string
	if s.cfg.Auth.Basic {
		names = append(names, "http/basic", "https/basic")
	}
	if s.cfg.Auth.Negotiate || s.cfg.Auth.Kerberos {
		names = append(names, "http/spnego-kerberos", "https/spnego-kerberos")
	}
	if s.cfg.Auth.Certificate {
		names = append(names, "https/mutual")
	}
	var b strings.Builder
	b.WriteString("<wsmid:SecurityProfiles>")
	for _, n := range names {
		b.WriteString("<wsmid:SecurityProfileName>" + profile + n + "</wsmid:SecurityProfileName>")
	}
	b.WriteString("</wsmid:SecurityProfiles>")
	return b.String()
}
