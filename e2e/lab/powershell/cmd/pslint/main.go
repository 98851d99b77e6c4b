// Command pslint reports what scripts use that is outside the PowerShell subset
// of the lab, as file:line:column: message. It exits with 1 when it found
// something and with 2 when it could not look.
//
//	pslint [-metadata cmdlets.json]... file.ps1...
//
// The cmdlets of Windows features are known from metadata files only. Files
// named together are taken as one library: functions of one may be called in
// another.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/e2e/lab/powershell/lint"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("pslint", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var metadata []string
	flags.Func("metadata", "a JSON `file` of cmdlets with their parameter sets; may be repeated", func(v string) error {
		metadata = append(metadata, v)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		fmt.Fprintln(stderr, "pslint: name at least one script")
		return 2
	}
	registry, err := registryOf(metadata)
	if err != nil {
		fmt.Fprintln(stderr, "pslint:", err)
		return 2
	}
	var files []lint.File
	for _, name := range flags.Args() {
		b, err := os.ReadFile(name)
		if err != nil {
			fmt.Fprintln(stderr, "pslint:", err)
			return 2
		}
		files = append(files, lint.File{Name: name, Text: string(b)})
	}
	findings := lint.Check(registry, files...)
	for _, f := range findings {
		fmt.Fprintln(stdout, f)
	}
	if len(findings) > 0 {
		return 1
	}
	return 0
}

// registryOf makes modules of metadata files: cmdlets that are known, not run.
func registryOf(paths []string) (*powershell.Registry, error) {
	var modules []*powershell.Module
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		m, err := powershell.LoadMetadata(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for i, name := range m.Modules() {
			mod := &powershell.Module{Name: name}
			if i == 0 {
				mod.Enums = m.EnumTypes("Metadata")
			}
			for cmdlet, d := range m.Cmdlets {
				if d.Module != name {
					continue
				}
				c, err := m.Cmdlet(cmdlet, name)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", path, err)
				}
				mod.Cmdlets = append(mod.Cmdlets, c)
			}
			modules = append(modules, mod)
		}
	}
	return powershell.NewRegistry(modules...)
}
