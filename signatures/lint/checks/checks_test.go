package checks

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

//go:embed base
var base embed.FS

var today = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// TestExamples runs the bad and the good example of every check. The bad one
// must be caught by that check, and by no other: so each check has a rule that
// only it catches, and removing a check fails here.
func TestExamples(t *testing.T) {
	for _, c := range All() {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			found := run(t, compose(t, c.Doc.Bad, c.ID != "not-formatted"), All())
			if want := []string{c.ID}; !slices.Equal(ids(found), want) {
				t.Errorf("the bad example is caught by %v\n%s", ids(found), render(found))
			}
			if found := run(t, compose(t, c.Doc.Good, c.ID != "not-formatted"), All()); len(ids(found)) > 0 {
				t.Errorf("the good example is caught by %v\n%s", ids(found), render(found))
			}
			if c.ByLoader() {
				return
			}
			found = slices.DeleteFunc(found, func(f lint.Finding) bool { return f.Suppressed != "" })
			without := slices.DeleteFunc(slices.Clone(All()), func(o *lint.Check) bool { return o == c })
			for _, f := range run(t, compose(t, c.Doc.Bad, c.ID != "not-formatted"), without) {
				if f.Suppressed == "" {
					t.Errorf("without the check, %s", f.Diagnostic)
				}
			}
			for _, f := range found {
				if !strings.Contains(f.Message, "; ") {
					t.Errorf("the message does not say how to mend it: %s", f.Message)
				}
				if f.Line == 0 || f.Severity != c.Severity {
					t.Errorf("bad finding %+v", f)
				}
			}
		})
	}
}

// TestSuppressed checks that a reason takes each finding back, and that what
// the loader refuses stays refused.
func TestSuppressed(t *testing.T) {
	sup := "suppress:\n  - lint: ID\n    reason: the product is a special case in this respect\n"
	for _, c := range All() {
		if c.ByLoader() || strings.Contains(c.ID, "suppression") || c.ID == "thin-reason" || c.ID == "not-formatted" {
			continue
		}
		files := slices.Clone(c.Doc.Bad)
		for i := range files {
			if !strings.Contains(files[i].Text, "suppress:") {
				files[i].Text += strings.ReplaceAll(sup, "ID", c.ID)
			}
		}
		found := run(t, compose(t, files, true), All())
		n := 0
		for _, f := range found {
			if f.Suppressed != "" {
				n++
			} else if f.Code == c.ID {
				t.Errorf("%s: not suppressed: %s", c.ID, f.Diagnostic)
			}
		}
		if n == 0 {
			t.Errorf("%s: nothing was suppressed", c.ID)
		}
	}
}

// TestRecordsNeedAnAddress: what calls a domain registered somewhere can be
// looked up; what is said of its owner may be known otherwise.
func TestRecordsNeedAnAddress(t *testing.T) {
	for source, want := range map[string]string{
		"public copies of the pages":                 "vague-source",
		"footer of https://acme.example/about":       "",
		"github.com/acme/notes whois.txt, seen 2019": "",
	} {
		text := "kind: domain\nrecords:\n  - grade: filing\n    country: CN\n    city: Beijing\n    text: 京ICP备12345678号-1\n    source: " + source + "\n"
		if got := strings.Join(ids(run(t, compose(t, []lint.File{{Text: text}}, true), All())), " "); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// TestDocs checks that code and documentation belong together.
func TestDocs(t *testing.T) {
	all := All()
	if len(all) < 40 {
		t.Errorf("%d checks", len(all))
	}
	entries, err := fs.ReadDir(docs, ".")
	if err != nil {
		t.Fatal(err)
	}
	var files, known []string
	for _, e := range entries {
		files = append(files, strings.TrimSuffix(e.Name(), ".md"))
	}
	for _, c := range all {
		known = append(known, c.ID)
		if c.Doc.ID != c.ID {
			t.Errorf("%s.md is about %q", c.ID, c.Doc.ID)
		}
		if !c.ByLoader() {
			if _, err := os.Stat(c.ID + ".go"); err != nil {
				t.Errorf("%s has no file of its own: %v", c.ID, err)
			}
		}
		if Find(c.ID) != c {
			t.Errorf("%s is not found", c.ID)
		}
	}
	if d := cmp.Diff(files, known); d != "" {
		t.Error(d)
	}
	if Find("no-such-check") != nil {
		t.Error("a check was found that is none")
	}
}

// TestLoaderCodes checks that every code that the loader gives is documented.
func TestLoaderCodes(t *testing.T) {
	code := regexp.MustCompile(`(?:errorf\(|diagnostic\([A-Za-z]+, |Code: +)"([a-z-]+)"`)
	for _, file := range []string{"check.go", "yaml.go", "rules.go"} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		found := code.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s gives no code", file)
		}
		for _, m := range found {
			if m[1] != "unknown-" && Find(m[1]) == nil {
				t.Errorf("%s: the code %q is not documented", file, m[1])
			}
		}
	}
}

