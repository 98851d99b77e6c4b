package winrm

import (
	"fmt"
	"testing"
)

func TestWaysToLogOn(t *testing.T) {
	for _, c := range []struct {
		name string
		auth Auth
		want []string
	}{
		{"as shipped", Auth{Negotiate: true}, []string{"Negotiate"}},
		{"Basic in clear", Auth{Negotiate: true, Basic: true, AllowUnencrypted: true}, []string{"Negotiate", `Basic realm="WSMAN"`}},
		{"Basic only where it is safe", Auth{Negotiate: true, Basic: true}, []string{"Negotiate"}},
		{"nothing", Auth{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, func(cfg *Config) { cfg.Auth = c.auth })
			cl := newClient(t, s)
			cl.user = ""
			a, err := cl.post(cl.message(actionCreate, resourceCmd, "", createBody))
			if err != nil {
				t.Fatal(err)
			}
			got := a.header.Values("WWW-Authenticate")
			if a.status != 401 || fmt.Sprint(got) != fmt.Sprint(c.want) || a.raw != "" {
				t.Errorf("HTTP %d, %q, want 401 and %q; body %q", a.status, got, c.want, a.raw)
			}
		})
	}
}

func TestBasic(t *testing.T) {
	for _, c := range []struct {
		name, user, password string
		unencrypted          bool
		status               int
		fault                uint32
	}{
		{"administrator", "Administrator", "Pass-1", true, 200, 0},
		{"in another case", "ADMINISTRATOR", "Pass-1", true, 200, 0},
		{"with a domain", `HV1\Administrator`, "Pass-1", true, 200, 0},
		{"as a principal", "administrator@lab.test", "Pass-1", true, 200, 0},
		{"wrong password", "Administrator", "pass-1", true, 401, 0},
		{"no password", "Administrator", "", true, 401, 0},
		{"unknown", "nobody", "Pass-1", true, 401, 0},
		{"expired", "gone", "Pass-4", true, 401, 0},
		{"not an administrator", "guest", "Pass-3", true, 500, codeAccessDenied},
		{"unencrypted not allowed", "Administrator", "Pass-1", false, 401, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, func(cfg *Config) { cfg.Auth.AllowUnencrypted = c.unencrypted })
			cl := newClient(t, s)
			cl.user, cl.password = c.user, c.password
			a, err := cl.post(cl.message(actionCreate, resourceCmd, "", createBody))
			if err != nil {
				t.Fatal(err)
			}
			if a.status != c.status || a.code() != c.fault {
				t.Errorf("HTTP %d with fault %d, want %d with %d", a.status, a.code(), c.status, c.fault)
			}
			if st := s.Stats(); c.unencrypted && st.Logins[schemeBasic]+st.LoginFailures[schemeBasic] != 1 {
				t.Errorf("counted %v and %v", st.Logins, st.LoginFailures)
			}
		})
	}
}
