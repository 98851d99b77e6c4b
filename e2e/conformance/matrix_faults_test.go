package conformance_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lifeboat.io/e2e/lab"
	wsman "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

// hangs is how long a cmdlet hangs, in the world's time; calls end long before.
const hangs = time.Hour

// Sides of the effect a fault strikes on.
const (
	sideStart  = "at the start" // no lane is open yet: nothing was sent
	sideBefore = "before"       // the request is lost
	sideDuring = "meanwhile"    // the request is there, its acknowledgement is lost; the effect may come or not
	sideAfter  = "after"        // the effect is there, its answer is lost
)

// disturbance is one fault on one side of the effect.
type disturbance struct {
	name, side string
	// options change the lab, ahead what is in it before the verb's own preparation.
	options func(o *lab.Options)
	ahead   func(c *cell) error
	// wire are faults of single requests, do is what happens to the host.
	wire []wsman.Fault
	do   func(c *cell) error
	// undo is what takes it away, besides what takes every fault away.
	undo func(c *cell) error
	// config changes how the host is reached; what it returns is called in the end.
	config func(c *winrm.Config) (closing func(), err error)
	// cold tells that the call is the first one, and opens its lane.
	cold bool
	// hangs tells that calls are not answered until their deadline.
	hangs bool
	// races tells that it is open whether the effect comes.
	races bool
	// acting tells that it befalls the cmdlet that acts, which readings have not.
	acting bool
	// powerless tells that the verb's host loses its power, and so what runs on
	// it: what a verb did to the power of its VM is undone, or done for it.
	powerless bool
}

// meets tells whether the verb can meet it.
func (d *disturbance) meets(v verb) bool { return v.effect || !d.acting }

// arm lets it happen from now on. Arming fills in what was left out, so each
// cell has faults of its own.
func (d *disturbance) arm(c *cell) error {
	if len(d.wire) > 0 {
		if _, err := c.host.WinRM().Arm(slices.Clone(d.wire)...); err != nil {
			return err
		}
	}
	if d.do != nil {
		return d.do(c)
	}
	return nil
}

// disturbances are the rows of the matrix.
var disturbances = func() []disturbance {
	return slices.Concat(ofSingleRequests(), ofHosts(), ofPower(), ofClocks(), ofCmdlets(), ofDisks(), ofTheWay())
}()