// TestListsAreSorted keeps the lists free of doubles, and the checks able to
// read them.
func TestLists(t *testing.T) {
	for name, list := range map[string][]string{
		"libraries": lines(librariesText), "roots": lines(rootsText), "shared hosts": lines(sharedHostsText),
		"natives": lines(nativesText), "strings": lines(stringsText), "files": lines(filesText),
	} {
		if s := slices.Compact(slices.Sorted(slices.Values(list))); len(s) != len(list) || len(s) < 20 {
			t.Errorf("%s: %d entries, %d different", name, len(list), len(s))
		}
	}
	if n := len(api()); n < 4000 {
		t.Errorf("%d classes", n)
	}
	for member, want := range map[string]bool{
		"Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;": false,
		"android.telephony.TelephonyManager->getDeviceIds":                      true,
		"android.app.Activity->getSystemService":                                false, // of Context
		"android.os.Build->SERIAL":                                              false,
		"android.os.Build->SERIALS":                                             true,
		"android.os.SystemProperties->get":                                      false, // hidden class
		"com.acme.A->b":                                                         false,
		"java.lang.Thread->start":                                               false,
		"android.content.Context->equals":                                       false,
	} {
		if _, _, got := missingMember(member); got != want {
			t.Errorf("%s: %v", member, got)
		}
	}
}

