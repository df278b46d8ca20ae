package signatures

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/signatures/rule"
)

const minimal = `kind: sdk
id: a
name: A
vendor: v
category: analytics
signals:
  - code: com.foo
`

func load(text string) (*Rules, error) {
	return Load(fstest.MapFS{"a.yaml": &fstest.MapFile{Data: []byte(text)}}, "dir", Overlay)
}

// TestLoadErrors checks what each mistake says and where. Each text is added
// to the minimal rule unless it begins with "kind:".
func TestLoadErrors(t *testing.T) {
	const events, version = "events: [{call: a.B->c, name: 0", "version: [{"
	tests := []struct{ text, want string }{
		{"kind: sdkk\nid: a\n", `1:7: unknown kind "sdkk"; it is one of sdk, packer, vendor, domain, identifier, sink, noise`},
		{"kind:\nid: a\n", `1:6: unknown kind ""`},
		{"kind: sdk\nid: a\nid: b\n", `3:1: mapping key "id" already defined at [2:1]`},
		{"signal:\n  - code: x\n", `8:1: unknown field "signal"; did you mean "signals"?`},
		{"zzzzzzzzzz: 1\n", `8:1: unknown field "zzzzzzzzzz"; known here: aka, `},
		{"website: [a]\n", `8:10: want text, have a list`},
		{"website: 12\n", `8:10: want text, have a number; put it in quotes`},
		{"website: true\n", `8:10: want text, have true or false; put it in quotes`},
		{"website:\n", `8:10: the value is empty; fill it in or remove the field`},
		{"website: ~\n", `8:10: the value is empty`},
		{"maven: g:a\n", `8:8: want a list, have text`},
		{"maven: [a]\n", `8:9: want group:artifact without a version, have "a"`},
		{"aka: [1]\n", `8:6: want a set of "name: value" pairs, have a list`},
		{"aka: {x: [1]}\n", `8:10: want text, have a list`},
		{"relations: text\n", `8:12: want fields, have text`},
		{"website: &a x\n", `8:10: anchors, aliases and tags are not allowed`},
		{"website: !!str x\n", `8:10: anchors, aliases and tags are not allowed`},
		{"---\nkind: sdk\n", `9:1: the file holds more than one document`},
		{"website: \"x\n", `8:10: could not find end character of double-quoted text`},
		{"- a\n", `8:1: `},
		{"status: new\n", `8:9: unknown status "new"; it is one of experimental, stable, deprecated, disabled`},
		{"evidence: [{text: t, source: s, date: 2026-02-30}]\n", `8:39: want a date as YYYY-MM-DD, have "2026-02-30"`},
		{"evidence: [{text: t, date: 2026-02-20}]\n", `8:12: field "source" is missing`},
		{"suppress: [{lint: x, reason: \"\"}]\n", `8:30: the value is empty`},
		{"wired: [{call: a.B->c, meta-data: m}]\n", `8:9: call and meta-data are set together; split them, one each`},
		{"wired: [{}]\n", `8:9: nothing is set here; one of call, meta-data, component must be`},
		{"wired: [{call: a.B.c}]\n", `8:16: want a member as com.foo.Bar->name or Lcom/foo/Bar;->name(I)V, have "a.B.c"`},
		{"wired: [{call: \"La/B;->c(\"}]\n", `8:16: "(" is not a prototype`},
		{"wired: [{call: \"La/B->c()V\"}]\n", `8:16: want a dotted class`},
		{events + ", keys: -1}]\n", `8:40: positions of parameters count from 0`},
		{"events: [{call: a.B->c}]\n", `8:10: field "name" is missing`},
		{"events: [{call: a.B->c, name: x}]\n", `8:31: want a whole number, have text`},
		{version + "meta-data: m, key: k}]\n", `8:31: "key" names a property of "file", which is missing`},
		{version + "prefix: abc}]\n", `8:20: the prefix is shorter than 4 characters`},
		{version + "file: /a}]\n", `8:18: the path is inside the APK and does not begin with "/"`},
		{"app_keys: [{resource: app_id}]\n", `8:23: want type and name of a resource such as string/app_name, have "app_id"`},
		{"relations: {contains: [a]}\n", `8:24: the rule names itself`},
		{"relations: {part_of: A}\n", `8:22: "A" is not an id`},
		{"verified: [{artifact: a, sha256: abc, date: 2026-01-01}]\n", `8:34: want a SHA-256 as 64 lower-case hex digits`},
		{"disabled_by: [{meta-data: m, value: \"true\"}]\n", `8:15: field "source" is missing`},
		{"when: {signal: 2}\n", `8:16: there is no signal number 2; the rule has 1, counted from 1`},
		{"when: {signal: 1, all: [{signal: 1}]}\n", `8:1: exactly one of all, any, none and signal must be set`},
		{"when: {any: [{signal: 1}], at_least: 2}\n", `8:38: want a number from 1 to 1, the items of "any"`},
		{"when: {all: []}\n", `8:8: the list is empty`},
		{"tests: {match: [{}]}\n", `8:17: the example is empty`},
		{"tests: {match: [{class: a/b}]}\n", `8:25: want a dotted class such as com.foo.Bar$Inner, have "a/b"`},

		{"kind: vendor\nid: A\nname: N\n", `2:5: bad id "A": use lower-case letters`},
		{"kind: vendor\nid: a\nname: N\nrecords: [{grade: registrant, country: CN, text: t, source: s}]\n", `4:19: grade "registrant" speaks of a domain; of a company say "company-filing" or "company-seat"`},
		{"kind: vendor\nid: a\nname: N\nrecords: [{grade: company-seat, country: cn, text: t, source: s}]\n", `4:42: want a country as two upper-case letters`},
		{"kind: vendor\nid: a\nname: N\nparent: a\n", `4:9: the vendor is its own parent`},
		{"kind: domain\nid: example\nname: N\nvendor: v\nhosts: [{host: a.example.cn}]\n", `5:16: "a.example.cn" is not below "example"`},
		{"kind: domain\nid: example.cn\nname: N\nvendor: v\nrole: sales\n", `5:7: unknown role "sales"`},
		{"kind: domain\nid: example.cn\nname: N\nvendor: v\nhosts: [{host: A.example.cn}]\n", `5:16: write the host in lower case`},
		{"kind: domain\nid: example.cn\nname: N\nvendor: v\nhosts: [{host: a.example.cn, region: Russia}]\n", `5:38: want two upper-case letters or "intl", have "Russia"`},
		{"kind: domain\nid: example.cn\nname: N\nvendor: v\nhosts: [{host: a.example.cn}, {host: a.example.cn}]\n", `5:38: the host is the same as number 1`},
		{"kind: identifier\nid: a\nname: N\ngroup: x\nglossary: g\nreset: never\nsources: [{setting: s, checked: x}]\n", `4:8: unknown group "x"`},
		{"kind: identifier\nid: a\nname: N\ngroup: device\nglossary: g\nreset: never\nsources: [{setting: s, args: {0: x}, checked: x}]\n", `7:24: "args" restricts a member, and this source has none`},
		{"kind: identifier\nid: a\nname: N\ngroup: device\nglossary: g\nreset: never\nsources: [{setting: s, property: p, checked: x}]\n", `7:11: setting and property are set together`},
		{"kind: identifier\nid: a\nname: N\ngroup: device\nglossary: g\nreset: never\nsources: [{setting: s}]\n", `7:11: field "checked" is missing`},
		{"kind: identifier\nid: a\nname: N\ngroup: device\nglossary: g\nreset: never\nsources: [{shell: ps, checked: x}]\n", `7:19: the command is shorter than 4 characters`},
		{"kind: identifier\nid: a\nname: N\ngroup: device\nglossary: g\nreset: never\nsources: []\n", `7:1: the list of sources is empty`},
		{"kind: sink\nid: a\nname: N\ngroup: drain\nmembers: [a.B->c]\n", `4:8: unknown group "drain"`},
		{"kind: sink\nid: a\nname: N\ngroup: log\nmembers: [a.B->c, a.B->c]\n", `5:19: the member is the same as number 1`},
		{"kind: noise\nid: a\nname: N\nreason: r\n", `1:1: a noise rule needs hosts or urls`},
		{"kind: noise\nid: a\nname: N\nreason: r\nurls: [example.org]\n", `5:8: want the beginning of a URL with its scheme`},
		{"kind: packer\nid: a\nname: N\nvendor: v\ncategory: ads\nsignals: [{native: libx.so}]\n", `5:11: a packer has category "packer"`},
		{"text", `1:1: a rule file begins with fields such as "kind: sdk", not with text`},
		{"[1, 2", `1:`},
		{strings.Repeat("[", 1000), `1:33: collections are nested deeper than 32`},
		{strings.Repeat("- ", 1000) + "a", `collections are nested deeper than 32`},
		{"kind: sdk\n\xff\n", `2:1: the text is not UTF-8`},
		{"", "the file is empty"},
		{"# only a comment\n", "the file holds no rule"},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			text := tt.text
			if !strings.HasPrefix(text, "kind:") && strings.Contains(text, ":") && !strings.HasPrefix(text, "#") || text == "- a\n" {
				text = minimal + text
			}
			_, err := load(text)
			var le *LoadError
			if !errors.As(err, &le) {
				t.Fatalf("error %v for\n%s", err, text)
			}
			got := ""
			for _, d := range le.Diagnostics {
				if d.File != "dir/a.yaml" || d.Severity != Error {
					t.Errorf("%+v", d)
				}
				got += fmt.Sprintf("%d:%d: %s\n", d.Line, d.Column, d.Message)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got\n%swant\n%s\nfor\n%s", got, tt.want, text)
			}
		})
	}
}

