// Package report holds one event.Handler for each output format. Handlers
// write what they are told, in the order in which it comes: they neither
// reorder nor judge, and the same stream gives the same bytes.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// Options are what a person chose about the output.
type Options struct {
	Color bool // escape sequences for colour may be written
	Width int  // columns of the terminal; 0 if unknown
	All   bool // show what is usually folded away (noise, other hosts, all sites)
	// Unknown shows the code of each app that no rule knows.
	Unknown bool
}

// Formats lists the names that New knows, in the order of the help text.
var Formats = []string{"text", "json", "ndjson", "markdown", "csv", "sarif", "junit", "cyclonedx", "html"}

// New returns the handler of a format. It writes to w and does not close it.
func New(format string, w io.Writer, o Options) (event.Handler, error) {
	switch format {
	case "text":
		return newText(w, o), nil
	case "json":
		return newJSON(w), nil
	case "ndjson":
		return newNDJSON(w), nil
	case "markdown":
		return newMarkdown(w), nil
	case "csv":
		return newCSV(w), nil
	case "sarif":
		return newSARIF(w), nil
	case "junit":
		return newJUnit(w), nil
	case "cyclonedx":
		return newCycloneDX(w), nil
	case "html":
		return newHTML(w), nil
	}
	return nil, fmt.Errorf("format %q is unknown: use one of %s", format, strings.Join(slices.Sorted(slices.Values(Formats)), ", "))
}

// incomplete is what Close says of a document whose run ended before its
// summary. Formats of lines have no such end.
func incomplete(document string) error {
	return fmt.Errorf("the %s document is incomplete: the run ended before its summary", document)
}
