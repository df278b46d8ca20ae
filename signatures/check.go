package signatures

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/telltale-apk/telltale/signatures/rule"
)

// checker looks at one rule by itself: vocabularies and the syntax of every
// field. What needs other rules is checked in Rules.
type checker struct {
	e     *entry
	mode  Mode
	path  string // below the root of its folder
	diags []Diagnostic
}

func (c *checker) errorf(code string, p []any, format string, args ...any) {
	line, col := c.e.src.at(p...)
	c.diags = append(c.diags, c.e.src.diagnostic(Error, code, line, col, format, args...))
}

// with appends to a path without sharing memory with it.
func with(p []any, more ...any) []any { return append(slices.Clone(p), more...) }

func (c *checker) check() {
	h := header(c.e.val)
	c.header(h)
	if h.Status == rule.StatusDisabled {
		if c.mode == Bundled {
			c.errorf("vocabulary", []any{"status"}, "only overlays disable rules; remove the file, or mark it deprecated")
		}
		return
	}
	switch v := c.e.val.(type) {
	case *rule.SDK:
		c.sdk(v)
	case *rule.Vendor:
		c.vendor(v)
	case *rule.Domain:
		c.domain(v)
	case *rule.Identifier:
		c.identifier(v)
	case *rule.Sink:
		c.sink(v)
	case *rule.Noise:
		c.noise(v)
	}
}

func (c *checker) header(h *rule.Header) {
	if h.ID != "" && !validID(h.ID) {
		c.errorf("bad-id", []any{"id"}, "bad id %q: use lower-case letters, digits, \"-\" and \".\", beginning and ending with a letter or digit", h.ID)
	}
	c.oneOf([]any{"status"}, "status", h.Status, rule.Statuses)
	for i, ev := range h.Evidence {
		p := []any{"evidence", i}
		c.notEmpty(with(p, "text"), ev.Text)
		c.notEmpty(with(p, "source"), ev.Source)
		c.date(with(p, "date"), ev.Date)
	}
	for i, s := range h.Suppress {
		c.notEmpty([]any{"suppress", i, "lint"}, s.Lint)
		c.notEmpty([]any{"suppress", i, "reason"}, s.Reason)
	}
	if c.mode != Bundled || h.ID == "" {
		return
	}
	if s := stem(c.path); s != h.ID && (h.Kind != rule.KindVendor || s != "vendor") {
		c.errorf("file-name", []any{"id"}, "the file is named %q; name it %q after its id", path.Base(c.path), h.ID+".yaml")
	}
	folder := path.Base(path.Dir(c.path))
	var want []string
	switch v := c.e.val.(type) {
	case *rule.SDK:
		want = []string{v.Vendor}
		if h.Kind == rule.KindPacker {
			want = append(want, "packers")
		}
	case *rule.Vendor:
		want = []string{v.ID}
	case *rule.Domain:
		want = []string{v.Vendor}
	case *rule.Identifier:
		want = []string{"identifiers"}
	case *rule.Sink:
		want = []string{"sinks"}
	case *rule.Noise:
		want = []string{"noise"}
	}
	if want[0] != "" && !slices.Contains(want, folder) {
		c.errorf("folder", []any{"id"}, "the file is in folder %q; it belongs in %q", folder, want[0])
	}
}

