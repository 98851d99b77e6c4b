// Program contractgen renders the schemas, the catalogue and the AsyncAPI
// document from the structs in package events.
//
//	contractgen -events events          write what is stale
//	contractgen -events events -check   list what is stale and exit with 1
package main

import (
	"flag"
	"fmt"
	"os"

	"lifeboat.io/pkg/contract/documents"
)

func main() {
	dir := flag.String("events", "events", "folder of package events")
	check := flag.Bool("check", false, "write nothing; fail when a file is stale")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "contractgen:", err)
		os.Exit(1)
	}
}

// run brings the folder up to date, or tells what is not.
func run(dir string, check bool) error {
	rendered, err := documents.Render(dir)
	if err != nil {
		return err
	}
	if !check {
		changed, err := documents.Write(dir, rendered)
		for _, path := range changed {
			fmt.Println("wrote", path)
		}
		return err
	}
	stale, err := documents.Stale(dir, rendered)
	if err != nil {
		return err
	}
	if len(stale) > 0 {
		return fmt.Errorf("stale: %q; run make generate", stale)
	}
	return nil
}
