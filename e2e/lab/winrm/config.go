package winrm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"

	"lifeboat.io/pkg/secret"
)

// Process is one command started in a shell, as handed to the Runner.
type Process struct {
	// ShellID and CommandID are upper-case GUIDs.
	ShellID, CommandID string
	// CommandLine is the rsp:Command element as sent; Args are the rsp:Arguments, in order.
	CommandLine string
	Args        []string
	// SkipCmdShell: the program is started directly, not by cmd.exe /C.
	SkipCmdShell bool
	// ConsoleModeStdin: standard input is a console (true) or a pipe (false).
	ConsoleModeStdin bool
	// NoProfile: the user's profile is not loaded.
	NoProfile bool
	// Codepage is the console's code page: 65001 is UTF-8; 437 when the client did not say.
	Codepage int
	// WorkDir is the shell's working directory; empty means the user's profile.
	WorkDir string
	// Env are the variables the shell was created with, on top of the user's own.
	Env map[string]string
	// User is who runs it: HV1\Administrator.
	User string
	// Stdin ends (io.EOF) when the client says so and when the process is killed.
	Stdin io.Reader
	// Stdout and Stderr block while the client does not fetch what was written,
	// and fail with io.ErrClosedPipe once the process is killed.
	Stdout, Stderr io.Writer
	// Reserve accounts for memory: positive bytes are taken, negative given
	// back. It fails with ErrShellMemory beyond MaxMemoryPerShellMB; what then
	// happens to the process is the Runner's decision. Not calling it is fine.
	Reserve func(bytes int64) error
}

// Line is command and arguments joined by blanks, which is what cmd.exe or
// CreateProcess gets to see.
func (p *Process) Line() string {
	if len(p.Args) == 0 {
		return p.CommandLine
	}
	return p.CommandLine + " " + strings.Join(p.Args, " ")
}

// Runner runs a process and returns its exit code. It must return soon after
// ctx is done; context.Cause tells why: ErrTerminated, ErrCtrlC, ErrShellGone.
type Runner func(ctx context.Context, p Process) (exitCode int)

// Why a process is killed.
var (
	// ErrTerminated: the client sent the signal terminate.
	ErrTerminated = errors.New("winrm: command terminated")
	// ErrCtrlC: the client sent ctrl_c or ctrl_break.
	ErrCtrlC = errors.New("winrm: command interrupted")
	// ErrShellGone: the shell was deleted, ran out of time, or vanished with the service.
	ErrShellGone = errors.New("winrm: shell is gone")
	// ErrShellMemory: the shell may use no more memory.
	ErrShellMemory = errors.New("winrm: memory quota of the shell is used up")
)

// User is an account of the host.
type User struct {
	// Name is without a domain; compared without regard to case.
	Name string `json:"name"`
	// Password is needed for Basic and NTLM. Empty: no log-on by password.
	Password secret.Text `json:"-"`
	// CertificateUPN maps a client certificate to this account: its user principal name (SAN otherName), or its subject's common name.
	CertificateUPN string `json:"certificateUPN,omitempty"`
	// Administrator: may use WinRM. Others log on but get access denied.
	Administrator bool `json:"administrator"`
	// Expired: the account or its password is expired; every log-on fails.
	Expired bool `json:"expired"`
}

// Auth says how clients may log on.
type Auth struct {
	// Basic sends the password with each request. Over HTTP it needs AllowUnencrypted.
	Basic bool `json:"basic"`
	// Negotiate is NTLM, raw or in SPNEGO, and with a keytab also Kerberos in SPNEGO.
	Negotiate bool `json:"negotiate"`
	// Kerberos is the scheme of that name; it needs a keytab.
	Kerberos bool `json:"kerberos"`
	// Certificate is mutual TLS; HTTPS only.
	Certificate bool `json:"certificate"`
	// AllowUnencrypted lets clear SOAP through on HTTP. Without it messages must be sealed.
	AllowUnencrypted bool `json:"allowUnencrypted"`
	// AcceptEmptyPost answers 200 to an empty POST without credentials on a
	// connection that is logged on; by default it is asked to log on again (401).
	// Which of the two real hosts do is not settled.
	AcceptEmptyPost bool `json:"acceptEmptyPost"`
}

