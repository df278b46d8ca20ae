package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

func sample(path, digest string) *event.App {
	off := int64(4)
	site := finding.Site{Location: finding.Location{Unit: "classes.dex", Class: "La;", Method: "m()V", Offset: &off}, Owner: finding.Owner{Kind: "sdk", SDK: "foo"}}
	return &event.App{
		Path: path, SHA256: digest, Package: "com.x'; DROP TABLE apps;--", Status: fact.Complete, VersionCode: 1 << 40,
		Parts:    []event.Part{{Path: path, SHA256: digest, Role: "base"}},
		Signers:  []fact.Signer{{Scheme: "v1", SHA256: "ab"}},
		Problems: []fact.Problem{{Kind: fact.ProblemTampered, Detail: "odd"}},
		Exported: []event.Component{{Kind: "service", Class: "c.S"}},
		Verdicts: []event.Verdict{{Rule: "r", Severity: "error", Outcome: "violation", Kind: "sdk", ID: "foo"}},
		Findings: finding.Findings{
			SDKs: []finding.SDK{{
				ID: "foo", Name: "Foo", Tracker: true, State: finding.Wired, Version: &finding.Version{Value: "1.2"}, AtStartup: &finding.StartupPath{},
				Reads: []finding.Use{{ID: "imei", Count: 2}}, Names: []finding.Use{{ID: "h.foo.com"}}, Events: []finding.Event{{Name: "e", Keys: []string{"a", "b"}}}, AppKeys: []finding.AppKey{{Name: "K", Value: "1**2"}},
			}},
			Endpoints:   []finding.Endpoint{{Value: "https://h.foo.com/", Host: "h.foo.com", RegisteredIn: &finding.Registration{City: "Beijing", Country: "CN", Grade: "filing"}, Locations: []finding.Site{site}}},
			Identifiers: []finding.Identifier{{ID: "imei", Sites: []finding.Site{site}}},
			Sinks:       []finding.Sink{{ID: "http"}}, Permissions: []finding.Permission{{Permission: fact.Permission{Name: "P"}}},
			Unknown: []finding.UnknownCode{{Package: "u", Classes: 3}}, DynamicCode: []finding.DynamicCode{{Kind: "classes", Owner: finding.Owner{Kind: "app"}}},
		},
	}
}

func run(t *testing.T, name, rules string, apps ...*event.App) *Store {
	t.Helper()
	return runAs(t, name, event.Start{Signatures: event.Signatures{Digest: rules}}, apps...)
}