// ofSingleRequests are faults of the wire: before the request is carried out,
// when its acknowledgement is on the way, and when its answer is.
func ofSingleRequests() []disturbance {
	var all []disturbance
	lost := func(name string, kind wsman.FaultKind, hangs bool) {
		all = append(all,
			disturbance{name: name, side: sideBefore, hangs: hangs, wire: []wsman.Fault{{Kind: kind, Action: wsman.ActionSend, When: wsman.Before}}},
			disturbance{name: name, side: sideDuring, hangs: hangs, races: true, wire: []wsman.Fault{{Kind: kind, Action: wsman.ActionSend, When: wsman.After}}},
			disturbance{name: name, side: sideAfter, hangs: hangs, wire: []wsman.Fault{{Kind: kind, Action: wsman.ActionReceive, When: wsman.After}}})
	}
	lost("connection reset", wsman.FaultReset, false)
	lost("half-open socket", wsman.FaultHalfOpen, true)
	lost("503 from something in between", wsman.FaultStatus, false)
	damaged := func(name string, f wsman.Fault) {
		during, after := f, f
		during.Action, after.Action = wsman.ActionSend, wsman.ActionReceive
		all = append(all,
			disturbance{name: name, side: sideDuring, races: true, wire: []wsman.Fault{during}},
			disturbance{name: name, side: sideAfter, wire: []wsman.Fault{after}})
	}
	damaged("reset in the middle of a body", wsman.Fault{Kind: wsman.FaultResetBody})
	damaged("empty body", wsman.Fault{Kind: wsman.FaultEmptyBody})
	damaged("truncated XML", wsman.Fault{Kind: wsman.FaultTruncated})
	damaged("garbage", wsman.Fault{Kind: wsman.FaultGarbage})
	// A host that says why it did not take a request did not take it.
	said := func(name string, f wsman.Fault) {
		before, after := f, f
		before.Action, before.When = wsman.ActionSend, wsman.Before
		after.Action, after.When, after.Count = wsman.ActionReceive, wsman.After, 1
		all = append(all,
			disturbance{name: name, side: sideBefore, wire: []wsman.Fault{before}},
			disturbance{name: name, side: sideAfter, wire: []wsman.Fault{after}})
	}
	said("access denied", wsman.Fault{Kind: wsman.FaultAccessDenied, Count: -1})
	said("access denied, in Japanese", wsman.Fault{Kind: wsman.FaultAccessDenied, Count: -1, Language: "ja-JP"})
	said("operations quota exhausted", wsman.Fault{Kind: wsman.FaultQuota, Count: -1})
	said("operations quota exhausted for a moment", wsman.Fault{Kind: wsman.FaultQuota})
	said("shell gone", wsman.Fault{Kind: wsman.FaultSOAP, Code: 2150858843})
	said("unknown fault of WinRM, in German", wsman.Fault{Kind: wsman.FaultSOAP, Code: 1726, Language: "de-DE"})
	shells := disturbance{name: "shells quota exhausted", side: sideStart, cold: true, wire: []wsman.Fault{{Kind: wsman.FaultQuota, Action: wsman.ActionCreate, Count: -1}}}
	forgotten := disturbance{name: "log-on forgotten (401)", side: sideBefore, wire: []wsman.Fault{{Kind: wsman.FaultStatus, Status: 401, Action: wsman.ActionSend}}}
	refused := disturbance{name: "log-on refused (401)", side: sideBefore, wire: []wsman.Fault{{Kind: wsman.FaultStatus, Status: 401, Action: wsman.ActionSend, Count: -1}}}
	slow := disturbance{name: "answer of 100 bytes a second", side: sideAfter, hangs: true, wire: []wsman.Fault{{Kind: wsman.FaultSlow, Action: wsman.ActionReceive, Count: -1}}}
	late := disturbance{name: "each request 100 ms late", side: sideBefore, wire: []wsman.Fault{{Kind: wsman.FaultDelay, DelayMillis: 100, Count: -1}}}
	return append(all, shells, forgotten, refused, slow, late)
}

// ofHosts befall a whole host.
func ofHosts() []disturbance {
	var all []disturbance
	host := func(name string, kind wsman.FaultKind, hangs bool) {
		all = append(all,
			disturbance{name: name, side: sideBefore, hangs: hangs, wire: []wsman.Fault{{Kind: kind, Action: wsman.ActionSend, When: wsman.Before}}},
			disturbance{name: name, side: sideAfter, hangs: hangs, wire: []wsman.Fault{{Kind: kind, Action: wsman.ActionReceive, When: wsman.After}}})
	}
	host("WinRM restarts", wsman.FaultRestart, false)
	host("host goes down", wsman.FaultStop, false)
	host("host freezes", wsman.FaultFreeze, true)
	return append(all,
		disturbance{name: "WinRM restarts while a shell is opened", side: sideStart, cold: true, wire: []wsman.Fault{{Kind: wsman.FaultRestart, Action: wsman.ActionCommand}}},
		disturbance{name: "host is down", side: sideStart, cold: true, do: func(c *cell) error {
			c.host.WinRM().Stop()
			return nil
		}},
		disturbance{name: "host is frozen", side: sideStart, cold: true, hangs: true, do: world(hypersim.DoFreeze)},
		disturbance{name: "WinRM is cut off", side: sideStart, cold: true, hangs: true, do: world(hypersim.DoCutWinRM)},
	)
}

// world does something to the verb's host.
func world(do hypersim.ActionKind) func(c *cell) error {
	return func(c *cell) error { return c.lab.Do(hypersim.Action{Do: do, Host: c.host.Name()}) }
}

