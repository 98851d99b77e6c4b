package bench

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/masterzen/winrm"

	"lifeboat.io/e2e/programs"
	hyperwinrm "lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

const (
	clientHosts    = 100
	clientCommands = 5
	clientAtOnce   = 50
)

// hostClient runs the same number of commands on the same hosts with our client
// and with the library's own RunPSWithContext, at the same concurrency.
func hostClient(ctx context.Context, s Setting) ([]Figure, error) {
	lab, err := programs.StartLab(ctx, s.Programs, nil, "--hosts", strconv.Itoa(clientHosts), "--vms", strconv.Itoa(clientHosts),
		"--ps-start", "300ms", "--address", "127.0.20.1", "--nats", "nats://127.0.0.1:1")
	if err != nil {
		return nil, err
	}
	defer func() { _ = lab.Stop() }()
	s.say("  the client library: %d hosts × %d commands, %d at once", clientHosts, clientCommands, clientAtOnce)
	theirs, err := library(ctx, lab)
	if err != nil {
		return nil, err
	}
	s.say("  ours")
	ours, steady, err := ourClient(ctx, lab)
	if err != nil {
		return nil, err
	}
	open, err := openShells(ctx, lab)
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: "host client: HTTP requests per command, steady", Value: steady, Unit: "", Bar: 2.2, How: "readings after the first round"},
		{Name: "host client: wall time", Value: ours.Seconds() / theirs.Seconds(), Unit: "×", Bar: 0.5,
			How: fmt.Sprintf("%.2f s beside %.2f s of masterzen/winrm RunPSWithContext", ours.Seconds(), theirs.Seconds())},
		{Name: "host client: shells left open", Value: float64(open), Unit: "", Bar: 0.5, How: "asked of the hosts afterwards"},
	}, nil
}

// each does something with every host, so many at once.
func each(lab *programs.Lab, do func(h programs.LabHost) error) (time.Duration, error) {
	began := time.Now()
	slots := make(chan struct{}, clientAtOnce)
	errs := make(chan error, len(lab.Hosts))
	var all sync.WaitGroup
	for _, h := range lab.Hosts {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := do(h); err != nil {
				errs <- fmt.Errorf("%s: %w", h.Name, err)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	close(errs)
	var failed []error
	for err := range errs {
		failed = append(failed, err)
	}
	return took, errors.Join(failed...)
}

// library drives the hosts with the client library's own client.
func library(ctx context.Context, lab *programs.Lab) (time.Duration, error) {
	ca, err := os.ReadFile(caFile(lab))
	if err != nil {
		return 0, err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(ca) {
		return 0, errors.New("the lab's authority cannot be read")
	}
	return each(lab, func(h programs.LabHost) error {
		address, port, err := hostPort(h.HTTPS)
		if err != nil {
			return err
		}
		c, err := winrm.NewClient(winrm.NewEndpoint(address, port, true, false, ca, nil, nil, time.Minute), h.User, h.Password)
		if err != nil {
			return err
		}
		for range clientCommands {
			out, stderr, code, err := c.RunPSWithContext(ctx, "(Get-VM | Select-Object -First 1).Name")
			if err != nil || code != 0 || out == "" {
				return fmt.Errorf("exit code %d, %w: %s", code, err, stderr)
			}
		}
		return nil
	})
}

// ourClient drives them with ours, and counts the requests of a second round.
func ourClient(ctx context.Context, lab *programs.Lab) (took time.Duration, steady float64, err error) {
	var mu sync.Mutex
	hosts := map[string]*hyperwinrm.Host{}
	round := func(h programs.LabHost) error {
		mu.Lock()
		host := hosts[h.Name]
		mu.Unlock()
		if host == nil {
			if host, err = dial(ctx, lab, h); err != nil {
				return err
			}
			mu.Lock()
			hosts[h.Name] = host
			mu.Unlock()
		}
		for range clientCommands {
			if _, err := host.ListVMs(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	if took, err = each(lab, round); err != nil {
		return 0, 0, err
	}
	before := count(hosts)
	if _, err = each(lab, round); err != nil {
		return 0, 0, err
	}
	after := count(hosts)
	steady = float64(after.Requests-before.Requests) / float64(after.Commands-before.Commands)
	var all sync.WaitGroup
	for _, h := range hosts {
		all.Go(func() { _ = h.Close(ctx) })
	}
	all.Wait()
	return took, steady, nil
}

func count(hosts map[string]*hyperwinrm.Host) hyperwinrm.Counts {
	var sum hyperwinrm.Counts
	for _, h := range hosts {
		c := h.Counts()
		sum.Requests += c.Requests
		sum.Commands += c.Commands
	}
	return sum
}

// dial connects to a host as the lab's inventory would have it.
func dial(ctx context.Context, lab *programs.Lab, h programs.LabHost) (*hyperwinrm.Host, error) {
	address, port, err := hostPort(h.HTTPS)
	if err != nil {
		return nil, err
	}
	return hyperwinrm.Dial(ctx, hyperwinrm.Config{
		Name: h.Name, Address: address, Port: port, CAFile: caFile(lab), User: h.User,
		Password: func() (secret.Text, error) { return secret.NewText(h.Password), nil },
	})
}

func caFile(lab *programs.Lab) string { return filepath.Join(filepath.Dir(lab.Config), "ca.pem") }

func inventoryFile(lab *programs.Lab) string {
	return filepath.Join(filepath.Dir(lab.Config), "inventory.yaml")
}

func hostPort(address string) (string, int, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", 0, err
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.Atoi(port)
	return host, n, err
}

// openShells asks the lab how many shells are open on its hosts.
func openShells(ctx context.Context, lab *programs.Lab) (int, error) {
	var stats struct {
		Hosts []struct {
			Shells int `json:"shells"`
		} `json:"hosts"`
	}
	if err := lab.Get(ctx, "/v1/stats", &stats); err != nil {
		return 0, err
	}
	n := 0
	for _, h := range stats.Hosts {
		n += h.Shells
	}
	return n, nil
}