func (c *checker) sdk(v *rule.SDK) {
	if v.Category != "" {
		var names []string
		for n := range rule.Categories {
			names = append(names, n)
		}
		slices.Sort(names)
		c.oneOf([]any{"category"}, "category", v.Category, names)
	}
	if v.Kind == rule.KindPacker && v.Category != "" && v.Category != "packer" {
		c.errorf("vocabulary", []any{"category"}, "a packer has category \"packer\"")
	}
	if v.Kind == rule.KindSDK && v.Category == "packer" {
		c.errorf("vocabulary", []any{"category"}, "category \"packer\" needs \"kind: packer\"")
	}
	if t := v.Tracker; t != nil {
		c.date([]any{"tracker", "date"}, t.Date)
		if t.Counts == rule.Categories[v.Category].Tracker {
			c.errorf("idle-tracker", []any{"tracker", "counts"}, "category %q says the same already; remove tracker", v.Category)
		}
		if v.Kind == rule.KindPacker || v.Category == "platform" || v.Category == "utility" {
			c.errorf("idle-tracker", []any{"tracker"}, "what is of category %q is never a tracker; remove tracker, or choose the category it is made for", v.Category)
		}
	}
	c.vendorID([]any{"vendor"}, v.Vendor)
	for i, m := range v.Maven {
		c.syntax([]any{"maven", i}, m, mavenError)
	}
	if v.Signals != nil && len(v.Signals) == 0 {
		c.errorf("empty-value", []any{"signals"}, "the list of signals is empty")
	}
	seen := map[string]int{}
	for i := range v.Signals {
		p := []any{"signals", i}
		c.signal(p, &v.Signals[i])
		t, val := v.Signals[i].Type(), v.Signals[i].Value()
		if t == "" {
			continue
		}
		if j, ok := seen[t+"\x00"+val]; ok {
			c.errorf("repeated-item", p, "the signal is the same as number %d", j+1)
		}
		seen[t+"\x00"+val] = i
	}
	if v.When != nil {
		c.when([]any{"when"}, v.When, len(v.Signals), 0)
	} else if len(v.Signals) > 0 && !canMatch(v.Signals) {
		c.errorf("never-matches", []any{"signals"}, "the rule can never match: it needs one strong signal, or two weak ones of different kinds")
	}
	for i, w := range v.Wired {
		p := []any{"wired", i}
		if c.exactlyOne(p, w) {
			c.syntax(with(p, "call"), w.Call, memberError)
			c.syntax(with(p, "component"), w.Component, classError)
		}
	}
	for i, s := range v.DisabledBy {
		c.notEmpty([]any{"disabled_by", i, "meta-data"}, s.MetaData)
		c.notEmpty([]any{"disabled_by", i, "source"}, s.Source)
	}
	for i, e := range v.Events {
		p := []any{"events", i}
		c.notEmpty(with(p, "call"), e.Call)
		c.syntax(with(p, "call"), e.Call, memberError)
		if e.Name < 0 {
			c.errorf("bad-value", with(p, "name"), "positions of parameters count from 0")
		}
		if e.Keys != nil && *e.Keys < 0 {
			c.errorf("bad-value", with(p, "keys"), "positions of parameters count from 0")
		}
	}
	for i, cl := range v.Version {
		p := []any{"version", i}
		rest := cl
		rest.Key, rest.Since, rest.Until = "", "", ""
		c.exactlyOne(p, rest)
		c.syntax(with(p, "class"), cl.Class, classError)
		switch bounded := cl.Since != "" || cl.Until != ""; {
		case cl.Class != "" && !bounded:
			c.errorf("bad-value", with(p, "class"), "a class that bounds the version needs \"since\", \"until\" or both")
		case cl.Class == "" && bounded:
			c.errorf("bad-value", p, "\"since\" and \"until\" say which versions define \"class\", which is missing")
		}
		if cl.Key != "" && cl.File == "" {
			c.errorf("bad-value", with(p, "key"), "\"key\" names a property of \"file\", which is missing")
		}
		c.syntax(with(p, "constant"), cl.Constant, memberError)
		c.syntax(with(p, "method"), cl.Method, memberError)
		c.syntax(with(p, "file"), cl.File, pathError)
		if cl.Prefix != "" && len(cl.Prefix) < minPrefix {
			c.errorf("bad-value", with(p, "prefix"), "the prefix is shorter than %d characters", minPrefix)
		}
	}
	for i, k := range v.AppKeys {
		p := []any{"app_keys", i}
		if c.exactlyOne(p, k) {
			c.syntax(with(p, "resource"), k.Resource, resourceError)
		}
	}
	rel := v.Relations
	c.idList([]any{"relations", "contains"}, rel.Contains)
	c.idList([]any{"relations", "superseded_by"}, rel.SupersededBy)
	c.idList([]any{"relations", "requires"}, rel.Requires)
	if rel.PartOf != "" {
		c.syntax([]any{"relations", "part_of"}, rel.PartOf, idError)
	}
	for i, a := range v.Verified {
		p := []any{"verified", i}
		c.notEmpty(with(p, "artifact"), a.Artifact)
		c.syntax(with(p, "sha256"), a.SHA256, sha256Error)
		c.date(with(p, "date"), a.Date)
	}
	c.tests(v.Tests)
}

// canMatch reports whether the default condition can hold.
func canMatch(signals []rule.Signal) bool {
	kind := ""
	for i := range signals {
		switch signals[i].EffectiveStrength() {
		case rule.Strong:
			return true
		case rule.Weak:
			t := signals[i].Type()
			if kind != "" && kind != t {
				return true
			}
			kind = t
		}
	}
	return false
}

