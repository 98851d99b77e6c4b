package cmdlets

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"lifeboat.io/e2e/lab/powershell"
)

//go:embed hyperv.json
var published []byte

// metadata is the published description of the cmdlets. That it is well formed
// is settled by the tests.
var metadata = sync.OnceValue(func() *powershell.Metadata {
	m, err := powershell.LoadMetadata(published)
	if err != nil {
		panic(err)
	}
	return m
})

// Namespaces of the modules' types.
const (
	typeSpace    = "Microsoft.HyperV.PowerShell"
	vhdTypeSpace = "Microsoft.Vhd.PowerShell"
	cmdletSpace  = typeSpace + ".Commands"
)

// enums are the enumerations by short name.
var enums = sync.OnceValue(func() map[string]*powershell.EnumType {
	byName := map[string]*powershell.EnumType{}
	for short, members := range metadata().Enums {
		space := typeSpace
		if strings.HasPrefix(short, "Vhd") {
			space = vhdTypeSpace
		}
		byName[short] = powershell.NewEnumType(space+"."+short, members)
	}
	return byName
})

// enum is a member of an enumeration by name. Names come from hypersim, which
// uses Hyper-V's own.
func enum(short, name string) powershell.Enum {
	t := enums()[short]
	if t == nil {
		panic(fmt.Sprintf("no enumeration %s", short))
	}
	return t.Of(name)
}

// enumText is a parameter of an enumeration as the name hypersim uses; empty
// when it was not given.
func enumText(v powershell.Value) string {
	if e, ok := v.(powershell.Enum); ok {
		return e.String()
	}
	return ""
}
