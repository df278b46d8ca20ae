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
	// Policy says what the run was judged by, if by anything.
	Policy *Policy `json:"policy,omitempty"`
	// Options are the flags that make results other than they would be without
	// them, by name: limits, locale, show-keys and the like.
	Options map[string]string `json:"options,omitempty"`
}

// Policy is what a run forbids and demands.
type Policy struct {
	// Sources are the presets and files that it was made of.
	Sources []PolicySource `json:"sources"`
	Rules   []PolicyRule   `json:"rules"`
	// Baseline is the digest of the report whose findings are known already;
	// "" if there is none.
	Baseline string `json:"baseline,omitempty"`
}

// PolicySource is one preset or file.
type PolicySource struct {
	Name   string `json:"name"`
	Digest string `json:"digest"` // "sha256:…"
}

// PolicyRule is one rule of a policy.
type PolicyRule struct {
	Name        string `json:"name"`
	Severity    string `json:"severity"` // "error" fails the run; "warning", "note"
	Description string `json:"description,omitempty"`
	Deny        string `json:"deny,omitempty"`
	Allow       string `json:"allow,omitempty"`
	Require     string `json:"require,omitempty"`
	Apps        string `json:"apps,omitempty"` // the apps that it is about; "" for all
	Help        string `json:"help,omitempty"` // what to do
}

// Verdict is what a rule of the policy says of one thing in an app. An app
// without a verdict by a rule obeys it, as far as the app was read.
type Verdict struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"` // in this app: overrides are applied
	// Outcome is "violation", "suppressed" (somebody answers for it until a
	// day) or "known" (it was in the baseline).
	Outcome string `json:"outcome"`
	Kind    string `json:"kind"` // of the thing: "sdk", "identifier", "host", "permission", "signer", "sink", "code", "problem" or "app"
	ID      string `json:"id"`   // of the thing, as the report has it
	By      string `json:"by"`   // whose code, for identifiers; else ""
	Message string `json:"message"`
	Help    string `json:"help,omitempty"` // what to do, where that is known
	// Fingerprint is the same for the same thing and rule in another version of the app.
	Fingerprint string       `json:"fingerprint"`
	Suppression *Suppression `json:"suppression,omitempty"`
	finding.Location
}

// Suppression says why a violation does not count.
type Suppression struct {
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"` // last day, YYYY-MM-DD
	Expired bool   `json:"expired"` // it no longer holds: the violation counts
}

// Component is a component that other apps can reach.
type Component struct {
	Kind       string   `json:"kind"` // "service", "receiver" or "provider"
	Class      string   `json:"class"`
	Permission string   `json:"permission"` // that a caller needs; "" if none
	Actions    []string `json:"actions,omitempty"`
	SDK        string   `json:"sdk"` // whose class it is; "" if no rule knows or it is the app's own
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
	// Profiles is the digest of the profiles that were added to those of the
	// program, in the order in which they are asked: "sha256:…". It is left out
	// if there are none.
	Profiles string `json:"profiles,omitempty"`
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
	// SharedUserID names the user id that the app shares with others of its signer.
	SharedUserID string `json:"shared_user_id,omitempty"`
	// Exported are services, receivers and providers that are switched on and
	// open to other apps. Activities are not listed.
	Exported []Component `json:"exported,omitempty"`
	finding.Findings
	// Verdicts are what the policy of the run says, in the order of its rules.
	Verdicts []Verdict `json:"verdicts,omitempty"`
}

// Summary closes the stream.
type Summary struct {
	Apps     int            `json:"apps"`
	ByStatus map[string]int `json:"by_status"`
	// WithTracker counts apps that carry a tracker. One that is only referenced
	// is not in the app.
	WithTracker int `json:"with_tracker"`
	// Skipped counts files in folders that are no input, by kind.
	Skipped map[string]int `json:"skipped"`
	// ExitReasons lists every reason for an exit code other than 0, the one
	// that decided first.
	ExitReasons []ExitReason `json:"exit_reasons"`
	Interrupted bool         `json:"interrupted"`
	// UnknownCode holds the packages that no rule knows, over all apps. Only if
	// it was asked for.
	UnknownCode []UnknownCluster `json:"unknown_code,omitempty"`
}

// UnknownCluster is a package that no rule knows, with the apps that carry it.
type UnknownCluster struct {
	Package      string   `json:"package"`
	Classes      int      `json:"classes"`      // in the app with most
	Instructions int      `json:"instructions"` // likewise
	Reads        []string `json:"reads"`        // identifiers that its code asks for in any
	Names        []string `json:"names"`        // hosts that it names in any
	Apps         []string `json:"apps"`         // paths, at most the first hundred
	Total        int      `json:"total"`        // apps in all
}

// ExitReason is one reason for an exit code.
type ExitReason struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	// Path and Package name the app that the reason is about; Condition is what the user
	// asked for that it meets ("--fail-on tracker"). They are empty where the
	// reason is about the run.
	Path      string `json:"path,omitempty"`
	Package   string `json:"package,omitempty"`
	Condition string `json:"condition,omitempty"`
}

// Handler consumes a stream. Calls come from one goroutine. Close is called
// once, after the last message, also when the run was interrupted.
type Handler interface {
	Handle(*Message) error
	Close() error
}
