package main

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/schema"
)

func TestDrift(t *testing.T) {
	want, err := generate(os.DirFS("../../rule"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, schema.JSON()) {
		t.Error("schema/rule.schema.json is not what package rule says; run go generate ./signatures/schema")
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:telltale:rule:v1", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:telltale:rule:v1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, text []byte) error {
	j, err := yaml.YAMLToJSON(text)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// TestDatabase holds that every bundled rule is right by the schema, so that an
// editor does not mark what the loader takes.
func TestDatabase(t *testing.T) {
	s := compiled(t)
	db := os.DirFS("../../db")
	n := 0
	err := fs.WalkDir(db, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(p, ".yaml") {
			return err
		}
		if n++; n%7 != 0 && testing.Short() {
			return nil
		}
		text, err := fs.ReadFile(db, p)
		if err != nil {
			return err
		}
		if err := validate(s, text); err != nil {
			t.Errorf("%s: %v", p, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		t.Error("there are no rules")
	}
}

const good = `kind: sdk
id: a
name: A
vendor: v
category: analytics
signals: [{code: com.foo}, {endpoint: a.example.org}, {endpoint: {host: b.example.org, path: /x}}]
`

// TestAgrees compares the schema with the loader on rules that are right and on
// ones with a mistake that a schema can see.
func TestAgrees(t *testing.T) {
	s := compiled(t)
	tests := map[string]struct {
		text string
		ok   bool
	}{
		"good":                {good, true},
		"disabled":            {"kind: sdk\nid: a\nstatus: disabled\n", true},
		"aka by number":       {good + "aka: {exodus: 1}\n", true},
		"unknown kind":        {"kind: sdkk\nid: a\n", false},
		"no kind":             {"id: a\n", false},
		"missing field":       {strings.Replace(good, "vendor: v\n", "", 1), false},
		"unknown field":       {good + "signal: []\n", false},
		"unknown category":    {strings.Replace(good, "analytics", "analytic", 1), false},
		"unknown status":      {good + "status: new\n", false},
		"bad id":              {strings.Replace(good, "id: a", "id: A b", 1), false},
		"empty signals":       {good[:strings.Index(good, "signals")] + "signals: []\n", false},
		"two in one signal":   {strings.Replace(good, "{code: com.foo}", "{code: com.foo, class: com.foo.A}", 1), false},
		"nothing in a signal": {strings.Replace(good, "{code: com.foo}", "{strength: weak}", 1), false},
		"bad strength":        {strings.Replace(good, "{code: com.foo}", "{code: com.foo, strength: hard}", 1), false},
		"number as text":      {strings.Replace(good, "name: A", "name: 1", 1), false},
		"text as list":        {good + "maven: g:a\n", false},
		"endpoint of nothing": {strings.Replace(good, "path: /x", "path: x", 1), false},
		"bad date":            {good + "evidence: [{text: t, source: s, date: yesterday}]\n", false},
		"bad when":            {good + "when: {all: [{signal: 1}], any: [{signal: 2}]}\n", false},
		"good when":           {good + "when: {any: [{signal: 1}, {signal: 2}], at_least: 2}\n", true},
		"event":               {good + "events: [{call: com.foo.A->b, name: 0, keys: 1}]\n", true},
		"event without name":  {good + "events: [{call: com.foo.A->b}]\n", false},
		"vendor":              {"kind: vendor\nid: v\nname: V\nrecords: [{grade: company-seat, country: CN, text: t, source: s}]\n", true},
		"bad country":         {"kind: vendor\nid: v\nname: V\nrecords: [{grade: company-seat, country: China, text: t, source: s}]\n", false},
		"identifier":          {"kind: identifier\nid: i\nname: I\ngroup: device\nglossary: g\nreset: never\nsources: [{setting: x, args: {0: a}, checked: x}]\n", false},
		"identifier, right":   {"kind: identifier\nid: i\nname: I\ngroup: device\nglossary: g\nreset: never\nsources: [{member: \"a.B->c\", args: {0: a}, checked: x}]\n", true},
		"noise":               {"kind: noise\nid: n\nname: N\nreason: r\nhosts: [example.org]\n", true},
		"sink of no group":    {"kind: sink\nid: s\nname: S\ngroup: drain\nmembers: [\"a.B->c\"]\n", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := validate(s, []byte(tt.text))
			if name == "identifier" { // only the loader sees that args need a member
				err = signaturesError(tt.text)
			}
			if (err == nil) != tt.ok {
				t.Errorf("schema: %v", err)
			}
			if err := signaturesError(tt.text); (err == nil) != tt.ok {
				t.Errorf("loader: %v", err)
			}
		})
	}
}

func signaturesError(text string) error {
	_, err := signatures.Load(oneFile(text), "test", signatures.Overlay)
	return err
}
