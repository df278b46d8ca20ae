package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// ruled is what one rule of the policy says of an app.
type ruled struct {
	rule     string
	verdicts []*event.Verdict // without those that were known
	known    int
}

// byRule groups verdicts, in the order in which they come.
func byRule(a *event.App) []*ruled {
	var out []*ruled
	for i := range a.Verdicts {
		v := &a.Verdicts[i]
		j := slices.IndexFunc(out, func(r *ruled) bool { return r.rule == v.Rule })
		if j < 0 {
			j = len(out)
			out = append(out, &ruled{rule: v.Rule})
		}
		if v.Outcome == "known" {
			out[j].known++
			continue
		}
		out[j].verdicts = append(out[j].verdicts, v)
	}
	return out
}

// verdictWord says in a word how much a verdict weighs.
func verdictWord(v *event.Verdict) string {
	if v.Outcome == "violation" {
		return v.Severity
	}
	return v.Outcome
}

// verdictNote says why a violation does not count, or how it no longer passes.
func verdictNote(v *event.Verdict) string {
	s := v.Suppression
	if s == nil {
		return ""
	}
	if s.Expired {
		return fmt.Sprintf("no longer passes since %s (%s: %s)", s.Expires, s.Owner, s.Reason)
	}
	return fmt.Sprintf("passes until %s (%s: %s)", s.Expires, s.Owner, s.Reason)
}

// verdicts tells what the policy says of the app.
func (h *textHandler) verdicts(a *event.App) {
	if len(a.Verdicts) == 0 {
		return
	}
	h.printf("  %s\n", h.style(bold, "Policy"))
	for _, r := range byRule(a) {
		for i, v := range r.verdicts {
			if i == 5 && len(r.verdicts) > 6 && !h.o.All {
				h.printf("    %s\n", h.style(dim, fmt.Sprintf("%s: and %d more (--all shows them)", clean(r.rule), len(r.verdicts)-i)))
				break
			}
			sgr := dim
			switch verdictWord(v) {
			case "error":
				sgr = red
			case "warning":
				sgr = yellow
			}
			h.printf("    %s %s: %s\n", h.style(sgr, clean(verdictWord(v))), clean(v.Rule), clean(v.Message))
			if n := verdictNote(v); n != "" {
				h.printf("        %s\n", h.style(dim, clean(n)))
			}
			if v.Help != "" && v.Outcome == "violation" && (i == 0 || r.verdicts[i-1].Help != v.Help) {
				h.printf("        %s\n", h.style(dim, "to mend it: "+clean(v.Help)))
			}
		}
		if r.known > 0 {
			h.printf("    %s\n", h.style(dim, fmt.Sprintf("%s: %d in the baseline already", clean(r.rule), r.known)))
		}
	}
}

// verdicts writes a row for each verdict: the rule is its id, what it is about
// its name, and the severity its category.
func (h *csvHandler) verdicts(a *event.App) {
	for i := range a.Verdicts {
		v := &a.Verdicts[i]
		h.row(a, csvRow{kind: "verdict", id: v.Rule, name: v.Kind + " " + v.ID, category: v.Severity, state: v.Outcome, detail: strings.TrimSuffix(v.Message+"; "+verdictNote(v), "; "), whose: v.By, at: v.Location})
	}
}

// mdVerdicts is the table of verdicts.
func mdVerdicts(b *strings.Builder, a *event.App) {
	mdTable(b, "| policy | rule | what | to mend it |", a.Verdicts, func(v *event.Verdict) string {
		if v.Outcome == "known" {
			return ""
		}
		return mdCells(verdictWord(v), v.Rule, strings.TrimSuffix(v.Message+"; "+verdictNote(v), "; "), v.Help)
	})
}

// The part of SARIF that says why a result does not count.
type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

