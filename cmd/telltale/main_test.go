package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/telltale-apk/telltale/cmd/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"telltale": func() {
			os.Exit(cli.Run(context.Background(), os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// TestScripts runs the command lines of testdata/script. $APKS is the folder
// of sample APKs.
func TestScripts(t *testing.T) {
	apks, err := filepath.Abs("../../testdata/apks")
	if err != nil {
		t.Fatal(err)
	}
	malformed, err := filepath.Abs("../../testdata/malformed")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("APKS", apks)
			e.Setenv("MALFORMED", malformed)
			// Results name paths as reached from the argument; a link makes
			// them the same on every machine.
			return os.Symlink(apks, filepath.Join(e.WorkDir, "apks"))
		},
	})
}
