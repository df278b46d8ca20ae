// Package event is the wire between a scan and those who show it: one stream
// of messages, of which the NDJSON format is the plain encoding. A saved stream
// can be replayed into any report format.
//
// The stream is Start, then one App for each result in the order of the
// batch, then Summary. Handlers neither reorder nor judge.
package event

import (
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Schema names the version of the report's contract.
const Schema = "telltale.report/v1"

// Message is one element of the stream; exactly one field is set.
type Message struct {
	Start   *Start   `json:"start,omitempty"`
	App     *App     `json:"app,omitempty"`
	Summary *Summary `json:"summary,omitempty"`
}

// Start opens the stream.
type Start struct {
	Schema     string     `json:"schema"`
	Tool       Tool       `json:"tool"`
	Signatures Signatures `json:"signatures"`
}

// Tool names the program.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Signatures names the rules that were used.
type Signatures struct {
	Digest string         `json:"digest"` // "sha256:…"
	Counts map[string]int `json:"counts"` // by kind
}

// Code is one body of code. The counts are table sizes, except Classes (class
// definitions) and Instructions (instruction lines of `dexdump -d`).
type Code struct {
	Unit         string `json:"unit"`
	Format       string `json:"format"`
	Version      string `json:"version"`
	Strings      int    `json:"strings"`
	Types        int    `json:"types"`
	Fields       int    `json:"fields"`
	Methods      int    `json:"methods"`
	Classes      int    `json:"classes"`
	Instructions int    `json:"instructions"`
	Status       string `json:"status"`
	Loaded       bool   `json:"loaded"` // by Android, without the app's doing
}

// Part is an input file of an app.
type Part struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Role   string `json:"role"`
	Split  string `json:"split,omitempty"`
}

// App is the result for one app.
type App struct {
	Path        string         `json:"path"`
	SHA256      string         `json:"sha256"`
	Package     string         `json:"package"`
	Label       string         `json:"label"`
	VersionName string         `json:"version_name"`
	VersionCode int64          `json:"version_code"`
	MinSDK      int            `json:"min_sdk"`
	TargetSDK   int            `json:"target_sdk"`
	Signers     []fact.Signer  `json:"signers"`
	Parts       []Part         `json:"parts"`
	Status      fact.Status    `json:"status"`
	Problems    []fact.Problem `json:"problems"`
	Code        []Code         `json:"code"`
	finding.Findings
}

// Summary closes the stream.
type Summary struct {
	Apps        int            `json:"apps"`
	ByStatus    map[string]int `json:"by_status"`
	WithTracker int            `json:"with_tracker"`
	// Skipped counts files in folders that are no input, by kind.
	Skipped map[string]int `json:"skipped"`
	// ExitReasons lists every reason for an exit code other than 0, the one
	// that decided first.
	ExitReasons []ExitReason `json:"exit_reasons"`
	Interrupted bool         `json:"interrupted"`
}

// ExitReason is one reason for an exit code.
type ExitReason struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

// Handler consumes a stream. Calls come from one goroutine. Close is called
// once, after the last message, also when the run was interrupted.
type Handler interface {
	Handle(*Message) error
	Close() error
}
