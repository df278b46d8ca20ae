package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/telltale-apk/telltale/cmd/internal/cli"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures/fact"
)

func TestMain(m *testing.M) {
	dial()
	testscript.Main(m, map[string]func(){
		"telltale": func() {
			offline()
			program := cli.Program{Fault: fault, WorkerEnv: []string{faultEnv + "=" + os.Getenv(faultEnv), dirEnv + "=" + os.Getenv(dirEnv)}}
			os.Exit(program.Run(context.Background(), os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
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
			"aar":       aar,
			"container": container,
			"dex":       assemble,
			"fill":      fill,
			"same":      same,
			"validate":  validate,
			"verdict":   verdict,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("APKS", apks)
			e.Setenv("MALFORMED", malformed)
			// Results name paths as reached from the argument; a link makes
			// them the same on every machine.
			return errors.Join(os.Symlink(apks, filepath.Join(e.WorkDir, "apks")), os.Symlink(malformed, filepath.Join(e.WorkDir, "malformed")))
		},
	})
}

// assemble is a command of scripts: it makes a DEX file from a recipe.
func assemble(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: dex RECIPE FILE")
	}
	b, err := dextest.Assemble(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}

// verdict is a command of scripts: it checks what the report on stdout says of
// its one app, which carries a tracker. STATUS EXIT KIND… are the status, the
// code of the first exit reason (0 if there is none) and the kinds of all
// problems. Whatever the status, the app must not look clean: it is complete
// only with its tracker.
func verdict(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: verdict STATUS EXIT KIND…")
	}
	var r struct {
		Apps    []event.App
		Summary event.Summary
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &r))
	if len(r.Apps) != 1 {
		ts.Fatalf("%d apps", len(r.Apps))
	}
	code := 0
	if len(r.Summary.ExitReasons) > 0 {
		code = r.Summary.ExitReasons[0].Code
	}
	if a := r.Apps[0]; a.Status == fact.Complete && len(a.SDKs) == 0 {
		ts.Fatalf("the app is called complete, and its tracker was not found")
	}
	kinds := map[string]bool{}
	for _, p := range r.Apps[0].Problems {
		kinds[string(p.Kind)] = true
	}
	got := append([]string{string(r.Apps[0].Status), strconv.Itoa(code)}, slices.Sorted(maps.Keys(kinds))...)
	if !slices.Equal(got, args) {
		ts.Fatalf("the verdict is %s, want %s\nproblems: %+v", strings.Join(got, " "), strings.Join(args, " "), r.Apps[0].Problems)
	}
}

func TestEveryMalformedFileHasAVerdict(t *testing.T) {
	script, err := os.ReadFile("testdata/script/malformed.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../testdata/malformed/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no malformed files", err)
	}
	for _, f := range files {
		if !strings.Contains(string(script), "malformed/"+filepath.Base(f)+"\nverdict ") {
			t.Errorf("%s: testdata/script/malformed.txtar says nothing of it", f)
		}
	}
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
