package scan

import (
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

func TestPacked(t *testing.T) {
	for _, tt := range []struct {
		sdk    finding.SDK
		before fact.Status
		after  fact.Status
		told   bool
	}{
		{finding.SDK{Kind: "packer", Name: "Shell", Confidence: "medium", State: finding.Present}, fact.Complete, fact.Partial, true},
		{finding.SDK{Kind: "packer", Name: "Shell", Confidence: "high", State: finding.Reachable}, fact.NoCode, fact.NoCode, true},
		{finding.SDK{Kind: "packer", Name: "Shell", Confidence: "low", State: finding.Present}, fact.Complete, fact.Complete, false},
		{finding.SDK{Kind: "packer", Name: "Shell", Confidence: "medium", State: finding.Referenced}, fact.Complete, fact.Complete, false},
		{finding.SDK{Kind: "sdk", Name: "Statistics", Confidence: "high", State: finding.Present}, fact.Complete, fact.Complete, false},
	} {
		a := &event.App{Status: tt.before, Findings: finding.Findings{SDKs: []finding.SDK{tt.sdk}}}
		packed(a)
		told := len(a.Problems) == 1 && a.Problems[0].Kind == fact.ProblemPacked && a.Problems[0].Lossy &&
			a.Problems[0].Detail == "code is packed by Shell: what is inside was not seen"
		if a.Status != tt.after || told != tt.told || !told && len(a.Problems) > 0 {
			t.Errorf("%+v: %s, %+v", tt.sdk, a.Status, a.Problems)
		}
	}
}
