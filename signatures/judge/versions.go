package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// clue is one place that tells a product's version. The smaller rank and order
// are, the more it is believed.
type clue struct {
	rank, order int
	value, text string
	finding.Location
}

// Ranks of clues: what the product's own code holds, what the build left
// beside it, what others may have written.
const (
	rankCode = iota
	rankFile
	rankBuild
	rankMetaData
	rankString
	rankNamed // by the name of a constant alone, which no rule knows
)

// version tells a product's version: one value, or the range of several that
// are equally good.
func (j *judge) version(m *signatures.SDKMatch, h *holding, hits []*signatures.Hit) *finding.Version {
	clues := ruleClues(m.SDK, hits)
	if m.Held {
		clues = append(clues, j.assignedClues(m.SDK, h)...)
		clues = append(clues, j.notes.clues(m.SDK)...)
		if len(clues) == 0 {
			if v := versionRange(m.SDK, hits); v != nil {
				return v
			}
			clues = j.namedClues(h)
		}
		if len(clues) == 0 {
			clues = j.libraryClues(m.SDK)
		}
	}
	if len(clues) == 0 {
		return nil
	}
	slices.SortStableFunc(clues, func(a, b clue) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.order, b.order), compareVersions(a.value, b.value), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.text, b.text))
	})
	low := clues[0]
	v := &finding.Version{Value: low.value, Exact: true, Clue: low.text, Location: low.Location}
	high := low
	for _, c := range clues {
		if c.rank == low.rank && c.order == low.order {
			high = c
		}
	}
	if compareVersions(low.value, high.value) != 0 {
		v.Value += "–" + high.value
		v.Exact = false
		if low.text != high.text {
			v.Clue += ", " + high.text
		}
	}
	return v
}

// versionRange bounds a version by the classes that are there and that only some
// versions define: it is at least the latest in which one of them came, and at
// most the first in which one was there last. Classes that are missing tell
// nothing, as builds drop what is not used.
func versionRange(s *rule.SDK, hits []*signatures.Hit) *finding.Version {
	var low, high, first *signatures.Hit
	for _, h := range hits {
		if h.Use != signatures.UseVersion || h.Item >= len(s.Version) || s.Version[h.Item].Class == "" {
			continue
		}
		if of := &s.Version[h.Item]; of.Since != "" && (low == nil || compareVersions(s.Version[low.Item].Since, of.Since) < 0) {
			low = h
		}
		if of := &s.Version[h.Item]; of.Until != "" && (high == nil || compareVersions(of.Until, s.Version[high.Item].Until) < 0) {
			high = h
		}
	}
	v := &finding.Version{}
	switch {
	case low != nil && high != nil && compareVersions(s.Version[low.Item].Since, s.Version[high.Item].Until) > 0:
		return nil // classes of several versions at once: two copies, or a wrong rule
	case low != nil && high != nil:
		v.Value, first = s.Version[low.Item].Since+"–"+s.Version[high.Item].Until, low
	case low != nil:
		v.Value, first = s.Version[low.Item].Since+" or later", low
	case high != nil:
		v.Value, first = s.Version[high.Item].Until+" or earlier", high
	default:
		return nil
	}
	v.Location, v.Clue = first.Location, "class "+s.Version[first.Item].Class
	if high != nil && high != first && high.Item != first.Item {
		v.Clue += ", class " + s.Version[high.Item].Class
	}
	return v
}

// ruleClues are those that the product's rule names.
func ruleClues(s *rule.SDK, hits []*signatures.Hit) []clue {
	var out []clue
	for _, h := range hits {
		if h.Use != signatures.UseVersion || h.Item >= len(s.Version) {
			continue
		}
		of := &s.Version[h.Item]
		c := clue{order: h.Item, Location: h.Location}
		value := h.Value
		switch {
		case of.Class != "":
			continue // see versionRange
		case of.Constant != "":
			c.rank, c.text = rankCode, "constant "+h.Ref
		case of.Method != "":
			c.rank, c.text = rankCode, "result of "+h.Ref
		case of.File != "":
			c.rank, c.text = rankFile, "file "+of.File
		case of.MetaData != "":
			c.rank, c.text = rankMetaData, "meta-data "+of.MetaData
		default:
			c.rank, c.text = rankString, "string "+clip(of.Prefix, maxShown)+"…"
			if value == "" { // of a text outside code
				value = strings.TrimPrefix(h.Ref, of.Prefix)
			}
		}
		var ok bool
		if c.value, ok = versionText(afterName(value)); ok {
			out = append(out, c)
		}
	}
	return out
}