// verdict writes one verdict as a result of the policy's rule.
func (h *sarifHandler) verdict(a *event.App, v *event.Verdict) {
	about := event.PolicyRule{Name: v.Rule}
	if p := h.start.Policy; p != nil {
		if i := slices.IndexFunc(p.Rules, func(r event.PolicyRule) bool { return r.Name == v.Rule }); i >= 0 {
			about = p.Rules[i]
		}
	}
	short := cmp.Or(about.Description, "The policy has the rule "+v.Rule)
	long := short + "."
	for _, s := range []struct{ what, text string }{{"It denies", about.Deny}, {"It allows", about.Allow}, {"It requires", about.Require}, {"It is about apps of", about.Apps}} {
		if s.text != "" {
			long += " " + s.what + ": " + s.text + "."
		}
	}
	rule := sarifRule{
		ID: "policy/" + v.Rule, Name: v.Rule, ShortDescription: sarifSay(short), FullDescription: sarifSay(long),
		Help: sarifHelp(strings.TrimSpace(long + " " + about.Help)), Properties: sarifRuleProps{[]string{"policy", v.Kind}},
	}
	level := "note"
	if v.Severity == "error" || v.Severity == "warning" {
		level = v.Severity
	}
	text := title(a) + " " + v.Message
	if v.Help != "" {
		text += ". To mend it: " + v.Help
	}
	x := sarifExtra{mark: v.Fingerprint}
	switch {
	case v.Outcome == "known":
		x.baseline = "unchanged"
	case h.start.Policy != nil && h.start.Policy.Baseline != "":
		x.baseline = "new"
	}
	if s := v.Suppression; s != nil && v.Outcome == "suppressed" {
		x.suppressions = []sarifSuppression{{"external", "accepted", brief(fmt.Sprintf("%s (%s, until %s)", s.Reason, s.Owner, s.Expires), sarifText)}}
	}
	h.resultWith(a, rule, level, text, &v.Location, nil, "", map[string]any{"outcome": clean(v.Outcome), "thing": clean(v.Kind + " " + v.ID)}, x)
}

// sarifExtra is what verdicts add to a result.
type sarifExtra struct {
	mark         string // fingerprint within the app, in place of one from the place
	baseline     string
	suppressions []sarifSuppression
}

// junitVerdicts makes a case of each rule of the policy for an app.
func junitVerdicts(name string, a *event.App, p *event.Policy, complete bool) []junitCase {
	if p == nil {
		return nil
	}
	said := map[string]*ruled{}
	for _, r := range byRule(a) {
		said[r.rule] = r
	}
	var out []junitCase
	for _, rule := range p.Rules {
		if rule.Severity == "off" {
			continue
		}
		c := junitCase{Class: name, Name: xmlText(rule.Name)}
		var failed, passed []string
		if r := said[rule.Name]; r != nil {
			for _, v := range r.verdicts {
				line := brief(v.Message, 400)
				if n := verdictNote(v); n != "" {
					line += "; " + brief(n, 200)
				}
				if v.Help != "" {
					line += "; to mend it: " + brief(v.Help, 300)
				}
				if v.Outcome == "violation" && v.Severity == "error" {
					failed = append(failed, line)
				} else {
					passed = append(passed, verdictWord(v)+": "+line)
				}
			}
			if r.known > 0 {
				passed = append(passed, fmt.Sprintf("%d in the baseline already", r.known))
			}
		}
		switch {
		case len(failed) > 0:
			c.Failure = &junitMessage{Message: xmlText(firstOf(failed)), Type: "policy", Text: xmlLines(strings.Join(slices.Concat(failed, passed), "\n"))}
		case len(passed) > 0:
			// JUnit has nothing between passed and failed that shows a message.
			c.Skipped = &junitMessage{Message: xmlText(firstOf(passed)), Text: xmlLines(strings.Join(passed, "\n"))}
		case !complete:
			c.Skipped = &junitMessage{Message: "not shown by what was read, and not all was read"}
		}
		out = append(out, c)
	}
	return out
}

// firstOf returns the first line, and how many follow.
func firstOf(lines []string) string {
	if n := len(lines) - 1; n > 0 {
		return fmt.Sprintf("%s (and %d more)", lines[0], n)
	}
	return lines[0]
}

// cdxVerdicts are properties of the component that a verdict is about: that of
// an SDK that is a component, else the app ("").
func cdxVerdicts(a *event.App, sdk string) []cdxProperty {
	var out []cdxProperty
	for i := range a.Verdicts {
		v := &a.Verdicts[i]
		of := ""
		if v.Kind == "sdk" && slices.ContainsFunc(a.SDKs, func(s finding.SDK) bool { return s.ID == v.ID && s.State != finding.Referenced }) {
			of = v.ID
		}
		if of == sdk {
			out = append(out, cdxProperties("verdict", fmt.Sprintf("%s %s: %s", verdictWord(v), v.Rule, v.Message))...)
		}
	}
	return out
}

// policyLine names what a run was judged by, or "".
func policyLine(p *event.Policy) string {
	if p == nil {
		return ""
	}
	var names []string
	for _, s := range p.Sources {
		names = append(names, s.Name+" ("+shortDigest(s.Digest)+")")
	}
	s := fmt.Sprintf("Judged by %d %s", len(p.Rules), plural(len(p.Rules), "rule"))
	if len(names) > 0 {
		s += " of " + strings.Join(names, ", ")
	}
	if p.Baseline != "" {
		s += ", against the baseline " + shortDigest(p.Baseline)
	}
	return s + "."
}
