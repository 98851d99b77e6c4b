package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lifeboat.io/pkg/secret"
)

func TestReadFindsTheSecret(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("plain", "s3cret")
	write("unix", "s3cret\n")
	write("windows", "s3cret\r\n")
	write("two-lines", "s3cret\n\n")
	write("empty", "\n")
	write("long", strings.Repeat("x", 64<<10+1))
	t.Setenv("LIFEBOAT_TEST_SECRET", "s3cret")

	tests := []struct {
		name string
		ref  secret.Ref
		want string
		err  string
	}{
		{"file", secret.Ref{File: "plain"}, "s3cret", ""},
		{"absolute file", secret.Ref{File: filepath.Join(folder, "plain")}, "s3cret", ""},
		{"line break", secret.Ref{File: "unix"}, "s3cret", ""},
		{"windows line break", secret.Ref{File: "windows"}, "s3cret", ""},
		{"only one line break goes", secret.Ref{File: "two-lines"}, "s3cret\n", ""},
		{"env", secret.Ref{Env: "LIFEBOAT_TEST_SECRET"}, "s3cret", ""},
		{"empty file", secret.Ref{File: "empty"}, "", "secret file empty is empty or not set"},
		{"unset env", secret.Ref{Env: "LIFEBOAT_TEST_NOTHING"}, "", "secret env LIFEBOAT_TEST_NOTHING is empty or not set"},
		{"missing file", secret.Ref{File: "nowhere"}, "", "no such file"},
		{"overlong", secret.Ref{File: "long"}, "", "longer than 65536 bytes"},
		{"nothing", secret.Ref{}, "", "no secret is named"},
		{"both", secret.Ref{File: "plain", Env: "X"}, "", "both file and env"},
		{"bad env", secret.Ref{Env: "A-B"}, "", "no name of an environment variable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.ref.Read(folder)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Reveal() != tt.want {
				t.Errorf("read %q, want %q", got.Reveal(), tt.want)
			}
		})
	}
}

func TestTextIsNeverPrinted(t *testing.T) {
	text := secret.NewText("s3cret")
	holder := struct {
		Password secret.Text
		Pointer  *secret.Text
		hidden   secret.Text
	}{text, &text, text}
	var out bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, format+"\n", text)
		fmt.Fprintf(&out, format+"\n", holder)
	}
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "text", text, "holder", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "text", text, "holder", holder)
	if s := out.String(); strings.Contains(s, "s3cret") || strings.Contains(s, "733363726574") {
		t.Errorf("the secret was printed:\n%s", s)
	}
}