// afterName cuts off what is written before a version to say of what it is:
// "VungleDroid/3.3.0", "android 5.4.3", "GTC-3.2.18.0".
func afterName(s string) string {
	s = strings.TrimSpace(s)
	i := strings.IndexAny(s, "0123456789")
	if i <= 1 || i > 24 || !strings.Contains(s[i:], ".") {
		return s
	}
	if c := s[i-1]; c != '/' && c != '-' && c != '_' && c != ' ' && c != ':' && c != 'v' {
		return s
	}
	return s[i:]
}

// versionClasses are the classes of a product that its rule names constants of.
func versionClasses(s *rule.SDK) map[string]bool {
	var out map[string]bool
	for i := range s.Version {
		class, _, ok := strings.Cut(s.Version[i].Constant, "->")
		if !ok {
			continue
		}
		if out == nil {
			out = map[string]bool{}
		}
		if !strings.HasSuffix(class, ";") {
			class = descriptor(class)
		}
		out[class] = true
	}
	return out
}

// assignedClues are constants that the rule names and that the class sets when
// it is initialised, rather than beginning with them.
func (j *judge) assignedClues(s *rule.SDK, h *holding) []clue {
	var out []clue
	for _, at := range h.told {
		u := &j.units[at.unit]
		typ, _, _ := u.Class(at.class)
		desc := u.Type(typ)
		for field, value := range u.assigned(at.class) {
			_, name, ft := u.Field(field)
			for i := range s.Version {
				class, want, _ := strings.Cut(s.Version[i].Constant, "->")
				want, _, _ = strings.Cut(want, ":")
				if want != u.String(name) || class != dotted(desc) && class != desc {
					continue
				}
				if v, ok := versionText(afterName(value)); ok {
					out = append(out, clue{
						rank: rankCode, order: i, value: v, text: "constant " + desc + "->" + want + ":" + u.Type(ft),
						Location: finding.Location{Unit: u.info.Name, Class: desc},
					})
				}
			}
		}
	}
	return out
}

// assigned returns the texts that the initialiser or constructor of a class
// gives to its fields once and at once: the constant is loaded by the instruction before,
// and no other constant right before that, as one of two would be.
func (u *unitState) assigned(class int) map[uint32]string {
	var out map[uint32]string
	put := map[uint32]int{}
	for md := range u.ClassMethods(class) {
		_, name, _ := u.Method(md.Method)
		if n := u.String(name); n != "<clinit>" && n != "<init>" || md.Body < 0 || md.Body >= len(u.bodies) {
			continue
		}
		refs := u.refsOf(md.Body)
		near := uint32(2) // units of const-string
		if u.info.Format == "class" || u.NumStrings() > 1<<16 {
			near = 3 // bytes of ldc_w, units of const-string/jumbo
		}
		for i, r := range refs {
			if r.Kind != fact.RefFieldPut {
				continue
			}
			put[r.Index]++
			if i == 0 || refs[i-1].Kind != fact.RefString || r.PC-refs[i-1].PC > near || i > 1 && refs[i-2].Kind == fact.RefString {
				continue
			}
			if out == nil {
				out = map[uint32]string{}
			}
			out[r.Index] = u.String(refs[i-1].Index)
		}
	}
	for f, n := range put {
		if n > 1 {
			delete(out, f)
		}
	}
	return out
}

// libraryClues is the version of a library's manifest, if the package there is
// that of the product. Apps that use the library do not show it any more.
func (j *judge) libraryClues(s *rule.SDK) []clue {
	m := &j.set.App.Manifest
	if m.Package == "" || !isLibrary(j.set.Units) || j.owners.of(descriptor(m.Package+".X")).product != s {
		return nil
	}
	v, ok := versionText(m.VersionName)
	if !ok || !strings.Contains(v, ".") || v == "1.0" {
		return nil // "1.0" is what templates hold
	}
	return []clue{{rank: rankBuild, value: v, text: "versionName of the library's manifest", Location: finding.Location{Unit: manifestFile}}}
}

