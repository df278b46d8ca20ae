// Command schema writes the JSON Schema of signature files from the structs,
// vocabularies and comments of package rule. It is run by go generate:
//
//	schema [-o FILE] DIR
//
// DIR holds the source of package rule.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/rule"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	fl := flag.NewFlagSet("schema", flag.ContinueOnError)
	fl.SetOutput(stderr)
	out := fl.String("o", "", "write to `FILE` instead of standard output")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if fl.NArg() != 1 {
		return fmt.Errorf("usage: schema [-o FILE] DIR")
	}
	b, err := generate(os.DirFS(fl.Arg(0)))
	if err != nil {
		return err
	}
	if *out == "" {
		_, err = stdout.Write(b)
		return err
	}
	return os.WriteFile(*out, b, 0o644)
}

type object = map[string]any

// kinds are the rules with their structs, in the order of the schema.
var kinds = []struct {
	kind rule.Kind
	typ  reflect.Type
}{
	{rule.KindSDK, reflect.TypeFor[rule.SDK]()},
	{rule.KindPacker, reflect.TypeFor[rule.SDK]()},
	{rule.KindVendor, reflect.TypeFor[rule.Vendor]()},
	{rule.KindDomain, reflect.TypeFor[rule.Domain]()},
	{rule.KindIdentifier, reflect.TypeFor[rule.Identifier]()},
	{rule.KindSink, reflect.TypeFor[rule.Sink]()},
	{rule.KindNoise, reflect.TypeFor[rule.Noise]()},
}

const (
	datePattern    = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
	idPattern      = `^[a-z0-9](-*[a-z0-9]|\.[a-z0-9])*$`
	sha256Pattern  = "^[0-9a-f]{64}$"
	countryPattern = "^[A-Z]{2}$"
	pathPattern    = "^/"
	mavenPattern   = "^[^: ]+:[^: ]+$"
	memberPattern  = "^.+->.+$"
)

// vocabularies and patterns of fields, by struct and field name.
var (
	vocabularies = map[string][]string{
		"Header.Status":    rule.Statuses,
		"Signal.Strength":  rule.Strengths,
		"Source.Strength":  {rule.Strong, rule.Weak},
		"SDK.Category":     slices.Sorted(maps.Keys(rule.Categories)),
		"Record.Grade":     rule.GradeNames(),
		"Domain.Role":      rule.Roles,
		"Host.Role":        rule.Roles,
		"Identifier.Group": rule.Groups,
		"Identifier.Reset": rule.Resets,
		"Sink.Group":       rule.SinkGroups,
	}
	patterns = map[string]string{
		"Header.ID": idPattern, "SDK.Vendor": idPattern, "Domain.Vendor": idPattern, "Vendor.Parent": idPattern,
		"Evidence.Date": datePattern, "TrackerClaim.Date": datePattern, "Artefact.Date": datePattern, "Record.Date": datePattern,
		"Artefact.SHA256": sha256Pattern, "Record.Country": countryPattern,
		"Host.Region": "^([A-Z]{2}|intl)$", "Endpoint.Path": pathPattern, "Signal.Maven": mavenPattern,
		"Signal.Member": memberPattern, "Source.Member": memberPattern, "EventCall.Call": memberPattern,
		"Wired.Call": memberPattern, "Source.URI": "^content://", "Source.File": "^/", "Signal.Native": `^[^/]+\.so$`,
	}
	// oneOf names the structs of which exactly one field must be set, with the
	// fields that do not count.
	oneOf = map[string][]string{
		"Signal": {"strength", "note"}, "Wired": nil, "AppKey": nil, "When": {"at_least"}, "VersionClue": {"key", "since", "until"},
		"Source": {"permission", "strength", "args", "checked", "origin", "note"},
	}
	notEmpty = map[string]bool{"SDK.Signals": true, "Identifier.Sources": true, "Sink.Members": true}
)

type generator struct {
	docs map[string]string // "Signal" or "Signal.Code" → comment
	defs object
}

