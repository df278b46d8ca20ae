package report

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// The part of CycloneDX 1.6 that is written here, by the names of the standard.
type (
	cdxComponent struct {
		Type       string         `json:"type"`
		BOMRef     string         `json:"bom-ref,omitempty"`
		Supplier   *cdxSupplier   `json:"supplier,omitempty"`
		Name       string         `json:"name"`
		Version    string         `json:"version,omitempty"`
		Purl       string         `json:"purl,omitempty"`
		Desc       string         `json:"description,omitempty"`
		Hashes     []cdxHash      `json:"hashes,omitempty"`
		Components []cdxComponent `json:"components,omitempty"`
		Evidence   *cdxEvidence   `json:"evidence,omitempty"`
		Properties []cdxProperty  `json:"properties,omitempty"`
	}
	cdxSupplier struct {
		Name    string      `json:"name"`
		Address *cdxAddress `json:"address,omitempty"`
	}
	cdxAddress struct {
		Country  string `json:"country,omitempty"`
		Region   string `json:"region,omitempty"`
		Locality string `json:"locality,omitempty"`
	}
	cdxHash struct {
		Alg     string `json:"alg"`
		Content string `json:"content"`
	}
	cdxProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	cdxEvidence struct {
		Identity    []cdxIdentity   `json:"identity,omitempty"`
		Occurrences []cdxOccurrence `json:"occurrences,omitempty"`
	}
	cdxIdentity struct {
		Field      string      `json:"field"`
		Confidence float64     `json:"confidence"`
		Methods    []cdxMethod `json:"methods"`
	}
	cdxMethod struct {
		Technique  string  `json:"technique"`
		Confidence float64 `json:"confidence"`
		Value      string  `json:"value"`
	}
	cdxOccurrence struct {
		Location string `json:"location"`
		Symbol   string `json:"symbol,omitempty"`
		Context  string `json:"additionalContext,omitempty"`
	}
	cdxDependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"`
	}
	cdxComposition struct {
		Aggregate  string   `json:"aggregate"`
		Assemblies []string `json:"assemblies"`
	}
)

const (
	cdxOccurrences = 20   // places shown of one SDK
	cdxVersion     = 1000 // characters of a version; the standard allows 1,024
)

// cyclonedxHandler writes one CycloneDX 1.6 bill of materials for the run: each
// app a component, and in it each SDK that it carries. SDKs that are only
// referenced are not in it: they are not there. No bill made by looking at
// binaries is known to be whole, and it says so (compositions).
type cyclonedxHandler struct {
	w            *bufio.Writer
	sum          hash.Hash // of what the serial number stands for
	refs         map[string]int
	apps         int
	dependencies []cdxDependency
	compositions []cdxComposition
	closed       bool
}

func newCycloneDX(w io.Writer) *cyclonedxHandler {
	return &cyclonedxHandler{
		w: bufio.NewWriter(w), sum: sha256.New(), refs: map[string]int{},
		dependencies: []cdxDependency{}, compositions: []cdxComposition{},
	}
}

