// Command telltale tells what an Android app tells on its user.
package main

import (
	"context"
	"os"

	"github.com/telltale-apk/telltale/cmd/internal/cli"
	"github.com/telltale-apk/telltale/cmd/internal/fence"
)

func main() {
	// No command needs a socket, so none can have one. Where the kernel cannot
	// promise that, nothing else changes: nothing here asks for one.
	_ = fence.Offline(false)
	os.Exit(cli.Run(context.Background(), os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
