package checks

import (
	"bytes"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

func notFormatted() *lint.Check {
	return &lint.Check{ID: "not-formatted", Severity: signatures.Warning, Any: func(p *lint.Pass) {
		name, text := p.Source.File()
		if want, diags := signatures.Format(name, text); len(diags) == 0 && !bytes.Equal(want, text) {
			line := 1
			for i := 0; i < min(len(want), len(text)) && want[i] == text[i]; i++ {
				if want[i] == '\n' {
					line++
				}
			}
			p.Reportf(nil, "the file is not in canonical form from line %d on; run 'telltale signatures fmt %s'", line, name)
		}
	}}
}
