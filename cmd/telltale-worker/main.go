// Command telltale-worker scans more apps than one machine should: a queue
// hands them to any number of workers, a store keeps what they find, and one
// report is made of it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"

	"github.com/telltale-apk/telltale/cmd/internal/fence"
)

func main() {
	// With --isolate this program starts itself for each app.
	if len(os.Args) > 1 && os.Args[1] == fence.Command {
		if err := fence.Work(os.Stdin, os.Stdout, nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	// The first signal ends the work in good order, the second at once.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop()
	}()
	os.Exit(new(program).run(ctx, os.Args, os.Stdout, os.Stderr))
}

// program is the program; its zero value is what is shipped.
type program struct {
	// fault is for tests of what a fault does.
	fault func(path string)

	log            *logrus.Logger
	stdout, stderr io.Writer
}

// run runs one command line and returns its exit code: 0 all is well; 2 what
// was asked for cannot be done; 3 items are without results.
func (p *program) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p.log, p.stdout, p.stderr = logrus.New(), stdout, stderr
	p.log.SetOutput(stderr)
	app := p.app()
	err := app.RunContext(ctx, args)
	switch e := err.(type) {
	case nil:
		return 0
	case *incomplete:
		fmt.Fprintf(stderr, "telltale-worker: %v\n", e)
		return 3
	}
	fmt.Fprintf(stderr, "telltale-worker: %v\n", err)
	return 2
}

// incomplete says that items are without results.
type incomplete struct{ what string }

func (e *incomplete) Error() string { return e.what }
