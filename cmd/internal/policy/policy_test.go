package policy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func app(pkg string, sdks ...string) *event.App {
	a := &event.App{Path: pkg + ".apk", Package: pkg, Status: fact.Complete, TargetSDK: 35}
	for _, s := range sdks {
		a.SDKs = append(a.SDKs, finding.SDK{ID: s, Name: strings.ToUpper(s), Tracker: s != "okhttp", Category: "analytics", State: finding.Present, Confidence: "high"})
	}
	return a
}

// say renders verdicts: rule=severity/outcome:id.
func say(vs []event.Verdict) string {
	var out []string
	for _, v := range vs {
		out = append(out, fmt.Sprintf("%s=%s/%s:%s", v.Rule, v.Severity, v.Outcome, v.ID))
	}
	return strings.Join(out, " ")
}

func load(t *testing.T, text string) *Policy {
	t.Helper()
	p, err := Load("telltale.yaml", []byte("schema: telltale.policy/v1\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRules(t *testing.T) {
	for _, tt := range []struct{ name, policy, want string }{
		{"deny", "rules: [{name: r, deny: tracker}]", "r=error/violation:a r=error/violation:b"},
		{"deny but", "rules: [{name: r, deny: tracker, allow: \"sdk:a\"}]", "r=error/violation:b"},
		{"allow alone", "rules: [{name: r, allow: \"sdk:a or sdk:okhttp\"}]", "r=error/violation:b"},
		{"required and there", "rules: [{name: r, require: \"sdk:okhttp\"}]", ""},
		{"required and not there", "rules: [{name: r, require: \"sdk:zzz\"}]", "r=error/violation:com.x"},
		{"of other apps", "rules: [{name: r, deny: tracker, apps: \"package:com.y\"}]", ""},
		{"severity", "rules: [{name: r, deny: \"sdk:a\", severity: note}]", "r=note/violation:a"},
		{"override", "rules: [{name: r, deny: \"sdk:a\"}]\noverrides: [{apps: \"package:com.*\", rules: {r: warning}}]", "r=warning/violation:a"},
		{"off", "rules: [{name: r, deny: \"sdk:a\"}]\noverrides: [{apps: \"package:com.*\", rules: {r: off}}]", ""},
		{"the last override", "rules: [{name: r, deny: \"sdk:a\"}]\noverrides: [{apps: \"package:com.*\", rules: {r: off}}, {apps: \"package:com.x\", rules: {r: note}}]", "r=note/violation:a"},
		{"a rule in place of a preset's", "extends: [privacy-strict]\nrules: [{name: no-trackers, deny: \"sdk:b\"}]", "no-trackers=error/violation:b"},
		{"a preset's rule off", "extends: [privacy-strict]\nrules: [{name: no-trackers, severity: off}]", ""},
	} {
		p := Combine(day(t, "2026-01-01"), load(t, tt.policy))
		if got := say(p.Judge(app("com.x", "a", "b", "okhttp"), nil)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSuppressionsHoldUntilTheirDay(t *testing.T) {
	text := `rules: [{name: r, deny: tracker}]
suppressions:
  - rule: r
    apps: package:com.x
    match: sdk:a
    reason: goes with 4.2
    owner: shop team
    expires: 2026-03-31
`
	for _, tt := range []struct{ today, want string }{
		{"2026-03-30", "r=error/suppressed:a r=error/violation:b"},
		{"2026-03-31", "r=error/suppressed:a r=error/violation:b"},
		{"2026-04-01", "r=error/violation:a r=error/violation:b"},
	} {
		p := Combine(day(t, tt.today), load(t, text))
		vs := p.Judge(app("com.x", "a", "b"), nil)
		if got := say(vs); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.today, got, tt.want)
		}
		expired := p.Expired()
		if over := tt.today > "2026-03-31"; over != (len(expired) == 1) || over != strings.Contains(vs[0].Message, "ran out on 2026-03-31") {
			t.Errorf("%s: expired %q, %q", tt.today, expired, vs[0].Message)
		}
	}
	// One that has run out fails the run also where it hid nothing, and names who must look.
	p := Combine(day(t, "2026-04-01"), load(t, text))
	if x := p.Expired(); len(x) != 1 || !strings.Contains(x[0], "telltale.yaml:4: the suppression of rule r by shop team ran out on 2026-03-31 (goes with 4.2)") {
		t.Errorf("%q", x)
	}
	// Another app is none of its business, and that it did nothing is told.
	p = Combine(day(t, "2026-01-01"), load(t, text))
	if got := say(p.Judge(app("com.y", "a"), nil)); got != "r=error/violation:a" {
		t.Error(got)
	}
	if u := p.Unused(); len(u) != 1 {
		t.Errorf("%q", u)
	}
}

func TestBaseline(t *testing.T) {
	p := Combine(day(t, "2026-01-01"), load(t, "rules: [{name: r, deny: tracker}]"))
	known := NewBaseline()
	old := app("com.x", "a")
	old.VersionName = "1"
	known.Add(p, old)
	if got := say(p.Judge(app("com.x", "a", "b"), known)); got != "r=error/known:a r=error/violation:b" {
		t.Error(got)
	}
	if got := say(p.Judge(app("com.new", "a"), known)); got != "r=error/violation:a" {
		t.Errorf("an app that the baseline lacks: %s", got)
	}
	// What was known as present is new as what runs at start.
	p = Combine(day(t, "2026-01-01"), load(t, "rules: [{name: r, deny: \"tracker and startup\"}]"))
	known = NewBaseline()
	known.Add(p, old)
	now := app("com.x", "a")
	now.SDKs[0].AtStartup = &finding.StartupPath{}
	if got := say(p.Judge(now, known)); got != "r=error/violation:a" {
		t.Error(got)
	}
	// By itself a baseline is against whatever is new.
	p = Combine(day(t, "2026-01-01"), NothingNew())
	known = NewBaseline()
	known.Add(p, old)
	if got := say(p.Judge(app("com.x", "a", "okhttp"), known)); got != "nothing-new=error/known:a nothing-new=error/violation:okhttp" {
		t.Error(got)
	}
}

func TestReasonsAreOneForEachRule(t *testing.T) {
	f, err := FailOn([]string{"tracker"})
	if err != nil {
		t.Fatal(err)
	}
	p := Combine(day(t, "2026-01-01"), load(t, "rules: [{name: r, deny: \"sdk:a\"}, {name: w, deny: \"sdk:b\", severity: warning}]"), f)
	a := app("com.x", "a", "b")
	a.Verdicts = p.Judge(a, nil)
	var got []string
	for _, r := range p.Reasons(a, nil, 1) {
		got = append(got, r.Reason)
	}
	want := []string{
		"com.x.apk: carries A (analytics) (rule r)",
		"com.x.apk: carries A (analytics), and 1 more (--fail-on tracker)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if r := p.Reasons(a, NewBaseline(), 1); !strings.Contains(r[0].Reason, "; the baseline does not have this app (rule r)") {
		t.Errorf("%q", r[0].Reason)
	}
}

func TestWhatIsDeniedOfAnAppIsNamed(t *testing.T) {
	p := Combine(day(t, "2026-01-01"), load(t, "rules: [{name: r, deny: \"target:<36 and not permission:INTERNET\"}]"))
	v := p.Judge(app("com.x"), nil)
	if len(v) != 1 || v[0].Message != "is made for API level 35, and has what is denied: target:<36 and not permission:INTERNET" {
		t.Errorf("%+v", v)
	}
}

// TestWhatIsWrongHasAPlace checks that a file is read strictly, and that every
// complaint names line and column.
func TestWhatIsWrongHasAPlace(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "1:1: the file is empty"},
		{"schema: telltale.policy/v2\nrules: [{name: r, deny: tracker}]", "1:9: the schema"},
		{"rules: [{name: r, deny: tracker}]", "\"schema\" is missing"},
		{"schema: telltale.policy/v1", "no rules"},
		{"schema: telltale.policy/v1\nrulez: []", `2:1: unknown key "rulez"`},
		{"schema: telltale.policy/v1\nrules:\n  - name: r\n    deny: trakcer", `4:11: deny: unknown term "trakcer": did you mean "tracker"?`},
		{"schema: telltale.policy/v1\nrules:\n  - name: r\n    deny: tracker and sdk", `4:23: deny: "sdk" needs a value`},
		{"schema: telltale.policy/v1\nrules:\n  - name: r\n    deny: \"tracker and sdk\"", `4:24: deny: "sdk" needs a value`},
		{"schema: telltale.policy/v1\nrules:\n  - deny: tracker", "3:5: the rule has no name"},
		{"schema: telltale.policy/v1\nrules:\n  - name: R!\n    deny: tracker", "3:11: the name"},
		{"schema: telltale.policy/v1\nrules:\n  - name: r", "needs deny, allow or require"},
		{"schema: telltale.policy/v1\nrules:\n  - name: r\n    deny: tracker\n    require: tracker", "5:5: a rule either requires"},
		{"schema: telltale.policy/v1\nrules:\n  - name: r\n    allow: sdk:a or host:b", "4:5: an allow-list by itself"},
		{"schema: telltale.policy/v1\nrules:\n  - name: r\n    deny: tracker\n  - name: r\n    deny: tracker", "5:11: two rules"},
		{"schema: telltale.policy/v1\nrules:\n  - name: r\n    deny: tracker\n    severity: fatal", "5:15: severity"},
		{"schema: telltale.policy/v1\nextends: [nothing]", "2:11: there is no preset"},
		{"schema: telltale.policy/v1\nextends: [play-store]\noverrides:\n  - apps: package:x\n    rules: {nope: off}", `5:13: there is no rule "nope"`},
		{"schema: telltale.policy/v1\nextends: [play-store]\nsuppressions:\n  - rule: target-level\n    reason: x\n    owner: y", `4:5: the suppression lacks "expires"`},
		{"schema: telltale.policy/v1\nextends: [play-store]\nsuppressions:\n  - rule: target-level\n    reason: x\n    owner: y\n    expires: 31.3.2026", `7:14: expires: "31.3.2026" is no day`},
		{"schema: telltale.policy/v1\nrules: [", "2:"},
		{"schema: a\nschema: b", ""},
		{"- a", "must be a mapping"},
		{"schema: telltale.policy/v1\nrules: {a: b}", "2:1: rules must be a list"},
	} {
		_, err := Load("telltale.yaml", []byte(tt.text))
		if err == nil {
			t.Errorf("no error: %q", tt.text)
			continue
		}
		if !strings.HasPrefix(err.Error(), "telltale.yaml:") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q:\n%v\nwant %s", tt.text, err, tt.want)
		}
	}
}

