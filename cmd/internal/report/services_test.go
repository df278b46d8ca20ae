package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// TestServicesAreNoTrackers: a login SDK is told as one in every format, with
// its number in the list of those who call it a tracker.
func TestServicesAreNoTrackers(t *testing.T) {
	app := &event.App{Path: "a.apk", Package: "com.example.a", Status: fact.Complete, Findings: finding.Findings{SDKs: []finding.SDK{
		{ID: "facebook-login", Name: "Facebook Login", Kind: "sdk", Category: "login", Label: "login SDK", Service: true, State: finding.Present, Confidence: "high", Classes: 3, Aka: map[string]string{"exodus": "67"}},
		{ID: "jpush", Name: "JPush", Kind: "sdk", Category: "push", Label: "push service", Tracker: true, TrackerReason: "it takes lists (docs)", State: finding.Present, Confidence: "high", Classes: 3},
	}}}
	sum := &event.Summary{Apps: 1, WithTracker: 1, ByStatus: map[string]int{}}
	want := map[string][]string{
		"text":     {"Other services\n    Facebook Login  login SDK", "in the list of trackers of Exodus Privacy (67)", "counts as a tracker: it takes lists (docs)", "1 copy of 1 SDK", trackerMeans},
		"markdown": {"| other service | kind", "Facebook Login | login SDK", trackerMeans},
		"junit":    {"trackers: JPush; other services: Facebook Login (login SDK)"},
		"csv":      {"login SDK; ", "tracker; "},
		"sarif":    {`"tags":["privacy","sdk","service","login"]`, "in the list of trackers of Exodus Privacy (67)"},
	}
	for format, all := range want {
		var b bytes.Buffer
		h, err := New(format, &b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []*event.Message{{Start: &event.Start{Schema: event.Schema}}, {App: app}, {Summary: sum}} {
			if err := h.Handle(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		for _, w := range all {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s does not say %q:\n%s", format, w, b.String())
			}
		}
	}
	var b bytes.Buffer
	if _, err := Explain(&b, app, "facebook-login", Options{}); err != nil || !strings.Contains(b.String(), "not a tracker; in the list of trackers of Exodus Privacy (67)") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