// releases collects the versions that builds leave in small files:
//
//   - META-INF/GROUP_ARTIFACT.version, one line (Android Gradle plugin, since
//     the support library 28);
//   - META-INF/maven/GROUP/ARTIFACT/pom.properties with version= (Maven);
//   - ARTIFACT.properties at the top with version= and client= (Google's
//     libraries).
type releases struct {
	byCoordinate map[string][]clue // "group:artifact"
	byClient     map[string][]clue
	// The properties file that is being read.
	unit, version string
	off           int64
}

// maxReleases bounds what is kept.
const maxReleases = 10000

func (r *releases) add(t *fact.Text) {
	if t.Kind != fact.TextAsset || len(t.Value) > 200 {
		return
	}
	p := t.Unit[strings.LastIndexByte(t.Unit, '!')+1:]
	switch {
	case strings.HasSuffix(p, ".version"):
		if name, ok := strings.CutPrefix(strings.TrimSuffix(p, ".version"), "META-INF/"); ok && !strings.Contains(name, "/") {
			// Groups hold no "_" in practice, artifacts may.
			if group, artifact, ok := strings.Cut(name, "_"); ok {
				r.take(&r.byCoordinate, group+":"+artifact, t.Value, t)
			}
		}
	case strings.HasSuffix(p, ".properties"):
		key, value, ok := strings.Cut(t.Value, "=")
		if !ok {
			return
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if rest, ok := strings.CutPrefix(p, "META-INF/maven/"); ok {
			if parts := strings.Split(rest, "/"); len(parts) == 3 && parts[2] == "pom.properties" && key == "version" {
				r.take(&r.byCoordinate, parts[0]+":"+parts[1], value, t)
			}
			return
		}
		if strings.Contains(p, "/") {
			return
		}
		if t.Unit != r.unit {
			r.unit, r.version = t.Unit, ""
		}
		switch key {
		case "version":
			r.version, r.off = value, t.Off
		case "client":
			if r.version != "" && value+".properties" == p {
				at := *t
				at.Off = r.off
				r.take(&r.byClient, value, r.version, &at)
			}
		}
	}
}

func (r *releases) take(in *map[string][]clue, key, value string, t *fact.Text) {
	v, ok := versionText(value)
	if !ok || len(r.byClient)+len(r.byCoordinate) >= maxReleases {
		return
	}
	if *in == nil {
		*in = map[string][]clue{}
	}
	c := clue{rank: rankBuild, value: v, text: "file " + t.Unit[strings.LastIndexByte(t.Unit, '!')+1:], Location: finding.Location{Unit: t.Unit}}
	if t.Off >= 0 {
		off := t.Off
		c.Offset = &off
	}
	if list := (*in)[key]; len(list) < 8 && !slices.ContainsFunc(list, func(o clue) bool { return o.Unit == c.Unit }) {
		(*in)[strings.Clone(key)] = append(list, c)
	}
}

// clues are those for the Maven coordinates of a product, in their order.
func (r *releases) clues(s *rule.SDK) []clue {
	if r == nil {
		return nil
	}
	var out []clue
	for i, coordinate := range s.Maven {
		group, artifact, _ := strings.Cut(coordinate, ":")
		list := r.byCoordinate[coordinate]
		if strings.HasPrefix(group, "com.google.") {
			list = append(slices.Clip(list), r.byClient[artifact]...)
		}
		for _, c := range list {
			c.order = i
			out = append(out, c)
		}
	}
	return out
}

// maxNamed bounds the classes of one product that are asked for constants.
const maxNamed = 200

// mayTell reports whether a class by this name may hold the version of what it
// belongs to.
func mayTell(desc string) bool {
	name := desc[strings.LastIndexByte(desc, '/')+1:]
	name = strings.TrimSuffix(name[strings.LastIndexByte(name, '$')+1:], ";")
	for _, w := range [...]string{"BuildConfig", "Version", "Constant", "Constants", "Config", "SdkInfo", "SDKInfo"} {
		if strings.HasSuffix(name, w) {
			return true
		}
	}
	return false
}

// namedClues are constants of the product's classes whose names say that they
// are its version. Of several classes those nearest to the product's root are
// believed.
func (j *judge) namedClues(h *holding) []clue {
	var out []clue
	for _, at := range h.named {
		u := &j.units[at.unit]
		typ, _, _ := u.Class(at.class)
		desc := u.Type(typ)
		build := strings.HasSuffix(desc, "/BuildConfig;")
		set := u.assigned(at.class)
		first := false // the template's versionCode
		var found []clue
		for f := range u.ClassFields(at.class) {
			_, name, ft := u.Field(f.Field)
			n := u.String(name)
			if build && n == "VERSION_CODE" && f.Const.Kind == fact.Int && f.Const.N == 1 {
				first = true
			}
			text := f.Const.S
			if f.Const.Kind == fact.None {
				text = set[f.Field]
			}
			if text == "" || !namesVersion(n, build, desc) {
				continue
			}
			if build {
				text = afterName(text)
			}
			v, ok := versionText(text)
			if !ok || !strings.Contains(v, ".") || len(v) != len(strings.TrimSpace(text)) {
				continue
			}
			found = append(found, clue{
				rank: rankNamed, order: strings.Count(desc, "/"), value: v, text: "constant " + desc + "->" + n + ":" + u.Type(ft),
				Location: finding.Location{Unit: u.info.Name, Class: desc},
			})
		}
		for _, c := range found {
			if !first || c.value != "1.0" {
				out = append(out, c)
			}
		}
	}
	return out
}

// namesVersion reports whether a constant by this name is the version of the
// code that holds it: of its build, or of the SDK by that word or by the name
// that its package has, too (UMENG_VERSION in com.umeng.…).
func namesVersion(name string, build bool, desc string) bool {
	upper := strings.ToUpper(name)
	switch strings.ReplaceAll(upper, "_", "") {
	case "SDKVERSION", "SDKVERSIONNAME", "LIBRARYVERSION", "LIBVERSION", "LIBRARYVERSIONNAME":
		return true
	case "VERSIONNAME":
		return build
	}
	whose, ok := strings.CutSuffix(upper, "_VERSION")
	return ok && build && strings.Contains(desc, "/"+strings.ToLower(whose)+"/")
}

// versionText reads a version at the beginning of a text: digits and what may
// stand between them.
func versionText(s string) (string, bool) {
	s = strings.TrimSpace(s)
	s = strings.TrimLeft(s, "vV/_- ")
	if s == "" || s[0] < '0' || s[0] > '9' {
		return "", false
	}
	end := 0
	for end < len(s) && end < 40 {
		c := s[end]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '-' || c == '_' || c == '+' {
			end++
			continue
		}
		break
	}
	if !strings.ContainsAny(s[:end], "123456789") {
		return "", false // 0.0.0 stands where nobody put a version
	}
	return strings.Clone(strings.TrimRight(s[:end], ".-_+")), true
}

// compareVersions compares two versions part by part: numbers as such, a
// number before a word is the later one.
func compareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = versionPart(a)
		y, b = versionPart(b)
		if x == y {
			continue
		}
		dx, dy := x != "" && x[0] >= '0' && x[0] <= '9', y != "" && y[0] >= '0' && y[0] <= '9'
		switch {
		case dx && dy:
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
				return c
			}
		case dx != dy:
			// 1.0.1 is later than 1.0, and 1.0 than 1.0-beta.
			if dx {
				return 1
			}
			return -1
		case x == "" || y == "":
			if x == "" {
				return 1
			}
			return -1
		default:
			return cmp.Compare(x, y)
		}
	}
	return 0
}

// versionPart cuts the first run of digits or of other letters off.
func versionPart(s string) (part, rest string) {
	s = strings.TrimLeft(s, ".-_+")
	if s == "" {
		return "", ""
	}
	digit := s[0] >= '0' && s[0] <= '9'
	i := 1
	for i < len(s) && !strings.ContainsRune(".-_+", rune(s[i])) && (s[i] >= '0' && s[i] <= '9') == digit {
		i++
	}
	return s[:i], s[i:]
}
