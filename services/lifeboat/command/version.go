package command

import (
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version prints what this program was built from.
func (c *cli) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print what this program was built from",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			version, revision, goVersion := "unknown", "", ""
			if info, ok := debug.ReadBuildInfo(); ok {
				version, goVersion = info.Main.Version, info.GoVersion
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = " " + s.Value
					}
				}
			}
			c.page.Printf("lifeboat %s%s %s\n", version, revision, goVersion)
			return nil
		},
	}
}
