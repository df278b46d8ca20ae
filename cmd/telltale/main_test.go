package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/telltale-apk/telltale/cmd/internal/cli"
	"github.com/telltale-apk/telltale/cmd/internal/event"
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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"validate": validate,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("APKS", apks)
			e.Setenv("MALFORMED", malformed)
			// Results name paths as reached from the argument; a link makes
			// them the same on every machine.
			return os.Symlink(apks, filepath.Join(e.WorkDir, "apks"))
		},
	})
}

// validate is a command of scripts: it checks a report, or "stdout", against the
// committed schema.
func validate(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: validate FILE")
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(event.SchemaJSON)))
	ts.Check(err)
	c := jsonschema.NewCompiler()
	ts.Check(c.AddResource("report", doc))
	schema, err := c.Compile("report")
	ts.Check(err)
	report, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	err = schema.Validate(report)
	if neg == (err == nil) {
		ts.Fatalf("validate %s: %v", args[0], err)
	}
}
