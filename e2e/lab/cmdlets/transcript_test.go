package cmdlets_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/lab/cmdlets"
	"lifeboat.io/e2e/lab/powershell/console"
	"lifeboat.io/pkg/hyperv/hypersim"
)

var rewrite = flag.Bool("rewrite", false, "write what scripts give into the transcripts; review the difference")

// A transcript tells what scripts on hosts of a world give. It is made of
// sections, each with a world of its own:
//
//	=== name
//	# a comment
//	world <one of worlds>
//	<host>> <script>        run on this host, by its powershell.exe
//	>> <more script>        the script goes on
//	  <standard output>     two blanks in front; empty lines are left out
//	! <standard error>
//	= <exit code>           unless it is 0
//	pass <duration>         let the world's time pass
//	do <action> <host> [<folder> <other host> <its folder>]
//	                        an action of hypersim
//	truth                   what every copy really is, below
//	journal <host>          the cmdlets that changed something or failed, below
type transcript struct {
	t     *testing.T
	world *hypersim.World
	hosts map[string]*cmdlets.Host
	lines []string // the section as it should be
}

// worlds are those transcripts are about.
var worlds = map[string]func() hypersim.Spec{
	"pair":      func() hypersim.Spec { return hypersim.Pair(2) },
	"two-sites": hypersim.TwoSites,
	// p1, r1 and x1, and vm1 extended to the third.
	"chain": func() hypersim.Spec {
		s := hypersim.Pair(1)
		s.Hosts = append(s.Hosts, hypersim.HostSpec{Name: "x1", Site: "north"})
		s.VMs[0].Extended = "x1"
		return s
	},
	// Nothing replicates, and r1 does not receive.
	"plain": func() hypersim.Spec {
		s := hypersim.Pair(2)
		s.Hosts[1].Server = &hypersim.ReplicationServer{}
		for i := range s.VMs {
			s.VMs[i].Replica, s.VMs[i].RecoveryHistory = "", 0
		}
		return s
	},
	// The hosts and VMs of the published examples: VM01 and VM02 replicate from
	// myprimary to server01, with recovery points and named adapters.
	"contoso": func() hypersim.Spec { return contoso(true) },
	// The same before anything replicates.
	"contoso-plain": func() hypersim.Spec { return contoso(false) },
	"2019": func() hypersim.Spec {
		s := hypersim.Pair(1)
		s.Hosts[0].PowerShell = "5.1.17763.6414"
		return s
	},
	"2012": func() hypersim.Spec {
		s := hypersim.Pair(1)
		s.Hosts[0].Module = "1.1"
		return s
	},
	// Names that patterns and letters' case make hard.
	"names": func() hypersim.Spec {
		s := hypersim.Spec{Hosts: []hypersim.HostSpec{{Name: "p1", Site: "east", MissingCmdlets: []string{"Measure-VMReplication"}}}}
		for _, n := range []string{"web", "Web2", "web", "a[1]", "a1", "b*"} {
			s.VMs = append(s.VMs, hypersim.VMSpec{Name: n, Host: "p1", Off: true})
		}
		return s
	},
}