func (h *cyclonedxHandler) Handle(m *event.Message) error {
	switch {
	case m.Start != nil:
		props := []cdxProperty{{"telltale:rules", clean(m.Start.Signatures.Digest)}}
		if p := m.Start.Signatures.Profiles; p != "" {
			props = append(props, cdxProperty{"telltale:profiles", clean(p)})
		}
		tool := map[string]any{"components": []cdxComponent{{
			Type: "application", Name: "telltale", Version: brief(m.Start.Tool.Version, cdxVersion), Properties: props,
		}}}
		b, err := encode(map[string]any{"tools": tool}, "  ", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(h.sum, "%q %q\n", m.Start.Tool.Version, m.Start.Signatures.Digest+m.Start.Signatures.Profiles)
		fmt.Fprintf(h.w, "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.6\",\n  \"version\": 1,\n  \"metadata\": %s,\n  \"components\": [", b)
	case m.App != nil:
		b, err := encode(h.app(m.App), "    ", "  ")
		if err != nil {
			return err
		}
		h.sum.Write(b)
		if h.apps++; h.apps > 1 {
			h.w.WriteString(",")
		}
		fmt.Fprintf(h.w, "\n    %s", b)
	case m.Summary != nil:
		h.closed = true
		d, err := encode(h.dependencies, "  ", "  ")
		if err != nil {
			return err
		}
		c, err := encode(h.compositions, "  ", "  ")
		if err != nil {
			return err
		}
		// A random serial number would make two reports of one folder differ.
		u := h.sum.Sum(nil)[:16]
		u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80 // RFC 9562, version 8
		s := hex.EncodeToString(u)
		fmt.Fprintf(h.w, "\n  ],\n  \"dependencies\": %s,\n  \"compositions\": %s,\n  \"serialNumber\": \"urn:uuid:%s-%s-%s-%s-%s\"\n}\n", d, c, s[:8], s[8:12], s[12:16], s[16:20], s[20:])
	}
	return h.w.Flush()
}

func (h *cyclonedxHandler) Close() error {
	if !h.closed {
		return incomplete("CycloneDX")
	}
	return h.w.Flush()
}

// ref makes a reference that is unique in the document.
func (h *cyclonedxHandler) ref(s string) string {
	s = "telltale:" + clean(s)
	h.refs[s]++
	if n := h.refs[s]; n > 1 {
		return h.ref(fmt.Sprintf("%s#%d", strings.TrimPrefix(s, "telltale:"), n))
	}
	return s
}

func (h *cyclonedxHandler) app(a *event.App) cdxComponent {
	c := cdxComponent{
		Type: "application", BOMRef: h.ref(a.Path),
		Name:    clean(cmp.Or(a.Package, a.Path[strings.LastIndexByte(a.Path, '/')+1:], "unknown")),
		Version: brief(a.VersionName, cdxVersion), Desc: clean(a.Label),
		Properties: cdxProperties("path", a.Path, "status", string(a.Status), "version-code", fmt.Sprint(a.VersionCode)),
	}
	if sha, err := hex.DecodeString(a.SHA256); err == nil && len(sha) == sha256.Size {
		c.Hashes = []cdxHash{{"SHA-256", a.SHA256}}
	}
	for _, s := range a.Signers {
		c.Properties = append(c.Properties, cdxProperties("signer-claimed", s.SHA256)...)
	}
	c.Properties = append(c.Properties, cdxVerdicts(a, "")...)
	for _, p := range a.Problems {
		if p.Lossy {
			c.Properties = append(c.Properties, cdxProperties("not-all-read", strings.TrimPrefix(p.Part+": "+p.Detail, ": "))...)
		}
	}
	on := []string{}
	for i := range a.SDKs {
		s := &a.SDKs[i]
		if s.State == finding.Referenced {
			continue
		}
		lib := cdxSDK(s)
		lib.Properties = append(lib.Properties, cdxVerdicts(a, s.ID)...)
		lib.BOMRef = h.ref(a.Path + "!" + s.ID)
		c.Components = append(c.Components, lib)
		on = append(on, lib.BOMRef)
	}
	h.dependencies = append(h.dependencies, cdxDependency{c.BOMRef, on})
	aggregate := "unknown"
	if a.Status != fact.Complete {
		aggregate = "incomplete"
	}
	h.compositions = append(h.compositions, cdxComposition{aggregate, []string{c.BOMRef}})
	return c
}

func cdxSDK(s *finding.SDK) cdxComponent {
	// Only the order means something: the judge knows three grades.
	confidence := map[string]float64{"high": 0.9, "medium": 0.6, "low": 0.3}[s.Confidence]
	tracker := "false"
	if s.Tracker {
		tracker = "true"
	}
	c := cdxComponent{
		Type: "library", Name: clean(cmp.Or(s.Name, s.ID, "unknown")), Desc: clean(s.Category),
		Evidence:   &cdxEvidence{Identity: []cdxIdentity{{"name", confidence, []cdxMethod{{"binary-analysis", confidence, clean(s.Basis)}}}}},
		Properties: cdxProperties("rule", s.ID, "category", s.Category, "tracker", tracker, "state", string(s.State), "packages", strings.Join(s.Packages, " ")),
	}
	if v := s.Version; v != nil && v.Value != "" {
		c.Version = brief(v.Value, cdxVersion)
		c.Properties = append(c.Properties, cdxProperties("version-by", v.Clue)...)
		if !v.Exact {
			c.Properties = append(c.Properties, cdxProperties("version-exact", "false")...)
		}
	}
	c.maven(s)
	if s.VendorName != "" {
		c.Supplier = &cdxSupplier{Name: clean(s.VendorName)}
		for _, r := range s.VendorRecords {
			if strings.HasPrefix(r.Grade, "company-") {
				c.Supplier.Address = &cdxAddress{Country: clean(r.Country), Region: clean(r.Province), Locality: clean(r.City)}
				break
			}
		}
	}
	for i := range s.Evidence {
		e := &s.Evidence[i]
		if len(c.Evidence.Occurrences) == cdxOccurrences {
			break
		}
		symbol := clean(e.Class)
		if e.Method != "" {
			symbol += "->" + clean(e.Method)
		}
		c.Evidence.Occurrences = append(c.Evidence.Occurrences, cdxOccurrence{clean(cmp.Or(e.Unit, "?")), symbol, clean(e.Kind + " " + e.Value)})
	}
	return c
}

// maven adds the package URL of an SDK: of the artifact that the app itself
// names, or of the one that the product has. Of several it is not known which
// the app was built with; they are candidates then, and properties.
func (c *cdxComponent) maven(s *finding.SDK) {
	var named []string
	for i := range s.Evidence {
		if e := &s.Evidence[i]; e.Kind == "maven" {
			// "group:artifact" or "group:artifact:version"
			if f := strings.Split(e.Value, ":"); len(f) >= 2 && !slices.Contains(named, f[0]+":"+f[1]) {
				named = append(named, f[0]+":"+f[1])
			}
		}
	}
	how := "named by the app"
	if len(named) == 0 {
		named, how = s.Maven, "the product's only artifact"
	}
	if len(named) != 1 {
		for _, n := range named {
			c.Properties = append(c.Properties, cdxProperties("maven-candidate", n)...)
		}
		return
	}
	group, artifact, ok := strings.Cut(named[0], ":")
	if !ok || !mavenName(group) || !mavenName(artifact) {
		return
	}
	c.Purl = "pkg:maven/" + group + "/" + artifact
	// A range is no version of an artifact.
	if v := s.Version; v != nil && v.Exact && mavenName(v.Value) {
		c.Purl += "@" + v.Value
	}
	c.Properties = append(c.Properties, cdxProperties("purl-by", how)...)
}

// mavenName reports whether a part of a package URL needs no escape.
func mavenName(s string) bool {
	return s != "" && len(s) < 200 && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}) < 0
}

// cdxProperties makes properties of pairs of name and value, without empty ones.
func cdxProperties(pairs ...string) []cdxProperty {
	var out []cdxProperty
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, cdxProperty{"telltale:" + pairs[i], clean(pairs[i+1])})
		}
	}
	return out
}
