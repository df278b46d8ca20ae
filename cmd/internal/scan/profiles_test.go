package scan_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/profile"
)

// trackerRule is a rule for the library of the recipes, by name.
const trackerRule = `kind: sdk
id: tracker-sdk
name: Tracker
vendor: example
category: analytics
status: stable
signals:
  - code: com.example.tracker
`

// recipe is a library of some classes as smali: each loads strings of its own,
// calls the framework, and calls the next.
func recipe(version string) string {
	calls := []string{
		"invoke-static {}, Landroid/os/SystemClock;->elapsedRealtime()J",
		"invoke-static {}, Ljava/lang/System;->currentTimeMillis()J",
		"invoke-static {}, Ljava/lang/Thread;->currentThread()Ljava/lang/Thread;",
		"invoke-static {}, Ljava/util/Locale;->getDefault()Ljava/util/Locale;",
		"invoke-static {}, Landroid/os/Process;->myPid()I",
	}
	var b strings.Builder
	for i := range 16 {
		fmt.Fprintf(&b, ".class public Lcom/example/tracker/Part%c;\n.field private static count:I\n", 'A'+i)
		fmt.Fprintf(&b, ".method public static work()V\n    .registers 2\n")
		for k := range 4 {
			fmt.Fprintf(&b, "    const-string v0, \"tracker part %d does %d\"\n", i, k)
		}
		if i == 3 {
			fmt.Fprintf(&b, "    const-string v0, \"tracker-agent/%s\"\n", version)
		}
		for k := range 2 + i%3 {
			fmt.Fprintf(&b, "    %s\n", calls[(i+k*k)%len(calls)])
		}
		for k := range 4 {
			fmt.Fprintf(&b, "    invoke-static {}, Landroid/tracker/Part%d;->does%d()V\n", i, k)
		}
		if i < 15 {
			fmt.Fprintf(&b, "    invoke-static {}, Lcom/example/tracker/Part%c;->work()V\n", 'A'+i+1)
		}
		b.WriteString("    return-void\n.end method\n")
	}
	return b.String()
}

var partName = regexp.MustCompile(`Lcom/example/tracker/Part([A-Z]);->work|Lcom/example/tracker/Part([A-Z]);`)

// obfuscate gives classes and methods of a recipe other names.
func obfuscate(s string) string {
	s = partName.ReplaceAllStringFunc(s, func(m string) string {
		sub := partName.FindStringSubmatch(m)
		out := "La/" + strings.ToLower(sub[1]+sub[2]) + ";"
		if sub[1] != "" {
			out += "->a"
		}
		return out
	})
	return strings.ReplaceAll(strings.ReplaceAll(s, " work()V", " a()V"), "private static count:I", "private static a:I")
}

