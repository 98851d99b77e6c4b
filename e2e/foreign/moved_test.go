package foreign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/masterzen/winrm"

	"lifeboat.io/e2e/programs"
	"lifeboat.io/pkg/inventory"
)

// programFolder is where programs are built; they are when a test needs them.
var programFolder string

var buildPrograms = sync.OnceValue(func() error {
	return programs.Build(context.Background(), programFolder, "lab", "lifeboat")
})

func TestMain(m *testing.M) {
	var err error
	if programFolder, err = os.MkdirTemp("", "lifeboat-foreign-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(programFolder)
	os.Exit(code)
}

const (
	// movedWithin bounds one story.
	movedWithin = 3 * time.Minute
	// gap is how long the replica's host takes to hear lifeboat, in
	// milliseconds: there is time between two of its steps.
	gap = 1500
)

// house is the real programs with a VM that somebody moves by hand.
type house struct {
	t        *testing.T
	ctx      context.Context
	lab      *programs.Lab
	lifeboat *programs.Lifeboat
	vm       inventory.VM
	primary  programs.LabHost
	replica  programs.LabHost
	env      []string
	dir      string
}

func newHouse(t *testing.T, address string) *house {
	t.Helper()
	if err := buildPrograms(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), movedWithin)
	t.Cleanup(cancel)
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, ctx: ctx, dir: t.TempDir()}
	h.lab, err = programs.StartLab(ctx, programFolder, nil, "--dir", h.dir, "--address", address, "--nats", "nats://127.0.0.1:"+strconv.Itoa(port),
		"--hosts", "2", "--vms", "1", "--time-scale", "4", "--ps-start", "50ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.lab.Stop(); err != nil {
			t.Error(err)
		}
	})
	inv, err := inventory.Load(filepath.Join(h.dir, "inventory.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	h.vm = inv.VMs[0]
	truth := h.truth()
	for _, c := range truth.Copies {
		host := h.lab.Hosts[slices.IndexFunc(h.lab.Hosts, func(x programs.LabHost) bool { return x.Name == c.Host })]
		if c.Runs {
			h.primary = host
		} else {
			h.replica = host
		}
	}
	legacy, err := filepath.Abs("testdata/openssl-legacy.cnf")
	if err != nil {
		t.Fatal(err)
	}
	h.env = append(os.Environ(), "OPENSSL_CONF="+legacy, "HOME="+h.dir, "PYTHONWARNINGS=ignore", "NO_PROXY=127.0.0.1", "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1")
	h.start()
	return h
}

func (h *house) start() {
	h.t.Helper()
	var err error
	if h.lifeboat, err = programs.StartLifeboat(h.ctx, programFolder, h.lab.Config, nil, nil); err != nil {
		h.t.Fatal(err)
	}
	p := h.lifeboat
	h.t.Cleanup(func() {
		if p.Ended() {
			return
		}
		if err := p.Stop(); err != nil {
			h.t.Error(err)
		}
	})
}

func (h *house) truth() programs.Truth {
	h.t.Helper()
	truth, err := h.lab.Truth(h.ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	return truth
}

// copy is the copy of the VM on a host.
func (h *house) copy(host programs.LabHost) programs.Copy {
	h.t.Helper()
	for _, c := range h.truth().Copies {
		if c.Host == host.Name {
			return c
		}
	}
	h.t.Fatalf("there is no copy on %s", host.Name)
	return programs.Copy{}
}

// until waits until something holds.
func (h *house) until(what string, holds func() bool) {
	h.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-h.ctx.Done():
			h.t.Fatalf("%s: never; %+v", what, h.truth())
		}
	}
}

