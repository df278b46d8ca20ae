package event

import (
	_ "embed"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// SchemaJSON is the JSON Schema of telltale.report/v1, as committed. A test
// keeps it equal to what the Go types say.
//
//go:embed report-v1.schema.json
var SchemaJSON []byte

// document is the one JSON document of telltale.report/v1.
type document struct {
	Schema     string     `json:"schema"`
	Tool       Tool       `json:"tool"`
	Signatures Signatures `json:"signatures"`
	Policy     *Policy    `json:"policy,omitempty"`

	Options map[string]string `json:"options,omitempty"`

	Apps    []App   `json:"apps"`
	Summary Summary `json:"summary"`
}

// enums returns the closed lists of the contract.
func enums() map[reflect.Type][]any {
	return map[reflect.Type][]any{
		reflect.TypeFor[fact.Status](): {string(fact.Complete), string(fact.Partial), string(fact.Failed), string(fact.NoCode)},
		reflect.TypeFor[fact.ProblemKind](): {
			string(fact.ProblemUnsupported), string(fact.ProblemUnreadable), string(fact.ProblemMalformed), string(fact.ProblemTampered),
			string(fact.ProblemMissingCode), string(fact.ProblemMissingPart), string(fact.ProblemEncrypted), string(fact.ProblemPacked),
			string(fact.ProblemUnresolved), string(fact.ProblemBudget), string(fact.ProblemInternal),
		},
		reflect.TypeFor[finding.State](): {
			string(finding.Reachable), string(finding.Wired), string(finding.Present),
			string(finding.Disabled), string(finding.Stub), string(finding.Referenced),
		},
	}
}

// GenerateSchema derives the JSON Schema (2020-12) from the Go types. Unknown
// keys are allowed: the contract grows by adding them.
func GenerateSchema() ([]byte, error) {
	return SchemaOf(reflect.TypeFor[document](), Schema, "report-v1.schema.json", "Telltale report, version 1")
}

// SchemaOf derives the JSON Schema of another document of ours, whose key
// "schema" has the given value.
func SchemaOf(document reflect.Type, schema, file, title string) ([]byte, error) {
	g := &generator{defs: map[string]any{}, enums: enums()}
	root := g.object(document)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://github.com/telltale-apk/telltale/" + file
	root["title"] = title
	root["$defs"] = g.defs
	root["properties"].(map[string]any)["schema"] = map[string]any{"const": schema}
	b, err := json.MarshalIndent(root, "", "  ")
	return append(b, '\n'), err
}

type generator struct {
	defs  map[string]any
	enums map[reflect.Type][]any
}

func (g *generator) schema(t reflect.Type) map[string]any {
	if e, ok := g.enums[t]; ok {
		return map[string]any{"enum": e}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{g.schema(t.Elem()), map[string]any{"type": "null"}}}
	case reflect.Struct:
		if _, ok := g.defs[t.Name()]; !ok {
			g.defs[t.Name()] = nil // ends recursion
			g.defs[t.Name()] = g.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case reflect.Slice:
		items := g.schema(t.Elem())
		return map[string]any{"anyOf": []any{map[string]any{"type": "array", "items": items}, map[string]any{"type": "null"}}}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.schema(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	}
	return map[string]any{"type": "integer"}
}

func (g *generator) object(t reflect.Type) map[string]any {
	props := map[string]any{}
	required := []string{}
	g.fields(t, props, &required)
	return map[string]any{"type": "object", "properties": props, "required": required}
}

// fields adds the fields of t, those of embedded structs among them.
func (g *generator) fields(t reflect.Type, props map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			g.fields(f.Type, props, required)
			continue
		}
		if tag == "" || tag == "-" {
			continue
		}
		props[tag] = g.schema(f.Type)
		if !strings.Contains(opts, "omitempty") {
			*required = append(*required, tag)
		}
	}
}
