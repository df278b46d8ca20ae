package signatures

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures/internal/crew"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// kindOrder is the order of kinds in every listing and in the digest.
var kindOrder = []rule.Kind{
	rule.KindSDK, rule.KindPacker, rule.KindVendor, rule.KindDomain,
	rule.KindIdentifier, rule.KindSink, rule.KindNoise,
}

func kindRank(k rule.Kind) int { return slices.Index(kindOrder, k) }

// Mode says which conventions hold for a folder of rules.
type Mode uint8

// The modes.
const (
	// Overlay is a user's own folder: any layout below it, and references to
	// vendors and products that nobody described are warnings.
	Overlay Mode = iota
	// Bundled is the database of this repository: the file is named after the
	// rule's id, the folder after its vendor.
	Bundled
)

// entry is one rule of a set.
type entry struct {
	kind   rule.Kind
	id     string
	status string // never empty
	name   string // of the file
	digest [sha256.Size]byte
	src    *source // nil for rules from the bundle

	// Rules of the bundle are decoded when somebody asks for them.
	once sync.Once
	val  any // *rule.SDK and so on
	body lazyBody
}

// value returns the rule itself, which must not be changed.
func (e *entry) value() any {
	e.once.Do(func() {
		if e.val == nil {
			e.val = e.body.decode(e.kind)
		}
	})
	return e.val
}

func compareEntries(a, b *entry) int {
	return cmp.Or(cmp.Compare(kindRank(a.kind), kindRank(b.kind)), cmp.Compare(a.id, b.id))
}

// Rules is a set of rules, sorted by kind and id. It is immutable and safe for
// concurrent use.
type Rules struct {
	entries  []*entry
	warnings []Diagnostic
	digest   string
	compiled *index // of the bundle; nil for others
}

// Load reads every .yaml and .yml file below the root of fsys. name stands
// before each path in messages. Everything that is wrong in any of the files
// is reported at once, as a *LoadError.
//
// Rules that name each other are checked by [Merge], as an overlay may name
// what the bundle holds; with Mode Bundled they are checked here.
func Load(fsys fs.FS, name string, mode Mode) (*Rules, error) {
	var paths []string
	err := fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := path.Ext(p); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			paths = append(paths, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading signatures from %s: %w", name, err)
	}

	type loaded struct {
		e     *entry
		diags []Diagnostic
		err   error
	}
	results := make([]loaded, len(paths))
	crew.Each(len(paths), runtime.GOMAXPROCS(0), func(i int) {
		r := &results[i]
		var text []byte
		if text, r.err = readFile(fsys, paths[i]); r.err == nil {
			r.e, r.diags = loadFile(name, paths[i], text, mode)
		}
	})

	rules := &Rules{}
	var diags []Diagnostic
	for i := range results {
		r := &results[i]
		if r.err != nil {
			return nil, fmt.Errorf("reading signatures from %s: %w", name, r.err)
		}
		diags = append(diags, r.diags...)
		if r.e != nil && r.e.id != "" {
			rules.entries = append(rules.entries, r.e)
		}
	}
	slices.SortStableFunc(rules.entries, compareEntries)
	diags = append(diags, rules.checkUnique()...)
	if mode == Bundled {
		diags = append(diags, rules.checkReferences(Error)...)
	}
	return rules.finish(diags)
}

// LoadFile is [Load] with Mode Overlay for one file that is at hand; file is its
// name in messages.
func LoadFile(file string, text []byte) (*Rules, error) {
	e, diags := loadFile("", file, text, Overlay)
	rules := &Rules{}
	if e != nil && e.id != "" {
		rules.entries = []*entry{e}
	}
	return rules.finish(diags)
}

func readFile(fsys fs.FS, p string) ([]byte, error) {
	st, err := fs.Stat(fsys, p)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: p, Err: errors.New("not a regular file")}
	}
	if st.Size() > MaxFileSize {
		// One byte more than allowed is enough for the loader to refuse it.
		return make([]byte, MaxFileSize+1), nil
	}
	return fs.ReadFile(fsys, p)
}

