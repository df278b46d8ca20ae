package signatures

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const unformatted = `# yaml-language-server: $schema=rule.schema.json

# Who: somebody.
id:   a   # the id
name: "A"
kind: sdk


vendor: v
# why analytics
category: 'analytics'
signals:
    # before the first
    - strength: weak
      string: "a, b: c"   # behind
    - endpoint:
        host: acme.example
    - endpoint: {query: [k], path: /p}
      # in an item
      strength: weak
    - {code: com.foo, note: "2026-01-02"}
evidence: [{text: "t # no comment", source: "no", date: 2026-01-02}]
aka: {
  z: 1, # behind z
  b: "2" }
tests:
    match:
    - class: com.foo.Bar
      manifest: |
        <service android:name="x"/> # no comment

        <receiver android:name="y"/>
      # before the other
    - {member: "Lcom/foo/A;->b([I)V", string: "x: y"}
notes: "two
  lines"
# at the end
`

const formatted = `# yaml-language-server: $schema=rule.schema.json

# Who: somebody.
kind: sdk
id: a # the id
name: A
notes: two lines
evidence:
  - text: "t # no comment"
    source: "no"
    date: "2026-01-02"

vendor: v
# why analytics
category: analytics
aka: {b: "2", z: "1"} # behind z
signals:
  # before the first
  - string: "a, b: c" # behind
    strength: weak
  - endpoint: acme.example
  - endpoint: {path: /p, query: [k]}
    # in an item
    strength: weak
  - code: com.foo
    note: "2026-01-02"
tests:
  match:
    - class: com.foo.Bar
      manifest: |
        <service android:name="x"/> # no comment

        <receiver android:name="y"/>
    # before the other
    - {member: "Lcom/foo/A;->b([I)V", string: "x: y"}
# at the end
`

func TestFormat(t *testing.T) {
	got, diags := Format("a.yaml", []byte(unformatted))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if d := cmp.Diff(formatted, string(got)); d != "" {
		t.Errorf("%s\n%s", d, got)
	}
	if again, _ := Format("a.yaml", got); !bytes.Equal(again, got) {
		t.Errorf("formatted again:\n%s", cmp.Diff(string(got), string(again)))
	}
	if _, diags := Format("a.yaml", []byte("kind: sdk\nid: [a\n")); !hasErrors(diags) {
		t.Error("a broken file was formatted")
	}
}

// TestFormatBundled formats all bundled rules: that must neither change a rule
// nor, done twice, the text.
func TestFormatBundled(t *testing.T) {
	files, err := filepath.Glob("db/*/*.yaml")
	if err != nil || len(files) < 1000 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		once, diags := Format(f, text)
		if len(diags) > 0 {
			t.Errorf("%s", diags[0])
			continue
		}
		if twice, _ := Format(f, once); !bytes.Equal(once, twice) {
			t.Errorf("%s: formatted again:\n%s", f, cmp.Diff(string(once), string(twice)))
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add([]byte(unformatted))
	f.Add([]byte(formatted))
	f.Add([]byte(minimal))
	f.Fuzz(func(t *testing.T, text []byte) {
		once, diags := Format("a.yaml", text)
		if len(diags) > 0 {
			return
		}
		twice, diags := Format("a.yaml", once)
		if len(diags) > 0 || !bytes.Equal(once, twice) {
			t.Errorf("formatted again:\n%s\n%s\n%v", once, twice, diags)
		}
	})
}
