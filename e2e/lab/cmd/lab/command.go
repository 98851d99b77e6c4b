package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// settings are the flags.
type settings struct {
	hosts, vms     int
	seed           uint64
	psStart        time.Duration
	cmdletLatency  time.Duration
	timeScale      float64
	merge          time.Duration
	zones          map[string]string
	world, dir     string
	address, admin string
	nats           string
	unencrypted    bool
	logLevel       slog.Level
}

// usageError is a command line that cannot be carried out.
type usageError struct{ error }

const long = `lab runs a simulated world of Hyper-V hosts until it is interrupted.

Each host has a loopback address of its own with WinRM on ports 5985 and 5986,
and runs the PowerShell it is sent: any WinRM client can talk to it. VMs run,
replicate and fail over by the documented rules; every write to their disks is
counted, so that lost data shows.

When everything is up, one line of JSON is printed on standard output:

  {"ready":true,"admin":"http://127.0.0.1:…","config":"…/lifeboat.yaml",
   "hosts":[{"name":"hv01","address":"127.0.1.1","http":"http://127.0.1.1:5985",
             "https":"https://127.0.1.1:5986","user":"Administrator","password":"…"}, …]}

admin is an HTTP API: GET / there lists how to kill hosts, cut links, inject
faults, let time pass, read what is really true, and submit tickets. config is
what lifeboat needs to look after this world:

  lifeboat serve --config <config>

Logs go to standard error. SIGINT and SIGTERM end the lab.`

const examples = `  lab                                   two sites, four hosts, eight VMs
  lab --time-scale 30                   a guest boots in a second
  lab --hosts 100 --vms 400 --seed 7    a larger world
  lab --world world.json --dir ./lab    a world of your own, its files kept
  lab --address 127.0.9.1 --nats nats://127.0.0.1:4223   a second one beside the first`

const exitCodes = `
Exit codes: 0 ended by a signal, 1 could not start or failed, 2 wrong command line.
`

func newCommand() *cobra.Command {
	s := &settings{}
	c := &cobra.Command{
		Use: "lab", Short: "Run a simulated world of Hyper-V hosts", Long: long, Example: examples,
		Args: noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error { return s.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr()) },
	}
	f := c.Flags()
	f.IntVar(&s.hosts, "hosts", lab.DefaultHosts, "number of `hosts`, 2 to 1000, in two sites, from six on in three")
	f.IntVar(&s.vms, "vms", lab.DefaultVMs, "number of `VMs`, spread evenly, each replicating to another site")
	f.Uint64Var(&s.seed, "seed", 1, "`number` that decides identifiers and the dice of faults")
	f.DurationVar(&s.psStart, "ps-start", 300*time.Millisecond, "`time` it takes to start PowerShell on a host, in real time")
	f.DurationVar(&s.cmdletLatency, "cmdlet-latency", 10*time.Millisecond, "`time` each cmdlet takes besides what it does, in real time")
	f.Float64Var(&s.timeScale, "time-scale", 1, "how many `times` faster than real time the world goes; 0 stands still")
	f.StringToStringVar(&s.zones, "time-zone", nil, "time zone of the hosts of a site, as `site=zone`, such as west=Europe/Berlin; UTC where none is given")
	f.DurationVar(&s.merge, "merge", 0, "`time` disks take to merge after a failover is completed or reversed, in the world's time; 0 leaves it as it is")
	f.StringVar(&s.world, "world", "", "`file` that describes the world as JSON (hypersim.Spec), instead of --hosts and --vms")
	f.StringVar(&s.dir, "dir", "", "existing `directory` for lifeboat.yaml and what it needs; kept at the end (default: a temporary one, removed at the end)")
	f.StringVar(&s.address, "address", lab.DefaultAddress, "loopback `address` of the first host; 127.0.0.1 gives all hosts that address and free ports")
	f.StringVar(&s.admin, "admin", "127.0.0.1:0", "`address` of the admin API; port 0 takes a free one")
	f.StringVar(&s.nats, "nats", "nats://127.0.0.1:4222", "`URL` of lifeboat's bus: where lifeboat will listen, and where the ticket system looks for it")
	f.BoolVar(&s.unencrypted, "allow-unencrypted", false, "let clear text through on HTTP, as Windows does with AllowUnencrypted")
	f.TextVar(&s.logLevel, "log-level", slog.LevelInfo, "least `level` to log: DEBUG, INFO, WARN or ERROR")
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	c.SetUsageTemplate(c.UsageTemplate() + exitCodes)
	return c
}

// noArguments refuses arguments beside the flags.
func noArguments(c *cobra.Command, arguments []string) error {
	if err := cobra.NoArgs(c, arguments); err != nil {
		return &usageError{fmt.Errorf("argument %q: lab takes flags only; lab --help lists them", arguments[0])}
	}
	return nil
}

// locations are the time zones the flags ask for, by site.
func (s *settings) locations() (map[string]*time.Location, error) {
	all := map[string]*time.Location{}
	for site, name := range s.zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--time-zone %s=%s: %w; give a name of the IANA database, such as Europe/Berlin", site, name, err)}
		}
		all[site] = zone
	}
	return all, nil
}

// spec is the world the flags ask for.
func (s *settings) spec() (hypersim.Spec, error) {
	var spec hypersim.Spec
	var err error
	if s.world != "" {
		if spec, err = lab.ReadWorld(s.world); err != nil {
			return spec, err
		}
	} else if spec, err = lab.World(s.hosts, s.vms, s.seed); err != nil {
		return spec, &usageError{err}
	}
	if s.merge < 0 {
		return spec, &usageError{fmt.Errorf("--merge %v: give a positive duration, such as 2h", s.merge)}
	}
	if s.merge > 0 {
		d := hypersim.DefaultDurations()
		if spec.Durations != nil {
			d = *spec.Durations
		}
		d.Merge = hypersim.Duration(s.merge)
		spec.Durations = &d
	}
	return spec, nil
}
