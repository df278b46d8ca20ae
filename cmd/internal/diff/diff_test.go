package diff

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

func app(path, pkg, version, signer string, f finding.Findings) *event.App {
	a := &event.App{Path: path, Package: pkg, VersionName: version, Status: fact.Complete, Findings: f}
	if signer != "" {
		a.Signers = []fact.Signer{{SHA256: signer}}
	}
	return a
}

func sdk(id, version string, state finding.State) finding.SDK {
	s := finding.SDK{ID: id, Name: strings.ToUpper(id), Category: "analytics", State: state}
	if version != "" {
		s.Version = &finding.Version{Value: version}
	}
	return s
}

func compare(olds, news []*event.App) ([]App, Summary) {
	var o, n []*Snapshot
	for _, a := range olds {
		o = append(o, Take(a))
	}
	for _, a := range news {
		n = append(n, Take(a))
	}
	return Compare(o, n)
}

// say renders changes: mark, what, id.
func say(list []Change) string {
	var out []string
	for _, c := range list {
		s := marks[c.Change] + c.What + ":" + c.ID
		if c.By != "" {
			s += "/" + c.By
		}
		if c.IsNew {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestChanges(t *testing.T) {
	site := func(sdk string) finding.Site {
		return finding.Site{Owner: finding.Owner{Kind: "sdk", SDK: sdk, Name: sdk}}
	}
	imei := func(by ...string) finding.Identifier {
		id := finding.Identifier{ID: "imei", Name: "IMEI", Confidence: "high"}
		for _, b := range by {
			id.Sites = append(id.Sites, site(b))
		}
		return id
	}
	host := func(h, domain, city string) finding.Endpoint {
		e := finding.Endpoint{Value: h, Host: h, RegistrableDomain: domain}
		if city != "" {
			e.RegisteredIn = &finding.Registration{City: city, Grade: "filing"}
		}
		return e
	}
	atStart := sdk("a", "1", finding.Reachable)
	atStart.AtStartup = &finding.StartupPath{}
	off := sdk("a", "1", finding.Wired)
	off.States = []finding.StateEvidence{{State: finding.Disabled}}
	off.Switches = []finding.Switch{{MetaData: "com.a.off", Value: "true", Source: "its manual"}}
	on := off
	on.States = nil
	for _, tt := range []struct {
		name     string
		old, new finding.Findings
		want     string
	}{
		{"nothing", finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Present)}}, finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Present)}}, ""},
		{"an SDK", finding.Findings{}, finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Present)}}, "+sdk:a!"},
		{"an SDK gone", finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Present)}}, finding.Findings{}, "-sdk:a"},
		{"a version", finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Present)}}, finding.Findings{SDKs: []finding.SDK{sdk("a", "2", finding.Present)}}, "~version:a"},
		{"a version known now", finding.Findings{SDKs: []finding.SDK{sdk("a", "", finding.Present)}}, finding.Findings{SDKs: []finding.SDK{sdk("a", "2", finding.Present)}}, "~version:a"},
		{"more active", finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Present)}}, finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Reachable)}}, "~state:a!"},
		{"at start", finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Reachable)}}, finding.Findings{SDKs: []finding.SDK{atStart}}, "~state:a!"},
		{"less active", finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Reachable)}}, finding.Findings{SDKs: []finding.SDK{sdk("a", "1", finding.Present)}}, "~state:a"},
		{"switched off", finding.Findings{SDKs: []finding.SDK{on}}, finding.Findings{SDKs: []finding.SDK{off}}, "~state:a"},
		{"switched on", finding.Findings{SDKs: []finding.SDK{off}}, finding.Findings{SDKs: []finding.SDK{on}}, "~state:a!"},
		{"another reader", finding.Findings{Identifiers: []finding.Identifier{imei("x")}}, finding.Findings{Identifiers: []finding.Identifier{imei("x", "y", "y")}}, "+identifier:imei/y!"},
		{"a host and its registrant", finding.Findings{}, finding.Findings{Endpoints: []finding.Endpoint{host("h.d.com", "d.com", "Beijing")}}, "+registrant:d.com! +host:h.d.com!"},
		{"another registrant", finding.Findings{Endpoints: []finding.Endpoint{host("h.d.com", "d.com", "Beijing")}}, finding.Findings{Endpoints: []finding.Endpoint{host("h.d.com", "d.com", "Berlin")}}, "~registrant:d.com!"},
		{"noise", finding.Findings{}, finding.Findings{Endpoints: []finding.Endpoint{{Host: "x", Noise: "schema"}, {Host: "y", Doubtful: true}}}, ""},
		{"a weak sign", finding.Findings{}, finding.Findings{Identifiers: []finding.Identifier{{ID: "imei", Confidence: "low", Sites: []finding.Site{site("x")}}}}, ""},
		{"a permission", finding.Findings{Permissions: []finding.Permission{{Permission: fact.Permission{Name: "P"}}}}, finding.Findings{Permissions: []finding.Permission{{Permission: fact.Permission{Name: "Q"}}}}, "+permission:Q! -permission:P"},
		{"its own files", finding.Findings{}, finding.Findings{DynamicCode: []finding.DynamicCode{{Kind: "multidex"}, {Kind: "native-library"}, {Kind: "classes", Owner: finding.Owner{Kind: "app", Name: "own code"}}}}, "+code:classes/app!"},
	} {
		apps, sum := compare([]*event.App{app("o.apk", "p", "1", "s", tt.old)}, []*event.App{app("n.apk", "p", "2", "s", tt.new)})
		got := ""
		if len(apps) > 0 {
			got = say(apps[0].Changes)
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if d := (Diff{Summary: sum}); d.HasNew() != strings.Contains(tt.want, "!") {
			t.Errorf("%s: new is %v", tt.name, sum.New)
		}
		for _, a := range apps {
			for _, c := range a.Changes {
				if c.Text == "" {
					t.Errorf("%s: nothing is said of %+v", tt.name, c)
				}
			}
		}
	}
	apps, _ := compare([]*event.App{app("o", "p", "1", "s", finding.Findings{SDKs: []finding.SDK{off}})}, []*event.App{app("n", "p", "1", "s", finding.Findings{SDKs: []finding.SDK{on}})})
	if fix := apps[0].Changes[0].Fix; fix != "meta-data com.a.off = true in the manifest's application element turns A off (its manual)" {
		t.Errorf("fix %q", fix)
	}
}