// TestSignalSyntax checks each type of signal with values that are right and
// values that are not.
func TestSignalSyntax(t *testing.T) {
	tests := []struct {
		field     string
		good, bad []string
	}{
		{"code", []string{"com.foo", "okio", "com.foo.Bar$X", "a.b_c.d1", "o.ооо"}, []string{"com.foo.", "com.foo.*", "com/foo", "com..foo", ".com", "Lcom/foo;", "com.1foo", "com foo"}},
		{"class", []string{"com.foo.Bar", "Foo", "a.b$c$1"}, []string{"com.foo.", "Lcom/foo/Bar;", "a/b"}},
		{"code-ref", []string{"com.foo"}, []string{"com.foo.*"}},
		{"member", []string{"com.foo.Bar->go", "Lcom/foo/Bar;->go(I[Ljava/lang/String;)V", "La;->f:[I", "a.B-><init>"}, []string{"com.foo.Bar.go", "La;->go(V)V", "La;->go()", "La;->f:", "La;->f:II", "a.B->a b", "->x", "a.B->"}},
		{"string", []string{"abc", "ab", "abcd*", "a*b"}, []string{"abc*", "*"}},
		{"endpoint", []string{"a.example.cn", "localhost", "xn--fiq.cn"}, []string{"https://a.cn", "a.cn/x", "*.a.cn", "A.cn", "a.cn:80", "a..cn", "ä.cn"}},
		{"provider", []string{"com.foo.P"}, []string{"com/foo/P"}},
		{"authority", []string{"com.foo.p", "*.p"}, []string{"${applicationId}.p", "a.*", "*", "a b"}},
		{"permission", []string{"a.b.C", "*.permission.X"}, []string{"*"}},
		{"native", []string{"libfoo.so", "libfoo*.so", "*foo.so"}, []string{"foo", "lib/x86/libfoo.so", "li*bfoo.so", "lib*.so", "lib*foo*.so"}},
		{"symbol", []string{"Java_com_foo_bar", "Java_com_*"}, []string{"JNI_OnLoad", "Jav*"}},
		{"build-id", []string{"0123456789abcdef0123"}, []string{"0123", "0123456789ABCDEF"}},
		{"file", []string{"META-INF/x", "META-INF/x*"}, []string{"/x", "*", "a*b"}},
		{"asset", []string{"x/y.json"}, []string{"/x"}},
		{"resource", []string{"string/x"}, []string{"x", "@string/x", "string/"}},
		{"maven", []string{"g.h:a-b"}, []string{"g", "g:a:1"}},
		{"meta-data", []string{"com.foo.KEY"}, []string{"' x'"}},
	}
	for _, tt := range tests {
		for _, list := range []struct {
			values []string
			ok     bool
		}{{tt.good, true}, {tt.bad, false}} {
			for _, v := range list.values {
				text := strings.Replace(minimal, "code: com.foo\n", tt.field+": '"+strings.Trim(v, "'")+"'\n", 1)
				if _, err := load(text); (err == nil) != list.ok {
					t.Errorf("%s: %q: error %v", tt.field, v, err)
				}
			}
		}
	}
}