func runAs(t *testing.T, name string, start event.Start, apps ...*event.App) *Store {
	t.Helper()
	start.Tool.Version = "1"
	s, err := Open(name, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	msgs := []*event.Message{{Start: &start}}
	for _, a := range apps {
		msgs = append(msgs, &event.Message{App: a})
	}
	for _, m := range append(msgs, &event.Message{Summary: &event.Summary{}}) {
		if err := s.Handle(m); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func count(t *testing.T, s *Store, query string) int {
	t.Helper()
	n := 0
	if err := s.conn.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// tables returns the names of all tables.
func tables(t *testing.T, s *Store) []string {
	t.Helper()
	rows, err := s.conn.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

func TestWhatIsThereIsNotWrittenAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a b#c?.db") // nothing in a name means anything
	s := run(t, name, "rules 1", sample("a.apk", "d1"), sample("copy/a.apk", "d1"), sample("b.apk", "d2"))
	if s.Added != 2 || s.Held != 1 {
		t.Errorf("%d added, %d held", s.Added, s.Held)
	}
	if r, err := s.Rules(); err != nil || len(r) != 1 || r[0] != "rules 1" {
		t.Errorf("rules %q, %v", r, err)
	}
	if n := count(t, s, "SELECT count(*) FROM paths"); n != 3 {
		t.Errorf("%d paths", n)
	}
	for _, table := range tables(t, s) {
		if n := count(t, s, "SELECT count(*) FROM "+table); n == 0 {
			t.Errorf("table %s is empty: the sample has something for each", table)
		}
	}
	if n := count(t, s, "SELECT count(*) FROM verdicts"); n != 2 {
		t.Errorf("%d verdicts", n)
	}
	if n := count(t, s, "SELECT count(*) FROM sdks JOIN apps ON apps.id = app WHERE sdk = 'foo' AND version = '1.2' AND at_startup AND version_code = 1 << 40"); n != 2 {
		t.Errorf("%d SDKs", n)
	}
	s.Close()

	again := run(t, name, "rules 1", sample("a.apk", "d1"))
	if again.Added != 0 || again.Held != 1 || count(t, again, "SELECT count(*) FROM verdicts") != 2 {
		t.Errorf("again: %d added, %d held", again.Added, again.Held)
	}
	again.Close()

	// Other rules take the place of the old ones, and leave nothing of them.
	other := sample("a.apk", "d1")
	other.SDKs = nil
	newer := run(t, name, "rules 2", other)
	if newer.Added != 1 || count(t, newer, "SELECT count(*) FROM apps") != 2 || count(t, newer, "SELECT count(*) FROM sdks") != 1 || count(t, newer, "SELECT count(*) FROM sdk_reads") != 1 {
		t.Errorf("other rules: %d added, %d apps, %d SDKs", newer.Added, count(t, newer, "SELECT count(*) FROM apps"), count(t, newer, "SELECT count(*) FROM sdks"))
	}
}

// TestOtherOptionsMakeOtherResults: profiles that were added, and options that
// change results, count like rules.
func TestOtherOptionsMakeOtherResults(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.db")
	start := event.Start{Signatures: event.Signatures{Digest: "rules 1"}}
	options := event.Start{Signatures: event.Signatures{Digest: "rules 1", Profiles: "sha256:1"}, Options: map[string]string{"show-keys": "true", "locale": "de"}}
	for i, c := range []struct {
		start event.Start
		added int
		rules string
	}{{start, 1, "rules 1"}, {start, 0, "rules 1"}, {options, 1, "rules 1 and profiles sha256:1 --locale de --show-keys true"}, {options, 0, "rules 1 and profiles sha256:1 --locale de --show-keys true"}} {
		s := runAs(t, name, c.start, sample("a.apk", "d1"))
		if r, err := s.Rules(); err != nil || s.Added != c.added || !slices.Equal(r, []string{c.rules}) {
			t.Errorf("run %d: %d added, rules %q, %v", i, s.Added, r, err)
		}
		s.Close()
	}
}

func TestResultsComeBackWhole(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.db")
	want := sample("a.apk", "d1")
	run(t, name, "r", want).Close()
	s, err := Open(name, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got []*event.App
	if err := s.Apps(func(a *event.App) error { got = append(got, a); return nil }); err != nil {
		t.Fatal(err)
	}
	want.Verdicts = nil // of a run, not of the app
	if len(got) != 1 || cmp.Diff(want, got[0]) != "" {
		t.Errorf("%s", cmp.Diff(want, got[0]))
	}
	if err := s.Add(want); err == nil {
		t.Error("a database that was opened to be read is written")
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o666); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.db")
	s := run(t, foreign, "r")
	if _, err := s.conn.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	other := filepath.Join(dir, "other.db")
	s = run(t, other, "r")
	if _, err := s.conn.ExecContext(t.Context(), "PRAGMA user_version = 0"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	for name, want := range map[string]string{text: "no SQLite database", foreign: "version 99", other: "something else", dir: "not a regular file"} {
		before, _ := os.ReadFile(name)
		if _, err := Open(name, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", filepath.Base(name), err, want)
		}
		if after, _ := os.ReadFile(name); string(after) != string(before) {
			t.Errorf("%s was changed", name)
		}
	}
	if _, err := Open(filepath.Join(dir, "none.db"), false); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestBatchesAreOneByOne(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.db")
	var apps []*event.App
	for i := range batch + 5 {
		apps = append(apps, sample(strings.Repeat("x", i+1), strings.Repeat("d", i+1)))
	}
	run(t, name, "r", apps...).Close()
	// A row that cannot be written takes nothing but its own app with it.
	s := run(t, name, "r")
	if _, err := s.conn.ExecContext(t.Context(), "CREATE TRIGGER no BEFORE INSERT ON apps WHEN NEW.label = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END"); err != nil {
		t.Fatal(err)
	}
	bad := sample("bad", "bad")
	bad.Label = "bad"
	if err := s.Add(sample("good 1", "good 1")); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(bad); err == nil {
		t.Error("the trigger is ignored")
	}
	if err := s.Add(sample("good 2", "good 2")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = run(t, name, "r")
	if n := count(t, s, "SELECT count(*) FROM apps"); n != batch+7 {
		t.Errorf("%d apps", n)
	}
	if n := count(t, s, "SELECT count(*) FROM sdks"); n != batch+7 {
		t.Errorf("%d SDKs", n)
	}
}

func TestDamagedResultsAreTold(t *testing.T) {
	s := run(t, filepath.Join(t.TempDir(), "x.db"), "r", sample("a.apk", "d1"))
	if _, err := s.conn.ExecContext(t.Context(), "UPDATE apps SET report = 'x'"); err != nil {
		t.Fatal(err)
	}
	if err := s.Apps(func(*event.App) error { return nil }); err == nil || !strings.Contains(err.Error(), "a.apk is damaged") {
		t.Error(err)
	}
}
