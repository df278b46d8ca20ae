package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Renamed classes often stand in no package, and the text says so.
func TestClassesInNoPackage(t *testing.T) {
	var out bytes.Buffer
	h := newText(&out, Options{})
	app := &event.App{Path: "a.apk", Status: fact.Complete, Findings: finding.Findings{SDKs: []finding.SDK{{
		ID: "x", Name: "X", Kind: "sdk", Tracker: true, State: finding.Present, Classes: 8, Packages: []string{"", "a.b"},
	}}}}
	for _, m := range []event.Message{{Start: &event.Start{Schema: event.Schema}}, {App: app}, {Summary: &event.Summary{Apps: 1}}} {
		if err := h.Handle(&m); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(out.String(), "8 classes in no package and 1 more package") {
		t.Errorf("got\n%s", out.String())
	}
}

// What was looked for and not found stands before what could not be looked at.
func TestNothingFoundComesBeforeNotSeen(t *testing.T) {
	var out bytes.Buffer
	h := newText(&out, Options{})
	app := &event.App{Path: "a.apk", Status: fact.Complete}
	app.Scope.NativeMethods = 3
	if err := h.Handle(&event.Message{App: app}); err != nil {
		t.Fatal(err)
	}
	s := out.String()
	if i, j := strings.Index(s, "Nothing of what"), strings.Index(s, "Not seen"); i < 0 || j < i {
		t.Errorf("%s", s)
	}
}
