package filter

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Term describes a key for people.
type Term struct {
	Key   string
	Kind  string // what it is about
	Value string // what stands behind the colon; "" if nothing does
	Help  string
}

// term is what a key means.
type term struct {
	kinds  []Kind
	value  string
	help   string
	naming bool // it names a thing, so that noise is meant, too
	flag   func(*App, *Thing) bool
	parse  func(string) (value, error)
	has    func(*App, *Thing, value) bool
}

// value is one alternative of what stands behind the colon.
type value struct {
	text  string // lower case
	op    string // "<", "<=", ">", ">=", "="
	num   int64
	grade int // the weakest grade of record that counts, as an index of rule.GradeNames
}

// Keys lists the keys.
func Keys() []string { return slices.Sorted(maps.Keys(terms)) }

// Terms describes all keys, by what they are about.
func Terms() []Term {
	var out []Term
	for _, k := range kinds {
		for _, key := range Keys() {
			if t := terms[key]; t.kinds[0] == k {
				help := t.help
				if len(t.kinds) > 1 {
					help += fmt.Sprintf(" (also of an %s)", t.kinds[1])
				}
				v := ""
				if t.flag == nil {
					v = t.value
				}
				out = append(out, Term{key, string(k), v, help})
			}
		}
	}
	return out
}

func flag(k Kind, help string, f func(*App, *Thing) bool) *term {
	return &term{kinds: []Kind{k}, help: help, flag: f}
}

// globs is a term of which one of the texts must fit.
func globs(k Kind, val, help string, texts func(*App, *Thing) []string) *term {
	return &term{
		kinds: []Kind{k}, value: val, help: help, parse: parseGlob,
		has: func(a *App, t *Thing, v value) bool {
			return slices.ContainsFunc(texts(a, t), func(s string) bool { return glob(v.text, strings.ToLower(s)) })
		},
	}
}

func names(k Kind, val, help string, texts func(*App, *Thing) []string) *term {
	t := globs(k, val, help, texts)
	t.naming = true
	return t
}

// oneOf is a term whose values are a closed list.
func oneOf(k Kind, help string, list []string, texts func(*App, *Thing) []string) *term {
	t := globs(k, strings.Join(list, "|"), help, texts)
	t.parse = func(s string) (value, error) {
		s = strings.ToLower(s)
		if !slices.Contains(list, s) {
			return value{}, fmt.Errorf("use one of %s", strings.Join(list, ", "))
		}
		return value{text: s}, nil
	}
	return t
}

// atLeast is a term whose values are a scale, the highest first.
func atLeast(ks []Kind, help string, list []string, text func(*App, *Thing) string) *term {
	t := oneOf(ks[0], help, list, nil)
	t.kinds = ks
	t.has = func(a *App, th *Thing, v value) bool {
		i := slices.Index(list, text(a, th))
		return i >= 0 && i <= slices.Index(list, v.text)
	}
	return t
}

// number is a term that compares numbers, or versions.
func compared(k Kind, help string, c func(*App, *Thing, value) bool) *term {
	return &term{kinds: []Kind{k}, value: "N, <N, <=N, >N or >=N", help: help, has: c, parse: func(s string) (value, error) {
		v := value{op: "=", text: s}
		for _, op := range []string{"<=", ">=", "<", ">", "="} {
			if rest, ok := strings.CutPrefix(s, op); ok {
				v.op, v.text = op, rest
				break
			}
		}
		if v.text == "" || v.text[0] < '0' || v.text[0] > '9' {
			return v, errors.New("use a number, with <, <=, > or >= before it if that is meant")
		}
		v.num, _ = strconv.ParseInt(v.text, 10, 64)
		return v, nil
	}}
}

func (v value) holds(c int) bool {
	switch v.op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	}
	return c == 0
}

// place is a term about records.
func place(k Kind, help string, weakest rule.Grade, records func(*Thing) []finding.Registration) *term {
	grades := rule.GradeNames()
	return &term{kinds: []Kind{k}, value: "CITY|PROVINCE|COUNTRY[@GRADE]", help: help, parse: func(s string) (value, error) {
		where, grade, ok := strings.Cut(s, "@")
		v := value{text: strings.ToLower(where), grade: slices.Index(grades, string(weakest))}
		if ok {
			if v.grade = slices.Index(grades, strings.ToLower(grade)); v.grade < 0 {
				return v, fmt.Errorf("grade %q is unknown: use one of %s", grade, strings.Join(grades, ", "))
			}
		}
		if where == "" {
			return v, errors.New("name a city, a province or a country")
		}
		return v, nil
	}, has: func(_ *App, t *Thing, v value) bool {
		return slices.ContainsFunc(records(t), func(r finding.Registration) bool {
			g := slices.Index(grades, r.Grade)
			return g >= 0 && g <= v.grade && (glob(v.text, strings.ToLower(r.City)) || glob(v.text, strings.ToLower(r.Province)) || glob(v.text, strings.ToLower(r.Country)))
		})
	}}
}

