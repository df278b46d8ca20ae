package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

var update = flag.Bool("update", false, "write the golden reports in testdata anew")

// samples is a saved report of the sample APKs and of three malformed ones. It
// stays as it is when rules change, so that goldens show changes of formats
// only. Made in testdata at the top of the repository by
//
//	telltale scan --format json --fail-on tracker --fail-on identifier:imei \
//		apks malformed/dex-cut.apk malformed/no-code.apk malformed/text.apk
const samples = "testdata/samples.json"

func openSamples(t testing.TB) *Saved {
	t.Helper()
	b, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write returns a stream in a format.
func write(t testing.TB, format string, replay func(func(*event.Message) error) error) string {
	t.Helper()
	var b bytes.Buffer
	h, err := New(format, &b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(replay(h.Handle), h.Close()); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

var extensions = map[string]string{"markdown": "md", "csv": "csv", "sarif": "sarif", "junit": "xml", "cyclonedx": "cdx.json"}

func TestGoldenReports(t *testing.T) {
	for _, format := range Formats {
		ext, ok := extensions[format]
		if !ok {
			continue // json and ndjson: TestReplayLosesNothing; text has tests of its own
		}
		got := write(t, format, openSamples(t).Replay)
		if again := write(t, format, openSamples(t).Replay); again != got {
			t.Errorf("%s: two reports of one stream differ", format)
		}
		golden := filepath.Join("testdata", "samples."+ext)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s: if that is meant, run go test ./cmd/internal/report -update\n%s", format, golden, firstDifference(got, string(want)))
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// evils are texts that would act in one medium or another.
var evils = []string{
	evil,
	`=HYPERLINK("http://x.example","y")`, "+1+1", "-2+3", "@SUM(1)", "a;=1+1", " \"=1", "＝1", "\t=1",
	"<script>alert(1)</script>", "<!-- ", "--><img src=x onerror=alert(1)>", "</details></code>", "<section>", "]]>", "&lt;b&gt;", "&#60;",
	"[x](javascript:alert(1))", "![i](http://x.example/i.png)", "a | b \\| c", "`code` ``` ~~~", "# head", "@somebody", "owner/repo#1", "www.x.example", "http://x.example", "*_~",
	"\x7f\u009b31m\U000e0041\u2066", "\x01\x02\x0b\x1f\ufffe\uffff\ufdd0\U0001ffff", "\xed\xa0\x80", strings.Repeat("a\u0301\u0301", 9000),
	"../../etc/passwd", "C:\\x\\y", "a b?c#d%zz", "//host/x", "javascript:alert(1)", "", "/", "..", ".",
	"{0} [a](b) {x}", `\`, `"`, "'",
}

// hostileStream is a stream of apps in which every text is s.
func hostileStream(list []string) func(func(*event.Message) error) error {
	return func(h func(*event.Message) error) error {
		all := []*event.Message{{Start: &event.Start{Schema: event.Schema, Tool: event.Tool{Name: evil, Version: evil}, Signatures: event.Signatures{Digest: evil}}}}
		sum := &event.Summary{Apps: len(list), Skipped: map[string]int{evil: 1}}
		for _, s := range list {
			all = append(all, &event.Message{App: hostileOf(s)})
			sum.ExitReasons = append(sum.ExitReasons,
				event.ExitReason{Code: 1, Reason: s + ": carries " + s, Path: s, Package: s, Condition: "--fail-on sdk:" + s},
				event.ExitReason{Code: 3, Reason: s}, event.ExitReason{Code: 1, Reason: s})
		}
		for _, m := range append(all, &event.Message{Summary: sum}) {
			if err := h(m); err != nil {
				return err
			}
		}
		return nil
	}
}

// hostileOf is hostile with s for evil.
func hostileOf(s string) *event.App {
	a := hostile()
	replaceText(a, s)
	a.Permissions = []finding.Permission{{Permission: fact.Permission{Name: s}}}
	a.Signers = []fact.Signer{{SHA256: s, Subject: s}}
	return a
}

// replaceText puts s in place of every evil text, by way of JSON, which keeps
// all of it but bytes that are not UTF-8: those are put back.
func replaceText(a *event.App, s string) {
	const mark = "EVIL"
	b, _ := json.Marshal(hostileWith(mark))
	quoted, _ := json.Marshal(s)
	b = bytes.ReplaceAll(b, []byte(`"`+mark+`"`), quoted)
	*a = event.App{}
	if err := json.Unmarshal(b, a); err != nil {
		panic(err)
	}
	if !utf8.ValidString(s) {
		a.Path, a.Package, a.Label = s, s, s
		a.SDKs[0].ID, a.SDKs[0].Name, a.Endpoints[0].Value, a.Endpoints[0].Host, a.Identifiers[0].Name = s, s, s, s, s
		a.Problems[0].Detail = s
	}
}

// hostileWith is hostile with a plain mark instead of evil.
func hostileWith(mark string) *event.App {
	a := hostile()
	b, _ := json.Marshal(a)
	quotedEvil, _ := json.Marshal(evil)
	quoted, _ := json.Marshal(mark)
	b = bytes.ReplaceAll(b, quotedEvil, quoted)
	*a = event.App{}
	if err := json.Unmarshal(b, a); err != nil {
		panic(err)
	}
	return a
}

// streams are what every format must bear.
func streams(t testing.TB) map[string]func(func(*event.Message) error) error {
	m := map[string]func(func(*event.Message) error) error{
		"samples": openSamples(t).Replay,
		"none":    hostileStream(nil),
		"all":     hostileStream(evils),
		"every":   everyStream(evils...),
	}
	for i, s := range evils {
		m[fmt.Sprintf("%d: %.20q", i, s)] = hostileStream([]string{s, s})
	}
	return m
}

func TestCSVHoldsNoFormula(t *testing.T) {
	formula := regexp.MustCompile(`^[\s"]*[=+\-@＝＋－＠]|;[\s"]*[=+\-@＝＋－＠]`)
	for name, replay := range streams(t) {
		rows, err := csv.NewReader(strings.NewReader(write(t, "csv", replay))).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", name, err) // a wrong number of columns among them
			continue
		}
		for i, r := range rows {
			for c, cell := range r {
				if formula.MatchString(cell) {
					t.Errorf("%s: row %d, column %s: %.40q would be run", name, i, csvColumns[c], cell)
				}
				if strings.ContainsFunc(cell, unsafeRune) {
					t.Errorf("%s: row %d, column %s: %.40q", name, i, csvColumns[c], cell)
				}
			}
		}
	}
	if got := csvCell("=1;-2"); got != "'=1;'-2" {
		t.Errorf("csvCell gives %q", got)
	}
}

func TestCSVHasARowForEachFinding(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(write(t, "csv", openSamples(t).Replay))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := 1
	err = openSamples(t).Replay(func(m *event.Message) error {
		if a := m.App; a != nil {
			want += 1 + len(a.Problems) + len(a.SDKs) + len(a.Endpoints) + len(a.Identifiers) + len(a.Sinks) + len(a.Permissions)
		}
		return nil
	})
	if err != nil || len(rows) != want || want < 30 {
		t.Errorf("%d rows, want %d (%v)", len(rows), want, err)
	}
}

// tags are what the Markdown report itself writes.
var tags = regexp.MustCompile(`</?(code|details|summary)>`)

func TestMarkdownFromFilesStaysText(t *testing.T) {
	for name, replay := range streams(t) {
		got := write(t, "markdown", replay)
		if len(got) > markdownMax {
			t.Errorf("%s: %d bytes", name, len(got))
		}
		if !utf8.ValidString(got) {
			t.Errorf("%s: no UTF-8", name)
		}
		rest := tags.ReplaceAllString(got, "")
		if i := strings.IndexAny(rest, "<>`[]_@~"); i >= 0 {
			t.Errorf("%s: %q could act in %.60q", name, rest[i], rest[max(0, i-20):])
		}
		for _, act := range []string{"://", "www.", "javascript:", "]("} {
			if strings.Contains(strings.ToLower(rest), act) {
				t.Errorf("%s: holds %s", name, act)
			}
		}
		for _, tag := range []string{"code", "details", "summary"} {
			if o, c := strings.Count(got, "<"+tag+">"), strings.Count(got, "</"+tag+">"); o != c {
				t.Errorf("%s: %d <%s>, %d closed", name, o, tag, c)
			}
		}
		columns := 0
		for line := range strings.Lines(got) {
			if !strings.HasPrefix(line, "|") {
				columns = 0
				continue
			}
			n := strings.Count(line, "|")
			if columns != 0 && n != columns {
				t.Errorf("%s: %d columns instead of %d: %s", name, n, columns, line)
			}
			columns = n
		}
	}
}

func TestMarkdownFitsAndSaysWhatWasCut(t *testing.T) {
	many := make([]string, 3000)
	for i := range many {
		many[i] = fmt.Sprintf("folder/app%d.apk", i)
	}
	got := write(t, "markdown", hostileStream(many))
	if len(got) > markdownMax || len(got) < markdownMax/2 {
		t.Errorf("%d bytes", len(got))
	}
	var shown, of int
	m := regexp.MustCompile(`comment:\*\* (\d+) of (\d+) apps in the table`).FindStringSubmatch(got)
	if m == nil {
		t.Fatal("it does not say that rows were cut")
	}
	fmt.Sscan(m[1]+" "+m[2], &shown, &of)
	if rows := strings.Count(got, "| **partly read** |"); of != 3000 || rows != 3000-shown {
		t.Errorf("it says that %d of %d were cut and shows %d", shown, of, rows)
	}
	var cut int
	if m := regexp.MustCompile(`the details of (\d+) apps`).FindStringSubmatch(got); m != nil {
		fmt.Sscan(m[1], &cut)
	}
	if n := strings.Count(got, "<details>"); n == 0 || n+cut != 3000 {
		t.Errorf("%d details are shown, and it says that %d were cut", n, cut)
	}
	if !strings.Contains(got, "more reasons, cut here") {
		t.Error("it does not say that reasons were cut")
	}
}

func TestJUnitIsWellFormed(t *testing.T) {
	for name, replay := range streams(t) {
		got := write(t, "junit", replay)
		d := xml.NewDecoder(strings.NewReader(got))
		for {
			_, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
		for _, r := range got {
			// https://www.w3.org/TR/xml/#charsets
			if r < 0x20 && r != '\n' || r == 0xfffe || r == 0xffff || r == utf8.RuneError {
				t.Errorf("%s: %U", name, r)
				break
			}
		}
		var all junitSuites
		if err := xml.Unmarshal([]byte(got), &all); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var tests, failures, errs, skipped int
		for _, s := range all.Suites {
			for _, c := range s.Cases {
				tests++
				switch {
				case c.Failure != nil:
					failures++
				case c.Error != nil:
					errs++
				case c.Skipped != nil:
					skipped++
				}
			}
		}
		said := 0
		for _, s := range all.Suites {
			said += s.Skipped
		}
		if tests != all.Tests || failures != all.Failures || errs != all.Errors || skipped != said {
			t.Errorf("%s: counts %d %d %d %d, says %d %d %d %d", name, tests, failures, errs, skipped, all.Tests, all.Failures, all.Errors, said)
		}
	}
}

// TestJUnitObeysASchema asks xmllint and the schema that Jenkins' plug-in had,
// junit-4.xsd, which .ci/run fetches.
func TestJUnitObeysASchema(t *testing.T) {
	dir := os.Getenv("TELLTALE_TEST_FILES")
	xsd := filepath.Join(dir, "schemas", "junit.xsd")
	if _, err := os.Stat(xsd); dir == "" || err != nil {
		t.Skip("TELLTALE_TEST_FILES names no folder with schemas (.ci/run fetches them)")
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	check := func(doc string) ([]byte, error) {
		cmd := exec.Command(xmllint, "--noout", "--nonet", "--schema", xsd, "-")
		cmd.Stdin = strings.NewReader(doc)
		return cmd.CombinedOutput()
	}
	for name, replay := range streams(t) {
		if out, err := check(write(t, "junit", replay)); err != nil {
			t.Errorf("%s: %.2000s", name, out)
		}
	}
	if _, err := check("<testsuites><testsuite/></testsuites>"); err == nil {
		t.Error("the schema accepts anything")
	}
}

func TestJUnitJudgesNothingThatWasNotRead(t *testing.T) {
	var all junitSuites
	if err := xml.Unmarshal([]byte(write(t, "junit", openSamples(t).Replay)), &all); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range all.Suites {
		for _, c := range s.Cases {
			how := "pass"
			switch {
			case c.Failure != nil:
				how = "failure"
			case c.Error != nil:
				how = "error"
			case c.Skipped != nil:
				how = "skipped"
			}
			got[s.Name] += how + " "
		}
	}
	for suite, want := range map[string]string{
		"com.example.minibrowser 3.4.0 (apks/browser.apk)": "pass failure failure ",
		"com.example.notes 1.0.7 (apks/notes.apk)":         "pass pass pass ",
		"com.example.victim 0.3 (malformed/dex-cut.apk)":   "failure skipped skipped ",
		"com.example.victim 0.3 (malformed/no-code.apk)":   "error skipped skipped ",
		"text.apk (malformed/text.apk)":                    "error skipped skipped ",
	} {
		if got[suite] != want {
			t.Errorf("%s: %s, want %s", suite, got[suite], want)
		}
	}
}

// schema compiles an official schema that is not in this repository. .ci/run
// fetches it into schemas below TELLTALE_TEST_FILES.
func schema(t *testing.T, name string, others ...string) *jsonschema.Schema {
	t.Helper()
	dir := os.Getenv("TELLTALE_TEST_FILES")
	if dir == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder with schemas (.ci/run fetches them)")
	}
	c := jsonschema.NewCompiler()
	for _, n := range append(others, name) {
		f, err := os.Open(filepath.Join(dir, "schemas", n))
		if err != nil {
			t.Skip(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		// CycloneDX refers to files beside it under their npm names.
		if m, ok := doc.(map[string]any); ok && m["$id"] != nil {
			m["$id"] = "http://cyclonedx.org/schema/" + n
		} else if ok {
			delete(m, "id")
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+n, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("http://cyclonedx.org/schema/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func obeys(t *testing.T, s *jsonschema.Schema, name, doc string) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
	if err == nil {
		err = s.Validate(v)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func TestSARIFObeysItsSchema(t *testing.T) {
	s := schema(t, "sarif-schema-2.1.0.json")
	for name, replay := range streams(t) {
		obeys(t, s, name, write(t, "sarif", replay))
	}
	if v, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"version":"2.1.0","runs":[{"results":[{}]}]}`)); s.Validate(v) == nil {
		t.Error("the schema accepts anything")
	}
}

func TestCycloneDXObeysItsSchema(t *testing.T) {
	s := schema(t, "bom-1.6.SNAPSHOT.schema.json", "spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
	for name, replay := range streams(t) {
		obeys(t, s, name, write(t, "cyclonedx", replay))
	}
	if v, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{}]}`)); s.Validate(v) == nil {
		t.Error("the schema accepts anything")
	}
}

func TestSARIFKeepsWhatCodeHostsAsk(t *testing.T) {
	type run struct {
		Results []struct {
			RuleID              string
			RuleIndex           int
			Message             sarifMessage
			Locations           []sarifLocation
			PartialFingerprints map[string]string
		}
		Tool struct{ Driver sarifDriver }
	}
	for name, replay := range streams(t) {
		doc := write(t, "sarif", replay)
		var log struct{ Runs []run }
		if err := json.Unmarshal([]byte(doc), &log); err != nil || len(log.Runs) != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.ContainsFunc(doc, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unsafeRune(r)) }) {
			t.Errorf("%s: holds text that acts", name)
		}
		rules := log.Runs[0].Tool.Driver.Rules
		for _, r := range log.Runs[0].Results {
			if r.RuleIndex >= len(rules) || rules[r.RuleIndex].ID != r.RuleID {
				t.Errorf("%s: rule %d is not %s", name, r.RuleIndex, r.RuleID)
			}
			uri := r.Locations[0].PhysicalLocation.ArtifactLocation
			u, err := url.Parse(uri.URI)
			if err != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "" && u.Scheme != "file" || u.Host != "" {
				t.Errorf("%s: %q is no path (%v)", name, uri.URI, err)
			}
			if uri.URIBaseID != "" && (u.Scheme != "" || strings.HasPrefix(uri.URI, "..")) {
				t.Errorf("%s: %q is not below the base", name, uri.URI)
			}
		}
		for _, r := range rules {
			if len(r.Properties.Tags) > 10 || r.Help.Text == "" || r.DefaultConfiguration.Level == "" {
				t.Errorf("%s: rule %s: %+v", name, r.ID, r)
			}
		}
	}
}

func TestSARIFFingerprintsOutliveVersions(t *testing.T) {
	prints := func(shift int64, version string) string {
		var out []string
		doc := write(t, "sarif", func(h func(*event.Message) error) error {
			return openSamples(t).Replay(func(m *event.Message) error {
				if a := m.App; a != nil && a.Package != "" {
					a.Path, a.VersionName = "elsewhere/"+version+".apk", version
					for i := range a.Identifiers {
						for j := range a.Identifiers[i].Sites {
							if o := a.Identifiers[i].Sites[j].Offset; o != nil {
								*o += shift
							}
						}
					}
				}
				return h(m)
			})
		})
		for _, m := range regexp.MustCompile(`"telltale/v1":"([0-9a-f]+:\d+)"`).FindAllStringSubmatch(doc, -1) {
			out = append(out, m[1])
		}
		seen := map[string]bool{}
		for _, p := range out {
			seen[p] = true
		}
		if len(seen) < 15 {
			t.Errorf("only %d different fingerprints of %d", len(seen), len(out))
		}
		return strings.Join(out, " ")
	}
	if prints(0, "1") != prints(7, "2") {
		t.Error("fingerprints depend on version, path or offset")
	}
}

func TestSARIFStaysBelowTheLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 10 MB")
	}
	replay := func(h func(*event.Message) error) error {
		if err := h(&event.Message{Start: &event.Start{}}); err != nil {
			return err
		}
		a := hostileOf(strings.Repeat("x", 2000))
		for i := range 4000 {
			a.Package, a.SDKs[0].ID = fmt.Sprint(i), fmt.Sprint(i)
			if err := h(&event.Message{App: a}); err != nil {
				return err
			}
		}
		return h(&event.Message{Summary: &event.Summary{Apps: 4000}})
	}
	doc := write(t, "sarif", replay)
	var log struct {
		Runs []struct {
			Results     []json.RawMessage
			Invocations []sarifInvocation
		}
	}
	if err := json.Unmarshal([]byte(doc), &log); err != nil {
		t.Fatal(err)
	}
	if n := len(log.Runs[0].Results); n > sarifResults || len(doc) > sarifBytes || len(doc) < sarifBytes/2 {
		t.Errorf("%d results, %d bytes", n, len(doc))
	}
	if !strings.Contains(doc, "results are not in this file") {
		t.Error("it does not say that results were cut")
	}
}

func TestCycloneDXReferencesAreUnique(t *testing.T) {
	for name, replay := range streams(t) {
		var doc struct {
			Components   []cdxComponent
			Dependencies []cdxDependency
		}
		if err := json.Unmarshal([]byte(write(t, "cyclonedx", replay)), &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		refs := map[string]bool{}
		for _, a := range doc.Components {
			for _, c := range append(a.Components, a) {
				if c.BOMRef == "" || refs[c.BOMRef] {
					t.Errorf("%s: reference %q is not unique", name, c.BOMRef)
				}
				refs[c.BOMRef] = true
			}
		}
		for _, d := range doc.Dependencies {
			for _, r := range append(d.DependsOn, d.Ref) {
				if !refs[r] {
					t.Errorf("%s: reference %q leads nowhere", name, r)
				}
			}
		}
	}
}

func TestDocumentsWithoutAnEndAreTold(t *testing.T) {
	for _, format := range []string{"json", "markdown", "sarif", "junit", "cyclonedx", "html"} {
		h, err := New(format, io.Discard, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []*event.Message{{Start: &event.Start{}}, {App: hostile()}} {
			if err := h.Handle(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Close(); err == nil || !strings.Contains(err.Error(), "incomplete") {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func FuzzEscapes(f *testing.F) {
	for _, s := range evils {
		f.Add(s)
	}
	formula := regexp.MustCompile(`^[\s"]*[=+\-@＝＋－＠]|;[\s"]*[=+\-@＝＋－＠]`)
	markup := regexp.MustCompile("[<>`\\[\\]_@~|*#\\\\]|://|[wW]\\.")
	entity := regexp.MustCompile(`&#\d+;`)
	f.Fuzz(func(t *testing.T, s string) {
		if c := csvCell(s); formula.MatchString(c) || strings.ContainsFunc(c, unsafeRune) {
			t.Errorf("csvCell(%q) = %q", s, c)
		}
		rest := entity.ReplaceAllString(tags.ReplaceAllString(md(s, 50), ""), "·") // not "": neighbours must not meet
		if markup.MatchString(rest) || strings.Contains(rest, "&") || utf8.RuneCountInString(rest) > 51 {
			t.Errorf("md(%q) = %q", s, md(s, 50))
		}
		if b := brief(s, 50); !strings.HasPrefix(clean(s), strings.TrimSuffix(b, "…")) || utf8.RuneCountInString(b) > 51 {
			t.Errorf("brief(%q) = %q", s, b)
		}
		type element struct {
			XMLName xml.Name `xml:"a"`
			V       string   `xml:",chardata"`
		}
		var out element
		b, err := xml.Marshal(element{V: xmlText(s)})
		if err == nil {
			err = xml.Unmarshal(b, &out)
		}
		if err != nil || out.V != xmlText(s) {
			t.Errorf("xmlText(%q) comes back as %q (%v)", s, out.V, err)
		}
		uri := sarifURI(s)
		if u, err := url.Parse(uri.URI); err != nil || u.RawQuery != "" || u.Fragment != "" || u.Host != "" || u.Scheme != "" && u.Scheme != "file" {
			t.Errorf("sarifURI(%q) = %+v (%v)", s, uri, err)
		}
	})
}

func TestCSVCellsHaveAnEnd(t *testing.T) {
	if got := csvCell(strings.Repeat("=1;", 20_000)); utf8.RuneCountInString(got) > 32_767 || !strings.HasSuffix(got, "…") {
		t.Errorf("a cell of %d characters that ends in %q", utf8.RuneCountInString(got), got[len(got)-9:])
	}
}