// submit asks for a failover of the VM.
func (h *house) submit(action string, override bool, more map[string]any) string {
	h.t.Helper()
	inv, err := inventory.Load(filepath.Join(h.dir, "inventory.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	account, _ := inv.Account(h.vm.Account)
	who := account.Contacts[slices.IndexFunc(account.Contacts, func(c inventory.Contact) bool {
		return c.Has(inventory.MayPlanned) && c.Has(inventory.MayOverride)
	})]
	person := map[string]string{"name": who.Name, "email": who.Email}
	request := map[string]any{"account": h.vm.Account, "action": action, "requester": person, "vms": []map[string]string{{"id": h.vm.ID}}}
	maps.Copy(request, more)
	if override {
		request["unplanned"] = map[string]any{"override": map[string]any{"person": person, "reason": "the rack is dark"}, "commitAfterMinutes": 60}
	}
	id, err := h.lab.Submit(h.ctx, request, 1)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// slow makes the replica's host slow to hear lifeboat, which sends; the hands
// of these stories do not send.
func (h *house) slow() {
	h.t.Helper()
	fault := map[string]any{"host": h.replica.Name, "wire": []map[string]any{{"kind": "delay", "action": "Send", "delayMillis": gap, "count": -1}}}
	if err := h.lab.Post(h.ctx, "/v1/faults", fault, nil); err != nil {
		h.t.Fatal(err)
	}
}

// clearFaults lets the replica's host hear lifeboat at once again.
func (h *house) clearFaults() error {
	q, err := http.NewRequestWithContext(h.ctx, http.MethodDelete, h.lab.Admin+"/v1/faults", nil)
	if err != nil {
		return err
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		err = fmt.Errorf("the lab answers %s", r.Status)
	}
	return errors.Join(err, r.Body.Close())
}

// hand is a program of somebody else, with which a person runs a script on a host.
type hand func(h *house, host programs.LabHost, script string) string

func byPywinrm(h *house, host programs.LabHost, script string) string {
	h.t.Helper()
	program, err := filepath.Abs("testdata/pywinrm_run.py")
	if err != nil {
		h.t.Fatal(err)
	}
	input, err := json.Marshal(map[string]any{"url": host.HTTP + "/wsman", "user": host.User, "password": host.Password,
		"options": map[string]any{"transport": "ntlm"}, "calls": [][]any{{"run_ps", script}}})
	if err != nil {
		h.t.Fatal(err)
	}
	w := &world{dir: h.dir, env: h.env}
	var results []result
	if err := json.Unmarshal([]byte(w.run(h.t, string(input), python, program)), &results); err != nil {
		h.t.Fatal(err)
	}
	if r := results[0]; r.Exception != "" || r.Code != 0 {
		h.t.Fatalf("%s: %+v", script, r)
	}
	return strings.TrimSpace(results[0].Out)
}

func byMasterzen(h *house, host programs.LabHost, script string) string {
	h.t.Helper()
	u, err := url.Parse(host.HTTPS)
	if err != nil {
		h.t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		h.t.Fatal(err)
	}
	client, err := winrm.NewClient(winrm.NewEndpoint(u.Hostname(), port, true, true, nil, nil, nil, programTimeout), host.User, host.Password)
	if err != nil {
		h.t.Fatal(err)
	}
	out, errs, code, err := client.RunPSWithContext(h.ctx, script)
	if err != nil || code != 0 {
		h.t.Fatalf("%s: %v, %d, %s", script, err, code, errs)
	}
	return strings.TrimSpace(out)
}

func byAnsible(h *house, host programs.LabHost, script string) string {
	h.t.Helper()
	u, err := url.Parse(host.HTTP)
	if err != nil {
		h.t.Fatal(err)
	}
	inventory, err := json.Marshal(map[string]any{"all": map[string]any{"hosts": map[string]any{"host": map[string]any{
		"ansible_host": u.Hostname(), "ansible_port": u.Port(), "ansible_connection": "winrm", "ansible_winrm_scheme": "http",
		"ansible_winrm_transport": "ntlm", "ansible_user": host.User, "ansible_password": host.Password}}}})
	if err != nil {
		h.t.Fatal(err)
	}
	path := filepath.Join(h.dir, "hand.yml")
	if err := os.WriteFile(path, inventory, 0o600); err != nil {
		h.t.Fatal(err)
	}
	w := &world{dir: h.dir, env: h.env}
	_, said, _ := strings.Cut(w.run(h.t, "", "ansible", "all", "-i", path, "-m", "win_shell", "-a", script), ">>\n")
	return strings.TrimSpace(said)
}

// story is a run whose VM somebody moves by hand.
type story struct {
	name, action string
	// before happens before the ticket.
	before func(h *house)
	// moment is when lifeboat dies: between two steps. Its ticket is given.
	moment func(h *house, id string) bool
	// hand runs script on a host, with the VM's name in $name, which says says.
	hand         hand
	on           func(h *house) programs.LabHost
	script, says string
	// override: somebody then takes the responsibility that the primary is
	// down; otherwise the ticket of an unplanned failover did.
	override bool
	// progress is where the run rests afterwards, why the words that say so.
	progress, why string
	// runs is where the VM runs then; nil for nowhere.
	runs func(h *house) programs.LabHost
	// changes are what lifeboat changed on top of it.
	changes string
}

func onPrimary(h *house) programs.LabHost { return h.primary }
func onReplica(h *house) programs.LabHost { return h.replica }

// prepared: the primary has handed over, and the replica has not taken over.
func prepared(h *house, _ string) bool {
	return h.copy(h.primary).State == "PreparedForFailover" && h.copy(h.replica).State == "Replicating"
}

// failedOver: the replica has taken over, and does not run.
func failedOver(h *house, _ string) bool {
	c := h.copy(h.replica)
	return c.State == "FailedOverWaitingCompletion" && !c.Runs
}

// asks: the run waits for a person, and nothing has happened.
func asks(h *house, id string) bool {
	ticket, err := h.lab.Ticket(h.ctx, id)
	return err == nil && ticket.Progressed("held") && h.copy(h.replica).State == "Replicating"
}

// dark takes the power of the primary's host away; its VM would not start with it.
func dark(h *house) {
	byPywinrm(h, h.primary, fmt.Sprintf("Set-VM -Name '%s' -AutomaticStartAction Nothing", h.vm.Name))
	if err := h.lab.Host(h.ctx, h.primary.Name, "kill"); err != nil {
		h.t.Fatal(err)
	}
}

// lights gives the power back, and lets somebody run a script then.
func lights(by hand) hand {
	return func(h *house, host programs.LabHost, script string) string {
		if err := h.lab.Host(h.ctx, host.Name, "start"); err != nil {
			h.t.Fatal(err)
		}
		h.until("the primary's host is up", func() bool {
			var view struct{ Listening bool }
			return h.lab.Get(h.ctx, "/v1/hosts/"+host.Name, &view) == nil && view.Listening
		})
		return by(h, host, script)
	}
}

var stories = []story{
	{
		name: "the failover is completed by hand", action: "planned", moment: prepared,
		hand: byPywinrm, on: onReplica, says: "Running",
		script:   `Start-VMFailover -VMName $name -Confirm:$false -ErrorAction Stop; Start-VM -Name $name -ErrorAction Stop; (Get-VM -Name $name).State`,
		progress: "held", why: "somebody else moves this VM", runs: onReplica,
	},
	{
		name: "the primary is taken back and started", action: "planned", moment: prepared,
		hand: byMasterzen, on: onPrimary, says: "Running",
		script:   `Stop-VMFailover -VMName $name -ErrorAction Stop; Start-VM -Name $name -ErrorAction Stop; (Get-VM -Name $name).State`,
		progress: "held", why: "must not be done now: the primary", runs: onPrimary,
	},
	{
		name: "replication is removed", action: "planned", moment: prepared,
		hand: byAnsible, on: onReplica, says: "None",
		script:   `Remove-VMReplication -VMName $name -Confirm:$false -ErrorAction Stop; (Get-VM -Name $name).ReplicationMode`,
		progress: "held", why: "not Replica",
	},
	{
		name: "the primary comes back and is started, and a person says that it is down", action: "unplanned", before: dark, moment: asks,
		hand: lights(byPywinrm), on: onPrimary, says: "Running",
		script:   `Start-VM -Name $name -ErrorAction Stop; (Get-VM -Name $name).State`,
		override: true, progress: "held", why: "the primary runs the VM (Running)", runs: onPrimary,
	},
	// The live copy is to be the replica from now on: the primary is made
	// harmless before the replica starts.
	{
		name: "the primary comes back and is started after the replica took over", action: "unplanned", before: dark, moment: failedOver,
		hand: lights(byMasterzen), on: onPrimary, says: "Running",
		script:   `Start-VM -Name $name -ErrorAction Stop; (Get-VM -Name $name).State`,
		progress: "awaiting-commit", why: "runs on its replica", runs: onReplica,
		changes: "[hv01 Stop-VM -TurnOff hv02 Start-VM]",
	},
}

// TestMovedByHand: while a run of lifeboat goes on, somebody moves its VM with
// another program. The run notices and holds, with the reason; it does nothing
// on top, and two copies never run.
func TestMovedByHand(t *testing.T) {
	needPrograms(t, "ansible")
	needModules(t, "winrm", "requests_ntlm")
	for i, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			if testing.Short() && s.action == "unplanned" {
				t.Skip("a host takes its time to come up")
			}
			t.Parallel()
			h := newHouse(t, fmt.Sprintf("127.0.%d.1", 61+i))
			h.slow()
			if s.before != nil {
				s.before(h)
			}
			id := h.submit(s.action, s.action == "unplanned" && !s.override, nil)
			h.until("the moment in the run", func() bool { return s.moment(h, id) })
			h.lifeboat.Kill()
			if !s.moment(h, id) {
				t.Fatalf("lifeboat was faster than who killed it: %+v", h.truth())
			}
			if said := s.hand(h, s.on(h), fmt.Sprintf("$name = '%s'; ", h.vm.Name)+s.script); said != s.says {
				t.Fatalf("the hand says %q, want %q", said, s.says)
			}
			h.goesOn(s, id)
		})
	}
}

