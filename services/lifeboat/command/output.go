package command

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

// output is the form of what is printed: for people, or for programs.
type output struct {
	form string
	// forms are those the command has.
	forms []string
}

// Forms of output.
const (
	formTable = "table"
	formText  = "text"
	formJSON  = "json"
	formYAML  = "yaml"
	formName  = "name"
)

// Set implements pflag.Value.
func (o *output) Set(form string) error {
	if !slices.Contains(o.forms, form) {
		return fmt.Errorf("there is no output %q; use one of %s", form, strings.Join(o.forms, ", "))
	}
	o.form = form
	return nil
}

// String implements pflag.Value.
func (o *output) String() string { return o.form }

// Type implements pflag.Value.
func (o *output) Type() string { return strings.Join(o.forms, "|") }

// outputFlag gives a command the flag -o; the first form is the default.
func outputFlag(cmd *cobra.Command, o *output, forms ...string) {
	o.form, o.forms = forms[0], forms
	cmd.Flags().VarP(o, "output", "o", "how to print it")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp)) // the flag was just made
}

// people reports whether a person is to read it.
func (o *output) people() bool { return o.form == formTable || o.form == formText }

// data prints a value for programs. A stream is JSON lines or YAML documents.
func (c *cli) data(o *output, v any, stream bool) error {
	if o.form == formYAML {
		raw, err := yaml.MarshalWithOptions(v, yaml.UseJSONMarshaler())
		if err != nil {
			return fmt.Errorf("print as YAML: %w", err)
		}
		if stream {
			c.page.Printf("---\n")
		}
		c.page.Printf("%s", raw)
		return nil
	}
	encoder := json.NewEncoder(c.Out)
	encoder.SetEscapeHTML(false)
	if !stream {
		encoder.SetIndent("", "  ")
	}
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	return nil
}
