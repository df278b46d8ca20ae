package report

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// scripts are texts that would run, load or break out in some place of a page.
var scripts = []string{
	`<script>window.hit=1</script>`, `</script><script>window.hit=1</script>`, `<img src=x onerror="window.hit=1">`, `"><svg onload=window.hit=1>`,
	`'><iframe srcdoc="<script>parent.hit=1</script>">`, `javascript:window.hit=1`, ` javascript:window.hit=1//`, "java\tscript:window.hit=1", `data:text/html,<script>window.hit=1</script>`,
	`" onfocus="window.hit=1" autofocus="`, `' style='background:url(http://x.example/a)`, `</title><script>window.hit=1</script>`, `</style><script>window.hit=1</script>`,
	`--></noscript><img src=x onerror=window.hit=1>`, `<noscript><p title="</noscript><img src=x onerror=window.hit=1>">`, `{{.}}{{template "body"}}`, `${window.hit=1}`, "`;window.hit=1//",
	`<a href="javascript:window.hit=1">x</a>`, `<form action="http://x.example"><button>x</button></form>`, `<meta http-equiv="refresh" content="0;url=http://x.example">`, `<base href="http://x.example/">`,
	`<link rel=stylesheet href=http://x.example/a.css>`, `<object data="http://x.example">`, `]]><script>window.hit=1</script>`, `<math><mi xlink:href="data:x,<script>window.hit=1</script>">`,
	`__proto__`, `constructor`, `toString`, `hasOwnProperty`, `#/app/../../x?sort=<script>`, "\u2028window.hit=1\u2029", `%3Cscript%3Ewindow.hit=1%3C/script%3E`, `&lt;script&gt;window.hit=1&lt;/script&gt;`,
}

// unpacked returns the page with what it holds as data.
func unpacked(t testing.TB, page string) (data map[string]string) {
	t.Helper()
	data = map[string]string{}
	for _, m := range regexp.MustCompile(`<script type="application/x-telltale" id="([^"]*)">([^<]*)</script>`).FindAllStringSubmatch(page, -1) {
		b, err := base64.StdEncoding.DecodeString(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(flate.NewReader(bytes.NewReader(b))); err != nil {
			t.Fatal(err)
		}
		if _, twice := data[m[1]]; twice {
			t.Errorf("two blocks are called %s", m[1])
		}
		data[m[1]] = string(b)
	}
	return data
}

// harmless are the elements that the page is made of.
var harmless = func() map[string]bool {
	m := map[string]bool{}
	for _, e := range strings.Fields("html head meta title style script body a header nav label span input button main p section h1 h2 h3 em div ul li strong details summary b small svg text g path rect title noscript table caption thead tbody tr th td br code footer dialog dl dt dd kbd form") {
		m[e] = true
	}
	return m
}()

func TestHTMLFromFilesStaysText(t *testing.T) {
	all := streams(t)
	for i, s := range scripts {
		all[fmt.Sprintf("script %d", i)] = everyStream(s, s)
	}
	all["scripts"] = everyStream(scripts...)
	for name, replay := range all {
		page := write(t, "html", replay)
		// A parser without scripts reads what stands in noscript as elements.
		z := html.NewTokenizer(strings.NewReader(page))
		run, styles := 0, 0
		for {
			kind := z.Next()
			if kind == html.ErrorToken {
				if z.Err() != io.EOF {
					t.Errorf("%s: %v", name, z.Err())
				}
				break
			}
			if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
				continue
			}
			tok := z.Token()
			if !harmless[tok.Data] {
				t.Errorf("%s: there is an element %s", name, tok.Data)
			}
			attr := map[string]string{}
			for _, a := range tok.Attr {
				attr[a.Key] = a.Val
				if strings.HasPrefix(a.Key, "on") || slices.Contains([]string{"src", "srcdoc", "style", "action", "xlink:href", "srcset", "formaction"}, a.Key) {
					t.Errorf("%s: %s has %s=%q", name, tok.Data, a.Key, a.Val)
				}
				if a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("%s: a link leads to %q", name, a.Val)
				}
			}
			switch {
			case tok.Data == "style":
				styles++
				z.Next()
				if string(z.Raw()) != htmlCSS {
					t.Errorf("%s: a style of something else", name)
				}
			case tok.Data == "script" && attr["type"] == "":
				run++
				z.Next()
				if string(z.Raw()) != htmlJS {
					t.Errorf("%s: a script of something else", name)
				}
			case tok.Data == "meta" && attr["http-equiv"] != "" && (attr["http-equiv"] != "Content-Security-Policy" || attr["content"] != htmlPolicy()):
				t.Errorf("%s: meta %v", name, attr)
			}
		}
		if run != 1 || styles != 1 {
			t.Errorf("%s: %d scripts, %d styles", name, run, styles)
		}
		data := unpacked(t, page)
		if len(data) < 1 || data["index"] == "" {
			t.Errorf("%s: no index", name)
		}
		for id, b := range data {
			if !json.Valid([]byte(b)) {
				t.Errorf("%s: %s is no JSON", name, id)
			}
			var v any
			if err := json.Unmarshal([]byte(b), &v); err != nil {
				t.Fatal(err)
			}
			everyString(v, func(s string) {
				if strings.ContainsFunc(s, unsafeRune) {
					t.Errorf("%s: %s holds %.40q", name, id, s)
				}
			})
		}
	}
}

