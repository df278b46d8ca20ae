package convert

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/rule"
)

var origin = Origin{Date: "2026-11-22"}

func bundled(t testing.TB) *signatures.Compiled {
	t.Helper()
	r, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	c, err := signatures.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lines puts rules into lines: "sdk id: signal, signal" and "domain id role: host role".
func lines(rules []any) []string {
	var out []string
	for _, v := range rules {
		switch v := v.(type) {
		case *rule.SDK:
			var s []string
			for i := range v.Signals {
				s = append(s, v.Signals[i].Text())
			}
			out = append(out, fmt.Sprintf("sdk %s %s: %s", v.ID, v.Category, strings.Join(s, ", ")))
		case *rule.Domain:
			var s []string
			for _, h := range v.Hosts {
				s = append(s, h.Host+" "+h.Role)
			}
			out = append(out, strings.TrimSpace(fmt.Sprintf("domain %s %s %s: %s", v.ID, v.Vendor, v.Role, strings.Join(s, ", "))))
		}
	}
	return out
}

func TestImport(t *testing.T) {
	for _, tt := range []struct {
		name, file, text string
		want             []string
		notes            []string
	}{
		{
			"exodus", "trackers.json",
			`{"trackers": {"9900007": {"id": 9900007, "name": "Zork Ads", "code_signature": "com.zork.ads.|com.zork.core", "network_signature": "zork\\.com|\\.zork-cdn\\.net", "website": "https://zork.com/", "categories": ["Advertisement"]},
			 "9900012": {"id": 9900012, "name": "Loose", "code_signature": "com\\.loose\\.(a|b)\\.|com.any.*thing|x.[a-z]+.y.", "network_signature": "", "categories": [{"name": "Crash reporting"}]}}}`,
			[]string{
				"sdk exodus-loose crash: code: com.loose.a, code: com.loose.b",
				"sdk exodus-zork-ads ads: code: com.zork.ads, code: com.zork.core, endpoint: zork.com, endpoint: zork-cdn.net",
			},
			[]string{"kept Zork Ads (9900007) com.zork.ads.|com.zork.core: its dots", "dropped Loose (9900012)"},
		},
		{
			"etip", "etip.json", `{"trackers": [{"name": "Etip One", "code_signature": "com\\.etip\\.one\\.", "network_signature": "etip\\.one\\.com", "id": "3f2c"}]}`,
			[]string{"sdk exodus-etip-one analytics: code: com.etip.one, endpoint: etip.one.com"},
			nil,
		},
		{
			"libchecker", "services-libs/com.zork.push.PushService.json", `{"label": "Zork Push", "team": "Zork Inc.", "relativeUrl": "https://zork.com"}`,
			[]string{"sdk libchecker-zork-push utility: service: com.zork.push.PushService"},
			nil,
		},
		{
			"libchecker, a library of the product's name", "native-libs/libzorkpush.so.json", `{"label": "Zork Push", "team": "Zork"}`,
			[]string{"sdk libchecker-zork-push utility: native: libzorkpush.so"},
			nil,
		},
		{
			"libchecker, a library of any name", "native-libs/libcore123.so.json", `{"label": "Zork Push", "team": "Zork"}`,
			nil,
			[]string{"dropped Zork Push native: libcore123.so: names that others may have"},
		},
		{
			"exodus, hosts alone", "trackers.json", `[{"name": "Zork", "code_signature": "", "network_signature": "zork\\.com", "id": 9900001, "categories": ["Advertisement"]}]`,
			[]string{"domain zork.com zork ads:"},
			nil,
		},
		{
			"libchecker regex", "native-libs/regex/regex_zork.json", `{"label": "Zork", "team": "Zork"}`,
			nil,
			[]string{"dropped Zork regex_zork: the pattern stands in another place"},
		},
		{
			"appmanager", "trackers.xml", `<?xml version="1.0"?><resources><string-array name="tracker_signatures"><item>com.zork.a.</item><item>com.zork.b</item></string-array><string-array name="tracker_names"><item>°Zork A</item><item>Zork B</item></string-array></resources>`,
			[]string{"sdk appmanager-zork-a analytics: code: com.zork.a", "sdk appmanager-zork-b analytics: code: com.zork.b"},
			[]string{"kept Zork B com.zork.b: it also matches names that go on"},
		},
		{
			"android-libraries", "libs.json", `[{"id": "zork", "label": "Zork", "type": "Mobile Analytics", "signatures": {"code": "/com/zork/sdk/", "solib": "libzork(_a64)?\\.so", "network": "zork.com"}}]`,
			[]string{"sdk android-libraries-zork analytics: code: com.zork.sdk, endpoint: zork.com, native: libzork.so, native: libzork_a64.so"},
			nil,
		},
		{
			"disconnect", "services.json", `{"license": "x", "categories": {"Analytics": [{"Zork": {"http://www.zork.com/": ["zork.com", "t.zork.net"], "dnt": "eff"}}]}}`,
			[]string{"domain zork.com zork analytics:", "domain zork.net zork : t.zork.net analytics"},
			nil,
		},
		{
			"duckduckgo", "tds.json", `{"trackers": {"zork.com": {"domain": "zork.com", "owner": {"name": "Zork Inc.", "displayName": "Zork"}, "categories": ["Ad Motivated Tracking", "Analytics"]}}, "entities": {}}`,
			[]string{"domain zork.com zork ads:"},
			nil,
		},
		{
			"hosts", "hosts", "# x\n0.0.0.0 a.zork.com b.zork.com # why\n127.0.0.1 localhost\n||c.zork.com^\n||d.zork.com^$third-party\n||e.zork.com/path\nf.zork.com\naddress=/g.zork.com/0.0.0.0\n@@||h.zork.com^\nzork.com##.ad\n*.i.zork.com\n",
			[]string{"domain zork.com list : a.zork.com analytics, b.zork.com analytics, c.zork.com analytics, d.zork.com analytics, f.zork.com analytics, g.zork.com analytics"},
			[]string{"dropped line 6", "dropped line 9", "dropped line 10", "dropped line 11"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opt := Options{Origin: origin, Known: bundled(t), Role: ""}
			if tt.name == "hosts" {
				opt.Role = "analytics"
			}
			res, err := Import("", []File{{tt.file, []byte(tt.text)}}, opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := lines(res.Rules); !slices.Equal(got, tt.want) {
				t.Errorf("rules:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			var notes []string
			for _, n := range res.Notes {
				kept := "dropped"
				if n.Kept {
					kept = "kept"
				}
				notes = append(notes, fmt.Sprintf("%s %s %s: %s", kept, n.Item, n.What, n.Why))
			}
			for _, w := range tt.notes {
				if !slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, w) }) {
					t.Errorf("no note %q in\n%s", w, strings.Join(notes, "\n"))
				}
			}
			for _, v := range res.Rules {
				if h := signatures.Header(v); h.Status != rule.StatusExperimental || len(h.Evidence) == 0 || h.Evidence[0].Origin == "" || !strings.Contains(h.Evidence[0].Source, "(") {
					t.Errorf("%s does not say where it comes from: %+v", h.ID, h.Evidence)
				}
			}
		})
	}
}

// What the rules know already is left out, unless all is asked for.
func TestKnown(t *testing.T) {
	files := []File{{"trackers.json", []byte(`{"trackers": {"119": {"id": 119, "name": "Umeng Analytics", "code_signature": "com.umeng.analytics.", "network_signature": ""}}}`)}, {"h", nil}}[:1]
	res, err := Import("exodus", files, Options{Origin: origin, Known: bundled(t)})
	if err != nil || len(res.Rules) != 0 || res.Known != 1 {
		t.Errorf("%v %v, %d known", err, lines(res.Rules), res.Known)
	}
	res, err = Import("exodus", files, Options{Origin: origin, Known: bundled(t), All: true})
	if err != nil || len(lines(res.Rules)) != 1 {
		t.Errorf("%v %v", err, lines(res.Rules))
	}
}

func TestExpand(t *testing.T) {
	for _, tt := range []struct {
		re   string
		want string
		why  bool
	}{
		{`com\.foo\.`, "com.foo.", false},
		{`com.foo.|com\.bar`, "com.foo. com.bar", false},
		{`^com\.foo\.(a|b(c)?)\.`, "com.foo.a. com.foo.b. com.foo.bc.", false},
		{`com\.foo\..*`, "com.foo.", false},
		{`lib[ab]\.so$`, "liba.so libb.so", false},
		{`com\.[a-z]+\.foo`, "", true},
		{`(`, "", true},
		{`a\.b\.|c.*d|[|]e\.f`, "a.b. |e.f", true},
		{strings.Repeat("(a|b)", 12), "", true},
		{"", "", false},
	} {
		list, why := Expand(tt.re)
		var got []string
		for _, a := range list {
			got = append(got, a.Text)
		}
		if strings.Join(got, " ") != tt.want || (why != "") != tt.why {
			t.Errorf("%s: %q, %q; want %q", tt.re, got, why, tt.want)
		}
	}
	if list, _ := Expand(`com.foo.`); list[0].Why == "" {
		t.Error("a dot that matches anything is not flagged")
	}
}

// What goes out as a list of Exodus's form comes in with the same prefixes and
// hosts, exactly.
func TestExodusRoundTrip(t *testing.T) {
	rules := bundled(t).Rules()
	var b bytes.Buffer
	if err := Export(&b, "exodus", rules); err != nil {
		t.Fatal(err)
	}
	res, err := Import("exodus", []File{{"trackers.json", b.Bytes()}}, Options{Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	key := func(s *rule.SDK) string {
		var out []string
		for i := range s.Signals {
			g := &s.Signals[i]
			switch {
			case g.Endpoint != nil && (g.Endpoint.Host == "" || g.Endpoint.Path != ""):
			case (g.Code != "" || g.Class != "") && g.EffectiveStrength() == rule.Strong, g.Endpoint != nil && g.EffectiveStrength() != rule.Context:
				t := g.Text()
				if g.Endpoint != nil {
					t = "endpoint: " + g.Endpoint.Host
				}
				if g.Class != "" { // our notation of classes in lower case is a package there
					t = "code: " + g.Class
				}
				t = strings.Replace(t, "class: ", "code: ", 1)
				if !slices.Contains(out, t) {
					out = append(out, t)
				}
			}
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	got, hosts := map[string]int{}, map[string]bool{}
	for _, v := range res.Rules {
		switch v := v.(type) {
		case *rule.SDK:
			got[key(v)]++
		case *rule.Domain:
			hosts[v.ID] = true
			for _, h := range v.Hosts {
				hosts[h.Host] = true
			}
		}
	}
	n, missing := 0, 0
	for s := range signatures.All[rule.SDK](rules) {
		if !s.IsTracker() && s.Aka["exodus"] == "" {
			continue
		}
		k := key(s)
		if k == "" {
			continue
		}
		n++
		domains := strings.HasPrefix(k, "endpoint: ") // hosts alone come in as domains
		for h := range strings.SplitSeq(strings.ReplaceAll(k, "endpoint: ", ""), " ") {
			domains = domains && hosts[h]
		}
		if got[k] == 0 && !domains {
			if missing++; missing <= 5 {
				t.Errorf("%s: nothing came in with %s", s.ID, k)
			}
		}
	}
	t.Logf("%d trackers went out and came in, %d did not", n, missing)
	for _, note := range res.Notes {
		if !note.Kept {
			t.Errorf("%s: %s: %s", note.Item, note.What, note.Why)
		}
	}
}

// Lists of hosts come in as they went out.
func TestHostsRoundTrip(t *testing.T) {
	rules := bundled(t).Rules()
	for _, format := range []string{"hosts", "adguard"} {
		var b bytes.Buffer
		if err := Export(&b, format, rules); err != nil {
			t.Fatal(err)
		}
		res, err := Import("", []File{{"list", b.Bytes()}}, Options{Origin: origin, Role: "analytics"})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, v := range res.Rules {
			if d, ok := v.(*rule.Domain); ok {
				if d.Role != "" {
					got[d.ID] = true
				}
				for _, h := range d.Hosts {
					got[h.Host] = true
				}
			}
		}
		want := trackerHosts(rules)
		if len(want) < 100 {
			t.Errorf("only %d hosts went out", len(want))
		}
		for _, h := range want {
			if !got[h] {
				t.Errorf("%s: %s did not come in", format, h)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d went out, %d came in", format, len(want), len(got))
		}
	}
}

// YARA takes what is written for it, and finds what the rules' examples name.
func TestYARA(t *testing.T) {
	yara, err := exec.LookPath("yara")
	if err != nil {
		t.Skip("yara is not installed")
	}
	rules := bundled(t).Rules()
	dir := t.TempDir()
	var b bytes.Buffer
	if err := Export(&b, "yara", rules); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "rules.yar")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	// One sample holds the classes of all match examples, one those of the
	// near misses, as a DEX file has them in its strings.
	var match, miss bytes.Buffer
	near := facttest.New("com.example.app")
	want := 0
	for s := range signatures.All[rule.SDK](rules) {
		if yaraOf(s) == "" || s.When != nil {
			continue
		}
		hit := false
		for _, e := range s.Tests.Match {
			if e.Class != "" && slices.ContainsFunc(s.Signals, func(g rule.Signal) bool {
				return g.EffectiveStrength() == rule.Strong && (g.Code != "" && strings.HasPrefix(e.Class, g.Code+".") || g.Class == e.Class)
			}) {
				match.WriteString("\x00L" + strings.ReplaceAll(e.Class, ".", "/") + ";\x00")
				hit = true
			}
		}
		if hit {
			want++
		}
		for _, e := range s.Tests.NoMatch {
			if e.Class != "" && strings.HasSuffix(e.Class, "x.C") {
				near.Code("classes.dex").Class("L" + strings.ReplaceAll(e.Class, ".", "/") + ";")
				miss.WriteString("\x00L" + strings.ReplaceAll(e.Class, ".", "/") + ";\x00")
			}
		}
	}
	run := func(name string, data []byte) []string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(yara, "-w", file, p).CombinedOutput()
		if err != nil {
			t.Fatalf("yara: %v\n%s", err, out)
		}
		return strings.Fields(strings.ReplaceAll(string(out), p, ""))
	}
	if got := run("match", match.Bytes()); len(got) < want {
		t.Errorf("yara finds %d products, their examples are of %d", len(got), want)
	} else {
		t.Logf("yara finds %d products in the examples of %d", len(got), want)
	}
	// What is a near miss of one rule may be of another product: ours says.
	m := signatures.Match(context.Background(), near.Set(), bundled(t))
	for _, got := range run("miss", miss.Bytes()) {
		if !slices.ContainsFunc(m.SDKs, func(x signatures.SDKMatch) bool { return x.Held && "sdk_"+yaraName(x.SDK.ID) == got }) {
			t.Errorf("yara finds %s in near misses", got)
		}
	}
	if got := run("empty", []byte("nothing")); len(got) > 0 {
		t.Errorf("yara finds %v in nothing", got)
	}
}

func FuzzImport(f *testing.F) {
	f.Add("exodus", `{"trackers": {"1": {"name": "a", "code_signature": "com.a.|b"}}}`)
	f.Add("hosts", "0.0.0.0 a.com\n||b.com^\n")
	f.Add("disconnect", `{"categories": {"A": [{"B": {"c": ["d.com"]}}]}}`)
	f.Add("appmanager", `<resources><string-array name="tracker_signatures"><item>a.b</item></string-array></resources>`)
	f.Fuzz(func(t *testing.T, format, text string) {
		res, err := Import(format, []File{{"native-libs/x.json", []byte(text)}}, Options{Origin: origin})
		if err != nil {
			return
		}
		for _, v := range res.Rules {
			if why := signatures.CheckID(signatures.Header(v).ID); why != "" {
				t.Error(why)
			}
			if s, ok := v.(*rule.SDK); ok {
				for i := range s.Signals {
					if why := signatures.CheckSignal(&s.Signals[i]); why != "" {
						t.Error(why)
					}
				}
			}
		}
	})
}