func TestRuleThatCannotMatch(t *testing.T) {
	for signals, ok := range map[string]bool{
		"[{code: a.b, strength: weak}]":                                       false,
		"[{code: a.b, strength: weak}, {code: a.c, strength: weak}]":          false,
		"[{code: a.b, strength: weak}, {native: liba.so, strength: weak}]":    true,
		"[{code: a.b, strength: context}, {native: liba.so, strength: weak}]": false,
		"[{code: a.b}, {code: a.b}]":                                          false, // twice the same
	} {
		_, err := load(strings.Replace(minimal, "signals:\n  - code: com.foo\n", "signals: "+signals+"\n", 1))
		if (err == nil) != ok {
			t.Errorf("%s: %v", signals, err)
		}
	}
}

func TestLoadAllErrors(t *testing.T) {
	_, err := Load(fstest.MapFS{
		"b/two.yml":  &fstest.MapFile{Data: []byte(minimal + "x: 1\ny: 2\n")},
		"a/one.yaml": &fstest.MapFile{Data: []byte("kind: nothing\n")},
		"ok.yaml":    &fstest.MapFile{Data: []byte(strings.Replace(minimal, "id: a", "id: b", 1))},
		"notes.txt":  &fstest.MapFile{Data: []byte("kind: nothing\n")},
	}, "over/lay", Overlay)
	want := `over/lay/a/one.yaml:1:7: error: unknown kind "nothing"; it is one of sdk, packer, vendor, domain, identifier, sink, noise
    1 | kind: nothing
      |       ^
over/lay/b/two.yml:8:1: error: unknown field "x"; did you mean "aka"?
    8 | x: 1
      | ^
over/lay/b/two.yml:9:1: error: unknown field "y"; did you mean "aka"?
    9 | y: 2
      | ^
3 errors in signature files`
	if err == nil || strings.ReplaceAll(err.Error(), `; did you mean "aka"?`, "") != strings.ReplaceAll(want, `; did you mean "aka"?`, "") {
		// What is near a name of one letter does not matter.
		got := ""
		if err != nil {
			got = err.Error()
		}
		for _, line := range strings.Split(want, "\n") {
			if !strings.Contains(line, "unknown field") && !strings.Contains(got, line) {
				t.Errorf("missing %q in\n%s", line, got)
			}
		}
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/zero", dir+"/a.yaml"); err != nil {
		t.Skip(err)
	}
	if _, err := Load(os.DirFS(dir), dir, Overlay); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
	if _, err := Load(os.DirFS(dir+"/missing"), "missing", Overlay); err == nil {
		t.Error("a folder that is not there is no error")
	}
	big := fstest.MapFS{"a.yaml": &fstest.MapFile{Data: bytes.Repeat([]byte("#"), MaxFileSize+1)}}
	if _, err := Load(big, "x", Overlay); err == nil || !strings.Contains(err.Error(), "may have") {
		t.Errorf("error %v", err)
	}
}