func contoso(replicating bool) hypersim.Spec {
	s := hypersim.Spec{Hosts: []hypersim.HostSpec{
		{Name: "p1", FQDN: "myprimary.contoso.com", Site: "east"}, {Name: "r1", FQDN: "server01.domain01.contoso.com", Site: "west"},
	}}
	for _, name := range []string{"VM01", "VM02"} {
		vm := hypersim.VMSpec{Name: name, Host: "p1", Adapters: []hypersim.AdapterSpec{{Name: "NetworkAdapter01", Switch: "Production"}},
			Disks: []hypersim.DiskSpec{{Path: `C:\VHDS\` + name + `-1.vhdx`}, {Path: `C:\VHDS\` + name + `-2.vhdx`}}}
		if replicating {
			vm.Replica, vm.RecoveryHistory = "r1", 4
		} else {
			s.Hosts[1].Server = &hypersim.ReplicationServer{}
		}
		s.VMs = append(s.VMs, vm)
	}
	return s
}

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.transcript")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, rest, _ := strings.Cut(string(text), "=== ")
		out := head
		for section := range strings.SplitSeq(rest, "\n=== ") {
			name, body, _ := strings.Cut(section, "\n")
			body = strings.TrimRight(body, "\n") + "\n"
			is := body // unless it is run and says otherwise
			t.Run(strings.TrimSuffix(filepath.Base(path), ".transcript")+"/"+name, func(t *testing.T) {
				x := &transcript{t: t}
				is = x.play(strings.Split(strings.TrimSuffix(body, "\n"), "\n"))
				if is != body && !*rewrite {
					t.Error(difference(is, body))
				}
			})
			out += "=== " + name + "\n" + is + "\n"
		}
		if *rewrite {
			if err := os.WriteFile(path, []byte(strings.TrimRight(out, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// difference tells where two texts part.
func difference(is, want string) string {
	a, b := strings.Split(is, "\n"), strings.Split(want, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d of the section: gives\n%s\nwant\n%s", i+1, strings.Join(a[i:min(i+8, len(a))], "\n"), strings.Join(b[min(i, len(b)):min(i+8, len(b))], "\n"))
		}
	}
	return "lines are missing at the end:\n" + strings.Join(b[len(a):], "\n")
}

// play carries a section out and gives it as it should be.
func (x *transcript) play(lines []string) string {
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		verb, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || line[0] == '#':
			x.lines = append(x.lines, line)
		case line[0] == ' ' || line[0] == '!' || line[0] == '=': // what it gave; given anew
		case verb == "world":
			x.lines = append(x.lines, line)
			x.begin(rest)
		case verb == "pass":
			x.lines = append(x.lines, line)
			d, err := time.ParseDuration(rest)
			if err != nil {
				x.t.Fatal(err)
			}
			x.world.Advance(d)
		case verb == "do":
			x.lines = append(x.lines, line)
			words := append(strings.Fields(rest), "", "", "", "")
			action := hypersim.Action{Do: hypersim.ActionKind(words[0]), Host: words[1], Path: words[2], To: words[3], ToPath: words[4]}
			if err := x.world.Do(action); err != nil {
				x.t.Fatal(err)
			}
		case verb == "truth":
			x.lines = append(x.lines, line)
			x.truth()
		case verb == "journal":
			x.lines = append(x.lines, line)
			x.journal(rest)
		case strings.HasSuffix(verb, ">"):
			script := []string{rest}
			x.lines = append(x.lines, line)
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], ">> ") {
				i++
				x.lines = append(x.lines, lines[i])
				script = append(script, strings.TrimPrefix(lines[i], ">> "))
			}
			x.run(strings.TrimSuffix(verb, ">"), strings.Join(script, "\n"))
		default:
			x.t.Fatalf("line %q: it begins with nothing known", line)
		}
	}
	return strings.Join(x.lines, "\n") + "\n"
}

// begin makes the section's world.
func (x *transcript) begin(name string) {
	spec := worlds[name]
	if spec == nil {
		x.t.Fatalf("world %q: there is none of that name", name)
	}
	var err error
	if x.world, err = hypersim.New(spec()); err != nil {
		x.t.Fatal(err)
	}
	x.hosts = map[string]*cmdlets.Host{}
}

// run runs a script on a host.
func (x *transcript) run(name, script string) {
	host := x.hosts[name]
	if host == nil {
		var err error
		if host, err = cmdlets.NewHost(x.t.Context(), x.world, name, x.settings()); err != nil {
			x.t.Fatal(err)
		}
		x.hosts[name] = host
	}
	var stdout, stderr bytes.Buffer
	o := host.Options(strings.ToUpper(name) + `\Administrator`)
	o.Seed, o.Width = 1, 160
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
	defer cancel()
	code := console.Exe(ctx, o, []string{"-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand", console.Encode(script)}, nil, &stdout, &stderr)
	x.output("  ", stdout.String())
	x.output("! ", stderr.String())
	if code != 0 {
		x.lines = append(x.lines, fmt.Sprintf("= %d", code))
	}
}

// settings let waiting pass the world's time.
func (x *transcript) settings() cmdlets.Settings {
	return cmdlets.Settings{Sleep: func(ctx context.Context, d time.Duration) error {
		x.world.Advance(d)
		return ctx.Err()
	}}
}

func (x *transcript) output(mark, text string) {
	text = strings.Trim(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimRight(line, " "); line != "" {
			x.lines = append(x.lines, mark+line)
		}
	}
}

// truth is what every copy really is.
func (x *transcript) truth() {
	t := x.world.Truth()
	for _, c := range t.Copies {
		x.lines = append(x.lines, fmt.Sprintf("  %s on %s: %s, %s/%s, lost %d writes", c.Name, c.Host, c.Power, c.Mode, c.State, c.Lost))
	}
	for _, o := range t.Overlaps {
		x.lines = append(x.lines, fmt.Sprintf("  %s ran on %s at once", o.VM, strings.Join(o.Hosts, " and ")))
	}
}

// journal is what changed something on a host.
func (x *transcript) journal(host string) {
	entries, _ := x.world.Journal()
	for _, e := range entries {
		if e.Host == host && e.Cmdlet != "" && (e.Changed || e.ErrorID != "") {
			x.lines = append(x.lines, strings.TrimRight(fmt.Sprintf("  %s %s", e.Cmdlet, e.ErrorID), " "))
		}
	}
}
