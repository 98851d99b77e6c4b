package console

import (
	"encoding/base64"
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell"
)

// MaxCommandLine is how many characters CreateProcess takes, in UTF-16 units.
const MaxCommandLine = 32767

// options are what the command line says.
type options struct {
	script       string
	encoded      bool // -EncodedCommand
	file         string
	fileArgs     []string
	stdin        bool // -Command -
	formatGiven  bool
	xml          bool // -OutputFormat XML
	noExit       bool
	nothing      bool // no command at all
	help         bool
	scriptInArgs bool
}

// usageError is a command line that powershell.exe does not take.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

// parameters of powershell.exe with the shortest beginnings they may be cut to.
var parameters = []struct{ name, least string }{
	{"help", "h"}, {"version", "v"}, {"psconsolefile", "psc"}, {"nologo", "nol"}, {"noexit", "noe"}, {"sta", "s"}, {"mta", "mta"},
	{"noprofile", "nop"}, {"noninteractive", "noni"}, {"inputformat", "i"}, {"outputformat", "o"}, {"windowstyle", "w"},
	{"encodedarguments", "encodeda"}, {"encodedcommand", "e"}, {"configurationname", "config"}, {"file", "f"}, {"executionpolicy", "ex"}, {"command", "c"},
}

// parameterNamed finds a parameter by an allowed beginning.
func parameterNamed(text string) string {
	text = strings.ToLower(text)
	switch text {
	case "?":
		return "help"
	case "ec":
		return "encodedcommand"
	case "ep":
		return "executionpolicy"
	case "ea":
		return "encodedarguments"
	case "if":
		return "inputformat"
	case "of":
		return "outputformat"
	}
	for _, p := range parameters {
		if strings.HasPrefix(p.name, text) && strings.HasPrefix(text, p.least) {
			return p.name
		}
	}
	return ""
}

// parse reads the arguments behind the program's name.
func parse(args []string) (*options, error) {
	o := &options{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "" {
			continue
		}
		if a[0] != '-' && a[0] != '/' && !strings.HasPrefix(a, "\u2013") && !strings.HasPrefix(a, "\u2014") && !strings.HasPrefix(a, "\u2015") {
			return o, o.command(args[i:])
		}
		name := parameterNamed(strings.TrimLeft(a, "-/\u2013\u2014\u2015"))
		value := func() (string, error) {
			if i++; i >= len(args) {
				return "", &usageError{fmt.Sprintf("Cannot process the command because of a missing parameter. A value must follow %s.", a)}
			}
			return args[i], nil
		}
		switch name {
		case "nologo", "noprofile", "noninteractive", "sta", "mta":
		case "noexit":
			o.noExit = true
		case "help":
			o.help = true
			return o, nil
		case "command":
			if i+1 >= len(args) {
				return nil, &usageError{"Cannot process the command because of a missing parameter. A command must follow -Command."}
			}
			return o, o.command(args[i+1:])
		case "file":
			v, err := value()
			if err != nil {
				return nil, err
			}
			o.file, o.fileArgs = v, args[i+1:]
			return o, nil
		case "encodedcommand":
			v, err := value()
			if err != nil {
				return nil, err
			}
			if o.script, err = Decode(v); err != nil {
				return nil, &usageError{"Cannot process the command because the value specified with -EncodedCommand is not properly encoded. The value must be Base64 encoded."}
			}
			o.encoded, o.scriptInArgs = true, true
		case "":
			return o, o.command(args[i:])
		default:
			v, err := value()
			if err != nil {
				return nil, err
			}
			if err := o.valued(name, v); err != nil {
				return nil, err
			}
		}
	}
	o.nothing = !o.scriptInArgs
	return o, nil
}

func (o *options) valued(name, v string) error {
	isFormat := name == "outputformat" || name == "inputformat"
	switch {
	case isFormat && !strings.EqualFold(v, "text") && !strings.EqualFold(v, "xml"):
		return &usageError{fmt.Sprintf("Cannot process the command because the value specified with -%s is not valid: %s. Valid values are:\r\nText\r\nXML", name, v)}
	case name == "outputformat":
		o.formatGiven, o.xml = true, strings.EqualFold(v, "xml")
		if o.xml {
			return &usageError{"The PowerShell subset of this host does not write objects as XML; use -OutputFormat Text."}
		}
	case name == "executionpolicy":
		for _, ok := range []string{"Bypass", "Unrestricted", "RemoteSigned", "AllSigned", "Restricted", "Default", "Undefined"} {
			if strings.EqualFold(ok, v) {
				return nil
			}
		}
		return &usageError{fmt.Sprintf("Invalid ExecutionPolicy value '%s'.", v)}
	case name == "version":
		return nil
	}
	return nil
}

// command takes the rest of the line as the script, or standard input.
func (o *options) command(rest []string) error {
	if o.scriptInArgs {
		return &usageError{"Cannot process the command because a command is already specified with -Command or -EncodedCommand."}
	}
	if len(rest) == 1 && rest[0] == "-" {
		o.stdin = true
		return nil
	}
	if len(rest) > 1 && rest[0] == "-" {
		return &usageError{"'-' was specified with the -Command parameter; no other arguments to -Command are permitted."}
	}
	o.script, o.scriptInArgs = strings.Join(rest, " "), true
	return nil
}

// Decode reads the value of -EncodedCommand: Base64 of UTF-16.
func Decode(text string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return "", err
	}
	return powershell.UTF16LE(b), nil
}

// Encode makes the value of -EncodedCommand.
func Encode(script string) string {
	return base64.StdEncoding.EncodeToString(powershell.EncodeUTF16LE(script))
}