func TestBundledLayout(t *testing.T) {
	files := fstest.MapFS{
		"v/a.yaml":      &fstest.MapFile{Data: []byte(minimal)},
		"v/vendor.yaml": &fstest.MapFile{Data: []byte("kind: vendor\nid: v\nname: V\n")},
		"w/b.yaml":      &fstest.MapFile{Data: []byte(strings.Replace(minimal, "id: a", "id: c", 1))},
		"v/d.yaml":      &fstest.MapFile{Data: []byte("kind: sdk\nid: d\nstatus: disabled\n")},
		"v/e.yaml":      &fstest.MapFile{Data: []byte(strings.Replace(strings.Replace(minimal, "id: a", "id: e", 1), "vendor: v", "vendor: vv", 1) + "relations: {requires: [aa]}\n")},
	}
	_, err := Load(files, "db", Bundled)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`db/w/b.yaml:2:5: error: the file is named "b.yaml"; name it "c.yaml" after its id`,
		`db/w/b.yaml:2:5: error: the file is in folder "w"; it belongs in "v"`,
		`db/v/d.yaml:3:9: error: only overlays disable rules`,
		`db/v/e.yaml:4:9: error: there is no vendor "vv"; did you mean "v"?`,
		`db/v/e.yaml:8:24: error: there is no SDK "aa"; did you mean "a"?`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in\n%v", want, err)
		}
	}
	for _, f := range []string{"w/b.yaml", "v/d.yaml", "v/e.yaml"} {
		delete(files, f)
	}
	if _, err := Load(files, "db", Bundled); err != nil {
		t.Error(err)
	}
}

