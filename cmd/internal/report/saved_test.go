package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

func open(s string) (*Saved, error) { return Open(strings.NewReader(s), int64(len(s))) }

func TestReplayLosesNothing(t *testing.T) {
	original, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	doc := write(t, "json", openSamples(t).Replay)
	var want, got any
	if json.Unmarshal(original, &want) != nil || json.Unmarshal([]byte(doc), &got) != nil {
		t.Fatal("no JSON")
	}
	if where := missing(want, got, ""); where != "" {
		t.Errorf("%s is lost or changed", where)
	}
	// Through every way and back the bytes stay the same.
	stream := write(t, "ndjson", openSamples(t).Replay)
	for name, s := range map[string]string{"document": doc, "stream": stream, "sorted keys": sortKeys(t, doc)} {
		saved, err := open(s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if saved.Cut {
			t.Errorf("%s: called cut", name)
		}
		if again := write(t, "json", saved.Replay); again != doc {
			t.Errorf("%s: replay changes the report: %s", name, firstDifference(again, doc))
		}
	}
}

// missing says what of want is not in got, which may have more keys.
func missing(want, got any, at string) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return at
		}
		for k := range w {
			if m := missing(w[k], g[k], at+"."+k); m != "" {
				return m
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return at
		}
		for i := range w {
			if m := missing(w[i], g[i], fmt.Sprintf("%s[%d]", at, i)); m != "" {
				return m
			}
		}
	default:
		if want != got {
			return at
		}
	}
	return ""
}

func sortKeys(t *testing.T, doc string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v) // "apps" comes first
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const head = `{"schema":"telltale.report/v1","tool":{"name":"telltale","version":"1"},"signatures":{"digest":"sha256:1","counts":{}},`

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", "no JSON object"},
		{"text", "hello", "no JSON object"},
		{"list", "[]", "no JSON object"},
		{"nothing", "{}", "empty"},
		{"other JSON", `{"a":1}`, "does not name the schema"},
		{"later version", `{"schema":"telltale.report/v9","apps":[]}`, "use the version that wrote it"},
		{"later stream", `{"start":{"schema":"telltale.report/v9"}}`, "use the version that wrote it"},
		{"cut", head + `"apps":[{"path":"a"`, "not whole"},
		{"no summary", head + `"apps":[]}`, "no summary"},
		{"apps of another kind", head + `"apps":{},"summary":{}}`, "no list"},
		{"app of another kind", head + `"apps":[7],"summary":{}}`, "app 1 is none"},
		{"text for a number", head + `"apps":[{"min_sdk":"x"}],"summary":{}}`, "app 1 is none"},
		{"two streams", `{"start":{"schema":"telltale.report/v1"}}` + "\n" + `{"start":{"schema":"telltale.report/v1"}}`, "second stream"},
		{"deep", head + `"x":` + strings.Repeat("[", 20000), "not a report"},
		{"too many elements", head + `"apps":[{"sdks":[` + strings.Repeat("{},", maxSavedElements) + `{}]}],"summary":{}}`, "elements"},
		{"too many nulls", head + `"apps":[{"sdks":[` + strings.Repeat("null,", maxSavedElements) + `{}]}],"summary":{}}`, "elements"},
	} {
		s, err := open(tt.in)
		if err == nil {
			t.Errorf("%s: opened: %+v", tt.name, s.Start)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
	if _, err := Open(bytes.NewReader(nil), MaxSaved+1); err == nil {
		t.Error("no limit")
	}
}

// endless is an app whose text does not end.
type endless struct{ head string }

func (e endless) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		if o := off + int64(i); o < int64(len(e.head)) {
			p[i] = e.head[o]
		} else {
			p[i] = 'a'
		}
	}
	return len(p), nil
}

func TestOpenBoundsOneApp(t *testing.T) {
	_, err := Open(endless{head + `"apps":[{"path":"`}, MaxSaved)
	if err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a text without end: %v", err)
	}
}

