package checks

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// The table was made by signatures/internal/apilist, which names its source.
//
//go:embed data/api.flate
var apiTable []byte

// apiClass is a public class of Android.
type apiClass struct{ supers, members []string }

var api = sync.OnceValue(func() map[string]apiClass {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(apiTable)))
	if err != nil {
		panic("checks: the table of Android's classes: " + err.Error()) // a test reads it
	}
	m := map[string]apiClass{}
	for l := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSuffix(l, "\n"), " ", 3)
		c := apiClass{members: strings.Fields(f[2])}
		if f[1] != "" {
			c.supers = strings.Split(f[1], ",")
		}
		m[f[0]] = c
	}
	return m
})

// ofObject are members that all classes have, and those of all enums.
var ofObject = []string{"<init>", "<clinit>", "clone", "equals", "finalize", "getClass", "hashCode", "notify", "notifyAll", "toString", "wait", "values", "valueOf", "ordinal", "name", "compareTo", "CREATOR"}

func unknownMember() *lint.Check {
	const say = "Android has a class %s, but nothing public in it is called %q; mend the name, or say in \"checked\" against what a hidden one was checked"
	const noted = "Android has a class %s, but nothing public in it is called %q; mend the name"
	return &lint.Check{
		ID: "unknown-member", Severity: signatures.Error,
		SDK: func(p *lint.Pass, v *rule.SDK) {
			signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
				if class, name, ok := missingMember(s.Member); ok {
					p.Reportf(at, noted, class, name)
				}
			})
		},
		Identifier: func(p *lint.Pass, v *rule.Identifier) {
			for i := range v.Sources {
				s := &v.Sources[i]
				if class, name, ok := missingMember(s.Member); ok && s.Checked == "no" {
					p.Reportf(lint.Path{"sources", i, "member"}, say, class, name)
				}
			}
		},
		Sink: func(p *lint.Pass, v *rule.Sink) {
			for i, m := range v.Members {
				if class, name, ok := missingMember(m); ok {
					p.Reportf(lint.Path{"members", i}, noted, class, name)
				}
			}
		},
	}
}

// missingMember reports whether Android has the class of a reference, and
// neither it nor what it extends has a member of that name.
func missingMember(member string) (class, name string, missing bool) {
	class = className(member)
	_, name, _ = strings.Cut(member, "->")
	if i := strings.IndexAny(name, "(:"); i >= 0 {
		name = name[:i]
	}
	if name == strings.ToUpper(name) && !strings.HasPrefix(class, "android.os.Build") {
		return class, name, false // constants are not in the table
	}
	seen := map[string]bool{}
	var has func(c string) bool
	has = func(c string) bool {
		if seen[c] {
			return false
		}
		seen[c] = true
		k, ok := api()[c]
		return !ok || slices.Contains(k.members, name) || slices.ContainsFunc(k.supers, has)
	}
	if _, ok := api()[class]; !ok || slices.Contains(ofObject, name) {
		return class, name, false
	}
	return class, name, !has(class)
}