func trackerRules(t *testing.T) *signatures.Compiled {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tracker-sdk.yaml"), []byte(trackerRule), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := signatures.Load(os.DirFS(dir), dir, signatures.Overlay)
	if err != nil {
		t.Fatal(err)
	}
	c, err := signatures.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func source(t *testing.T, text string) extract.Source {
	t.Helper()
	data, err := dextest.Assemble(text)
	if err != nil {
		t.Fatal(err)
	}
	return extract.Source{Parts: []extract.Part{{Path: "x.dex", Role: extract.RoleBase, Size: int64(len(data)), R: bytes.NewReader(data)}}}
}

// learned is an index of the library in two versions, beside other families.
func learned(t *testing.T) string {
	t.Helper()
	l := profile.NewLearner()
	add := func(a profile.Artefact, text string) {
		set, err := extract.App(context.Background(), source(t, text), extract.Options{})
		if err != nil {
			t.Fatal(err)
		}
		l.Add(a, set.Units, func(string) bool { return true })
	}
	for _, v := range []string{"1.2.0", "1.3.0"} {
		add(profile.Artefact{Profile: "tracker", Rule: "tracker-sdk", Version: v}, recipe(v))
	}
	for i := range 50 { // how much a fingerprint says grows with their number
		add(profile.Artefact{Profile: fmt.Sprint("f", i), Version: "1"}, strings.ReplaceAll(recipe("1"), "tracker", fmt.Sprint("family", i)))
	}
	return string(l.Encode())
}

func sdk(a *event.App, id string) *finding.SDK {
	for i := range a.SDKs {
		if a.SDKs[i].ID == id {
			return &a.SDKs[i]
		}
	}
	return nil
}

// TestProfiles scans a library under its names, under others, in part, and
// without profiles.
func TestProfiles(t *testing.T) {
	rules := trackerRules(t)
	with := &scan.Profiles{Added: []string{learned(t)}}
	app := func(text string, p *scan.Profiles) *event.App {
		a := scan.App(context.Background(), source(t, text), scan.Options{Rules: rules, Profiles: p})
		if a.Status != fact.Complete {
			t.Fatalf("status %s: %v", a.Status, a.Problems)
		}
		return a
	}
	if s := sdk(app(recipe("1.2.0"), with), "tracker-sdk"); s == nil || len(s.Renamed) != 0 || s.Confidence != "high" {
		t.Errorf("under its own names: %+v", s)
	}
	if s := sdk(app(obfuscate(recipe("1.2.0")), nil), "tracker-sdk"); s != nil {
		t.Errorf("found without profiles: %+v", s)
	}
	s := sdk(app(obfuscate(recipe("1.2.0")), with), "tracker-sdk")
	if s == nil || len(s.Renamed) != 1 {
		t.Fatalf("under other names: %+v", s)
	}
	r := s.Renamed[0]
	if r.Strings != r.Known || r.Matched != 16 || s.Classes != 16 || s.Confidence != "medium" || !strings.Contains(s.Basis, "under other names") {
		t.Errorf("renamed %+v, %d classes, confidence %s: %s", r, s.Classes, s.Confidence, s.Basis)
	}
	for _, c := range r.Classes {
		want := "Lcom/example/tracker/Part" + strings.ToUpper(c.Class[3:4]) + ";"
		if c.Original != want {
			t.Errorf("%s = %s, not %s", c.Class, c.Original, want)
		}
	}
	if v := s.Version; v == nil || v.Value != "1.2.0" || !v.Exact || !strings.Contains(v.Clue, "tracker-agent/1.2.0") {
		t.Errorf("version %+v", v)
	}
	if want := "version from the string tracker-agent/1.2.0"; !strings.Contains(r.Text, want) || !strings.Contains(r.Text, "16 classes matched") {
		t.Errorf("text %q", r.Text)
	}
	for _, e := range s.Evidence {
		if e.Strength == "strong" {
			t.Errorf("evidence %+v is strong", e)
		}
	}
	// One half under its names: one finding, by name, that tells of the rest.
	half := recipe("1.2.0") + obfuscate(recipe("1.2.0"))
	s = sdk(app(half, with), "tracker-sdk")
	if s == nil || s.Confidence != "high" || len(s.Renamed) != 1 || s.Classes != 32 {
		t.Errorf("under both names: %+v", s)
	}
}

// native and inCode are methods that make strings readable.
const (
	native = `.class public Lz/z;
.method public static native a(Ljava/lang/String;)Ljava/lang/String;
.end method
`
	inCode = `.class public Lz/z;
.method public static a(Ljava/lang/String;)Ljava/lang/String;
    .registers 6
    invoke-virtual {v5}, Ljava/lang/String;->toCharArray()[C
    move-result-object v0
    const/4 v1, 0
    array-length v2, v0
    :loop
    if-ge v1, v2, :end
    aget-char v3, v0, v1
    xor-int/lit8 v3, v3, 96
    int-to-char v3, v3
    aput-char v3, v0, v1
    add-int/lit8 v1, v1, 1
    goto :loop
    :end
    new-instance v4, Ljava/lang/String;
    invoke-direct {v4, v0}, Ljava/lang/String;-><init>([C)V
    return-object v4
.end method
`
)

var loaded = regexp.MustCompile(`const-string v0, "([^"]*)"`)

// encrypt lets a recipe load strings that decryptor makes readable.
func encrypt(text, decryptor string) string {
	return decryptor + loaded.ReplaceAllStringFunc(text, func(m string) string {
		var s strings.Builder
		for _, c := range []byte(loaded.FindStringSubmatch(m)[1]) {
			fmt.Fprintf(&s, "\\u%04x", c^96)
		}
		return fmt.Sprintf("const-string v0, \"%s\"\n    invoke-static {v0}, Lz/z;->a(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0", s.String())
	})
}

// TestEncryptedStrings: where code that can be run makes strings readable, they
// tell what is there; where native code does, the code that loads them does, with
// less confidence.
func TestEncryptedStrings(t *testing.T) {
	o := scan.Options{Rules: trackerRules(t), Profiles: &scan.Profiles{Added: []string{learned(t)}}}
	for _, decryptor := range []string{native, inCode} {
		a := scan.App(context.Background(), source(t, encrypt(obfuscate(recipe("1.2.0")), decryptor)), o)
		s := sdk(a, "tracker-sdk")
		if s == nil || len(s.Renamed) != 1 {
			t.Errorf("native %v: %+v", decryptor == native, s)
			continue
		}
		r := s.Renamed[0]
		if r.Matched != 16 || s.Classes != 16 {
			t.Errorf("native %v: %d classes matched, %d are its own", decryptor == native, r.Matched, s.Classes)
		}
		for _, c := range r.Classes {
			if want := "Lcom/example/tracker/Part" + strings.ToUpper(c.Class[3:4]) + ";"; c.Original != want {
				t.Errorf("%s = %s, not %s", c.Class, c.Original, want)
			}
		}
		switch decryptor {
		case native:
			if r.By != "code" || r.KnownClasses != 16 || r.Strings != 0 || r.Known != 0 || s.Confidence != "low" || s.Version != nil || r.Nearest != "" {
				t.Errorf("by code alone: %+v, confidence %s, version %+v", r, s.Confidence, s.Version)
			}
			if want := "none of its strings can be read; 16 of the 16 classes that their code tells matched, for instance a.a = com.example.tracker.PartA"; !strings.HasPrefix(r.Text, want) || !strings.Contains(s.Basis, "less certain") {
				t.Errorf("text %q, basis %q", r.Text, s.Basis)
			}
			if len(s.Evidence) != 5 || s.Evidence[0].Kind != "class" || s.Evidence[0].Class != "La/a;" || s.Evidence[0].Unit != "x.dex" {
				t.Errorf("evidence %+v", s.Evidence)
			}
		case inCode:
			if r.By != "strings" || r.Strings != r.Known || r.Known == 0 || r.KnownClasses != 0 || s.Version == nil || s.Version.Value != "1.2.0" {
				t.Errorf("by strings that were made readable: %+v, version %+v", r, s.Version)
			}
		}
	}
}

// TestProfilesOfFacts finds in frozen facts what it finds in files.
func TestProfilesOfFacts(t *testing.T) {
	rules := trackerRules(t)
	o := scan.Options{Rules: rules, Profiles: &scan.Profiles{Added: []string{learned(t)}}}
	set, err := extract.App(context.Background(), source(t, obfuscate(recipe("1.3.0"))), extract.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var frozen bytes.Buffer
	if err := fact.Freeze(&frozen, set); err != nil {
		t.Fatal(err)
	}
	src := extract.Source{Parts: []extract.Part{{Path: "x.facts", Role: extract.RoleBase, Size: int64(frozen.Len()), R: bytes.NewReader(frozen.Bytes())}}}
	s := sdk(scan.App(context.Background(), src, o), "tracker-sdk")
	if s == nil || len(s.Renamed) != 1 || s.Version == nil || s.Version.Value != "1.3.0" {
		t.Errorf("in frozen facts: %+v", s)
	}
}

// TestProfilesHaveRules: a profile that speaks for a rule which is not there
// would be learned and never told.
func TestProfilesHaveRules(t *testing.T) {
	x, err := profile.Bundled()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	for i := range x.Profiles() {
		if p := &x.Profiles()[i]; p.Rule != "" && rules.SDK(p.Rule) == nil {
			t.Errorf("profile %s speaks for the rule %q, which is not there", p.Name, p.Rule)
		}
	}
}