func (c *checker) signal(p []any, s *rule.Signal) {
	c.oneOf(with(p, "strength"), "strength", s.Strength, rule.Strengths)
	rest := *s
	rest.Strength, rest.Note = "", ""
	if !c.exactlyOne(p, rest) {
		return
	}
	if s.Endpoint != nil {
		c.endpoint(with(p, "endpoint"), s.Endpoint)
		return
	}
	t := s.Type()
	if f := signalSyntax[t]; f != nil {
		c.syntax(with(p, t), s.Value(), f)
	}
	if t == "symbol" && s.EffectiveStrength() == rule.Strong && strings.HasPrefix(s.Symbol, "JNI_On") {
		c.errorf("bad-value", with(p, t), "every library with native methods defines %s; it proves nothing", s.Symbol)
	}
}

func (c *checker) endpoint(p []any, e *rule.Endpoint) {
	if e.Host == "" && e.Path == "" {
		c.errorf("bad-value", p, "an endpoint needs a host or a path")
	}
	hp := with(p, "host")
	if _, _, ok := strings.Cut(e.Host, "/"); ok && e.Path == "" {
		c.errorf("bad-value", p, "%q is more than a host; write {host: …, path: …}", e.Host)
	} else {
		c.syntax(hp, e.Host, hostError)
	}
	c.syntax(with(p, "path"), e.Path, requestPathError)
	for i, q := range e.Query {
		c.notEmpty(with(p, "query", i), q)
	}
}

func (c *checker) when(p []any, w *rule.When, signals, depth int) {
	forms := 0
	for _, l := range []struct {
		name string
		list []rule.When
	}{{"all", w.All}, {"any", w.Any}, {"none", w.None}} {
		if l.list == nil {
			continue
		}
		forms++
		if len(l.list) == 0 {
			c.errorf("empty-value", with(p, l.name), "the list is empty")
		}
		for i := range l.list {
			c.when(with(p, l.name, i), &l.list[i], signals, depth+1)
		}
	}
	if w.Signal != 0 {
		forms++
		if w.Signal < 1 || w.Signal > signals {
			c.errorf("bad-condition", with(p, "signal"), "there is no signal number %d; the rule has %d, counted from 1", w.Signal, signals)
		}
	}
	if forms != 1 {
		c.errorf("bad-condition", p, "exactly one of all, any, none and signal must be set")
	}
	if w.AtLeast != 0 {
		if w.Any == nil {
			c.errorf("bad-condition", with(p, "at_least"), "\"at_least\" counts items of \"any\", which is missing")
		} else if w.AtLeast < 1 || w.AtLeast > len(w.Any) {
			c.errorf("bad-condition", with(p, "at_least"), "want a number from 1 to %d, the items of \"any\"", len(w.Any))
		}
	}
}

func (c *checker) tests(t rule.Tests) {
	for _, l := range []struct {
		name string
		list []rule.Example
	}{{"match", t.Match}, {"no_match", t.NoMatch}} {
		for i := range l.list {
			c.example([]any{"tests", l.name, i}, &l.list[i])
		}
	}
}

func (c *checker) example(p []any, e *rule.Example) {
	if reflect.ValueOf(*e).IsZero() {
		c.errorf("empty-value", p, "the example is empty")
	}
	c.syntax(with(p, "class"), e.Class, classError)
	c.syntax(with(p, "code-ref"), e.CodeRef, classError)
	c.syntax(with(p, "member"), e.Member, memberError)
	c.syntax(with(p, "host"), e.Host, hostError)
	for _, cc := range []struct{ k, v string }{{"activity", e.Activity}, {"service", e.Service}, {"receiver", e.Receiver}, {"provider", e.Provider}} {
		c.syntax(with(p, cc.k), cc.v, classError)
	}
	c.syntax(with(p, "resource"), e.Resource, resourceError)
	if _, err := snippet(e.Manifest); err != nil {
		c.errorf("bad-value", with(p, "manifest"), "%s", err)
	}
	for i := range e.With {
		c.example(with(p, "with", i), &e.With[i])
	}
}

func (c *checker) vendor(v *rule.Vendor) {
	if v.Parent != "" {
		c.vendorID([]any{"parent"}, v.Parent)
		if v.Parent == v.ID {
			c.errorf("self-reference", []any{"parent"}, "the vendor is its own parent")
		}
	}
	c.records(v.Records, true)
}

