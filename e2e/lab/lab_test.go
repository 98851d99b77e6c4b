package lab_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

const password = "Lab-p\u00e4ssw\u00f6rd 1!"

// start starts a lab that ends with the test, its hosts on one address.
func start(t *testing.T, change func(*lab.Options)) *lab.Lab {
	t.Helper()
	o := lab.Options{World: hypersim.Pair(2), Address: "127.0.0.1", TimeScale: 1, Password: secret.NewText(password)}
	if change != nil {
		change(&o)
	}
	l, err := lab.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// dial makes lifeboat's own client of a host.
func dial(t *testing.T, l *lab.Lab, name string) *winrm.Host {
	t.Helper()
	h := l.Host(name)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, l.CertificateAuthority(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port := h.Ports()
	client, err := winrm.Dial(t.Context(), winrm.Config{
		Name: name, Address: h.Address(), Port: port, CAFile: ca, User: lab.Administrator,
		Password: func() (secret.Text, error) { return secret.NewText(password), nil },
		Limits:   winrm.Limits{OperationTimeout: 2 * time.Second, AnswerSlack: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := client.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestOurClientReadsAVM(t *testing.T) {
	l := start(t, nil)
	h := dial(t, l, "p1")
	id, err := h.FindVM(t.Context(), "vm1")
	if err != nil {
		t.Fatal(err)
	}
	vm, err := h.Read(t.Context(), id)
	if err != nil || vm.Power != hyperv.PowerRunning || vm.Replication.State != hyperv.StateReplicating {
		t.Errorf("%+v, %v", vm, err)
	}
	if off := time.Until(vm.HostTime).Abs(); off > time.Minute {
		t.Errorf("the host's clock is %v off", off)
	}
}