// run loads files as the database and overlays, and lints them.
func run(t *testing.T, files map[string]string, checks []*lint.Check) []lint.Finding {
	t.Helper()
	folders := map[string]fstest.MapFS{"db": {}}
	for name, text := range files {
		folder, rest := "db", name
		if first, r, _ := strings.Cut(name, "/"); strings.HasPrefix(first, "overlay-") {
			folder, rest = first, r
		}
		if folders[folder] == nil {
			folders[folder] = fstest.MapFS{}
		}
		folders[folder][rest] = &fstest.MapFile{Data: []byte(text)}
	}
	rules, err := signatures.Load(folders["db"], "db", signatures.Bundled)
	var overlays []*signatures.Rules
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		if name != "db" && err == nil {
			var o *signatures.Rules
			o, err = signatures.Load(folders[name], name, signatures.Overlay)
			overlays = append(overlays, o)
		}
	}
	if err == nil {
		rules, err = signatures.Merge(rules, overlays...)
	}
	var le *signatures.LoadError
	if errors.As(err, &le) {
		return lint.FromLoader(le.Diagnostics)
	}
	if err != nil {
		t.Fatal(err)
	}
	found, err := lint.Run(rules, lint.Options{Checks: checks, Known: All(), Today: today, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// ids returns the checks that found something that is not suppressed.
func ids(found []lint.Finding) []string {
	var out []string
	for _, f := range found {
		if f.Suppressed == "" && !slices.Contains(out, f.Code) {
			out = append(out, f.Code)
		}
	}
	slices.Sort(out)
	return out
}

func render(found []lint.Finding) string {
	var b strings.Builder
	for _, f := range found {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// mains are the files that examples without a path are about, by kind.
var mains = map[string]string{
	"sdk": "acme/acme-analytics.yaml", "packer": "acme/acme-analytics.yaml", "vendor": "acme/acme.yaml", "domain": "acme/acme-track.com.yaml",
	"identifier": "identifiers/acme-id.yaml", "sink": "sinks/acme-log.yaml", "noise": "noise/acme-docs.yaml",
}

// compose makes files of an example: the rules of base, with the fields that
// the example shows in place of theirs.
func compose(t *testing.T, example []lint.File, format bool) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(base, "base", func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			text, _ := fs.ReadFile(base, p)
			files[strings.TrimPrefix(p, "base/")] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	original := maps.Clone(files)
	for _, f := range example {
		kind := "sdk"
		for _, b := range blocks(f.Text) {
			if b.key == "kind" {
				kind = strings.TrimSpace(strings.TrimPrefix(b.text, "kind:"))
			}
		}
		main := mains[kind]
		if main == "" {
			t.Fatalf("unknown kind %q", kind)
		}
		text := f.Text
		name := f.Path
		if name == "" {
			name = main
		} else {
			id := strings.TrimSuffix(path.Base(name), ".yaml")
			if path.Base(name) == path.Base(main) && name != main && !strings.HasPrefix(name, "overlay-") && !moved(example, main) {
				delete(files, main)
			}
			text = "id: " + id + "\n" + text
			if !strings.Contains(text, "\nname:") && path.Base(name) != path.Base(main) {
				text = "name: " + id + "\n" + text
			}
			if strings.Contains(text, "status: disabled") {
				files[name] = f.Text
				continue
			}
		}
		files[name] = overlay(original[main], text)
		if formatted, diags := signatures.Format(name, []byte(files[name])); format && len(diags) == 0 {
			files[name] = string(formatted)
		}
	}
	return files
}

// moved reports whether an example has the main file where it is.
func moved(example []lint.File, main string) bool {
	return slices.ContainsFunc(example, func(f lint.File) bool { return f.Path == main })
}

type fieldBlock struct{ key, text string }

// blocks splits a file at its top-level fields. "# no x" stands for a field
// that is taken out.
func blocks(text string) []fieldBlock {
	var out []fieldBlock
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "# no "):
			out = append(out, fieldBlock{key: strings.TrimSpace(strings.TrimPrefix(line, "# no "))})
		case line[0] != ' ' && strings.Contains(line, ":"):
			key, _, _ := strings.Cut(line, ":")
			out = append(out, fieldBlock{key, line})
		case len(out) > 0:
			out[len(out)-1].text += line
		}
	}
	return out
}

func overlay(base, fragment string) string {
	var b strings.Builder
	over := blocks(fragment)
	done := map[string]bool{}
	put := func(key string) {
		for _, o := range over {
			if o.key == key && !(done[key] && key == "id") {
				b.WriteString(o.text)
				if key == "id" {
					break
				}
			}
		}
		done[key] = true
	}
	for _, f := range blocks(base) {
		if slices.ContainsFunc(over, func(o fieldBlock) bool { return o.key == f.key }) {
			put(f.key)
		} else {
			b.WriteString(f.text)
		}
	}
	for _, o := range over {
		if !done[o.key] {
			put(o.key)
		}
	}
	return b.String()
}

// TestHugeRule looks at rules that are far larger than any of use, in bounded
// time.
func TestHugeRule(t *testing.T) {
	var signals, misses, when strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&signals, "  - {code: c.x%d}\n", i)
		fmt.Fprintf(&misses, "    - {class: z.y%d}\n", i)
		fmt.Fprintf(&when, ", {none: [{signal: %d}]}", i%14+1)
	}
	for name, text := range map[string]string{
		"signals":   signals.String() + "tests:\n  match: [{class: c.x1.A}]\n  no_match:\n" + misses.String(),
		"condition": signals.String() + "when: {all: [{signal: 1}" + when.String() + "]}\n",
	} {
		rules, err := signatures.LoadFile("a.yaml", []byte("kind: sdk\nid: a\nname: A\nvendor: v\ncategory: ads\nsignals:\n"+text))
		if err != nil {
			t.Fatal(name, err)
		}
		start := time.Now()
		if _, err := lint.Run(rules, lint.Options{Checks: All(), Workers: 1}); err != nil {
			t.Fatal(name, err)
		}
		t.Logf("%s: %v", name, time.Since(start))
		if d := time.Since(start); d > time.Minute {
			t.Errorf("%s: %v", name, d)
		}
	}
}
