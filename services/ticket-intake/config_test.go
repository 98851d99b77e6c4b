package intake_test

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lifeboat.io/pkg/secret"
	intake "lifeboat.io/services/ticket-intake"
)

func TestConfig(t *testing.T) {
	caller := func(change func(*intake.Caller)) intake.Config {
		c := intake.Caller{Name: "desk", Systems: []string{"desk"}, Accounts: []string{"*"}, Bearer: secret.Ref{Env: "TOKEN"}}
		change(&c)
		return intake.Config{Callers: []intake.Caller{c}}
	}
	for _, tt := range []struct {
		name   string
		config intake.Config
		want   string
	}{
		{"nothing", intake.Config{}, ""},
		{"a caller", caller(func(*intake.Caller) {}), ""},
		{"localhost", intake.Config{Listen: "localhost:0"}, ""},
		{"behind a proxy", intake.Config{Listen: "0.0.0.0:80", BehindProxy: true}, ""},
		{"TLS", intake.Config{Listen: ":443", TLS: intake.TLS{Certificate: "c", Key: "k"}}, ""},
		{"no port", intake.Config{Listen: "127.0.0.1"}, `listen "127.0.0.1": want host:port`},
		{"in clear", intake.Config{Listen: "0.0.0.0:80"}, `listen "0.0.0.0:80": tokens would leave this machine in clear`},
		{"in clear everywhere", intake.Config{Listen: ":80"}, "in clear"},
		{"half of TLS", intake.Config{TLS: intake.TLS{Key: "k"}}, "go together"},
		{"connections", intake.Config{Limits: intake.Limits{Connections: -1}}, `limits.connections "-1": want 1 to 10000`},
		{"concurrent", intake.Config{Limits: intake.Limits{Concurrent: 1001}}, `limits.concurrent "1001": want 1 to 1000`},
		{"caller's name", caller(func(c *intake.Caller) { c.Name = "the desk" }), `callers[0].name "the desk"`},
		{"systems", caller(func(c *intake.Caller) { c.Systems = nil }), "callers[0].systems"},
		{"accounts", caller(func(c *intake.Caller) { c.Accounts = []string{"acme", "*"} }), "callers[0].accounts"},
		{"empty account", caller(func(c *intake.Caller) { c.Accounts = []string{""} }), "callers[0].accounts"},
		{"no secret", caller(func(c *intake.Caller) { c.Bearer = secret.Ref{} }), "give bearer or hmac"},
		{"broken reference", caller(func(c *intake.Caller) { c.HMAC = secret.Ref{File: "a", Env: "B"} }), "callers[0].hmac"},
		{"origin", caller(func(c *intake.Caller) { c.Origins = []string{"*"} }), "callers[0].origins[0]"},
		{"rate", caller(func(c *intake.Caller) { c.RatePerMinute = -1 }), "callers[0].ratePerMinute"},
		{"name twice", intake.Config{Callers: []intake.Caller{
			{Name: "desk", Systems: []string{"*"}, Accounts: []string{"*"}, Bearer: secret.Ref{Env: "A"}},
			{Name: "desk", Systems: []string{"*"}, Accounts: []string{"*"}, Bearer: secret.Ref{Env: "B"}},
		}}, "is used by callers[0] already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.config.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestEveryFaultOfAConfigIsTold(t *testing.T) {
	err := intake.Config{Listen: "x", TLS: intake.TLS{Key: "k"}, Callers: []intake.Caller{{}}}.Validate()
	for _, want := range []string{"listen", "tls.certificate", "callers[0].name", "callers[0].systems", "callers[0].accounts", "give bearer or hmac"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error does not tell of %s: %v", want, err)
		}
	}
}

func TestSecretsOfCallersAreChecked(t *testing.T) {
	t.Setenv("LIFEBOAT_TEST_SHORT", "short")
	t.Setenv("LIFEBOAT_TEST_LONG", "long-enough-to-be-a-secret")
	caller := func(name, env string) intake.Caller {
		return intake.Caller{Name: name, Systems: []string{"*"}, Accounts: []string{"*"}, Bearer: secret.Ref{Env: env}}
	}
	for _, tt := range []struct {
		name    string
		callers []intake.Caller
		want    string
	}{
		{"short", []intake.Caller{caller("a", "LIFEBOAT_TEST_SHORT")}, "is shorter than 16 bytes"},
		{"missing", []intake.Caller{caller("a", "LIFEBOAT_TEST_NOTHING")}, "is empty or not set"},
		{"shared", []intake.Caller{caller("a", "LIFEBOAT_TEST_LONG"), caller("b", "LIFEBOAT_TEST_LONG")}, `is the token of caller "a" as well`},
	} {
		_, err := intake.New(intake.Config{Listen: "127.0.0.1:0", Callers: tt.callers}, intake.Tools{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "long-enough") {
			t.Errorf("%s: the error holds the secret", tt.name)
		}
	}
}

func TestConfigAsYAML(t *testing.T) {
	const text = `
listen: 127.0.0.1:8480
tls: {certificate: server.pem, key: server.key}
behindProxy: true
callers:
  - name: desk
    systems: [desk]
    accounts: ["*"]
    bearer: {file: secrets/desk-token}
    hmac: {env: DESK_KEY}
    origins: [desk.example]
    ratePerMinute: 600
limits: {connections: 256, concurrent: 64}
`
	var c intake.Config
	if err := yaml.UnmarshalWithOptions([]byte(text), &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if c.Callers[0].Bearer.File != "secrets/desk-token" || c.Callers[0].HMAC.Env != "DESK_KEY" || c.TLS.Key != "server.key" || c.Limits.Concurrent != 64 {
		t.Errorf("parsed %+v", c)
	}
}
