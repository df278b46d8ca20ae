// Command telltale tells what an Android app tells on its user.
package main

import (
	"context"
	"os"

	"github.com/telltale-apk/telltale/cmd/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