func (c *checker) records(records []rule.Record, company bool) {
	for i, r := range records {
		p := []any{"records", i}
		c.oneOf(with(p, "grade"), "grade", string(r.Grade), rule.GradeNames())
		if company && (r.Grade == rule.GradeRegistrant || r.Grade == rule.GradeFiling) {
			c.errorf("bad-grade", with(p, "grade"), "grade %q speaks of a domain; of a company say %q or %q", r.Grade, rule.GradeCompanyFiling, rule.GradeCompanySeat)
		}
		if r.Country != "" && !validCountry(r.Country) {
			c.errorf("bad-value", with(p, "country"), "want a country as two upper-case letters (ISO 3166-1), have %q", r.Country)
		}
		c.notEmpty(with(p, "text"), r.Text)
		c.notEmpty(with(p, "source"), r.Source)
		if r.Date != "" {
			c.date(with(p, "date"), r.Date)
		}
	}
}

func (c *checker) domain(v *rule.Domain) {
	if v.ID != "" {
		if msg := hostError(v.ID); msg != "" {
			c.errorf("bad-id", []any{"id"}, "the id of a domain rule is the domain: %s", msg)
		}
	}
	c.vendorID([]any{"vendor"}, v.Vendor)
	c.oneOf([]any{"role"}, "role", v.Role, rule.Roles)
	c.records(v.Records, false)
	seen := map[string]int{}
	for i, h := range v.Hosts {
		p := []any{"hosts", i}
		c.notEmpty(with(p, "host"), h.Host)
		c.syntax(with(p, "host"), h.Host, hostError)
		if h.Host != v.ID && !strings.HasSuffix(h.Host, "."+v.ID) {
			c.errorf("host-outside", with(p, "host"), "%q is not below %q", h.Host, v.ID)
		}
		if j, ok := seen[h.Host]; ok {
			c.errorf("repeated-item", with(p, "host"), "the host is the same as number %d", j+1)
		}
		seen[h.Host] = i
		c.oneOf(with(p, "role"), "role", h.Role, rule.Roles)
		if h.Region != "" && h.Region != "intl" && !validCountry(h.Region) {
			c.errorf("bad-value", with(p, "region"), "want two upper-case letters or \"intl\", have %q", h.Region)
		}
		if h.SDK != "" {
			c.syntax(with(p, "sdk"), h.SDK, idError)
		}
		for j, rp := range h.Paths {
			c.syntax(with(p, "paths", j), rp, requestPathError)
		}
	}
}

func (c *checker) identifier(v *rule.Identifier) {
	c.oneOf([]any{"group"}, "group", v.Group, rule.Groups)
	c.oneOf([]any{"reset"}, "reset", v.Reset, rule.Resets)
	c.notEmpty([]any{"glossary"}, v.Glossary)
	if v.RestrictedFrom < 0 || v.RestrictedFrom > 100 {
		c.errorf("bad-value", []any{"restricted_from"}, "want an Android API level, have %d", v.RestrictedFrom)
	}
	if v.Sources != nil && len(v.Sources) == 0 {
		c.errorf("empty-value", []any{"sources"}, "the list of sources is empty")
	}
	seen := map[string]int{}
	for i := range v.Sources {
		s := &v.Sources[i]
		p := []any{"sources", i}
		rest := rule.Source{
			Member: s.Member, Setting: s.Setting, Property: s.Property, URI: s.URI,
			File: s.File, Shell: s.Shell, Service: s.Service, Action: s.Action,
		}
		if !c.exactlyOne(p, rest) {
			continue
		}
		c.syntax(with(p, "member"), s.Member, memberError)
		c.notEmpty(with(p, "checked"), s.Checked)
		if s.Strength == rule.Context {
			c.errorf("vocabulary", with(p, "strength"), "a source is strong or weak")
		} else {
			c.oneOf(with(p, "strength"), "strength", s.Strength, rule.Strengths)
		}
		if s.URI != "" && !strings.HasPrefix(s.URI, "content://") {
			c.errorf("bad-value", with(p, "uri"), "a content URI begins with \"content://\"")
		}
		if s.Shell != "" && len(s.Shell) < minPrefix {
			c.errorf("bad-value", with(p, "shell"), "the command is shorter than %d characters", minPrefix)
		}
		if s.File != "" && !strings.HasPrefix(s.File, "/") {
			c.errorf("bad-value", with(p, "file"), "a path in the file system begins with \"/\"")
		}
		if len(s.Args) > 0 && s.Member == "" {
			c.errorf("bad-value", with(p, "args"), "\"args\" restricts a member, and this source has none")
		}
		for n := range s.Args {
			if n < 0 || n > 254 {
				c.errorf("bad-value", with(p, "args"), "there is no argument %d; positions count from 0", n)
			}
		}
		t, val := s.Type(), s.Value()
		key := fmt.Sprint(t, "\x00", val, "\x00", s.Args)
		if j, ok := seen[key]; ok {
			c.errorf("repeated-item", p, "the source is the same as number %d", j+1)
		}
		seen[key] = i
	}
	c.tests(v.Tests)
}