func parseGlob(s string) (value, error) {
	if s == "" {
		return value{}, errors.New("the value is empty")
	}
	return value{text: strings.ToLower(s)}, nil
}

// glob reports whether s fits a pattern in which "*" stands for any text.
func glob(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], more
	}
}

// compareVersions compares runs of digits as numbers, and what stands between
// them as text.
func compareVersions(a, b string) int {
	x, y := pieces(a), pieces(b)
	for i := range max(len(x), len(y)) {
		var p, q string
		if i < len(x) {
			p = x[i]
		}
		if i < len(y) {
			q = y[i]
		}
		m, err1 := strconv.ParseUint(cmp.Or(p, "0"), 10, 64)
		n, err2 := strconv.ParseUint(cmp.Or(q, "0"), 10, 64)
		c := cmp.Compare(m, n)
		if err1 != nil || err2 != nil {
			// 1.0-beta is before 1.0: what is there is less than nothing.
			switch {
			case p == "":
				c = 1
			case q == "":
				c = -1
			default:
				c = cmp.Compare(p, q)
			}
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

func pieces(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return r == '.' || r == '-' || r == '_' || r == '+' })
}

func categories() []string { return slices.Sorted(maps.Keys(rule.Categories)) }

var confidences = []string{"high", "medium", "low"}

// grades that may be called "registered in".
const weakestRegistered = rule.GradeFiling

// hostIs reports whether a host is the one that is named, or below it.
func hostIs(pattern, host string) bool {
	return glob(pattern, host) || glob("*."+pattern, host)
}

func permissionIs(pattern, name string) bool {
	return glob(pattern, name) || glob("android.permission."+pattern, name)
}

// terms holds all keys. It is never changed.
var terms = map[string]*term{
	"package":      globs(KindApp, "GLOB", "the app's package", func(a *App, _ *Thing) []string { return []string{a.Package} }),
	"label":        globs(KindApp, "GLOB", "the app's label", func(a *App, _ *Thing) []string { return []string{a.Label} }),
	"path":         globs(KindApp, "GLOB", "the path of the app's file", func(a *App, _ *Thing) []string { return []string{a.Path} }),
	"shared-uid":   globs(KindApp, "GLOB", "the user id that the app shares with others", func(a *App, _ *Thing) []string { return []string{a.SharedUserID} }),
	"preinstalled": flag(KindApp, "the app's path is that of a system partition", func(a *App, _ *Thing) bool { return Preinstalled(a.Path) }),
	"library":      flag(KindApp, "it is no app yet but an SDK: class files (AAR, JAR)", func(a *App, _ *Thing) bool { return a.library() }),
	"status": oneOf(KindApp, "how much of the app was analysed", []string{string(fact.Complete), string(fact.Partial), string(fact.Failed), string(fact.NoCode)},
		func(a *App, _ *Thing) []string { return []string{string(a.Status)} }),
	"target": compared(KindApp, "the API level that the app is made for; not met where it is unknown", func(a *App, _ *Thing, v value) bool {
		return a.TargetSDK > 0 && v.holds(cmp.Compare(int64(a.TargetSDK), v.num))
	}),
	"min-sdk": compared(KindApp, "the lowest API level that the app runs on; not met where it is unknown", func(a *App, _ *Thing, v value) bool {
		return a.MinSDK > 0 && v.holds(cmp.Compare(int64(a.MinSDK), v.num))
	}),

	"sdk":      names(KindSDK, "GLOB", "id or name of an SDK", func(_ *App, t *Thing) []string { return []string{t.SDK.ID, t.SDK.Name} }),
	"tracker":  flag(KindSDK, "it is made to collect data about people, devices or how apps are used (category:push, login, … are told apart)", func(_ *App, t *Thing) bool { return t.SDK.Tracker }),
	"packer":   flag(KindSDK, "it hides an app's code", func(_ *App, t *Thing) bool { return t.SDK.Kind == "packer" }),
	"category": oneOf(KindSDK, "what an SDK is for", categories(), func(_ *App, t *Thing) []string { return []string{t.SDK.Category} }),
	"vendor":   globs(KindSDK, "GLOB", "id or name of an SDK's vendor", func(_ *App, t *Thing) []string { return []string{t.SDK.Vendor, t.SDK.VendorName} }),
	"state": oneOf(KindSDK, "how far an SDK is shown to be active", []string{"reachable", "wired", "disabled", "present", "stub", "referenced"}, func(_ *App, t *Thing) []string {
		if t.off() { // "present, switched off" has two
			return []string{string(t.SDK.State), string(finding.Disabled)}
		}
		return []string{string(t.SDK.State)}
	}),
	"startup": flag(KindSDK, "an SDK can run at app start", func(_ *App, t *Thing) bool { return t.SDK.AtStartup != nil }),
	"seat": place(KindSDK, "where an SDK's vendor has its seat, on a record of at least this grade", rule.GradeCompanySeat,
		func(t *Thing) []finding.Registration { return t.SDK.VendorRecords }),
	"version": compared(KindSDK, "the version of an SDK; not met where it is unknown", func(_ *App, t *Thing, v value) bool {
		return t.SDK.Version != nil && t.SDK.Version.Value != "" && v.holds(compareVersions(t.SDK.Version.Value, v.text))
	}),
	"reads": globs(KindSDK, "GLOB", "an identifier that an SDK's code asks for", func(_ *App, t *Thing) []string { return uses(t.SDK.Reads) }),
	"reads-reset": oneOf(KindSDK, "how one can be rid of an identifier that an SDK's code asks for", rule.Resets, func(a *App, t *Thing) []string {
		var out []string
		for _, u := range t.SDK.Reads {
			if id := a.identifier(u.ID); id != nil {
				out = append(out, id.Reset)
			}
		}
		return out
	}),
	"names": {kinds: []Kind{KindSDK}, value: "HOST", help: "a host, or one below it, that an SDK's code names", parse: parseGlob, has: func(_ *App, t *Thing, v value) bool {
		return slices.ContainsFunc(t.SDK.Names, func(u finding.Use) bool { return hostIs(v.text, strings.ToLower(u.ID)) })
	}},
	"event": globs(KindSDK, "GLOB", "an event that is handed to an SDK", func(_ *App, t *Thing) []string {
		var out []string
		for _, e := range t.SDK.Events {
			out = append(out, e.Name)
		}
		return out
	}),
	"confidence": atLeast([]Kind{KindSDK, KindIdentifier}, "how sure it is, at least", confidences, func(_ *App, t *Thing) string {
		if t.SDK != nil {
			return t.SDK.Confidence
		}
		return t.Identifier.Confidence
	}),

	"identifier": names(KindIdentifier, "GLOB", "id or name of an identifier that code asks for", func(_ *App, t *Thing) []string { return []string{t.Identifier.ID, t.Identifier.Name} }),
	"group":      oneOf(KindIdentifier, "what an identifier is about", rule.Groups, func(_ *App, t *Thing) []string { return []string{t.Identifier.Group} }),
	"reset":      oneOf(KindIdentifier, "how one can be rid of it", rule.Resets, func(_ *App, t *Thing) []string { return []string{t.Identifier.Reset} }),
	"by": globs(KindIdentifier, "GLOB", "whose code asks for it: an SDK's id, app (own code), or the package of an unknown library", func(_ *App, t *Thing) []string {
		return []string{t.By, t.ByName}
	}),
	"by-startup": flag(KindIdentifier, "the SDK whose code asks for it, or calls the unknown library whose code does, can run at app start", func(a *App, t *Thing) bool {
		return slices.ContainsFunc(a.SDKs, func(s finding.SDK) bool {
			return s.AtStartup != nil && (s.ID == t.By || slices.Contains(t.Via, s.Name))
		})
	}),
	"undeclared": flag(KindIdentifier, "the permission that it needs is not declared: who asks gets nothing (never of an SDK, whose app may declare it)", func(a *App, t *Thing) bool {
		return t.Identifier.PermissionDeclared != nil && !*t.Identifier.PermissionDeclared && !a.library()
	}),

	"host": {kinds: []Kind{KindHost}, value: "HOST", help: "a host that is named, or one below it", naming: true, parse: parseGlob, has: func(_ *App, t *Thing, v value) bool {
		return hostIs(v.text, strings.ToLower(t.Endpoint.Host))
	}},
	"domain": names(KindHost, "GLOB", "the registrable domain of a host that is named", func(_ *App, t *Thing) []string { return []string{t.Endpoint.RegistrableDomain} }),
	"url":    names(KindHost, "GLOB", "a URL, host or address as it is named", func(_ *App, t *Thing) []string { return []string{t.Endpoint.Value} }),
	"registered": place(KindHost, "where the domain of a host is registered, on a record about this domain", weakestRegistered, func(t *Thing) []finding.Registration {
		out := slices.Clone(t.Endpoint.Records)
		if r := t.Endpoint.RegisteredIn; r != nil {
			out = append(out, *r)
		}
		return slices.DeleteFunc(out, func(r finding.Registration) bool {
			return r.Grade != string(rule.GradeRegistrant) && r.Grade != string(rule.GradeFiling)
		})
	}),
	"record": place(KindHost, "a place that a record about the domain or its owner names, of at least this grade", rule.GradeCompanySeat, func(t *Thing) []finding.Registration { return t.Endpoint.Records }),
	"owner":  globs(KindHost, "GLOB", "id or name of the company whose host it is", func(_ *App, t *Thing) []string { return []string{t.Endpoint.Owner, t.Endpoint.OwnerName} }),
	"role":   oneOf(KindHost, "what a host is for", rule.Roles, func(_ *App, t *Thing) []string { return []string{t.Endpoint.Role} }),
	"named-by": globs(KindHost, "GLOB", "whose code names it: an SDK's id, app (own code), or the package of an unknown library", func(_ *App, t *Thing) []string {
		var out []string
		for i := range t.Endpoint.Locations {
			out = append(out, ownerID(&t.Endpoint.Locations[i].Owner))
		}
		return out
	}),
	"host-sdk":  globs(KindHost, "GLOB", "the SDK that a host belongs to", func(_ *App, t *Thing) []string { return []string{t.Endpoint.HostSDK} }),
	"cleartext": flag(KindHost, "it is named for connections without encryption", func(_ *App, t *Thing) bool { return t.Endpoint.Cleartext }),
	"doubtful":  flag(KindHost, "every place may well show something else", func(_ *App, t *Thing) bool { return t.Endpoint.Doubtful }),

	"permission": {kinds: []Kind{KindPermission}, value: "GLOB", help: "a permission that the app declares, also without android.permission.", parse: parseGlob, has: func(_ *App, t *Thing, v value) bool {
		return permissionIs(v.text, strings.ToLower(t.Permission))
	}},
	"signer": {kinds: []Kind{KindSigner}, value: "HEX", help: "how the digest (SHA-256) of a signer's certificate begins; colons are not minded", parse: func(s string) (value, error) {
		s = strings.ToLower(strings.ReplaceAll(s, ":", ""))
		if s == "" || strings.Trim(s, "0123456789abcdef*") != "" {
			return value{}, errors.New("use the digits of a digest, or *")
		}
		return value{text: s}, nil
	}, has: func(_ *App, t *Thing, v value) bool { return glob(v.text+"*", t.Signer.SHA256) }},
	"sink":       names(KindSink, "GLOB", "id or name of a way out of the code that is called", func(_ *App, t *Thing) []string { return []string{t.Sink.ID, t.Sink.Name} }),
	"sink-group": oneOf(KindSink, "what kind of way out it is", rule.SinkGroups, func(_ *App, t *Thing) []string { return []string{t.Sink.Group} }),
	"dynamic": oneOf(KindCode, "how code is loaded at run time", []string{"classes", "package", "hotfix", "native-file", "native-library", "multidex"},
		func(_ *App, t *Thing) []string { return []string{t.Code.Kind} }),
	"dynamic-by": globs(KindCode, "GLOB", "whose code loads it: an SDK's id, app, or the package of an unknown library", func(_ *App, t *Thing) []string { return []string{t.By, t.ByName} }),
	"problem": oneOf(KindProblem, "a problem of this kind", []string{"unsupported", "unreadable", "malformed", "tampered", "missing-code", "missing-part", "encrypted", "packed", "unresolved", "budget", "internal"},
		func(_ *App, t *Thing) []string { return []string{string(t.Problem.Kind)} }),
	"lossy":        flag(KindProblem, "because of a problem something may be missing", func(_ *App, t *Thing) bool { return t.Problem.Lossy }),
	"exported":     globs(KindComponent, "GLOB", "class of a service, receiver or provider that other apps can reach", func(_ *App, t *Thing) []string { return []string{t.Component.Class} }),
	"exported-sdk": globs(KindComponent, "GLOB", "the SDK whose component other apps can reach", func(_ *App, t *Thing) []string { return []string{t.Component.SDK} }),
	"open":         flag(KindComponent, "a component that other apps can reach without a permission", func(_ *App, t *Thing) bool { return t.Component.Permission == "" }),
}

func uses(list []finding.Use) []string {
	var out []string
	for _, u := range list {
		out = append(out, u.ID, u.Name)
	}
	return out
}

// nearest returns the key that differs least from a misspelt one.
func nearest(key string) string {
	best, at := "", 3
	for _, k := range Keys() {
		if d := distance(key, k); d < at && d < len(key) {
			best, at = k, d
		}
	}
	return best
}

// distance is the number of letters to change, add or remove.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diag
			if a[i] != b[j] {
				d++
			}
			diag = row[j+1]
			row[j+1] = min(d, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
