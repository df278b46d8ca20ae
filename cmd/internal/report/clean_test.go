package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// evil is text that would act on a terminal if it reached one.
const evil = "a\x1b[31mred\x1b]0;title\x07\r\nfake\u202egnp.apk\u200b\x9b2J\xff\x00\u2028z"

func TestCleanLeavesNothingThatActs(t *testing.T) {
	got := clean(evil)
	for _, r := range got {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar {
			t.Errorf("%q holds %U", got, r)
		}
	}
	if !strings.Contains(got, `\x1b[31mred`) || !strings.Contains(got, `\u202e`) || !strings.Contains(got, `\xff`) {
		t.Errorf("escapes are not visible: %q", got)
	}
	if s := "迷你浏览器 – é"; clean(s) != s {
		t.Errorf("clean changes %q to %q", s, clean(s))
	}
}

// hostile is a result in which every text is evil.
func hostile() *event.App {
	off := int64(1)
	loc := finding.Location{Unit: evil, Class: evil, Method: evil, Offset: &off}
	declared := true
	site := finding.Site{Location: loc, Ref: evil, How: "call", Owner: finding.Owner{Kind: "library", Name: evil, Via: []string{evil}}, Args: []string{evil}}
	return &event.App{
		Path: evil, SHA256: evil, Package: evil, Label: evil, VersionName: evil, Status: fact.Partial,
		Problems: []fact.Problem{{Part: evil, Kind: fact.ProblemMalformed, Detail: evil, Lossy: true}},
		Findings: finding.Findings{
			SDKs: []finding.SDK{{
				ID: evil, Name: evil, VendorName: evil, Category: evil, Tracker: true, State: finding.Present, Basis: evil, Packages: []string{evil}, Classes: 1,
				Version:       &finding.Version{Value: evil, Clue: evil},
				States:        []finding.StateEvidence{{State: finding.Present, Reason: evil, Location: &loc}},
				AtStartup:     &finding.StartupPath{Entry: evil, Path: []string{evil}},
				Evidence:      []finding.Evidence{{Kind: "string", Value: evil, Signal: evil, Location: loc}},
				Events:        []finding.Event{{Name: evil, Keys: []string{evil}, Caller: evil, Location: loc}},
				AppKeys:       []finding.AppKey{{Name: evil, Value: evil}},
				VendorRecords: []finding.Registration{{City: evil, Country: evil, Grade: "company-seat", Evidence: evil, Source: evil, Date: evil, Of: evil}},
			}},
			Endpoints: []finding.Endpoint{{
				Value: evil, Host: evil, RegistrableDomain: evil, OwnerName: evil, Total: 1, Locations: []finding.Site{site},
				RegisteredIn: &finding.Registration{City: evil, Country: evil, Grade: "filing", Evidence: evil, Source: evil, Date: evil, Of: evil},
			}},
			Identifiers: []finding.Identifier{{ID: evil, Name: evil, Glossary: evil, Permission: evil, PermissionDeclared: &declared, Sites: []finding.Site{site}}},
			Sinks:       []finding.Sink{{ID: evil, Name: evil, Sites: []finding.Site{site}}},
		},
	}
}

func TestTextFromFilesCannotReachTheTerminal(t *testing.T) {
	for _, all := range []bool{false, true} {
		var b bytes.Buffer
		h := newText(&b, Options{All: all})
		sum := &event.Summary{Apps: 1, ByStatus: map[string]int{"partial": 1}, ExitReasons: []event.ExitReason{{Code: 3, Reason: evil}}}
		for _, m := range []*event.Message{{Start: &event.Start{}}, {App: hostile()}, {Summary: sum}} {
			if err := h.Handle(m); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Explain(&b, hostile(), evil, Options{}); err != nil {
			t.Fatal(err)
		}
		for i, r := range b.String() {
			if r != '\n' && unsafeRune(r) {
				t.Fatalf("all=%v: %U at %d reaches the terminal: %q", all, r, i, b.String()[max(0, i-40):i])
			}
		}
		if n := strings.Count(b.String(), "red"); n < 10 {
			t.Errorf("all=%v: the text shows up %d times only; is it printed at all?", all, n)
		}
	}
}

func TestColourOnlyWhenAsked(t *testing.T) {
	for _, color := range []bool{false, true} {
		var b bytes.Buffer
		h := newText(&b, Options{Color: color})
		if err := h.Handle(&event.Message{App: &event.App{Path: "x.apk", Package: "x", Status: fact.Complete}}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "\x1b["); got != color {
			t.Errorf("colour %v: escape sequences %v", color, got)
		}
	}
}
