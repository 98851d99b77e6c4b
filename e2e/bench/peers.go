package bench

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"lifeboat.io/e2e/programs"
	"lifeboat.io/pkg/inventory"
)

// peers are what is fed to the peers: a playbook, a Python script, and the
// OpenSSL configuration that lets Python's NTLM compute MD4.
//
//go:embed peers
var peers embed.FS

const (
	// python is Debian's, which sees Debian's packages.
	python = "/usr/bin/python3"
	// peerWithin bounds one run of a peer.
	peerWithin = 20 * time.Minute
	// saidBytes is how much of what a failed peer said is told.
	saidBytes = 2000
)

// missingPeer names what the peers need and this machine does not have.
func missingPeer(ctx context.Context) string {
	if _, err := exec.LookPath("ansible-playbook"); err != nil {
		return "the program ansible-playbook"
	}
	for _, module := range []string{"winrm", "requests_ntlm"} {
		if exec.CommandContext(ctx, python, "-c", "import "+module).Run() != nil {
			return "the Python module " + module
		}
	}
	return ""
}

// unpack writes the peers' files into the fleet's folder.
func (f *fleet) unpack() error {
	files, err := peers.ReadDir("peers")
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := peers.ReadFile("peers/" + file.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(f.dir, file.Name()), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// host is a host of the lab by its inventory name.
func (f *fleet) host(name string) (programs.LabHost, error) {
	for _, h := range f.lab.Hosts {
		if h.Name == name {
			return h, nil
		}
	}
	return programs.LabHost{}, fmt.Errorf("the lab has no host %s", name)
}

// sides are the hosts of a VM's primary and replica.
func (f *fleet) sides(vm inventory.VM) (primary, replica programs.LabHost, err error) {
	if primary, err = f.host(vm.Primary); err != nil {
		return primary, replica, err
	}
	replica, err = f.host(vm.Replica)
	return primary, replica, err
}

// run runs a peer to its end and measures it.
func (f *fleet) run(ctx context.Context, input []byte, name string, args ...string) (Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, peerWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdin = f.dir, bytes.NewReader(input)
	cmd.Env = append(os.Environ(), "OPENSSL_CONF="+filepath.Join(f.dir, "openssl-legacy.cnf"), "HOME="+f.dir, "PYTHONWARNINGS=ignore",
		"NO_PROXY=*", "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=False")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return Usage{}, err
	}
	watch := watchTree(cmd.Process.Pid)
	err := cmd.Wait()
	u := Usage{Wall: time.Since(began), PeakMB: watch.stop()}
	if err != nil {
		text := said.Bytes()
		return u, fmt.Errorf("%s: %w: %s", name, err, text[max(0, len(text)-saidBytes):])
	}
	u.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() // of all it has waited for
	return u, nil
}

// byPywinrm fails the VMs over by a pool of threads.
func byPywinrm(ctx context.Context, f *fleet) (Usage, error) {
	if err := f.unpack(); err != nil {
		return Usage{}, err
	}
	type vm struct {
		ID      string `json:"id"`
		Primary string `json:"primary"`
		Replica string `json:"replica"`
	}
	var vms []vm
	for _, v := range f.inv.VMs {
		p, r, err := f.sides(v)
		if err != nil {
			return Usage{}, err
		}
		vms = append(vms, vm{v.ID, p.HTTPS + "/wsman", r.HTTPS + "/wsman"})
	}
	job, err := json.Marshal(map[string]any{"user": f.lab.Hosts[0].User, "password": f.lab.Hosts[0].Password, "ca": caFile(f.lab),
		"threads": foreignAtOnce, "vms": vms})
	if err != nil {
		return Usage{}, err
	}
	return f.run(ctx, job, python, filepath.Join(f.dir, "failover.py"))
}

// byAnsible fails them over by a playbook.
func byAnsible(ctx context.Context, f *fleet) (Usage, error) {
	if err := f.unpack(); err != nil {
		return Usage{}, err
	}
	groups := map[string]map[string]any{"primaries": {}, "replicas": {}}
	for _, v := range f.inv.VMs {
		p, r, err := f.sides(v)
		if err != nil {
			return Usage{}, err
		}
		groups["primaries"]["primary-of-"+v.Name] = map[string]string{"ansible_host": p.Address, "vm": v.ID}
		groups["replicas"]["replica-of-"+v.Name] = map[string]string{"ansible_host": r.Address, "vm": v.ID}
	}
	_, port, err := hostPort(f.lab.Hosts[0].HTTPS)
	if err != nil {
		return Usage{}, err
	}
	document, err := json.Marshal(map[string]any{"all": map[string]any{
		"vars": map[string]any{"ansible_connection": "winrm", "ansible_port": port, "ansible_winrm_scheme": "https", "ansible_winrm_transport": "ntlm",
			"ansible_winrm_ca_trust_path": caFile(f.lab), "ansible_user": f.lab.Hosts[0].User, "ansible_password": f.lab.Hosts[0].Password},
		"children": map[string]any{"primaries": map[string]any{"hosts": groups["primaries"]}, "replicas": map[string]any{"hosts": groups["replicas"]}},
	}})
	if err != nil {
		return Usage{}, err
	}
	path := filepath.Join(f.dir, "inventory.yml")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		return Usage{}, err
	}
	return f.run(ctx, nil, "ansible-playbook", "--forks", fmt.Sprint(foreignAtOnce), "-i", path, filepath.Join(f.dir, "failover.yml"))
}
