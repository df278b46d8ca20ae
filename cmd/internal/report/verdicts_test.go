package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// judged is a stream with a verdict of every outcome.
func judged() []*event.Message {
	verdict := func(rule, severity, outcome, id string, s *event.Suppression) event.Verdict {
		return event.Verdict{Rule: rule, Severity: severity, Outcome: outcome, Kind: "sdk", ID: id, Message: "carries " + strings.ToUpper(id), Help: "ask the team", Fingerprint: "f-" + rule + id, Suppression: s}
	}
	a := &event.App{
		Path: "shop.apk", Package: "com.example.shop", Status: fact.Complete,
		Findings: finding.Findings{SDKs: []finding.SDK{{ID: "aaa", Name: "AAA", Tracker: true, State: finding.Present}}},
		Verdicts: []event.Verdict{
			verdict("no-aaa", "error", "violation", "aaa", nil),
			verdict("no-bbb", "error", "suppressed", "bbb", &event.Suppression{Reason: "goes soon", Owner: "shop team", Expires: "2026-06-30"}),
			verdict("no-ccc", "error", "violation", "ccc", &event.Suppression{Reason: "went late", Owner: "old team", Expires: "2026-01-31", Expired: true}),
			verdict("no-ddd", "warning", "violation", "ddd", nil),
			verdict("no-eee", "error", "known", "eee", nil),
		},
	}
	p := &event.Policy{Sources: []event.PolicySource{{Name: "telltale.yaml", Digest: "sha256:1234567890123456"}}, Baseline: "sha256:abc"}
	for _, n := range []string{"no-aaa", "no-bbb", "no-ccc", "no-ddd", "no-eee", "no-fff"} {
		p.Rules = append(p.Rules, event.PolicyRule{Name: n, Severity: "error", Deny: "sdk:" + n[3:]})
	}
	return []*event.Message{
		{Start: &event.Start{Schema: event.Schema, Tool: event.Tool{Name: "telltale", Version: "1"}, Policy: p}},
		{App: a},
		{Summary: &event.Summary{Apps: 1, ByStatus: map[string]int{"complete": 1}, ExitReasons: []event.ExitReason{{Code: 1, Reason: "shop.apk: carries AAA (rule no-aaa)", Path: "shop.apk", Condition: "no-aaa"}}}},
	}
}

func TestVerdictsInEveryFormat(t *testing.T) {
	for _, format := range Formats {
		var b bytes.Buffer
		h, err := New(format, &b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range judged() {
			if err := h.Handle(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		for _, rule := range []string{"no-aaa", "no-bbb", "no-ccc", "no-ddd"} {
			want := rule
			if format == "markdown" {
				want = strings.ReplaceAll(rule, "-", "&#45;")
				if !strings.Contains(b.String(), want) {
					want = rule
				}
			}
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s does not name the rule %s:\n%s", format, rule, b.String())
			}
		}
	}
}

func render(t *testing.T, format string) string {
	t.Helper()
	var b bytes.Buffer
	h, err := New(format, &b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range judged() {
		if err := h.Handle(m); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestTextSaysWhatToDo(t *testing.T) {
	got := render(t, "text")
	for _, want := range []string{
		"    error no-aaa: carries AAA\n        to mend it: ask the team\n",
		"    suppressed no-bbb: carries BBB\n        passes until 2026-06-30 (shop team: goes soon)\n",
		"    error no-ccc: carries CCC\n        no longer passes since 2026-01-31 (old team: went late)\n",
		"    warning no-ddd: carries DDD\n",
		"    no-eee: 1 in the baseline already\n",
		"Judged by 6 rules of telltale.yaml (sha256:123456789012…), against the baseline sha256:abc.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestJUnitHasACaseForEachRule(t *testing.T) {
	got := render(t, "junit")
	for _, want := range []string{
		`tests="7" failures="2" errors="0" skipped="3"`,
		`name="no-fff" time="0"></testcase>`,
		`<failure message="carries AAA; to mend it: ask the team" type="policy">`,
		`<skipped>suppressed: carries BBB; passes until 2026-06-30`,
		`<skipped>1 in the baseline already<`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "(rule no-aaa)") {
		t.Errorf("a reason stands beside its case:\n%s", got)
	}
}

func TestSARIFSaysWhatDoesNotCount(t *testing.T) {
	var doc struct {
		Runs []struct {
			Results []struct {
				RuleID, Level, BaselineState string
				Suppressions                 []struct{ Status, Justification string }
			}
		}
	}
	if err := json.Unmarshal([]byte(render(t, "sarif")), &doc); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range doc.Runs[0].Results {
		s := r.Level + " " + r.BaselineState
		for _, x := range r.Suppressions {
			s += " " + x.Status + " " + x.Justification
		}
		got[r.RuleID] = s
	}
	for id, want := range map[string]string{
		"policy/no-aaa": "error new", "policy/no-bbb": "error new accepted goes soon (shop team, until 2026-06-30)",
		"policy/no-ccc": "error new", "policy/no-ddd": "warning new", "policy/no-eee": "error unchanged",
	} {
		if got[id] != want {
			t.Errorf("%s: %q, want %q", id, got[id], want)
		}
	}
}

func TestVerdictsObeySchemas(t *testing.T) {
	obeys(t, schema(t, "sarif-schema-2.1.0.json"), "judged", render(t, "sarif"))
	obeys(t, schema(t, "bom-1.6.SNAPSHOT.schema.json", "spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"), "judged", render(t, "cyclonedx"))
}