func loadFile(name, p string, text []byte, mode Mode) (*entry, []Diagnostic) {
	file := path.Join(name, p)
	e, diags := decodeRule(file, text)
	if e == nil {
		return nil, diags
	}
	e.name = file
	c := &checker{e: e, mode: mode, path: p}
	c.check()
	if diags = append(diags, c.diags...); !hasErrors(diags) {
		coordinates(e.val)
		e.digest = sha256.Sum256(canonical(e.val))
	}
	return e, diags
}

// coordinates makes signals of the Maven coordinates of a product: where a
// build says what it was made of, nothing tells more. Rules with a condition
// name the signals that count themselves.
func coordinates(v any) {
	sdk, ok := v.(*rule.SDK)
	if !ok || sdk.When != nil {
		return
	}
	for _, m := range sdk.Maven {
		if !slices.ContainsFunc(sdk.Signals, func(s rule.Signal) bool { return s.Maven == m }) {
			sdk.Signals = append(sdk.Signals, rule.Signal{Maven: m})
		}
	}
}

// finish sorts diagnostics and decides whether the rules are usable.
func (r *Rules) finish(diags []Diagnostic) (*Rules, error) {
	sortDiagnostics(diags)
	if hasErrors(diags) {
		return nil, &LoadError{Diagnostics: diags}
	}
	r.warnings = diags
	r.digest = digestOf(r.entries)
	return r, nil
}

// Warnings returns what was odd, but did not keep the rules from being used.
func (r *Rules) Warnings() []Diagnostic { return r.warnings }

// Len returns the number of rules.
func (r *Rules) Len() int { return len(r.entries) }

// find returns the index of a rule, or -1.
func (r *Rules) find(k rule.Kind, id string) int {
	i, ok := slices.BinarySearchFunc(r.entries, &entry{kind: k, id: id}, compareEntries)
	if !ok {
		return -1
	}
	return i
}

// product returns the index of the SDK or packer with this id, or -1.
func (r *Rules) product(id string) int {
	if i := r.find(rule.KindSDK, id); i >= 0 {
		return i
	}
	return r.find(rule.KindPacker, id)
}

// where names the place of a rule in messages.
func (e *entry) where() string {
	if e.name != "" {
		return e.name
	}
	return "the bundled rules"
}

// checkUnique reports ids that are taken twice. SDKs and packers share one
// space of ids.
func (r *Rules) checkUnique() []Diagnostic {
	var diags []Diagnostic
	for i, e := range r.entries {
		var other *entry
		if i > 0 && compareEntries(r.entries[i-1], e) == 0 {
			other = r.entries[i-1]
		} else if e.kind == rule.KindPacker {
			if j := r.find(rule.KindSDK, e.id); j >= 0 {
				other = r.entries[j]
			}
		}
		if other != nil && e.src != nil {
			line, col := e.src.at("id")
			diags = append(diags, e.src.diagnostic(Error, "duplicate-id", line, col, "the id %q is taken by %s already", e.id, other.where()))
		}
	}
	return diags
}

