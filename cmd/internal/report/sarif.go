package report

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Bounds of a SARIF report. Code hosts refuse runs of more than 25,000 results
// or rules, results of more than 1,000 locations, rules of more than 20 tags (10
// are shown), and files of more than 10 MB when compressed; bytes are counted
// before compression here. See GitHub's "SARIF results exceed limits".
const (
	sarifResults   = 25_000
	sarifBytes     = 10_000_000
	sarifSites     = 10        // results of one finding
	sarifRelated   = 10        // related locations of one result
	sarifNoteBytes = 1_000_000 // of them for problems
	sarifText      = 600       // characters of one message
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homePage    = "https://github.com/telltale-apk/telltale"
)

// The part of SARIF 2.1.0 that is written here, by the names of the standard.
type (
	sarifMessage struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifRule struct {
		ID                   string         `json:"id"`
		Name                 string         `json:"name"`
		ShortDescription     sarifMessage   `json:"shortDescription"`
		FullDescription      sarifMessage   `json:"fullDescription"`
		Help                 sarifMessage   `json:"help"`
		DefaultConfiguration sarifConfig    `json:"defaultConfiguration"`
		Properties           sarifRuleProps `json:"properties"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifRuleProps struct {
		Tags []string `json:"tags"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
		Properties     any         `json:"properties"`
	}
	sarifArtifact struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           sarifRegion   `json:"region"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
	sarifLocation struct {
		ID               int            `json:"id,omitempty"`
		PhysicalLocation sarifPhysical  `json:"physicalLocation"`
		LogicalLocations []sarifLogical `json:"logicalLocations,omitempty"`
		Message          *sarifMessage  `json:"message,omitempty"`
	}
	sarifResult struct {
		RuleID              string             `json:"ruleId"`
		RuleIndex           int                `json:"ruleIndex"`
		Level               string             `json:"level"`
		Message             sarifMessage       `json:"message"`
		Locations           []sarifLocation    `json:"locations"`
		RelatedLocations    []sarifLocation    `json:"relatedLocations,omitempty"`
		PartialFingerprints map[string]string  `json:"partialFingerprints"`
		BaselineState       string             `json:"baselineState,omitempty"`
		Suppressions        []sarifSuppression `json:"suppressions,omitempty"`
		Properties          map[string]any     `json:"properties"`
	}
	sarifNotification struct {
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifInvocation struct {
		ExecutionSuccessful        bool                `json:"executionSuccessful"`
		ToolExecutionNotifications []sarifNotification `json:"toolExecutionNotifications"`
	}
)

// sarifHandler writes SARIF 2.1.0: a result for each SDK that is carried, and
// for each place (ten at most) that names a host or asks for an identifier.
// What rules set aside as noise, and sinks, are in the JSON report only.
// Problems are notifications of the run. Results stream; the rules that they
// name by index follow them in the document.
type sarifHandler struct {
	w         *bufio.Writer
	written   int
	start     event.Start
	results   int
	cut       int
	rules     []sarifRule
	index     map[string]int
	ruleBytes int
	notes     []sarifNotification
	noteBytes int
	notesCut  int
	failed    bool
	seen      map[string]int // fingerprints of the present app
	err       error
	closed    bool
}

func newSARIF(w io.Writer) *sarifHandler {
	return &sarifHandler{w: bufio.NewWriter(w), index: map[string]int{}, rules: []sarifRule{}, notes: []sarifNotification{}}
}

func (h *sarifHandler) Handle(m *event.Message) error {
	switch {
	case m.Start != nil:
		h.start = *m.Start
		fmt.Fprintf(h.w, "{\n  \"$schema\": %q,\n  \"version\": \"2.1.0\",\n  \"runs\": [{\n    \"results\": [", sarifSchema)
	case m.App != nil:
		h.app(m.App)
	case m.Summary != nil:
		h.end(m.Summary)
		h.closed = true
	}
	return cmp.Or(h.err, h.w.Flush())
}

func (h *sarifHandler) Close() error {
	if !h.closed {
		return incomplete("SARIF")
	}
	return h.w.Flush()
}

func (h *sarifHandler) app(a *event.App) {
	h.seen = map[string]int{}
	if a.Status == fact.Failed || a.Status == fact.NoCode {
		h.failed = true
	}
	for _, p := range a.Problems {
		n := sarifNotification{Level: "note", Message: sarifSay(title(a) + ": " + p.Detail), Locations: []sarifLocation{sarifWhere(a, &finding.Location{Unit: p.Part})}}
		if p.Lossy {
			n.Level = "warning"
		}
		if a.Status == fact.Failed || a.Status == fact.NoCode {
			n.Level = "error"
		}
		h.note(n)
	}
	for i := range a.Verdicts {
		h.verdict(a, &a.Verdicts[i])
	}
	for i := range a.SDKs {
		// That an app has utilities in it is nothing to act on.
		if s := &a.SDKs[i]; s.State != finding.Referenced && s.Category != "utility" {
			h.sdk(a, s)
		}
	}
	for i := range a.Identifiers {
		h.identifier(a, &a.Identifiers[i])
	}
	for i := range a.Endpoints {
		if e := &a.Endpoints[i]; e.Noise == "" {
			h.endpoint(a, e)
		}
	}
}

func (h *sarifHandler) note(n sarifNotification) {
	b, err := encode(n, "", "")
	if err != nil || h.noteBytes+len(b) > sarifNoteBytes {
		h.notesCut++
		return
	}
	h.noteBytes += len(b) + 1
	h.notes = append(h.notes, n)
}

func (h *sarifHandler) sdk(a *event.App, s *finding.SDK) {
	level, tag := "note", "library"
	if s.Tracker {
		tag = "tracker"
		if s.State != finding.Stub && s.State != finding.Disabled && s.Confidence != "low" {
			level = "warning"
		}
	}
	if s.Service {
		tag = "service"
	}
	about := fmt.Sprintf("%s is a product of %s (%s).", s.Name, cmp.Or(s.VendorName, "an unknown vendor"), cmp.Or(sdkLabel(s), "of unknown purpose"))
	switch why, listed := trackerReason(s), listedBy(s); {
	case why != "":
		about += " It " + why + "."
	case s.Tracker:
		about += " It counts as a tracker: it is made to collect data about people, devices or how apps are used."
	case listed != "":
		about += " It is " + listed + "."
	}
	rule := sarifRule{
		ID: "sdk/" + s.ID, Name: s.Name,
		ShortDescription: sarifSay("The app carries " + s.Name),
		FullDescription:  sarifSay(about),
		Help:             sarifHelp(about + " A result says that its classes or traces stand in the app. Being carried is not being active: the state says how far that is shown. If the app does not need it, remove the dependency that brings it."),
		Properties:       sarifRuleProps{[]string{"sdk", tag, s.Category}},
	}
	text := fmt.Sprintf("%s carries %s", title(a), s.Name)
	if s.Version != nil && s.Version.Value != "" {
		text += " " + s.Version.Value
	}
	text += ": " + stateText(s) + ". " + s.Basis
	at := finding.Location{}
	var related []sarifLocation
	for i := range s.Evidence {
		e := &s.Evidence[i]
		if i == 0 {
			at = e.Location
			continue
		}
		if i > sarifRelated {
			break
		}
		l := sarifWhere(a, &e.Location)
		m := sarifSay(e.Kind + " " + e.Value)
		l.ID, l.Message = i, &m
		related = append(related, l)
	}
	// An SDK is one finding wherever its evidence stands: places change with
	// every version of it.
	h.result(a, rule, level, text, &at, related, "", map[string]any{"confidence": clean(s.Confidence), "state": clean(string(s.State))})
}

func (h *sarifHandler) identifier(a *event.App, id *finding.Identifier) {
	level := "note"
	if (id.Reset == "never" || id.Reset == "device") && id.Confidence != "low" {
		level = "warning"
	}
	rule := sarifRule{
		ID: "identifier/" + id.ID, Name: id.Name,
		ShortDescription: sarifSay("Code asks for " + id.Name),
		FullDescription:  sarifSay(cmp.Or(id.Glossary, id.Name)),
		Help:             sarifHelp(strings.TrimSpace(id.Glossary+" "+id.Restriction) + " A result stands at each place whose code asks for it, with whose code that is. If an identifier that the user can reset will do, use that one."),
		Properties:       sarifRuleProps{[]string{"identifier", id.Group}},
	}
	for i := range id.Sites {
		if i == sarifSites {
			break
		}
		s := &id.Sites[i]
		text := fmt.Sprintf("%s asks for %s by %s", ownerName(s.Owner), id.Name, cmp.Or(shortRef(s.Ref), "an unknown way"))
		if n := idNotes(id); n != "" {
			text += " (" + n + ")"
		}
		h.result(a, rule, level, text+more(i, id.Total, len(id.Sites)), &s.Location, nil, s.Ref, map[string]any{"confidence": clean(id.Confidence), "owner": clean(s.Owner.Name)})
	}
}

func (h *sarifHandler) endpoint(a *event.App, e *finding.Endpoint) {
	rule := sarifRule{
		ID: "host", Name: "Host",
		ShortDescription: sarifSay("A host is named in the app"),
		FullDescription:  sarifSay("A URL, host or address stands in the app's code or resources; no record about it is known here."),
		Properties:       sarifRuleProps{[]string{"host"}},
	}
	const meaning = " Naming a host is not talking to it, and the seat of a company is not where a domain is registered."
	text := ""
	if d := e.RegistrableDomain; d != "" && (e.OwnerName != "" || e.RegisteredIn != nil) {
		about := d
		if e.OwnerName != "" {
			about += " has hosts of " + e.OwnerName
			text += "; it is a host of " + e.OwnerName
		}
		if r := e.RegisteredIn; r != nil {
			place := strings.Trim(r.City+", "+r.Country, ", ")
			about += fmt.Sprintf("; registered in %s (%s)", place, r.Grade)
			text += fmt.Sprintf("; %s is registered in %s (%s: %s)", d, place, r.Grade, r.Evidence)
			rule.Properties.Tags = append(rule.Properties.Tags, "registered-in:"+cmp.Or(r.Country, r.City))
		}
		rule.ID, rule.Name = "host/"+d, d
		rule.ShortDescription = sarifSay("A host of " + d + " is named")
		rule.FullDescription = sarifSay(about + ".")
	}
	rule.Help = sarifHelp(rule.FullDescription.Text + meaning)
	for i := range e.Locations {
		if i == sarifSites {
			break
		}
		s := &e.Locations[i]
		h.result(a, rule, "note", e.Value+" is named in "+ownerName(s.Owner)+text+more(i, e.Total, len(e.Locations)), &s.Location, nil, e.Value, map[string]any{"owner": clean(s.Owner.Name)})
	}
}

// more says at the last place that is shown how many are not.
func more(i, total, listed int) string {
	shown := min(listed, sarifSites)
	if i != shown-1 || total <= shown {
		return ""
	}
	return fmt.Sprintf("; %d more %s in the JSON report", total-shown, plural(total-shown, "place"))
}

// result writes one result, unless a limit is reached.
func (h *sarifHandler) result(a *event.App, rule sarifRule, level, text string, at *finding.Location, related []sarifLocation, what string, props map[string]any) {
	h.resultWith(a, rule, level, text, at, related, what, props, sarifExtra{})
}

func (h *sarifHandler) resultWith(a *event.App, rule sarifRule, level, text string, at *finding.Location, related []sarifLocation, what string, props map[string]any, extra sarifExtra) {
	if h.cut > 0 { // what is shown ends at one place
		h.cut++
		return
	}
	rule.ID = brief(rule.ID, 200)
	rule.Name = brief(rule.Name, 200)
	mark := fingerprintOf(cmp.Or(a.Package, a.Path), rule.ID, at.Class, at.Method, what)
	if at.Class == "" {
		mark = fingerprintOf(cmp.Or(a.Package, a.Path), rule.ID, at.Unit, what)
	}
	if strings.HasPrefix(rule.ID, "sdk/") {
		mark = fingerprintOf(cmp.Or(a.Package, a.Path), rule.ID)
	}
	if extra.mark != "" {
		mark = fingerprintOf(cmp.Or(a.Package, a.Path), rule.ID, extra.mark)
	}
	h.seen[mark]++
	mark = fmt.Sprintf("%s:%d", mark, h.seen[mark])

	i, known := h.index[rule.ID]
	if !known {
		i = len(h.rules)
		rule.DefaultConfiguration.Level = level
		rule.Properties.Tags = sarifTags(rule.Properties.Tags)
	}
	b, err := encode(sarifResult{
		RuleID: rule.ID, RuleIndex: i, Level: level, Message: sarifSay(text),
		Locations: []sarifLocation{sarifWhere(a, at)}, RelatedLocations: related,
		PartialFingerprints: map[string]string{"telltale/v1": mark, "primaryLocationLineHash": mark},
		Properties:          props, BaselineState: extra.baseline, Suppressions: extra.suppressions,
	}, "", "")
	if err != nil {
		h.err = err
		return
	}
	size := len(b)
	ruleSize := 0
	if !known {
		r, err := encode(rule, "", "")
		if err != nil {
			h.err = err
			return
		}
		ruleSize = len(r) + 1
	}
	// What is left of the bytes is for notifications and the end.
	if h.results == sarifResults || h.written+h.ruleBytes+size+ruleSize > sarifBytes-2*sarifNoteBytes {
		h.cut++
		return
	}
	if !known {
		h.index[rule.ID] = i
		h.rules = append(h.rules, rule)
		h.ruleBytes += ruleSize
	}
	if h.results > 0 {
		h.w.WriteString(",")
	}
	h.w.WriteString("\n      ")
	h.w.Write(b)
	h.results++
	h.written += size + 8
}

func (h *sarifHandler) end(s *event.Summary) {
	if h.cut > 0 {
		h.note(sarifNotification{Level: "warning", Message: sarifSay(fmt.Sprintf("%d results are not in this file: code hosts refuse more. The JSON report holds all.", h.cut))})
	}
	if h.notesCut > 0 {
		h.notes = append(h.notes, sarifNotification{Level: "warning", Message: sarifSay(fmt.Sprintf("%d more problems are in the JSON report.", h.notesCut))})
	}
	inv := sarifInvocation{ExecutionSuccessful: !h.failed && !s.Interrupted, ToolExecutionNotifications: h.notes}
	props := map[string]string{"rulesDigest": clean(h.start.Signatures.Digest)}
	if p := h.start.Signatures.Profiles; p != "" {
		props["profilesDigest"] = clean(p)
	}
	driver := sarifDriver{Name: "Telltale", Version: clean(h.start.Tool.Version), InformationURI: homePage, Rules: h.rules, Properties: props}
	d, err := encode(driver, "", "")
	if err != nil {
		h.err = err
		return
	}
	i, err := encode([]sarifInvocation{inv}, "", "")
	if err != nil {
		h.err = err
		return
	}
	fmt.Fprintf(h.w, "\n    ],\n    \"columnKind\": \"utf16CodeUnits\",\n    \"tool\": {\"driver\": %s},\n    \"invocations\": %s\n  }]\n}\n", d, i)
}

// sarifSay is a message. SARIF gives meaning to brackets and braces.
func sarifSay(s string) sarifMessage {
	return sarifMessage{Text: sarifEscape.Replace(brief(s, sarifText))}
}

// sarifHelp is a message in both forms.
func sarifHelp(s string) sarifMessage {
	m := sarifSay(s)
	m.Markdown = md(s, sarifText)
	return m
}

var sarifEscape = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `{`, `{{`, `}`, `}}`)

func sarifTags(tags []string) []string {
	out := []string{"privacy"}
	for _, t := range tags {
		t = brief(t, 100)
		if t != "" && t != out[len(out)-1] && len(out) < 10 {
			out = append(out, t)
		}
	}
	return out
}

// sarifWhere is a place in a file. The file is binary, but code hosts show
// nothing without a line; the logical location says the rest.
func sarifWhere(a *event.App, l *finding.Location) sarifLocation {
	out := sarifLocation{PhysicalLocation: sarifPhysical{ArtifactLocation: sarifURI(a.Path), Region: sarifRegion{1}}}
	if w := where(l); w != "" {
		kind := "module"
		switch {
		case l.Method != "":
			kind = "function"
		case l.Class != "":
			kind = "type"
		}
		out.LogicalLocations = []sarifLogical{{brief(w, sarifText), kind}}
	}
	return out
}

// sarifURI is the reference to a file: below the root of the sources if its
// path is relative.
func sarifURI(p string) sarifArtifact {
	p = path.Clean(filepath.ToSlash(p))
	segments := strings.Split(p, "/")
	for i, s := range segments {
		// PathEscape works on bytes. A colon would make a scheme.
		segments[i] = strings.ReplaceAll(url.PathEscape(s), ":", "%3A")
	}
	uri := strings.Join(segments, "/")
	switch {
	case strings.HasPrefix(p, "/"):
		return sarifArtifact{URI: "file://" + uri}
	case p == ".." || strings.HasPrefix(p, "../"):
		return sarifArtifact{URI: uri}
	}
	return sarifArtifact{URI: uri, URIBaseID: "%SRCROOT%"}
}

// fingerprintOf is the same for the same finding in another version of an app:
// it takes no offsets, and no paths where there is a name.
func fingerprintOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
