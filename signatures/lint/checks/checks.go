// Package checks holds every check of rules, each in a file of its own with its
// documentation beside it: broad-prefix.go and broad-prefix.md. A test runs the
// examples of each documentation: the bad one is caught by that check and by no
// other, the good one by none.
//
// What the loader of package signatures refuses is documented here as well,
// under the code that it gives: there is a broken-date.md without code.
//
// To add a check, write the two files and add a line to list.
package checks

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

//go:embed *.md
var docs embed.FS

// list holds the checks that have code.
func list() []*lint.Check {
	return []*lint.Check{
		alwaysMatches(),
		badWebsite(),
		broadPrefix(),
		claimWords(),
		classAsPackage(),
		commonString(),
		contradiction(),
		deprecatedWithoutSuccessor(),
		failingExample(),
		farMiss(),
		filingNumber(),
		foreignCall(),
		futureDate(),
		genericAuthority(),
		genericFile(),
		genericNative(),
		holdsOtherVendor(),
		idleExample(),
		loneCondition(),
		missingEvidence(),
		missingNearMiss(),
		missingRole(),
		missingTests(),
		noiseHost(),
		notFormatted(),
		obfuscatedPrefix(),
		packageAsClass(),
		placeholder(),
		platformName(),
		platformPackage(),
		provenExperimental(),
		redundantSignal(),
		relationCycle(),
		sameName(),
		shadowedRule(),
		sharedHost(),
		sharedSignal(),
		sharedSource(),
		shortPermission(),
		shortString(),
		stableUnverified(),
		staleVerified(),
		strongHost(),
		strongKey(),
		strongNative(),
		suffixHost(),
		supersededStable(),
		thinReason(),
		unknownMember(),
		unknownSuppression(),
		untestedSignal(),
		unusedSignal(),
		unusedSuppression(),
		unusedVendor(),
		vagueSource(),
	}
}

// loader lists the codes of the loader, with the severity that they have in the
// database.
func loader() []*lint.Check {
	var out []*lint.Check
	for _, id := range []string{
		"bad-condition", "bad-date", "bad-grade", "bad-id", "bad-value", "duplicate-field", "duplicate-id", "empty-value",
		"file-name", "folder", "host-outside", "idle-tracker", "missing-field", "never-matches", "one-thing", "repeated-item",
		"self-reference", "unknown-field", "unknown-product", "unknown-vendor", "unreadable", "vocabulary", "wrong-type",
	} {
		out = append(out, &lint.Check{ID: id, Severity: signatures.Error})
	}
	for _, id := range []string{"nothing-to-disable", "overlay-collision"} {
		out = append(out, &lint.Check{ID: id, Severity: signatures.Warning})
	}
	return out
}

// All returns every check with its documentation, sorted by id. The result must
// not be changed.
func All() []*lint.Check { return all() }

var all = sync.OnceValue(func() []*lint.Check {
	out := append(list(), loader()...)
	slices.SortFunc(out, func(a, b *lint.Check) int { return strings.Compare(a.ID, b.ID) })
	for _, c := range out {
		text, err := fs.ReadFile(docs, c.ID+".md")
		if err == nil {
			c.Doc, err = lint.ParseDoc(string(text))
		}
		if err != nil {
			panic(fmt.Sprintf("checks: the documentation of %s: %v", c.ID, err)) // a test reads them all
		}
	}
	return out
})

// Find returns the check of an id, or nil.
func Find(id string) *lint.Check {
	for _, c := range All() {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// signals calls visit for each signal that is in the file of a rule; the loader
// adds others, of Maven coordinates. at leads to the value.
func signals(p *lint.Pass, v *rule.SDK, visit func(i int, s *rule.Signal, at lint.Path)) {
	for i := range v.Signals {
		if p.Source.Has("signals", i) {
			visit(i, &v.Signals[i], lint.Path{"signals", i, v.Signals[i].Type()})
		}
	}
}

// maxCompared bounds the items of a rule that are compared with each other:
// real rules have some dozens, and overlays may be hostile.
const maxCompared = 2000

func strong(s *rule.Signal) bool { return s.EffectiveStrength() == rule.Strong }

func counts(s *rule.Signal) bool { return s.EffectiveStrength() != rule.Context }

// examples calls visit for each example of a rule.
func examples(p *lint.Pass, visit func(list string, i int, e *rule.Example, at lint.Path)) {
	t := signatures.Tests(p.Source.Rule())
	for i := range t.Match {
		visit("match", i, &t.Match[i], lint.Path{"tests", "match", i})
	}
	for i := range t.NoMatch {
		visit("no_match", i, &t.NoMatch[i], lint.Path{"tests", "no_match", i})
	}
}

// tested reports whether rules of the kind can have examples.
func tested(k rule.Kind) bool {
	switch k {
	case rule.KindSDK, rule.KindPacker, rule.KindIdentifier, rule.KindSink, rule.KindNoise:
		return true
	}
	return false
}