func TestAppsArePaired(t *testing.T) {
	none := finding.Findings{}
	olds := []*event.App{
		app("old/a.apk", "com.a", "1", "s1", none), app("old/fake.apk", "com.a", "1", "s2", none),
		app("old/gone.apk", "com.gone", "1", "s1", none), app("old/raw.dex", "", "", "", none), app("old/resigned.apk", "com.re", "1", "s1", none),
	}
	with := finding.Findings{SDKs: []finding.SDK{sdk("a", "", finding.Present)}}
	news := []*event.App{
		app("new/x/fake.apk", "com.a", "2", "s2", with), app("new/a2.apk", "com.a", "2", "s1", with),
		app("new/raw.dex", "", "", "", with), app("new/added.apk", "com.added", "1", "s1", none), app("new/resigned.apk", "com.re", "1", "s9", with),
	}
	apps, sum := compare(olds, news)
	var got []string
	for _, a := range apps {
		s := a.Change + " "
		if a.Old != nil {
			s += a.Old.Path
		}
		s += ">"
		if a.New != nil {
			s += a.New.Path
		}
		got = append(got, s)
	}
	want := "changed old/raw.dex>new/raw.dex, changed old/a.apk>new/a2.apk, changed old/fake.apk>new/x/fake.apk, added >new/added.apk, removed old/gone.apk>, changed old/resigned.apk>new/resigned.apk"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("%s\nwant %s", s, want)
	}
	if sum.Compared != 4 || sum.Added != 1 || sum.Removed != 1 || sum.New["app"] != 1 {
		t.Errorf("%+v", sum)
	}
	last := apps[len(apps)-1]
	if len(last.Notes) != 1 || !strings.Contains(last.Notes[0], "nothing in common") {
		t.Errorf("%q", last.Notes)
	}
	if s := say(last.Changes); s != "+signer:s9! +sdk:a! -signer:s1" {
		t.Error(s)
	}
}

func TestWhatWasNotReadIsNotGone(t *testing.T) {
	n := app("n.apk", "p", "2", "s", finding.Findings{})
	n.Status = fact.NoCode
	apps, _ := compare([]*event.App{app("o.apk", "p", "1", "s", finding.Findings{SDKs: []finding.SDK{sdk("a", "", finding.Present)}})}, []*event.App{n})
	if len(apps) != 1 || len(apps[0].Notes) != 1 || !strings.Contains(apps[0].Notes[0], "may not be gone") {
		t.Errorf("%+v", apps)
	}
}

func TestFormats(t *testing.T) {
	var many []finding.Permission
	for i := range 30 {
		many = append(many, finding.Permission{Permission: fact.Permission{Name: strings.Repeat("P", i+1)}})
	}
	apps, sum := compare(
		[]*event.App{app("o.apk", "p", "1", "s", finding.Findings{}), app("gone.apk", "gone", "1", "s", finding.Findings{})},
		[]*event.App{app("n.apk", "p", "2", "s", finding.Findings{Permissions: many, SDKs: []finding.SDK{sdk("a\x1b[31m", "", finding.Present)}}), app("w.apk", "w", "1", "s", finding.Findings{})})
	d := &Diff{Schema: Schema, Old: Side{Name: "a", Rules: "1"}, New: Side{Name: "b", Rules: "2"}, Apps: apps, Summary: sum}
	out := map[string]string{}
	for _, f := range Formats {
		var b bytes.Buffer
		if err := Write(&b, d, f, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s holds an escape", f)
		}
		out[f] = b.String()
	}
	for f, want := range map[string][]string{
		"text":     {"p 1 → 2\n  o.apk → n.apk\n", "  + sdk         carries A", "and 18 more (--all shows them)", "1 removed", "different rules"},
		"markdown": {"## Telltale: something is new", "| added | permission | and 18 more |", "different rules"},
		"json":     {`"what": "permission"`},
	} {
		for _, w := range want {
			if !strings.Contains(out[f], w) {
				t.Errorf("%s lacks %q:\n%s", f, w, out[f])
			}
		}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(SchemaJSON))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("diff", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("diff")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(out["json"]))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		t.Error(err)
	}
	if err := Write(&bytes.Buffer{}, d, "yaml", report.Options{}); err == nil {
		t.Error("an unknown format is written")
	}
}