func everyString(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, e := range v {
			everyString(e, f)
		}
	case map[string]any:
		for k, e := range v {
			f(k)
			everyString(e, f)
		}
	}
}

// TestHTMLScriptCanOnlyMakeText guards what the page's script is written with:
// nothing in it turns a string into markup, code or a request.
func TestHTMLScriptCanOnlyMakeText(t *testing.T) {
	for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(", "XMLHttpRequest", "WebSocket", "import(", "sendBeacon", "srcdoc", "DOMParser", "createContextualFragment", "setTimeout(\"", "localStorage", "document.cookie", "</script"} {
		if strings.Contains(htmlJS, bad) {
			t.Errorf("page.js uses %s", bad)
		}
	}
	if regexp.MustCompile(`(?i)https?://|@import|url\(`).MatchString(htmlJS + htmlCSS) {
		t.Error("the page names something outside of it")
	}
	if !strings.HasPrefix(htmlPolicy(), "default-src 'none'; ") || strings.Contains(htmlPolicy(), "unsafe") {
		t.Error(htmlPolicy())
	}
}

// TestHTMLGolden keeps the page with its index unpacked: compressed bytes may
// change with the compiler. Details are the JSON report's, which has tests of its own.
func TestHTMLGolden(t *testing.T) {
	page := write(t, "html", openSamples(t).Replay)
	if again := write(t, "html", openSamples(t).Replay); again != page {
		t.Error("two reports of one stream differ")
	}
	got := strings.Replace(strings.Replace(page, htmlCSS, "…", 1), htmlJS, "…", 1)
	got = regexp.MustCompile(`sha256-.*?&#39;`).ReplaceAllString(got, "sha256-…&#39;")
	data := unpacked(t, page)
	got = regexp.MustCompile(`(<script type="application/x-telltale" id="([^"]*)">)[^<]*`).ReplaceAllStringFunc(got, func(s string) string {
		id := strings.Split(s, `"`)[3]
		if id != "index" {
			return s[:strings.Index(s, ">")+1] + "…"
		}
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(data[id]), "", " "); err != nil {
			t.Fatal(err)
		}
		return s[:strings.Index(s, ">")+1] + b.String()
	})
	golden := filepath.Join("testdata", "samples.html.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("html differs from %s: if that is meant, run go test ./cmd/internal/report -update\n%s", golden, firstDifference(got, string(want)))
	}
}

func TestHTMLCallsNothingCleanThatWasNotRead(t *testing.T) {
	page := write(t, "html", openSamples(t).Replay)
	var x htmlIndex
	if err := json.Unmarshal([]byte(unpacked(t, page)["index"]), &x); err != nil {
		t.Fatal(err)
	}
	unread := 0
	for _, a := range x.Apps {
		if a.Status != string(fact.Complete) {
			unread++
			if a.Why == "" {
				t.Errorf("%s is %s, and nothing says why", a.Path, a.Status)
			}
		}
	}
	if unread != 3 {
		t.Errorf("%d apps are told as not wholly read, want 3", unread)
	}
	before, _, _ := strings.Cut(page, `<ul class="tiles">`)
	if !strings.Contains(before, "Not everything was read") {
		t.Error("the page does not begin with what was not read")
	}
	rows := regexp.MustCompile(`(?s)<tr><th scope="row">.*?</tr>`).FindAllString(page, -1)
	for _, r := range rows {
		if !strings.Contains(r, "<td>read</td>") && strings.Contains(r, "<td>"+none+"</td>") {
			t.Errorf("nothing found is told of an app that was not read: %s", r)
		}
	}
	if len(rows) != len(x.Apps) {
		t.Errorf("%d rows for those without scripts, %d apps", len(rows), len(x.Apps))
	}
}

func TestHTMLStaysWithinItsBounds(t *testing.T) {
	// An app that names and carries more than anybody can read.
	a := hostileOf(strings.Repeat("x", 3000))
	e, s, id := a.Endpoints[0], a.SDKs[0], a.Identifiers[0]
	e.Noise = ""
	for len(id.Sites) < 40 {
		id.Sites = append(id.Sites, id.Sites[0])
	}
	for i := range 2500 {
		e.Host, e.RegistrableDomain, s.ID, id.ID = fmt.Sprint(i), fmt.Sprint(i), fmt.Sprint(i), fmt.Sprint(i)
		e.Locations = id.Sites
		a.Endpoints, a.SDKs, a.Identifiers = append(a.Endpoints, e), append(a.SDKs, s), append(a.Identifiers, id)
	}
	var b bytes.Buffer
	h := newHTML(&b)
	if err := h.Handle(&event.Message{Start: &event.Start{}}); err != nil {
		t.Fatal(err)
	}
	if err := h.Handle(&event.Message{App: a}); err != nil {
		t.Fatal(err)
	}
	for id, d := range unpacked(t, b.String()) {
		if len(d) > htmlDetail {
			t.Errorf("%s has %d bytes", id, len(d))
		}
		if !strings.Contains(d, `"left":["`) {
			t.Error("it does not say what was left out")
		}
	}
	if n := len(h.index.Apps[0].Domains); n > htmlAppNames {
		t.Errorf("the overview holds %d domains of one app", n)
	}
	if h.index.Cut == 0 {
		t.Error("the overview does not say that domains were cut")
	}
	if a.SDKs[0].Evidence == nil || len(a.Identifiers[1].Sites) != 40 {
		t.Error("the app was changed: other formats are told of the same one")
	}
}

// multiplied is a stream of n apps made of those of a saved report.
func multiplied(s *Saved, n int) func(func(*event.Message) error) error {
	return func(h func(*event.Message) error) error {
		var apps []*event.App
		err := s.Replay(func(m *event.Message) error {
			if m.App != nil {
				apps = append(apps, m.App)
			}
			return nil
		})
		if err != nil || len(apps) == 0 {
			return fmt.Errorf("no apps: %w", err)
		}
		sum := s.Summary
		sum.Apps, sum.ByStatus, sum.WithTracker, sum.ExitReasons = n, map[string]int{}, 0, nil
		if err := h(&event.Message{Start: &s.Start}); err != nil {
			return err
		}
		for i := range n {
			a := *apps[i%len(apps)]
			if round := i / len(apps); round > 0 {
				a.Path = fmt.Sprintf("copy-%03d/%s", round, a.Path)
				a.Package, a.Label = fmt.Sprintf("%s.c%d", a.Package, round), fmt.Sprintf("%s %d", a.Label, round)
			}
			sum.ByStatus[string(a.Status)]++
			if slices.ContainsFunc(a.SDKs, func(s finding.SDK) bool { return s.Tracker }) {
				sum.WithTracker++
			}
			if err := h(&event.Message{App: &a}); err != nil {
				return err
			}
		}
		return h(&event.Message{Summary: &sum})
	}
}

// TestWritePages writes what .ci/page looks at in a browser into the folder
// that TELLTALE_PAGES names: the samples, texts that would act, several
// versions of one app, and 2,000 apps, which are multiplied from
// TELLTALE_REPORT (a saved report) or from the samples.
func TestWritePages(t *testing.T) {
	dir := os.Getenv("TELLTALE_PAGES")
	if dir == "" {
		t.Skip("TELLTALE_PAGES names no folder (.ci/page makes one)")
	}
	big := openSamples(t)
	if name := os.Getenv("TELLTALE_REPORT"); name != "" {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err == nil {
			big, err = Open(f, info.Size())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	all := append(append([]string{}, evils...), scripts...)
	for name, replay := range map[string]func(func(*event.Message) error) error{
		"samples": openSamples(t).Replay, "hostile": everyStream(all...), "versions": versions(t), "many": multiplied(big, 2000),
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(write(t, "html", replay)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// versions is a stream of one app in three versions, the second without what
// the others carry, and of another app with the same key.
func versions(t testing.TB) func(func(*event.Message) error) error {
	return func(h func(*event.Message) error) error {
		return openSamples(t).Replay(func(m *event.Message) error {
			a := m.App
			if a == nil || a.Package != "com.example.minibrowser" {
				return h(m)
			}
			for i, v := range []string{"1.0", "2.0", "3.4.0"} {
				b := *a
				b.Path, b.VersionName, b.VersionCode = fmt.Sprintf("v%s/%s", v, a.Path), v, int64(i+1)*100
				b.SDKs = slices.Clone(a.SDKs)
				b.SDKs[0].AppKeys = []finding.AppKey{{Name: "KEY", Value: "5a3c••••••••7f"}}
				if i == 1 {
					b.SDKs = b.SDKs[:1]
				}
				if err := h(&event.Message{App: &b}); err != nil {
					return err
				}
			}
			b := *a
			b.Path, b.Package, b.Label = "other.apk", "com.example.other", "Other"
			b.SDKs = slices.Clone(a.SDKs)
			b.SDKs[0].AppKeys = []finding.AppKey{{Name: "KEY", Value: "5a3c••••••••7f"}}
			return h(&event.Message{App: &b})
		})
	}
}

func TestHTMLTellsVersionsAndSharedKeys(t *testing.T) {
	page := write(t, "html", versions(t))
	for _, want := range []string{"One app in several versions", "from the first to the last: 0 trackers more, 0 fewer", "Apps with the same key", "5a3c••••••••7f"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if page = write(t, "html", openSamples(t).Replay); strings.Contains(page, "Apps with the same key") {
		t.Error("keys that nobody shares are told as shared")
	}
}

func BenchmarkHTML(b *testing.B) {
	s := openSamples(b)
	for b.Loop() {
		h := newHTML(io.Discard)
		if err := multiplied(s, 200)(h.Handle); err != nil {
			b.Fatal(err)
		}
	}
}