// generate renders the schema. src is the source of package rule.
func generate(src fs.FS) ([]byte, error) {
	docs, err := comments(src)
	if err != nil {
		return nil, err
	}
	g := &generator{docs: docs, defs: object{}}
	var names []any
	var choices []any
	for _, k := range kinds {
		name := k.typ.Name()
		if g.defs[name] == nil {
			g.structure(k.typ)
		}
		names = append(names, string(k.kind))
		choices = append(choices, object{
			"if":   object{"properties": object{"kind": object{"const": string(k.kind)}}, "required": []any{"kind"}},
			"then": object{"$ref": "#/$defs/" + name},
		})
	}
	schema := object{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"$id":         "urn:telltale:rule:v1",
		"title":       "Telltale signature file",
		"description": "One rule: what an SDK, packer, vendor, domain, identifier, sink or noise is known by.",
		"type":        "object",
		"properties":  object{"kind": object{"enum": names}},
		"required":    []any{"kind", "id"},
		"allOf":       choices,
		"$defs":       g.defs,
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schema); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// structure adds a struct to the definitions.
func (g *generator) structure(t reflect.Type) {
	def := object{"type": "object", "additionalProperties": false}
	g.defs[t.Name()] = def // before its fields: When holds itself
	if d := g.docs[t.Name()]; d != "" {
		def["description"] = d
	}
	props, required := object{}, []any{}
	top := false
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if strings.Contains(opts, "inline") {
				top = true
				add(f.Type)
				continue
			}
			key := t.Name() + "." + f.Name
			p := g.schema(f.Type, key)
			if d := g.docs[key]; d != "" {
				p["description"] = d
			}
			if notEmpty[key] {
				p["minItems"] = 1
			}
			props[name] = p
			if !strings.Contains(opts, "omitempty") {
				required = append(required, name)
			}
		}
	}
	add(t)
	def["properties"] = props
	switch {
	case top:
		// A rule that only disables another needs no more than its name.
		def["if"] = object{"properties": object{"status": object{"const": rule.StatusDisabled}}, "required": []any{"status"}}
		def["then"] = object{"required": []any{"kind", "id"}}
		def["else"] = object{"required": required}
	case len(required) > 0:
		def["required"] = required
	}
	if others, ok := oneOf[t.Name()]; ok {
		var choices []any
		for _, name := range slices.Sorted(maps.Keys(props)) {
			if !slices.Contains(others, name) {
				choices = append(choices, object{"required": []any{name}})
			}
		}
		def["oneOf"] = choices
	}
	if t == reflect.TypeFor[rule.Endpoint]() {
		def["anyOf"] = []any{object{"required": []any{"host"}}, object{"required": []any{"path"}}}
	}
}

func (g *generator) schema(t reflect.Type, key string) object {
	switch t.Kind() {
	case reflect.Pointer:
		return g.schema(t.Elem(), key)
	case reflect.Struct:
		if g.defs[t.Name()] == nil {
			g.structure(t)
		}
		ref := object{"$ref": "#/$defs/" + t.Name()}
		if t == reflect.TypeFor[rule.Endpoint]() {
			return object{"anyOf": []any{object{"type": "string", "minLength": 1}, ref}}
		}
		return ref
	case reflect.Slice:
		return object{"type": "array", "items": g.schema(t.Elem(), key)}
	case reflect.Map:
		value := object{"type": []any{"string", "integer"}}
		if t.Key().Kind() == reflect.Int {
			return object{"type": "object", "patternProperties": object{"^[0-9]+$": value}, "additionalProperties": false}
		}
		return object{"type": "object", "additionalProperties": value}
	case reflect.String:
		s := object{"type": "string", "minLength": 1}
		if v := vocabularies[key]; v != nil {
			return object{"enum": v}
		}
		if p := patterns[key]; p != "" {
			s["pattern"] = p
		}
		return s
	case reflect.Int, reflect.Int64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Bool:
		return object{"type": "boolean"}
	}
	panic("schema: field of unsupported type " + t.String())
}

// comments reads the comments of struct types and of their fields.
func comments(src fs.FS) (map[string]string, error) {
	files, err := fs.Glob(src, "*.go")
	if err != nil {
		return nil, err
	}
	docs := map[string]string{}
	for _, name := range files {
		text, err := fs.ReadFile(src, name)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			gd, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range gd.Specs {
				ts, ok := s.(*ast.TypeSpec)
				if !ok {
					continue
				}
				st, ok := ts.Type.(*ast.StructType)
				if !ok {
					continue
				}
				docs[ts.Name.Name] = plain(gd.Doc, ts.Doc)
				for _, field := range st.Fields.List {
					for _, id := range field.Names {
						docs[ts.Name.Name+"."+id.Name] = plain(field.Doc, field.Comment)
					}
				}
			}
		}
	}
	return docs, nil
}

// plain joins comments into one line of text.
func plain(groups ...*ast.CommentGroup) string {
	var parts []string
	for _, g := range groups {
		if g != nil {
			parts = append(parts, strings.Fields(g.Text())...)
		}
	}
	return strings.Join(parts, " ")
}
