package fence

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/scan"
)

// crash says what became of a worker that gave no answer, from how it ended
// and what it wrote on standard error.
func crash(state *os.ProcessState, trace string, memory int64) error {
	return verdict(state.String(), trace, memory)
}

func verdict(how, trace string, memory int64) error {
	switch {
	case strings.Contains(trace, "stack exceeds"):
		return &scan.Fault{What: "stack overflow", At: scan.StackDigest([]byte(trace))}
	case strings.Contains(trace, "out of memory"), strings.Contains(trace, "cannot allocate memory"), strings.Contains(trace, "failed to reserve"), strings.Contains(trace, "failed to allocate"):
		return tooMuch(memory)
	case how == "signal: killed":
		// Nobody else ends workers in this way.
		return &scan.OverBudget{Detail: "the operating system ended its process, most likely because memory ran out; look at fewer apps at the same time with --jobs"}
	}
	what := ""
	for line := range strings.Lines(trace) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			what = line
			break
		}
		what = cmp.Or(what, line)
	}
	const most = 300
	if len(what) > most {
		what = what[:most] + "…"
	}
	return &scan.Fault{What: strings.TrimSuffix("its worker process ended ("+how+"): "+what, ": "), At: scan.StackDigest([]byte(trace))}
}

func tooMuch(memory int64) error {
	return &scan.OverBudget{Detail: fmt.Sprintf("needs more than %d MiB of memory; raise it with --max-memory", memory>>20)}
}
