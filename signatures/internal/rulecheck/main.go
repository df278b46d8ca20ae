// Command rulecheck reads signature files, runs the examples in them and says
// what is wrong:
//
//	go run ./signatures/internal/rulecheck [-overlay] DIR
//
// DIR holds the layout of signatures/db, unless -overlay is given. It exits
// with 0 if the files are usable, 1 if not and 2 if they could not be read.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/telltale-apk/telltale/signatures"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	fl := flag.NewFlagSet("rulecheck", flag.ContinueOnError)
	fl.SetOutput(stderr)
	overlay := fl.Bool("overlay", false, "check a folder of one's own rules, without the layout of the bundled ones")
	if fl.Parse(args) != nil || fl.NArg() != 1 {
		fmt.Fprintln(stderr, "usage: rulecheck [-overlay] DIR")
		return 2
	}
	mode := signatures.Bundled
	if *overlay {
		mode = signatures.Overlay
	}
	dir := fl.Arg(0)
	rules, err := signatures.Load(os.DirFS(dir), dir, mode)
	if err != nil {
		fmt.Fprintln(stderr, err)
		var le *signatures.LoadError
		if errors.As(err, &le) {
			return 1
		}
		return 2
	}
	for _, w := range rules.Warnings() {
		fmt.Fprintln(stderr, w)
	}
	failures, err := rules.TestAll()
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	for _, f := range failures {
		fmt.Fprintln(stderr, f)
	}
	if len(failures) > 0 {
		fmt.Fprintf(stderr, "%d examples fail\n", len(failures))
		return 1
	}
	fmt.Fprintf(stdout, "%d rules are fine\n", rules.Len())
	return 0
}