func TestMerge(t *testing.T) {
	base := parse(t, "kind: vendor\nid: v\n---\nid: a\nsignals: [{code: com.a}]\n---\nid: b\nsignals: [{code: com.b}]")
	over := parse(t, "id: a\nsignals: [{code: com.new.a}]\n---\nkind: sdk\nid: b\nstatus: disabled\nvendor: v\ncategory: ads\n---\nid: c\nvendor: unknown\nsignals: [{code: com.c}]\n---\nkind: noise\nid: zz\nstatus: disabled")
	all, err := Merge(base, over)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for r := range all.List() {
		ids = append(ids, string(r.Kind)+":"+r.ID)
	}
	if want := []string{"sdk:a", "sdk:c", "vendor:v"}; !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
	if s := all.SDK("a"); s.Signals[0].Code != "com.new.a" {
		t.Errorf("a has %v", s.Signals)
	}
	var warnings []string
	for _, w := range all.Warnings() {
		warnings = append(warnings, w.Message)
	}
	slices.Sort(warnings)
	if want := []string{`there is no noise "zz" that could be disabled`, `there is no vendor "unknown"`}; !slices.Equal(warnings, want) {
		t.Errorf("warnings %q", warnings)
	}
	if all.Digest() == base.Digest() || all.Digest() == over.Digest() {
		t.Error("digests are equal")
	}
	again, err := Merge(all)
	if err != nil || again.Digest() != all.Digest() {
		t.Errorf("merged with nothing: %v", err)
	}
	// Compiled by itself, an overlay loses what it disables.
	if c := compile(t, over); c.Rules().SDK("b") != nil || c.Rules().SDK("c") == nil {
		t.Error("disabled rules are compiled")
	}
	// An id that an SDK has cannot become a packer's as well.
	clash := parse(t, "kind: packer\nid: a\ncategory: packer\nvendor: v\nsignals: [{native: libx.so}]")
	if _, err := Merge(base, clash); err == nil || !strings.Contains(err.Error(), `the id "a" is taken`) {
		t.Errorf("error %v", err)
	}
	loop := parse(t, "kind: vendor\nid: v\nparent: w\n---\nkind: vendor\nid: w\nparent: v")
	if _, err := Merge(base, loop); err == nil || !strings.Contains(err.Error(), "its own parent") {
		t.Errorf("error %v", err)
	}
}

func TestDuplicateIDs(t *testing.T) {
	_, err := Load(fstest.MapFS{
		"1.yaml": &fstest.MapFile{Data: []byte(minimal)}, "2.yaml": &fstest.MapFile{Data: []byte(minimal)},
	}, "x", Overlay)
	if err == nil || !strings.Contains(err.Error(), `x/2.yaml:2:5: error: the id "a" is taken by x/1.yaml already`) {
		t.Errorf("error %v", err)
	}
}

// TestDigest holds that the way of writing does not matter and content does.
func TestDigest(t *testing.T) {
	digest := func(text string) string {
		t.Helper()
		r, err := load(text)
		if err != nil {
			t.Fatal(err)
		}
		return r.Digest()
	}
	base := digest(minimal)
	if !strings.HasPrefix(base, "sha256:") || len(base) != 71 {
		t.Errorf("digest %q", base)
	}
	for _, same := range []string{
		"# comment\n" + minimal,
		"signals: [{code: 'com.foo'}]\ncategory: \"analytics\"\nvendor: v\nname: A\nid: a\nkind: sdk\n",
		minimal + "maven: []\n",
		minimal + "tests: {}\n",
	} {
		if digest(same) != base {
			t.Errorf("another digest for\n%s", same)
		}
	}
	for _, other := range []string{
		strings.Replace(minimal, "name: A", "name: B", 1),
		minimal + "notes: x\n",
		minimal + "tests: {match: [{class: com.foo.A}]}\n",
		strings.Replace(minimal, "com.foo", "com.foo\n    strength: strong", 1),
	} {
		if digest(other) == base {
			t.Errorf("the same digest for\n%s", other)
		}
	}
	if a, b := digest(minimal), digest(strings.Replace(minimal, "id: a", "id: b", 1)); a == b {
		t.Error("ids do not matter")
	}
}

