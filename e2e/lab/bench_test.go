package lab_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

// large is a lab of 500 hosts with 10,000 VMs.
func large(b *testing.B) *lab.Lab {
	b.Helper()
	spec, err := lab.World(500, 10_000, 1)
	if err != nil {
		b.Fatal(err)
	}
	l, err := lab.Start(b.Context(), lab.Options{World: spec, Address: "127.99.1.1", TimeScale: 1, Password: secret.NewText(password)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := l.Close(); err != nil {
			b.Error(err)
		}
	})
	return l
}

// BenchmarkLargeLab reads VMs on every host of a large lab by lifeboat's own
// client, 50 at a time, and tells the lab's and the clients' memory together.
func BenchmarkLargeLab(b *testing.B) {
	began := time.Now()
	l := large(b)
	started, idle := time.Since(began).Seconds(), resident(b)
	hosts, ids := clients(b, l)
	var next, failed atomic.Int64
	requests := func() (n uint64) {
		for _, h := range l.Hosts() {
			n += h.WinRM().Stats().HTTPRequests
		}
		return n
	}
	before := requests()
	b.ResetTimer()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				h := hosts[i%len(hosts)]
				if _, err := h.Read(context.Background(), ids[h.Name()]); err != nil {
					failed.Add(1)
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(requests()-before)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(failed.Load()), "failed")
	b.ReportMetric(started, "s-to-start")
	b.ReportMetric(idle, "MB-idle")
	b.ReportMetric(resident(b), "MB-busy")
}

// clients makes a client of every host and opens its lane.
func clients(b *testing.B, l *lab.Lab) ([]*winrm.Host, map[string]hyperv.VMID) {
	b.Helper()
	ca := filepath.Join(b.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, l.CertificateAuthority(), 0o600); err != nil {
		b.Fatal(err)
	}
	ids := map[string]hyperv.VMID{}
	for _, c := range l.World().Truth().Copies {
		ids[c.Host] = c.VM
	}
	var hosts []*winrm.Host
	for _, h := range l.Hosts() {
		_, port := h.Ports()
		client, err := winrm.Dial(b.Context(), winrm.Config{Name: h.Name(), Address: h.Address(), Port: port, CAFile: ca, User: lab.Administrator,
			Password: func() (secret.Text, error) { return secret.NewText(password), nil }})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := client.Close(ctx); err != nil {
				b.Error(err)
			}
		})
		hosts = append(hosts, client)
		if _, err := client.Read(b.Context(), ids[h.Name()]); err != nil {
			b.Fatal(err)
		}
	}
	return hosts, ids
}

// resident is what the process has in memory, in megabytes.
func resident(b *testing.B) float64 {
	b.Helper()
	runtime.GC()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.Sys) / 1e6
	}
	var kb float64
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
			break
		}
	}
	return kb / 1e3
}