func TestAllThatIsWrongIsTold(t *testing.T) {
	_, err := Load("p", []byte("schema: telltale.policy/v1\nrules:\n  - name: a\n    deny: foo\n  - name: b\n    deny: bar\n"))
	if err == nil || strings.Count(err.Error(), "unknown term") != 2 {
		t.Error(err)
	}
}

// TestSchema holds the schema against the loader: what one takes the other takes.
func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(SchemaJSON)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("policy", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("policy")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text []byte) error {
		var v any
		if err := yaml.Unmarshal(text, &v); err != nil {
			return err
		}
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
		if err != nil {
			return err
		}
		return schema.Validate(doc)
	}
	files, err := filepath.Glob("presets/*.yaml")
	if err != nil || len(files) != len(Presets()) || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, f := range append(files, "template.yaml") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(text); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		if _, err := Load(f, text); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{
		"rules: []", "schema: telltale.policy/v1", "schema: telltale.policy/v1\nrules: [{deny: tracker}]",
		"schema: telltale.policy/v1\nrules: [{name: r, deny: a, require: b}]", "schema: telltale.policy/v1\nrules: [{name: r}]",
		"schema: telltale.policy/v1\nextends: [nothing]", "schema: telltale.policy/v1\nextends: [play-store]\nsuppressions: [{rule: x}]",
	} {
		if valid([]byte(text)) == nil {
			t.Errorf("the schema takes %q", text)
		}
		if _, err := Load("p", []byte(text)); err == nil {
			t.Errorf("the loader takes %q", text)
		}
	}
	for _, p := range Presets() {
		if !strings.Contains(string(SchemaJSON), `"`+p+`"`) {
			t.Errorf("the schema does not know the preset %s", p)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(string(Template))
	for _, p := range Presets() {
		text, err := PresetText(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("schema: telltale.policy/v1\nrules: [{name: r, deny: \"a\nb\"}]\nsuppressions: [&a {rule: *a}]")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Load("p", []byte(text))
		if err == nil {
			Combine(time.Time{}, p).Judge(app("com.x", "a"), nil)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	p, err := Preset("app-review-cn")
	if err != nil {
		b.Fatal(err)
	}
	p = Combine(time.Time{}, p)
	a := app("com.x", "a", "b", "okhttp")
	for i := range 500 {
		a.Endpoints = append(a.Endpoints, finding.Endpoint{
			Value: fmt.Sprint("h", i), Host: fmt.Sprintf("h%d.example.com", i), RegistrableDomain: "example.com",
			Records: []finding.Registration{{City: "Beijing", Country: "CN", Grade: "company-seat"}},
		})
	}
	for b.Loop() {
		p.Judge(a, nil)
	}
}
