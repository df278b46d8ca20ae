package cli

import (
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures"
)

// Start opens the stream of results that this program makes with rules.
func Start(rules *signatures.Rules) event.Start {
	return event.Start{
		Schema:     event.Schema,
		Tool:       event.Tool{Name: "telltale", Version: version},
		Signatures: event.Signatures{Digest: rules.Digest(), Counts: rules.Counts()},
	}
}

// Reasons lists why a run with this summary does not end with 0.
func Reasons(s *event.Summary, allowIncomplete bool) []event.ExitReason {
	return reasons(s, allowIncomplete)
}
