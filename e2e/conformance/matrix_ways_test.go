package conformance_test

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/keytab"

	"lifeboat.io/e2e/lab"
	wsman "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv/winrm"
)

// way is another transport and another log-on than those of the tables.
type way struct {
	name string
	// sealed tells that messages are sealed, and can be damaged in the seal or outside.
	sealed bool
	// access sets up what all its cells share.
	access func(t *testing.T) access
}

// access is how a cell is reached.
type access struct {
	options func(o *lab.Options) // nil for none
	config  func(c *cell, w *winrm.Config) error
}

// otherWays are the ways the cross-section goes.
var otherWays = []way{
	{name: "NTLM on HTTP, sealed", sealed: true, access: func(*testing.T) access {
		return access{config: func(c *cell, w *winrm.Config) error {
			w.Transport, w.CAFile = winrm.HTTP, ""
			w.Port, _ = c.host.Ports()
			return nil
		}}
	}},
	{name: "a client certificate on HTTPS", access: func(*testing.T) access {
		return access{config: func(c *cell, w *winrm.Config) error {
			pair, err := c.lab.AdministratorCertificate()
			w.Auth, w.User, w.Password = winrm.Certificate, "", nil
			w.ClientCertificate = func() (tls.Certificate, error) { return pair, nil }
			return err
		}}
	}},
	{name: "Kerberos on HTTPS", access: func(t *testing.T) access {
		r := newRealm(t, "HTTP/p1.hyperv.example", "HTTP/r1.hyperv.example")
		keys, err := keytab.Load(r.dir + "/http.keytab")
		if err != nil {
			t.Fatal(err)
		}
		login := r.login(t, "kerberos-1") // one for all cells, as for all hosts of a credential
		return access{options: func(o *lab.Options) { o.Keytab = keys }, config: func(c *cell, w *winrm.Config) error {
			c.steady = true // or tickets are not good any more
			w.Auth, w.User, w.Password = winrm.Kerberos, "", nil
			w.Login, w.Service = login, "HTTP/"+c.host.FQDN()
			return nil
		}}
	}},
}

// The cross-section: rows of the matrix that the way to the host could make a
// difference to, and verbs, one on either host.
var (
	crossedRows = []string{
		"connection reset | before", "connection reset | meanwhile", "connection reset | after", "half-open socket | after", "503 from something in between | after",
		"reset in the middle of a body | meanwhile", "reset in the middle of a body | after", "empty body | meanwhile", "empty body | after",
		"truncated XML | meanwhile", "truncated XML | after", "garbage | meanwhile", "garbage | after",
		"access denied | before", "unknown fault of WinRM, in German | after", "log-on refused (401) | before", "WinRM restarts | before", "WinRM restarts | after",
		"power is cut, and is back at once | after",
	}
	crossedVerbs = []string{"Start", "FailOver"}
)

// crossed are the rows of the cross-section. On a sealed connection a body is
// damaged in both layers.
func crossed(sealed bool) []disturbance {
	var all []disturbance
	for _, row := range crossedRows {
		i := slices.IndexFunc(disturbances, func(d disturbance) bool { return d.key() == row })
		d := disturbances[i]
		all = append(all, d)
		if f := d.wire[0]; sealed && slices.Contains([]wsman.FaultKind{wsman.FaultEmptyBody, wsman.FaultTruncated, wsman.FaultGarbage}, f.Kind) {
			f.Layer = wsman.LayerHTTP
			d.wire, d.side = []wsman.Fault{f}, d.side+outsideTheSeal
			all = append(all, d)
		}
	}
	return all
}

const outsideTheSeal = ", outside the seal"

// TestFaultsOverOtherWays: how lifeboat gets to a host and how it proves who it
// is change nothing about what a caller is told.
func TestFaultsOverOtherWays(t *testing.T) {
	text, err := readDocument()
	if err != nil {
		t.Fatal(err)
	}
	told := parsePage(text)
	for _, w := range otherWays {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			by := w.access(t)
			var all []meeting
			for _, d := range crossed(w.sealed) {
				for _, v := range verbs {
					if slices.Contains(crossedVerbs, v.name) {
						all = append(all, meeting{d, v, &by})
					}
				}
			}
			for row, cells := range meetAll(t, all) {
				for verb, got := range cells {
					if want := told[strings.TrimSuffix(row, outsideTheSeal)][verb]; got != want {
						t.Errorf("%s: %s came to %q, and to %q over NTLM on HTTPS", row, verb, got, want)
					}
				}
			}
		})
	}
}

// tellOtherWays tells of the cross-section in the document.
func tellOtherWays(b *strings.Builder) {
	var names []string
	for _, w := range otherWays {
		names = append(names, w.name)
	}
	fmt.Fprintf(b, "\n## Other ways to a host\n\nThe tables are of NTLM on HTTPS. %s met these rows in other ways\ntoo (%s),\nand came to the same:\n\n", strings.Join(crossedVerbs, " and "), strings.Join(names, "; "))
	for _, row := range crossedRows {
		fault, side, _ := strings.Cut(row, " | ")
		fmt.Fprintf(b, "- %s, %s\n", fault, side)
	}
	b.WriteString("\nWhere messages are sealed, a body was damaged inside the seal and outside of it.\n")
}
