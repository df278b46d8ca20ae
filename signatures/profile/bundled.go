package profile

import _ "embed"

// bundled is the index that is shipped. It is made by 'telltale signatures
// learn --profile' from the artefacts that profiles.tsv lists; see README.md.
//
//go:embed profiles.bin
var bundled string

// Bundled opens the index that is shipped. That costs little; it is done only
// by who looks for profiles.
func Bundled() (*Index, error) { return Open(bundled) }
