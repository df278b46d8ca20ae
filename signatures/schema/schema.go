// Package schema holds the JSON Schema of signature files, for editors and for
// those who write rules by program. The loader of package signatures checks
// more than a schema can say.
//
// In an editor that knows YAML, a first line such as
//
//	# yaml-language-server: $schema=../../schema/rule.schema.json
//
// gives completion and marks mistakes.
package schema

import _ "embed"

//go:generate go run ../internal/schema -o rule.schema.json ../rule

//go:embed rule.schema.json
var text string

// JSON returns the schema (draft 2020-12).
func JSON() []byte { return []byte(text) }
