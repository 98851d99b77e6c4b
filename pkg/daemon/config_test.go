package daemon_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/daemon"
	"lifeboat.io/pkg/secret"
)

// config is shaped like a program's configuration, with every kind of field.
type config struct {
	Bus      bus.Config       `yaml:"bus"`
	Log      daemon.LogConfig `yaml:"log"`
	Listen   string           `json:"listen"`
	Wait     time.Duration    `yaml:"wait"`
	Limit    int              `yaml:"limit"`
	Password secret.Ref       `json:"password"`
	Callers  []caller         `yaml:"callers"`
	Deadline map[string]int   `yaml:"deadline"`
	Inline   inline           `yaml:",inline"`
	Plain    string
	Hidden   string `yaml:"-"`
}

type caller struct {
	Name  string     `yaml:"name"`
	Token secret.Ref `yaml:"token"`
}

type inline struct {
	Extra string `yaml:"extra"`
}

const good = `
# a comment
bus: {url: "nats://a", appendWindow: 20s, credentials: {user: me, password: {file: pw}}}
log:
  level: debug
listen: 127.0.0.1:80
wait: 1m30s
password: {env: SECRET}
callers:
  - name: desk
    token: {file: token}
deadline: {StartReplica: 30}
extra: more
plain: text
`

func TestParse(t *testing.T) {
	c := config{Limit: 7}
	if err := daemon.Parse("x.yaml", []byte(good), &c); err != nil {
		t.Fatal(err)
	}
	switch {
	case c.Bus.URL != "nats://a", c.Bus.AppendWindow != 20*time.Second, c.Bus.Credentials.Password.File != "pw":
		t.Errorf("bus %+v", c.Bus)
	case c.Log.Level != "debug", c.Listen != "127.0.0.1:80", c.Wait != 90*time.Second, c.Password.Env != "SECRET":
		t.Errorf("%+v", c)
	case len(c.Callers) != 1 || c.Callers[0].Token.File != "token" || c.Deadline["StartReplica"] != 30 || c.Inline.Extra != "more" || c.Plain != "text":
		t.Errorf("%+v", c)
	case c.Limit != 7:
		t.Errorf("a default did not stand: %d", c.Limit)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n", "{}"} {
		c := config{Limit: 7}
		if err := daemon.Parse("x.yaml", []byte(empty), &c); err != nil || c.Limit != 7 {
			t.Errorf("%q: %v, limit %d", empty, err, c.Limit)
		}
	}
}

func TestParseNamesThePlaceAndTheNearestKey(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{"typo", "log:\n  levle: info\n", []string{"x.yaml:2:3: log.levle is not known", "did you mean level?"}},
		{"typo in a list", "callers:\n- nam: a\n", []string{"x.yaml:2:3: callers[0].nam", "did you mean name?"}},
		{"typo by case", "Listen: a\n", []string{"x.yaml:1:1: Listen is not known", "did you mean listen?"}},
		{"typo in another package's part", "bus: {replica: 3}\n", []string{"bus.replica", "did you mean replicas?"}},
		{"far from anything", "log: {xyzzyxyzzy: 1}\n", []string{"log.xyzzyxyzzy", "use one of format, level"}},
		{"several at once", "lisen: a\nwiat: 1s\n", []string{"did you mean listen?", "did you mean wait?"}},
		{"a hidden field", "hidden: x\n", []string{"hidden is not known"}},
		{"a field set by code only", "bus: {check: x}\n", []string{"bus.check is not known"}},
		{"key twice", "listen: a\nlisten: b\n", []string{"x.yaml:2:1", "already defined"}},
		{"wrong kind", "limit: many\n", []string{"x.yaml:1:8"}},
		{"wrong duration", "wait: soon\n", []string{"x.yaml", "soon"}},
		{"list for a text", "listen: [a]\n", []string{"x.yaml:1:9"}},
		{"text for a section", "log: loud\n", []string{"x.yaml:1:6"}},
		{"not YAML", "a: [\n", []string{"x.yaml"}},
		{"two documents", "listen: a\n---\nlisten: b\n", []string{"x.yaml:3:", "second document"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := daemon.Parse("x.yaml", []byte(row.text), &config{})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, part := range row.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// TestErrorsKeepSecrets puts a secret where only a reference may stand.
func TestErrorsKeepSecrets(t *testing.T) {
	for name, text := range map[string]string{
		"in place of a reference": "password: hunter2\n",
		"beside a typo":           "password: {fiel: hunter2}\n",
		"in a list":               "callers: [{name: a, token: hunter2}]\n",
		"in broken text":          "password: hunter2\n  x: [\n",
	} {
		err := daemon.Parse("x.yaml", []byte(text), &config{})
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lifeboat.yaml")
	var c config
	if err := daemon.Load(path, &c); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("listen: here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Load(path, &c); err != nil || c.Listen != "here" {
		t.Errorf("%v, %+v", err, c)
	}
	if folder, err := daemon.Folder(path); err != nil || folder != dir {
		t.Errorf("folder %q, %v", folder, err)
	}
	if err := os.WriteFile(path, []byte("listen: "+strings.Repeat("x", 2<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Load(path, &c); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a huge file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{good, "log: {levle: 1}", "a: &a [*a]", "callers: [{}]", "<<: {a: b}", "? [a]\n: b", "- - -", "listen: !!binary a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c config
		_ = daemon.Parse("x.yaml", []byte(text), &c)
	})
}