func TestOpenToleratesWhatItDoesNotKnow(t *testing.T) {
	s, err := open(head + `"future":{"a":[1,{"apps":[]}]},"apps":[{"path":"a.apk","status":"complete","novelty":[1],"sdks":null}],"summary":{"apps":1,"more":true}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := write(t, "csv", s.Replay); !strings.Contains(got, "a.apk,") {
		t.Errorf("the app is lost:\n%s", got)
	}
}

func TestStreamOfAKilledRun(t *testing.T) {
	stream := write(t, "ndjson", openSamples(t).Replay)
	lines := strings.SplitAfter(strings.TrimSpace(stream), "\n")
	for name, s := range map[string]string{"whole lines": strings.Join(lines[:4], ""), "half a line": strings.Join(lines[:4], "") + lines[4][:len(lines[4])/2]} {
		saved, err := open(s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !saved.Cut || !saved.Summary.Interrupted || saved.Summary.Apps != 3 || saved.Summary.WithTracker != 2 {
			t.Errorf("%s: %+v", name, saved.Summary)
		}
	}
}

func TestMerge(t *testing.T) {
	saved := func(digest string, reasons string, paths ...string) *Saved {
		t.Helper()
		var apps []string
		for _, p := range paths {
			apps = append(apps, fmt.Sprintf(`{"path":%q,"sha256":%q,"status":"complete","sdks":[{"tracker":true}]}`, p, p))
		}
		s, err := open(strings.Replace(head, "sha256:1", digest, 1) + `"apps":[` + strings.Join(apps, ",") + `],"summary":{"apps":2,"skipped":{"text":2},"exit_reasons":[` + reasons + `]}}`)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var got []string
	var sum event.Summary
	wasStrict := false
	collect := func(m *event.Message) error {
		if m.App != nil {
			got = append(got, m.App.Path)
		}
		if m.Summary != nil {
			sum = *m.Summary
		}
		return nil
	}
	reasons := func(s *event.Summary, strict bool) []event.ExitReason {
		wasStrict = strict
		return []event.ExitReason{{Code: 3, Reason: fmt.Sprintf("of %d", s.Apps)}}
	}
	a := saved("x", `{"code":1,"reason":"r"},{"code":3,"reason":"1 of 2"}`, "b", "d")
	b := saved("x", `{"code":1,"reason":"r"},{"code":4,"reason":"none"}`, "c", "a", "d")
	if err := Merge([]*Saved{a, b}, reasons, collect); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(got, ""); s != "abcd" {
		t.Errorf("the order is %s", s)
	}
	if want := []event.ExitReason{{Code: 1, Reason: "r"}, {Code: 3, Reason: "of 4"}}; !slices.Equal(sum.ExitReasons, want) || !wasStrict || sum.Apps != 4 || sum.WithTracker != 4 || sum.Skipped["text"] != 4 || sum.ByStatus["complete"] != 4 {
		t.Errorf("summary %+v, strict %v", sum, wasStrict)
	}
	got = nil
	if err := Merge([]*Saved{a, b, a}, reasons, collect); err != nil || strings.Join(got, "") != "abcd" || sum.Apps != 4 || sum.Skipped["text"] != 4 {
		t.Errorf("a report that is given twice: %v, %s, %+v", err, got, sum)
	}
	if err := Merge([]*Saved{a, saved("y", "", "e")}, reasons, collect); err == nil || !strings.Contains(err.Error(), "report 2") {
		t.Errorf("reports with different rules are merged: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	b, err := os.ReadFile(samples)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(write(f, "ndjson", openSamples(f).Replay)))
	f.Add([]byte(write(f, "json", hostileStream(evils[:8]))))
	f.Add([]byte(head + `"apps":[{"path":"a.apk"}],"summary":{}}`))
	f.Add([]byte(`{"start":{"schema":"telltale.report/v1"}}` + "\n" + `{"app":{"path":"a"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, format := range Formats {
			h, err := New(format, io.Discard, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Replay(h.Handle); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			h.Close()
		}
		doc := write(t, "json", s.Replay)
		again, err := open(doc)
		if err != nil {
			t.Fatalf("what it wrote cannot be read: %v\n%s", err, doc)
		}
		if write(t, "json", again.Replay) != doc {
			t.Error("a second replay differs")
		}
	})
}