func TestCounts(t *testing.T) {
	r := parse(t, "id: a\nstatus: experimental\nsignals: [{code: com.a}]\n---\nid: b\nsignals: [{code: com.b}]\n---\nkind: vendor\nid: v")
	if d := cmp.Diff(map[string]int{"sdk": 2, "vendor": 1}, r.Counts()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]map[string]int{"sdk": {"experimental": 1, "stable": 1}, "vendor": {"stable": 1}}, r.StatusCounts()); d != "" {
		t.Error(d)
	}
	n := 0
	for range All[rule.SDK](r) {
		n++
	}
	if n != 2 || r.Get(rule.KindVendor, "v").(*rule.Vendor).ID != "v" || r.Get(rule.KindSink, "v") != nil || r.Vendor("a") != nil {
		t.Error("rules are not found by kind")
	}
}

func TestExcerpt(t *testing.T) {
	text := []byte("one\ntwo \x1b[31mred\nthree\tfour\n" + strings.Repeat("x", 400) + "\n")
	for _, tt := range []struct {
		line, col int
		want      string
	}{
		{1, 2, "    1 | one\n      |  ^"},
		{2, 5, "    2 | two ?[31mred\n      |     ^"},
		{3, 7, "    3 | three\tfour\n      |      \t^"},
		{4, 300, "    4 | " + strings.Repeat("x", 160) + "\n      | " + strings.Repeat(" ", 79) + "^"},
		{9, 1, ""},
	} {
		if got := excerpt(text, tt.line, tt.col); got != tt.want {
			t.Errorf("line %d: %q, want %q", tt.line, got, tt.want)
		}
	}
}