// Quotas are the limits of WinRM. A zero field takes its default.
type Quotas struct {
	// MaxShellsPerUser: default 30.
	MaxShellsPerUser int `json:"maxShellsPerUser"`
	// MaxProcessesPerShell: default 25. A command counts 1, or 2 when cmd.exe starts it.
	MaxProcessesPerShell int `json:"maxProcessesPerShell"`
	// MaxConcurrentOperationsPerUser: default 1500. Each request under way counts,
	// and each command of a live shell, ended or not: Windows gives a command's
	// place back only with the shell (MS-WSMV 3.1.4.12, note 118).
	MaxConcurrentOperationsPerUser int `json:"maxConcurrentOperationsPerUser"`
	// MaxConcurrentUsers: accounts with a shell at the same time; default 10.
	MaxConcurrentUsers int `json:"maxConcurrentUsers"`
	// MaxMemoryPerShellMB: default 1024.
	MaxMemoryPerShellMB int `json:"maxMemoryPerShellMB"`
	// MaxEnvelopeSizeKB: of a request, and of an answer unless the client asks for less; default 500.
	MaxEnvelopeSizeKB int `json:"maxEnvelopeSizeKB"`
	// MaxTimeoutMillis caps OperationTimeout; default 60000.
	MaxTimeoutMillis int `json:"maxTimeoutMillis"`
	// IdleTimeoutMillis deletes a shell nobody talked to for so long, unless its creator asked otherwise; default 7200000.
	IdleTimeoutMillis int `json:"idleTimeoutMillis"`
	// MaxConnections: TCP connections at once, further ones are closed; default 300.
	MaxConnections int `json:"maxConnections"`
	// LegacyFaults makes quota faults carry a WSManFault, as before Windows Server 2012, instead of an MSFT_WmiError.
	LegacyFaults bool `json:"legacyFaults"`
}