// goesOn brings lifeboat back and compares what it does with the story.
func (h *house) goesOn(s story, id string) {
	t := h.t
	before := h.changes()
	if err := h.clearFaults(); err != nil {
		t.Fatal(err)
	}
	h.start()
	if s.override {
		h.submit("resume", false, map[string]any{"refers": id, "choice": "override", "reason": "the rack is dark"})
	}
	ticket, err := h.lab.Await(h.ctx, id, func(t programs.Ticket) bool {
		return t.Progressed(s.progress) && strings.Contains(t.Said(), s.why) || t.Outcome() != ""
	})
	t.Log(ticket.Said())
	if err != nil || ticket.Outcome() != "" || !strings.Contains(ticket.Said(), s.why) {
		t.Errorf("%v: %q; want %s: %q", err, ticket.Said(), s.progress, s.why)
	}
	if changes := h.changes()[len(before):]; len(changes) > 0 && fmt.Sprint(changes) != s.changes || len(changes) == 0 && s.changes != "" {
		t.Errorf("on top of it was done %v, want %s", changes, s.changes)
	}
	var want []string
	if s.runs != nil {
		want = []string{s.runs(h).Name}
	}
	if truth := h.truth(); len(truth.Overlaps) != 0 || !slices.Equal(truth.Running(h.vm.Name), want) {
		t.Errorf("it runs on %v, want %v; at once %+v", truth.Running(h.vm.Name), want, truth.Overlaps)
	}
}

// changes are what changed something on a host so far.
func (h *house) changes() (all []string) {
	h.t.Helper()
	entries, err := h.lab.Changes(h.ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Cmdlet != "" {
			all = append(all, e.Host+" "+e.Cmdlet)
		}
	}
	return all
}
