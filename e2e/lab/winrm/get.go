package winrm

import (
	"fmt"
	"strings"
	"time"
)

// get reads the configuration, or one shell.
func (s *Server) get(c *call) (*reply, error) {
	if strings.EqualFold(c.req.resource, resourceConfig) {
		return &reply{actionGet + "Response", s.configXML()}, nil
	}
	sh, err := s.enter(c, true)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return &reply{actionGet + "Response", shellXML(sh, time.Now())}, nil
}

// configXML is winrm/config, with the values this host goes by.
func (s *Server) configXML() string {
	var b strings.Builder
	open := func(name string) func() {
		b.WriteString("<cfg:" + name + ">")
		return func() { b.WriteString("</cfg:" + name + ">") }
	}
	line := func(name string, value any) { fmt.Fprintf(&b, "<cfg:%s>%v</cfg:%s>", name, value, name) }
	q, a := s.cfg.Quotas, s.cfg.Auth

	b.WriteString(`<cfg:Config xmlns:cfg="` + nsConfig + `">`)
	line("MaxEnvelopeSizekb", q.MaxEnvelopeSizeKB)
	line("MaxTimeoutms", q.MaxTimeoutMillis)
	line("MaxBatchItems", maxBatch)
	end := open("Service")
	line("MaxConcurrentOperationsPerUser", q.MaxConcurrentOperationsPerUser)
	line("EnumerationTimeoutms", contextLife.Milliseconds())
	line("MaxConnections", q.MaxConnections)
	line("AllowUnencrypted", a.AllowUnencrypted)
	endAuth := open("Auth")
	line("Basic", a.Basic)
	line("Kerberos", a.Kerberos)
	line("Negotiate", a.Negotiate)
	line("Certificate", a.Certificate)
	line("CredSSP", false)
	line("CbtHardeningLevel", "Relaxed")
	endAuth()
	endPorts := open("DefaultPorts")
	line("HTTP", 5985)
	line("HTTPS", 5986)
	endPorts()
	line("AllowRemoteAccess", true)
	end()
	end = open("Winrs")
	line("AllowRemoteShellAccess", true)
	line("IdleTimeout", q.IdleTimeoutMillis)
	line("MaxConcurrentUsers", q.MaxConcurrentUsers)
	line("MaxShellRunTime", int64(2147483647))
	line("MaxProcessesPerShell", q.MaxProcessesPerShell)
	line("MaxMemoryPerShellMB", q.MaxMemoryPerShellMB)
	line("MaxShellsPerUser", q.MaxShellsPerUser)
	end()
	b.WriteString("</cfg:Config>")
	return b.String()
}