// checkReferences reports ids that no rule has. Only rules that were read from
// files are looked at.
func (r *Rules) checkReferences(sev Severity) []Diagnostic {
	var diags []Diagnostic
	names := map[string]string{"vendor": "vendor", "product": "SDK"}
	report := func(e *entry, p []any, what, id string, ids func() []string) {
		line, col := e.src.at(p...)
		hint := ""
		if near := nearest(id, ids()); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		diags = append(diags, e.src.diagnostic(sev, "unknown-"+what, line, col, "there is no %s %q%s", names[what], id, hint))
	}
	vendors := func() []string { return r.ids(rule.KindVendor) }
	products := func() []string { return append(r.ids(rule.KindSDK), r.ids(rule.KindPacker)...) }
	for _, e := range r.entries {
		if e.src == nil {
			continue
		}
		vendor := func(id string, p ...any) {
			if id != "" && r.find(rule.KindVendor, id) < 0 {
				report(e, p, "vendor", id, vendors)
			}
		}
		product := func(id string, p ...any) {
			if id != "" && r.product(id) < 0 {
				report(e, p, "product", id, products)
			}
		}
		switch v := e.value().(type) {
		case *rule.SDK:
			vendor(v.Vendor, "vendor")
			rel := v.Relations
			product(rel.PartOf, "relations", "part_of")
			for _, l := range []struct {
				name string
				ids  []string
			}{{"contains", rel.Contains}, {"superseded_by", rel.SupersededBy}, {"requires", rel.Requires}} {
				for i, id := range l.ids {
					product(id, "relations", l.name, i)
				}
			}
		case *rule.Vendor:
			vendor(v.Parent, "parent")
			seen := map[string]bool{v.ID: true}
			for p := v.Parent; p != ""; {
				if seen[p] {
					line, col := e.src.at("parent")
					diags = append(diags, e.src.diagnostic(Error, "self-reference", line, col, "the vendor is its own parent by way of %q", v.Parent))
					break
				}
				seen[p] = true
				i := r.find(rule.KindVendor, p)
				if i < 0 {
					break
				}
				p = r.entries[i].value().(*rule.Vendor).Parent
			}
		case *rule.Domain:
			vendor(v.Vendor, "vendor")
			for i, h := range v.Hosts {
				product(h.SDK, "hosts", i, "sdk")
			}
		}
	}
	return diags
}

func (r *Rules) ids(k rule.Kind) []string {
	var ids []string
	for _, e := range r.entries {
		if e.kind == k {
			ids = append(ids, e.id)
		}
	}
	return ids
}

// stem returns the name of a file without folder and extension.
func stem(p string) string {
	return strings.TrimSuffix(path.Base(p), path.Ext(p))
}

// Merge lays overlays over base, the later over the earlier. A rule of an
// overlay takes the place of the rule with its kind and id, or is added; with
// status "disabled" it takes that rule out. Vendors and products that nobody
// described are warnings. base may be nil. The arguments stay as they are.
func Merge(base *Rules, overlays ...*Rules) (*Rules, error) {
	if base == nil {
		base = &Rules{}
	}
	if len(overlays) == 0 {
		return base.withoutDisabled()
	}
	type key struct {
		kind rule.Kind
		id   string
	}
	merged := &Rules{}
	diags := slices.Clone(base.warnings)
	byKey := make(map[key]*entry, base.Len())
	for _, e := range base.entries {
		byKey[key{e.kind, e.id}] = e
	}
	fromOverlay := map[key]*entry{}
	for _, o := range overlays {
		diags = append(diags, o.warnings...)
		for _, e := range o.entries {
			k := key{e.kind, e.id}
			if e.status != rule.StatusDisabled {
				if first := fromOverlay[k]; first != nil && e.src != nil {
					line, col := e.src.at("id")
					diags = append(diags, e.src.diagnostic(Warning, "overlay-collision", line, col, "%s takes the place of the %s %q in %s; give one of them another id if that is not meant", e.where(), e.kind, e.id, first.where()))
				}
				byKey[k], fromOverlay[k] = e, e
				continue
			}
			if _, ok := byKey[k]; !ok && e.src != nil {
				line, col := e.src.at("id")
				diags = append(diags, e.src.diagnostic(Warning, "nothing-to-disable", line, col, "there is no %s %q that could be disabled", e.kind, e.id))
			}
			delete(byKey, k)
		}
	}
	for _, e := range byKey {
		merged.entries = append(merged.entries, e)
	}
	slices.SortFunc(merged.entries, compareEntries)
	diags = append(diags, merged.checkUnique()...)
	diags = append(diags, merged.checkReferences(Warning)...)
	return merged.finish(diags)
}

// withoutDisabled is Merge for a set by itself, which may be an overlay.
func (r *Rules) withoutDisabled() (*Rules, error) {
	if !slices.ContainsFunc(r.entries, func(e *entry) bool { return e.status == rule.StatusDisabled }) {
		return r, nil
	}
	return Merge(&Rules{}, r)
}

