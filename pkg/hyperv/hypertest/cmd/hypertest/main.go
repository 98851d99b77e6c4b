// Program hypertest asks two real Hyper-V hosts, on throw-away VMs, what
// lifeboat assumes of them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"lifeboat.io/pkg/hyperv/hypertest/kit"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // a second one ends the program at once
		fmt.Fprintln(os.Stderr, "hypertest: ending; the VM is being brought back, which takes a while. Another Ctrl-C ends at once.")
	})
	err := kit.Command().ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hypertest:", err)
	}
	os.Exit(kit.ExitCode(err))
}
