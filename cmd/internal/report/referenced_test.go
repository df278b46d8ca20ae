package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// An app that names classes of a tracker and defines none does not carry it:
// no format says or counts so.
func TestReferencedIsNotCarried(t *testing.T) {
	app := &event.App{Path: "a.apk", Package: "com.example.a", Status: fact.Complete, Findings: finding.Findings{SDKs: []finding.SDK{
		{ID: "acme", Name: "Acme Tracking", Kind: "sdk", Category: "analytics", Tracker: true, State: finding.Referenced},
	}}}
	for _, format := range []string{"text", "markdown", "junit"} {
		var out bytes.Buffer
		h, err := New(format, &out, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []*event.Message{{Start: &event.Start{Schema: event.Schema}}, {App: app}, {Summary: &event.Summary{Apps: 1, ByStatus: map[string]int{"complete": 1}}}} {
			if err := h.Handle(m); err != nil {
				t.Fatal(err)
			}
		}
		got := out.String()
		table := got
		if _, after, ok := strings.Cut(got, "APP  "); ok {
			table = after // the section of the app says "only referenced"
		}
		if format == "markdown" {
			table, _, _ = strings.Cut(got, "<details>")
		}
		if strings.Contains(table, "Acme") || strings.Contains(got, "trackers: Acme") {
			t.Errorf("%s:\n%s", format, got)
		}
	}
}
