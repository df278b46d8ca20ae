package scan

import (
	"fmt"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// packed says of each packer that an app carries on more than weak signs, that
// what it hides was not seen: what was found is the least of what is there.
func packed(a *event.App) {
	for i := range a.SDKs {
		s := &a.SDKs[i]
		if s.Kind != "packer" || s.Confidence == "low" || s.State == finding.Referenced || s.State == finding.Stub {
			continue
		}
		a.Problems = append(a.Problems, fact.Problem{
			Kind: fact.ProblemPacked, Lossy: true,
			Detail: fmt.Sprintf("code is packed by %s: what is inside was not seen", s.Name),
		})
		if a.Status == fact.Complete {
			a.Status = fact.Partial
		}
	}
}
