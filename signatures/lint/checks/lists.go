package checks

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures/learn"
	"github.com/telltale-apk/telltale/signatures/lint"
)

// The lists that values are compared with: one entry a line, sorted, with "#"
// before comments. They were written for this project, from what many apps
// have in common.
var (
	//go:embed data/libraries.txt
	librariesText string
	//go:embed data/roots.txt
	rootsText string
	//go:embed data/shared-hosts.txt
	sharedHostsText string
	//go:embed data/natives.txt
	nativesText string
	//go:embed data/strings.txt
	stringsText string
	//go:embed data/files.txt
	filesText string
)

var (
	libraries   = sync.OnceValue(func() []string { return lines(librariesText) })
	roots       = sync.OnceValue(func() map[string]bool { return set(rootsText) })
	sharedHosts = sync.OnceValue(func() map[string]bool { return set(sharedHostsText) })
	natives     = sync.OnceValue(func() map[string]bool { return set(nativesText) })
	common      = sync.OnceValue(func() map[string]bool { return set(stringsText) })
	files       = sync.OnceValue(func() map[string]bool { return set(filesText) })
)

func lines(text string) []string {
	var out []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			out = append(out, l)
		}
	}
	return out
}

func set(text string) map[string]bool {
	m := map[string]bool{}
	for _, l := range lines(text) {
		m[l] = true
	}
	return m
}

// corpus is what real artefacts of common libraries hold.
var corpus = sync.OnceValue(func() *learn.Common {
	c, err := learn.Bundled()
	if err != nil {
		panic("checks: the listing of common libraries: " + err.Error()) // a test reads it
	}
	return c
})

// librariesBelow returns the common libraries that stand below a package.
func librariesBelow(prefix string) []string {
	var out []string
	for _, l := range libraries() {
		if l != prefix && lint.Under(l, prefix) {
			out = append(out, l)
		}
	}
	if b := corpus().Below(prefix); b != "" && b != prefix && !slices.Contains(out, b) {
		out = append(out, b)
	}
	return out
}