// digestOf hashes the digests of all rules, in the order of the set: one line
// "kind id digest" each.
func digestOf(entries []*entry) string {
	h := sha256.New()
	var line []byte
	for _, e := range entries {
		line = append(line[:0], e.kind...)
		line = append(line, ' ')
		line = append(line, e.id...)
		line = append(line, ' ')
		line = hex.AppendEncode(line, e.digest[:])
		line = append(line, '\n')
		h.Write(line)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// Digest names the content of the set: "sha256:" and 64 hex digits. Layout,
// order, comments and the way of writing a value in YAML do not change it; rules
// from YAML files and from the bundle have the same.
func (r *Rules) Digest() string {
	if r.digest == "" {
		return digestOf(r.entries)
	}
	return r.digest
}

// Counts returns the number of rules by kind.
func (r *Rules) Counts() map[string]int {
	n := map[string]int{}
	for _, e := range r.entries {
		n[string(e.kind)]++
	}
	return n
}

// StatusCounts returns the number of rules by kind and status. Rules without a
// status are stable.
func (r *Rules) StatusCounts() map[string]map[string]int {
	n := map[string]map[string]int{}
	for _, e := range r.entries {
		k := string(e.kind)
		if n[k] == nil {
			n[k] = map[string]int{}
		}
		n[k][e.status]++
	}
	return n
}

// Ref names one rule of a set.
type Ref struct {
	Kind   rule.Kind
	ID     string
	Status string
	File   string // as it was loaded, or its path in the bundled database
	SHA256 string // hex digest of its canonical form
}

// Numbers yields the positions of the rules of a kind among those that List
// yields.
func (r *Rules) Numbers(k rule.Kind) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, e := range r.entries {
			if e.kind == k && !yield(i) {
				return
			}
		}
	}
}

// List yields all rules in the order of the set, without decoding them.
func (r *Rules) List() iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		for _, e := range r.entries {
			if !yield(Ref{e.kind, e.id, e.status, e.name, hex.EncodeToString(e.digest[:])}) {
				return
			}
		}
	}
}

// Get returns a pointer to the rule struct (*rule.SDK, *rule.Vendor, …), or nil.
// What rules point to is shared and must not be changed.
func (r *Rules) Get(k rule.Kind, id string) any {
	if i := r.find(k, id); i >= 0 {
		return r.entries[i].value()
	}
	return nil
}

// SDK returns the SDK or packer with this id, or nil.
func (r *Rules) SDK(id string) *rule.SDK {
	if i := r.product(id); i >= 0 {
		return r.entries[i].value().(*rule.SDK)
	}
	return nil
}

// Vendor returns the vendor with this id, or nil.
func (r *Rules) Vendor(id string) *rule.Vendor {
	v, _ := r.Get(rule.KindVendor, id).(*rule.Vendor)
	return v
}

// Domain returns the rule of a domain, or nil.
func (r *Rules) Domain(id string) *rule.Domain {
	v, _ := r.Get(rule.KindDomain, id).(*rule.Domain)
	return v
}

// Identifier returns the identifier with this id, or nil.
func (r *Rules) Identifier(id string) *rule.Identifier {
	v, _ := r.Get(rule.KindIdentifier, id).(*rule.Identifier)
	return v
}

// Sink returns the sink with this id, or nil.
func (r *Rules) Sink(id string) *rule.Sink {
	v, _ := r.Get(rule.KindSink, id).(*rule.Sink)
	return v
}

// All yields the rules whose struct is a T, in the order of the set: rule.SDK
// for SDKs and packers, and so on.
func All[T rule.SDK | rule.Vendor | rule.Domain | rule.Identifier | rule.Sink | rule.Noise](r *Rules) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		kinds := kindsOf[T]()
		for _, e := range r.entries {
			if !slices.Contains(kinds, e.kind) {
				continue
			}
			if v, ok := e.value().(*T); ok && !yield(v) {
				return
			}
		}
	}
}

func kindsOf[T any]() []rule.Kind {
	var kinds []rule.Kind
	for _, k := range kindOrder {
		if _, ok := newRule(k).(*T); ok {
			kinds = append(kinds, k)
		}
	}
	return kinds
}
