package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// everyText is a result in which every text is s, whatever fields it has got
// since this was written: lists have one element, pointers lead somewhere.
func everyText(s string) *event.App {
	a := &event.App{}
	fill(reflect.ValueOf(a).Elem(), s)
	return a
}

func fill(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), s)
	case reflect.Map:
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, s)
		fill(elem, s)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, elem)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), s)
			}
		}
	}
}

// everyStream is a stream of an app for each of list, in which every text is
// that one.
func everyStream(list ...string) func(func(*event.Message) error) error {
	return func(h func(*event.Message) error) error {
		start, sum := &event.Start{}, &event.Summary{}
		fill(reflect.ValueOf(start).Elem(), list[0])
		fill(reflect.ValueOf(sum).Elem(), list[0])
		all := []*event.Message{{Start: start}}
		for _, s := range list {
			all = append(all, &event.Message{App: everyText(s)})
		}
		for _, m := range append(all, &event.Message{Summary: sum}) {
			if err := h(m); err != nil {
				return err
			}
		}
		return nil
	}
}

// checked says, for each format, which test watches over what it escapes. Tests
// that go over streams(t) meet every text of evils in every field.
var checked = map[string]string{
	"text":      "TestTextEscapesEveryField",
	"json":      "TestJSONEscapesEveryField",
	"ndjson":    "TestJSONEscapesEveryField",
	"markdown":  "streams",
	"csv":       "streams",
	"sarif":     "streams",
	"junit":     "streams",
	"cyclonedx": "streams",
	"html":      "TestHTMLFromFilesStaysText",
}

func TestEveryFormatIsWatched(t *testing.T) {
	for _, f := range Formats {
		if checked[f] == "" {
			t.Errorf("format %s: write a test that goes over streams(t) and looks for what acts in its medium, and name it in checked", f)
		}
	}
	// fill reaches what it should: no field of a result is left as it was.
	b, err := json.Marshal(everyText("EVIL"))
	if err != nil {
		t.Fatal(err)
	}
	for _, empty := range []string{`""`, "null", "[]", "{}"} {
		if i := bytes.Index(b, []byte(":"+empty)); i >= 0 {
			t.Errorf("a field is not filled: %s", b[max(0, i-60):i+len(empty)+1])
		}
	}
}

func TestTextEscapesEveryField(t *testing.T) {
	for _, s := range evils {
		for _, o := range []Options{{}, {All: true}, {All: true, Width: 80}} {
			var b bytes.Buffer
			h := newText(&b, o)
			if err := everyStream(s)(h.Handle); err != nil {
				t.Fatal(err)
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := Explain(&b, everyText(s), s, o); err != nil {
				t.Fatal(err)
			}
			for i, r := range b.String() {
				if r != '\n' && unsafeRune(r) {
					t.Fatalf("%.20q: %U at %d reaches the terminal: %q", s, r, i, b.String()[max(0, i-40):i])
				}
			}
		}
	}
	// A text cannot begin a line of its own.
	var b bytes.Buffer
	h := newText(&b, Options{All: true})
	if err := everyStream("x\nEVIL")(h.Handle); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(strings.TrimSpace(line), "EVIL") {
			t.Errorf("a line of a file's own: %q", line)
		}
	}
}

func TestJSONEscapesEveryField(t *testing.T) {
	for _, s := range evils {
		doc, lines := write(t, "json", everyStream(s)), write(t, "ndjson", everyStream(s))
		if !json.Valid([]byte(doc)) || !utf8.ValidString(doc) {
			t.Errorf("%.20q: the document is not valid", s)
		}
		if n := strings.Count(lines, "\n"); n != 3 || !strings.HasSuffix(lines, "\n") {
			t.Errorf("%.20q: %d lines", s, n)
		}
		for line := range strings.Lines(lines) {
			if !json.Valid([]byte(line)) || !utf8.ValidString(line) {
				t.Errorf("%.20q: %.100q is not valid", s, line)
			}
		}
		// A terminal shows a report that is not saved: nothing acts there either.
		for _, r := range doc + lines {
			if r != '\n' && r != utf8.RuneError && unsafeRune(r) {
				t.Fatalf("%.20q: %U is not escaped", s, r)
			}
		}
		var back struct{ App event.App }
		second := strings.Split(lines, "\n")[1]
		if err := json.Unmarshal([]byte(second), &back); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(s) && (back.App.Label != s || !slices.Equal(back.App.SDKs[0].Packages, []string{s})) {
			t.Errorf("%.20q comes back as %.20q", s, back.App.Label)
		}
	}
}