// TestBundle holds that rules from the bundle are those from the files: the
// same structs, digest and index.
func TestBundle(t *testing.T) {
	for name, r := range map[string]*Rules{
		"everything": parse(t, everyField),
		"synthetic":  syntheticRules(t, 40),
		"empty":      mustFinish(t, &Rules{}),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := EncodeBundle(r)
			if err != nil {
				t.Fatal(err)
			}
			again, err := EncodeBundle(r)
			if err != nil || !bytes.Equal(b, again) {
				t.Error("two bundles of the same rules differ")
			}
			got, err := DecodeBundle(string(b))
			if err != nil {
				t.Fatal(err)
			}
			if got.Len() != r.Len() || got.Digest() != r.Digest() || digestOf(got.entries) != r.Digest() {
				t.Errorf("%d rules, digest %s; want %d, %s", got.Len(), got.Digest(), r.Len(), r.Digest())
			}
			for i, e := range r.entries {
				if !reflect.DeepEqual(e.value(), got.entries[i].value()) {
					t.Errorf("%s %s: %s", e.kind, e.id, cmp.Diff(e.value(), got.entries[i].value()))
				}
				if g := got.entries[i]; g.kind != e.kind || g.id != e.id || g.status != e.status || g.name != e.name {
					t.Errorf("%v is not %v", g, e)
				}
			}
			x := compile(t, r).x
			if !reflect.DeepEqual(x.nodes, got.compiled.nodes) || !slices.Equal(x.postings, got.compiled.postings) ||
				!slices.Equal(x.slots, got.compiled.slots) || x.keys != got.compiled.keys || x.spaces != got.compiled.spaces ||
				!reflect.DeepEqual(x.firsts, got.compiled.firsts) || !reflect.DeepEqual(x.shapes, got.compiled.shapes) {
				t.Error("the index differs")
			}
		})
	}
	for _, bad := range []string{"", "TTRULES\x01", strings.Repeat("x", 200), bundled[:len(bundled)-1], bundled[:8] + "x" + bundled[9:]} {
		if _, err := DecodeBundle(bad); !errors.Is(err, errBundle) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

// everyField sets every field of every kind of rule.
const everyField = `
kind: sdk
id: all
name: All
status: deprecated
notes: n
evidence: [{text: t, source: s, date: 2026-01-01, origin: exodus}]
suppress: [{lint: l, reason: r}]
vendor: v
category: ads
website: https://example.org
maven: ["g:a"]
aka: {exodus: 1, other: x}
signals:
  - code: com.foo
  - class: com.foo.Bar
    strength: weak
    note: n
  - endpoint: {host: a.example.org, path: /x, query: [a, b]}
    strength: context
when: {all: [{any: [{signal: 1}, {signal: 2}], at_least: 1}, {none: [{signal: 3}]}]}
wired: [{call: com.foo.A->b}, {meta-data: m}, {component: com.foo.C}]
disabled_by: [{meta-data: m, value: "true", source: s}]
events: [{call: com.foo.A->e, name: 0, keys: 0}, {call: com.foo.A->f, name: 2}]
version: [{constant: com.foo.A->V}, {method: com.foo.A->v}, {meta-data: m}, {file: f, key: k}, {prefix: foo/}]
app_keys: [{meta-data: m}, {resource: string/x}]
relations: {contains: [b], part_of: b, superseded_by: [b], requires: [b]}
verified: [{artifact: a, sha256: "0000000000000000000000000000000000000000000000000000000000000000", source: s, version: "1", date: 2026-01-01}]
false_positives: none
tests: {match: [{class: com.foo.A}], no_match: [{member: com.foo.A->b, args: {0: x, 1: y}}]}
---
kind: sdk
id: b
signals: [{code: com.b}]
---
kind: vendor
id: v
legal_name: V Ltd
website: https://example.org
parent: w
records: [{grade: company-seat, city: C, province: P, country: CN, text: t, source: s, date: 2026-01-01}]
---
kind: vendor
id: w
---
kind: domain
id: example.cn
vendor: v
role: analytics
records: [{grade: registrant, country: CN, text: t, source: s}]
hosts: [{host: a.example.cn, role: ads, sdk: b, region: RU, paths: [/x], source: s}]
---
kind: identifier
id: i
group: device
glossary: g
reset: never
permission: p
restricted_from: 29
restriction: r
sources: [{member: a.B->c, permission: none, strength: weak, args: {0: x, 10: y}, checked: x, origin: o, note: n}, {uri: "content://x", checked: "no"}]
---
kind: sink
id: s
group: network
members: [a.B->c]
permission: p
---
kind: noise
id: n
reason: r
hosts: [example.org]
urls: ["http://example.org/"]
---
kind: packer
id: p
vendor: v
category: packer
signals: [{native: libp.so}]
`

// TestDatabase runs every bundled rule: it loads, its examples turn out as
// they say, and the embedded bundle is made from these files.
func TestDatabase(t *testing.T) {
	r, err := Load(os.DirFS("db"), "db", Bundled)
	if err != nil {
		t.Fatal(err)
	}
	fails, err := r.TestAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fails {
		t.Error(f)
	}
	b, err := EncodeBundle(r)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != bundled {
		t.Error("bundled.bin is not made from these rules; run go generate ./signatures")
	}
	d, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if d.Digest() != r.Digest() {
		t.Errorf("bundle %s, files %s", d.Digest(), r.Digest())
	}
}

// TestRuleTests holds that examples are really tried.
func TestRuleTests(t *testing.T) {
	r := parse(t, `
id: a
signals: [{code: com.foo}, {endpoint: a.example.cn, strength: weak}]
tests:
  match: [{class: com.foo.A}, {class: com.bar.A}, {host: a.example.cn}]
  no_match: [{class: com.foobar.A}, {class: com.foo.B}]
---
kind: identifier
id: i
group: device
glossary: g
reset: never
sources: [{member: "La/B;->c(I)V", args: {0: "7"}, checked: x}, {setting: android_id, checked: x}]
tests:
  match: [{member: "La/B;->c(I)V", args: {0: "7"}}, {string: android_id}, {string: other}]
  no_match: [{member: "La/B;->c(I)V"}, {member: "La/B;->c()V", args: {0: "7"}}]
---
kind: noise
id: n
reason: r
hosts: [example.org]
tests:
  match: [{host: www.example.org}, {url: "https://example.org/x"}, {host: example.com}]
  no_match: [{host: notexample.org}]
---
kind: sink
id: s
group: log
members: [a.B->c]
tests: {match: [{member: a.B->c}], no_match: [{member: a.B->c}]}
`)
	fails, err := r.TestAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fails {
		got = append(got, fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message))
	}
	want := []string{
		`test/0.yaml:5:31: the example does not match: nothing of it was seen`,
		`test/0.yaml:5:51: the example does not match: seen: endpoint: a.example.cn (weak)`,
		`test/0.yaml:6:37: the example matches: seen: code: com.foo (strong)`,
		`test/1.yaml:8:75: the example does not match: nothing of it was seen`,
		`test/3.yaml:5:47: the example matches: seen: La/B;->c()V`,
		`test/2.yaml:6:68: the example does not match: nothing of it was seen`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func FuzzLoad(f *testing.F) {
	for _, doc := range strings.Split(everyField, "\n---\n") {
		f.Add([]byte(strings.TrimSpace(doc)))
	}
	f.Add([]byte(minimal))
	db := os.DirFS("db")
	for _, name := range []string{"umeng/umeng-analytics.yaml", "identifiers/imei.yaml"} {
		if b, err := fs.ReadFile(db, name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := load(string(text))
		if err != nil {
			var le *LoadError
			if !errors.As(err, &le) || !hasErrors(le.Diagnostics) {
				t.Fatalf("error %T: %v", err, err)
			}
			lines := bytes.Count(text, []byte("\n")) + 1
			for _, d := range le.Diagnostics {
				if d.Line < 0 || d.Line > lines+1 || d.Column < 0 || d.Message == "" {
					t.Fatalf("%d lines, diagnostic %+v", lines, d)
				}
			}
			return
		}
		// What loads can be compiled, bundled, tried, and loaded again from
		// its canonical form, which is YAML too.
		c, err := Compile(r)
		if err != nil {
			t.Fatal(err)
		}
		if c.rules.Len() == 0 {
			return
		}
		v := c.rules.entries[0].value()
		if _, err := Test(v); err != nil {
			t.Fatal(err)
		}
		b, err := EncodeBundle(c.rules)
		if err != nil {
			return // a key may be too long for the bundle
		}
		d, err := DecodeBundle(string(b))
		if err != nil || !bytes.Equal(canonical(v), canonical(d.entries[0].value())) {
			t.Fatalf("bundle: %v", err)
		}
		again, err := load(string(canonical(v)))
		if err != nil {
			if strings.ContainsAny(string(canonical(v)), "\\") {
				return // not every JSON escape is one of the YAML parser's
			}
			t.Fatalf("canonical form: %v", err)
		}
		if again.Digest() != r.Digest() {
			t.Fatalf("loaded again, %s is %s", canonical(v), canonical(again.entries[0].value()))
		}
	})
}

func TestManifestExample(t *testing.T) {
	sdk := &rule.SDK{
		Header: rule.Header{Kind: rule.KindSDK, ID: "a", Name: "A"},
		Signals: []rule.Signal{
			{Service: "com.acme.PushService"},
			{Authority: "*.acme", Strength: rule.Weak},
			{Class: "com.acme.A"},
			{Action: "com.acme.PUSH", Strength: rule.Weak},
			{MetaData: "ACME_KEY", Strength: rule.Weak},
			{Permission: "*.permission.ACME", Strength: rule.Weak},
		},
		Wired: []rule.Wired{{Call: "com.acme.A->init"}},
		Tests: rule.Tests{Match: []rule.Example{{
			Manifest: `<service android:name="com.acme.PushService"><intent-filter><action android:name="com.acme.PUSH"/></intent-filter></service>
				<provider android:name=".P" android:authorities="${applicationId}.acme"/><meta-data android:name="ACME_KEY" android:value="1"/>
				<permission android:name="${applicationId}.permission.ACME"/>`,
			With: []rule.Example{{Class: "com.acme.A"}},
		}}},
	}
	n, untested, err := Cover(sdk)
	if err != nil || n["signals"] != 6 || n["wired"] != 1 {
		t.Fatal(n, err)
	}
	want := []Untested{{List: "wired", Text: "com.acme.A->init"}}
	if d := cmp.Diff(want, untested); d != "" {
		t.Error(d)
	}
	for text, want := range map[string]string{
		"<service":    "is not XML",
		"<intent/><a": "is not XML",
		"<fragment/>": "<fragment> says nothing",
		"nothing":     "has no element",
	} {
		_, err := load("kind: sdk\nid: a\nname: A\nvendor: v\ncategory: ads\nsignals: [{code: com.a}]\ntests: {match: [{manifest: \"" + text + "\"}]}\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