func (c *checker) sink(v *rule.Sink) {
	c.oneOf([]any{"group"}, "group", v.Group, rule.SinkGroups)
	if v.Members != nil && len(v.Members) == 0 {
		c.errorf("empty-value", []any{"members"}, "the list of members is empty")
	}
	seen := map[string]int{}
	for i, m := range v.Members {
		c.notEmpty([]any{"members", i}, m)
		c.syntax([]any{"members", i}, m, memberError)
		if j, ok := seen[m]; ok {
			c.errorf("repeated-item", []any{"members", i}, "the member is the same as number %d", j+1)
		}
		seen[m] = i
	}
	c.tests(v.Tests)
}

func (c *checker) noise(v *rule.Noise) {
	c.notEmpty([]any{"reason"}, v.Reason)
	if len(v.Hosts)+len(v.URLs) == 0 {
		c.errorf("empty-value", nil, "a noise rule needs hosts or urls")
	}
	for i, h := range v.Hosts {
		c.notEmpty([]any{"hosts", i}, h)
		c.syntax([]any{"hosts", i}, h, hostError)
	}
	for i, u := range v.URLs {
		if scheme, rest, ok := strings.Cut(u, "://"); !ok || scheme == "" || rest == "" {
			c.errorf("bad-value", []any{"urls", i}, "want the beginning of a URL with its scheme, have %q", u)
		}
	}
	c.tests(v.Tests)
}

// Small checks.

func (c *checker) notEmpty(p []any, s string) {
	// A missing field was reported by the decoder already.
	if strings.TrimSpace(s) == "" && c.present(p) {
		c.errorf("empty-value", p, "the value is empty; fill it in or remove the field")
	}
}

// present reports whether the field is in the file.
func (c *checker) present(p []any) bool {
	return c.e.src.has(p...)
}

func (c *checker) oneOf(p []any, what, s string, list []string) {
	if s == "" && !c.present(p) {
		return
	}
	if slices.Contains(list, s) {
		return
	}
	if near := nearest(s, list); near != "" {
		c.errorf("vocabulary", p, "unknown %s %q; did you mean %q?", what, s, near)
		return
	}
	c.errorf("vocabulary", p, "unknown %s %q; it is one of %s", what, s, strings.Join(list, ", "))
}

// exactlyOne reports whether one field of a struct is set, and complains if not.
func (c *checker) exactlyOne(p []any, v any) bool {
	rv := reflect.ValueOf(v)
	var set, all []string
	for _, f := range fieldsOf(rv.Type()) {
		if f.name == "checked" || f.name == "permission" && rv.Type() == reflect.TypeFor[rule.Source]() {
			continue
		}
		all = append(all, f.name)
		if !rv.FieldByIndex(f.index).IsZero() {
			set = append(set, f.name)
		}
	}
	switch len(set) {
	case 1:
		return true
	case 0:
		if len(all) > 8 {
			c.errorf("one-thing", p, "nothing is set here; one field such as %s must be", strings.Join(all[:4], ", "))
		} else {
			c.errorf("one-thing", p, "nothing is set here; one of %s must be", strings.Join(all, ", "))
		}
	default:
		c.errorf("one-thing", p, "%s are set together; split them, one each", strings.Join(set, " and "))
	}
	return false
}

// syntax runs a check of form on a value that is set.
func (c *checker) syntax(p []any, s string, f func(string) string) {
	if s == "" {
		return
	}
	if msg := f(s); msg != "" {
		c.errorf("bad-value", p, "%s", msg)
	}
}

func (c *checker) date(p []any, s string) {
	if s == "" && !c.present(p) {
		return
	}
	if _, err := time.Parse("2006-01-02", s); err != nil {
		c.errorf("bad-date", p, "want a date as YYYY-MM-DD, have %q", s)
	}
}

func (c *checker) vendorID(p []any, id string) { c.syntax(p, id, idError) }

func (c *checker) idList(p []any, ids []string) {
	for i, id := range ids {
		c.syntax(with(p, i), id, idError)
		if id == c.e.id {
			c.errorf("self-reference", with(p, i), "the rule names itself")
		}
	}
}