// ofCmdlets befall Hyper-V itself, with WinRM in order.
func ofCmdlets() []disturbance {
	fails := func(name, id, category, message string) disturbance {
		return disturbance{name: name, side: sideBefore, acting: true, do: func(c *cell) error {
			return c.lab.Inject(hypersim.Fault{Kind: hypersim.FaultCmdletFails, Host: c.host.Name(), Verb: c.verb.cmdlet, Times: -1, ID: id, Category: category, Message: message})
		}}
	}
	return []disturbance{
		fails("cmdlet: OperationFailed", "OperationFailed", "NotSpecified", ""),
		fails("cmdlet: ObjectInUse", "ObjectInUse", "ResourceBusy", ""),
		fails("cmdlet: InvalidState", "InvalidState", "InvalidOperation", ""),
		fails("cmdlet: AccessDenied", "AccessDenied", "PermissionDenied", ""),
		fails("cmdlet: AccessDenied, in German", "AccessDenied", "PermissionDenied", "Sie besitzen nicht die erforderliche Berechtigung, um diese Aufgabe auszuf\u00fchren."),
		fails("cmdlet: OperationTimeout", "OperationTimeout", "OperationTimeout", ""),
		fails("cmdlet: an id nobody knows", "SomethingElse", "NotSpecified", "\u64cd\u4f5c\u306b\u5931\u6557\u3057\u307e\u3057\u305f\u3002"),
		{name: "cmdlet hangs", side: sideBefore, acting: true, hangs: true, do: func(c *cell) error {
			return c.lab.Inject(hypersim.Fault{Kind: hypersim.FaultCmdletHangs, Host: c.host.Name(), Verb: c.verb.cmdlet, Delay: hypersim.Duration(hangs)})
		}},
		{name: "VMMS stands still", side: sideBefore, hangs: true, do: stick},
		{name: "VMMS stands still", side: sideAfter, acting: true, hangs: true, options: slowCmdlets(200 * watch), do: onceDone(stick)},
		{name: "link to the replica cut one way", side: sideBefore, do: cut("p1", "r1")},
		{name: "link from the replica cut one way", side: sideBefore, do: cut("r1", "p1")},
	}
}

func cut(from, to string) func(c *cell) error {
	return func(c *cell) error {
		return c.lab.Do(hypersim.Action{Do: hypersim.DoSetLink, From: from, To: to, Link: &hypersim.Link{Down: true}})
	}
}

// ofTheWay keep the client from getting there at all.
func ofTheWay() []disturbance {
	var all []disturbance
	for _, kind := range []lab.CertificateKind{lab.CertificateExpired, lab.CertificateWrongName, lab.CertificateOtherAuthority} {
		all = append(all, disturbance{name: "certificate: " + strings.ReplaceAll(string(kind), "-", " "), side: sideStart, cold: true,
			do:   func(c *cell) error { return c.host.ShowCertificate(kind) },
			undo: func(c *cell) error { return c.host.ShowCertificate(lab.CertificateValid) }})
	}
	way := func(name string, change func(c *winrm.Config) (func(), error)) {
		all = append(all, disturbance{name: name, side: sideStart, cold: true, config: change})
	}
	way("name not resolved (DNS)", func(c *winrm.Config) (func(), error) {
		c.Address = "no-such-host..invalid" // refused by the resolver without asking anybody
		return func() {}, nil
	})
	way("wrong password", func(c *winrm.Config) (func(), error) {
		c.Password = func() (secret.Text, error) { return secret.NewText("wrong"), nil }
		return func() {}, nil
	})
	way("password file gone", func(c *winrm.Config) (func(), error) {
		c.Password = func() (secret.Text, error) { return secret.Text{}, errors.New("secret: no such file") }
		return func() {}, nil
	})
	way("KDC down", func(c *winrm.Config) (func(), error) {
		login, err := winrm.NewLogin(winrm.LoginSettings{KDCs: []string{"127.0.0.1:1"}, Realm: "LAB.TEST", User: c.User, Password: c.Password})
		if err != nil {
			return nil, err
		}
		c.Auth, c.Service, c.Login, c.User, c.Password = winrm.Kerberos, "HTTP/p1.hyperv.example", login, "", nil
		return login.Close, nil
	})
	return all
}

// key names a row.
func (d *disturbance) key() string { return fmt.Sprintf("%s | %s", d.name, d.side) }

// document is where the outcomes are told.
var document = filepath.Join("..", "..", "docs", "faults.md")

func readDocument() (string, error) {
	text, err := os.ReadFile(document)
	return string(text), err
}
