package checks

import (
	"io/fs"
	"testing"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

// FuzzLint looks at hostile overlays with all checks: none may panic, and a
// rule file that is read twice is found fault with in the same way.
func FuzzLint(f *testing.F) {
	if err := fs.WalkDir(base, "base", func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			text, _ := fs.ReadFile(base, p)
			f.Add(text)
		}
		return err
	}); err != nil {
		f.Fatal(err)
	}
	for _, c := range All() {
		f.Add([]byte(overlay("kind: sdk\nid: a\nname: A\nvendor: v\ncategory: ads\nsignals:\n  - code: com.a\n", c.Doc.Bad[0].Text)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, err := signatures.LoadFile("a.yaml", text)
		if err != nil {
			return
		}
		first, err := lint.Run(rules, lint.Options{Checks: All(), Today: today, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range first {
			if f.Line < 1 || Find(f.Code) == nil {
				t.Errorf("%+v", f)
			}
		}
		if again, _ := lint.Run(rules, lint.Options{Checks: All(), Today: today, Workers: 1}); render(again) != render(first) {
			t.Errorf("%s\n%s", render(first), render(again))
		}
	})
}
