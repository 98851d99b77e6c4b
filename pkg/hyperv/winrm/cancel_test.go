package winrm_test

import (
	"context"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
	"lifeboat.io/pkg/secret"
)

// cancelled makes an action, cancels it once reached says where it has got to,
// and expects its end within a second.
func cancelled(t *testing.T, w hyperv.Host, reached <-chan struct{}, class hyperv.Class) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan error, 1)
	go func() {
		_, err := w.Prepare(ctx, vm)
		result <- err
	}()
	<-reached
	cancel()
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	select {
	case err := <-result:
		is(t, err, class, hyperv.CodeTimeout)
	case <-limit.C:
		t.Error("a second after the cancel it had not returned")
	}
}

// TestCancelReturnsWhereverItHits: in each request of a call and of the start
// of its lane, with a host that never answers.
func TestCancelReturnsWhereverItHits(t *testing.T) {
	for _, tt := range []struct {
		action string
		before int // of this action went well
		class  hyperv.Class
	}{
		{"Create", 0, hyperv.ClassRetry}, {"Command", 0, hyperv.ClassRetry},
		{"Send", 0, hyperv.ClassRetry}, {"Receive", 0, hyperv.ClassRetry}, // of the start
		{"Send", 1, hyperv.ClassUnknown}, {"Receive", 1, hyperv.ClassUnknown},
	} {
		for _, kind := range []fakehost.Kind{fakehost.Hang, fakehost.LostHang} {
			t.Run(tt.action+" "+strconv.Itoa(tt.before)+" "+string(kind), func(t *testing.T) {
				reached := make(chan struct{})
				var once sync.Once
				h := &fakehost.Host{Break: func(action string, before int) fakehost.Fault {
					if action != tt.action || before != tt.before {
						return fakehost.Fault{}
					}
					once.Do(func() { close(reached) })
					return fakehost.Fault{Kind: kind}
				}}
				w := host(t, h, func(c *winrm.Config) { c.Limits.OperationTimeout = time.Minute })
				cancelled(t, w, reached, tt.class)
			})
		}
	}
}

// TestCancelBetweenAttempts: while a host that is full is given a moment.
func TestCancelBetweenAttempts(t *testing.T) {
	reached := make(chan struct{})
	var once sync.Once
	h := &fakehost.Host{Break: func(action string, _ int) fakehost.Fault {
		if action != "Create" {
			return fakehost.Fault{}
		}
		once.Do(func() { close(reached) })
		return fakehost.Fault{Kind: fakehost.SOAP, Code: 2150859173}
	}}
	w := host(t, h, nil)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := w.Prepare(ctx, vm)
		result <- err
	}()
	<-reached
	cancel()
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	select {
	case err := <-result:
		if e := hyperv.AsError(err); e == nil || e.Class != hyperv.ClassRetry {
			t.Errorf("%v", err)
		}
	case <-limit.C:
		t.Fatal("a second after the cancel it had not returned")
	}
}

// mute accepts connections and says nothing on them.
func mute(t *testing.T) (address string, reached <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan struct{}, 100)
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			accepted <- struct{}{}
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
		for _, c := range open {
			_ = c.Close()
		}
	})
	return l.Addr().String(), accepted
}

// TestCancelOnTheWay: in a TLS handshake that does not end, and while a KDC
// does not answer.
func TestCancelOnTheWay(t *testing.T) {
	address, reached := mute(t)
	name, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	c := winrm.Config{Name: "hv01", Address: name, Port: port, User: "operator", Password: func() (secret.Text, error) { return secret.NewText("hunter2"), nil }}
	dial := func(t *testing.T, c winrm.Config) *winrm.Host {
		t.Helper()
		w, err := winrm.Dial(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := w.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		return w
	}
	t.Run("TLS handshake", func(t *testing.T) { cancelled(t, dial(t, c), reached, hyperv.ClassRetry) })
	t.Run("KDC", func(t *testing.T) {
		login, err := winrm.NewLogin(winrm.LoginSettings{KDCs: []string{address}, Realm: "LAB.TEST", User: c.User, Password: c.Password})
		if err != nil {
			t.Fatal(err)
		}
		c := c
		c.Auth, c.Login, c.Service, c.User, c.Password = winrm.Kerberos, login, "HTTP/hv01.lab.test", "", nil
		cancelled(t, dial(t, c), reached, hyperv.ClassRetry)
	})
}

// TestEveryCallHasADeadline: one whose context has none ends all the same.
func TestEveryCallHasADeadline(t *testing.T) {
	for name, tt := range map[string]struct {
		call  func(w *winrm.Host) error
		class hyperv.Class
	}{
		"reading": {func(w *winrm.Host) error { _, err := w.Read(context.Background(), vm); return err }, hyperv.ClassRetry},
		"action":  {func(w *winrm.Host) error { _, err := w.Prepare(context.Background(), vm); return err }, hyperv.ClassUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			h := &fakehost.Host{Break: func(action string, before int) fakehost.Fault {
				if action == "Receive" && before > 0 { // the first one is of the start
					return fakehost.Fault{Kind: fakehost.Hang}
				}
				return fakehost.Fault{}
			}}
			w := host(t, h, func(c *winrm.Config) {
				c.Limits.OperationTimeout, c.Limits.ReadTimeout, c.Limits.ActTimeout = time.Minute, time.Second, time.Second
			})
			is(t, tt.call(w), tt.class, hyperv.CodeTimeout)
		})
	}
}