// withDefaults fills zero fields in.
func (q Quotas) withDefaults() Quotas {
	for _, d := range []struct {
		field *int
		value int
	}{
		{&q.MaxShellsPerUser, 30}, {&q.MaxProcessesPerShell, 25}, {&q.MaxConcurrentOperationsPerUser, 1500},
		{&q.MaxConcurrentUsers, 10}, {&q.MaxMemoryPerShellMB, 1024}, {&q.MaxEnvelopeSizeKB, 500},
		{&q.MaxTimeoutMillis, 60_000}, {&q.IdleTimeoutMillis, 7_200_000}, {&q.MaxConnections, 300},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return q
}

func (q Quotas) check() error {
	for name, v := range map[string]int{
		"MaxShellsPerUser": q.MaxShellsPerUser, "MaxProcessesPerShell": q.MaxProcessesPerShell,
		"MaxConcurrentOperationsPerUser": q.MaxConcurrentOperationsPerUser, "MaxConcurrentUsers": q.MaxConcurrentUsers,
		"MaxMemoryPerShellMB": q.MaxMemoryPerShellMB, "MaxEnvelopeSizeKB": q.MaxEnvelopeSizeKB,
		"MaxTimeoutMillis": q.MaxTimeoutMillis, "IdleTimeoutMillis": q.IdleTimeoutMillis, "MaxConnections": q.MaxConnections,
	} {
		if v < 0 || v > math.MaxInt32 {
			return fmt.Errorf("winrm: Quotas.%s is %d: give a number between 0 (default) and %d", name, v, math.MaxInt32)
		}
	}
	if kb := q.MaxEnvelopeSizeKB; kb != 0 && kb*1024 < minEnvelope {
		return fmt.Errorf("winrm: Quotas.MaxEnvelopeSizeKB is %d: at least %d are needed", kb, minEnvelope/1024)
	}
	return nil
}

// Config describes one host.
type Config struct {
	// Name is the host's name, short or with its DNS domain: hv1.lab.test.
	Name string
	// Domain is the NetBIOS domain of the accounts; empty when they are local.
	Domain string
	// Users are the accounts.
	Users []User
	// Run runs commands.
	Run Runner
	// Executable tells whether a file can be started; asked when a command skips
	// cmd.exe, which searches no path, so the path is always absolute. Nil: every absolute path can.
	Executable func(path string) bool
	Auth       Auth
	Quotas     Quotas
	// Keytab holds the keys of HTTP/<name>; needed for Kerberos.
	Keytab *keytab.Keytab
	// Certificate is what HTTPS shows. SetCertificate exchanges it later.
	Certificate *tls.Certificate
	// ClientCAs are who may have signed client certificates.
	ClientCAs *x509.CertPool
	// Version is what Identify says; default a Windows Server 2022.
	Version string
	// Language of fault texts; default en-US. Also de-DE and ja-JP.
	Language string
	// Now is the host's clock; default time.Now. Timeouts do not follow it: their clients wait in real time.
	Now func() time.Time
	// Seed makes the dice of faults with a probability or a random delay repeatable.
	Seed uint64
	// PowerCut, if set, is called by CutPower, for what else of the machine loses its power.
	PowerCut func()
	// Observe, if set, is called after each request, from many goroutines.
	Observe func(Exchange)
}

// Exchange is one request as seen from outside, without its content.
type Exchange struct {
	Time     time.Time     `json:"time"`
	Duration time.Duration `json:"duration"` // nanoseconds
	Host     string        `json:"host"`
	Client   string        `json:"client"` // address and port
	User     string        `json:"user"`   // empty before log-on
	Action   string        `json:"action"` // one of the Action constants; empty when the request was not authenticated
	Status   int           `json:"status"` // HTTP; 0 when a fault cut the connection
	Fault    uint32        `json:"fault"`  // WS-Management code, 0 when none
	Injected string        `json:"injected"`
}

// defaultVersion is what Windows Server 2022 says of itself to clients that are logged on.
const defaultVersion = "OS: 10.0.20348 SP: 0.0 Stack: 3.0"

// check refuses what cannot work and fills defaults in.
func (c *Config) check() error {
	if c.Name == "" {
		return errors.New("winrm: Config.Name is empty: give the host a name")
	}
	if c.Run == nil {
		return errors.New("winrm: Config.Run is nil: give a function that runs commands")
	}
	if c.Auth.Kerberos && c.Keytab == nil {
		return errors.New("winrm: Config.Auth.Kerberos is set but Config.Keytab is nil: give the keys of HTTP/" + c.Name)
	}
	if c.Auth.Certificate && c.ClientCAs == nil {
		return errors.New("winrm: Config.Auth.Certificate is set but Config.ClientCAs is nil: say who signs client certificates")
	}
	if c.Language == "" {
		c.Language = English
	}
	if !knownLanguage(c.Language) {
		return fmt.Errorf("winrm: Config.Language is %q: en-US, de-DE and ja-JP are known", c.Language)
	}
	if c.Version == "" {
		c.Version = defaultVersion
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := c.Quotas.check(); err != nil {
		return err
	}
	c.Quotas = c.Quotas.withDefaults()
	seen := map[string]bool{}
	for i, u := range c.Users {
		key := strings.ToLower(u.Name)
		if u.Name == "" || strings.ContainsAny(u.Name, `\@/:`) {
			return fmt.Errorf("winrm: Config.Users[%d].Name is %q: give a name without a domain", i, u.Name)
		}
		if seen[key] {
			return fmt.Errorf("winrm: Config.Users[%d].Name %q is there twice", i, u.Name)
		}
		seen[key] = true
	}
	return nil
}
