// Command bundle compiles the rule files of signatures/db into the file that
// package signatures embeds. It is run by go generate:
//
//	bundle [-o FILE] DIR
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/telltale-apk/telltale/signatures"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	fl := flag.NewFlagSet("bundle", flag.ContinueOnError)
	fl.SetOutput(stderr)
	out := fl.String("o", "", "write to `FILE` instead of standard output")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if fl.NArg() != 1 {
		return fmt.Errorf("usage: bundle [-o FILE] DIR")
	}
	rules, err := signatures.Load(os.DirFS(fl.Arg(0)), filepath.ToSlash(fl.Arg(0)), signatures.Bundled)
	if err != nil {
		return err
	}
	b, err := signatures.EncodeBundle(rules)
	if err != nil {
		return err
	}
	if *out == "" {
		_, err = stdout.Write(b)
		return err
	}
	// Written beside and renamed, so that a build never sees half a file.
	tmp := *out + ".tmp"
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, *out)
}
