package judge

import (
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// Texts takes the strings that stand outside code, one after another, and keeps
// what [Judge] wants of them. Reading them is expensive and Match does it
// anyway: hand Add to it as its Text option, and the Texts to Judge.
//
// It is not safe for concurrent use, and good for one app.
type Texts struct {
	spotter
	lines spotter // of text files rather than constants of a program
	buf   []endpoint.Endpoint
	found endpoints
	lists map[listKey]*crowd
	notes releases
}

// NewTexts returns Texts that look for what is known to rules.
func NewTexts(rules *signatures.Compiled) *Texts {
	t := &Texts{spotter: newSpotter(rules), found: newEndpoints(), lists: map[listKey]*crowd{}}
	t.lines = t.spotter
	t.lines.finder.Text = true
	return t
}

// listKey names what may be a list: a file, or a resource of a table.
type listKey struct{ file, name string }

func listOf(file, how, name string) listKey {
	if how != howResource {
		name = ""
	}
	return listKey{file, name}
}

// maxLists bounds the files and resources that are looked at as lists.
const maxLists = 20000

// list returns the crowd of a text, nil where none is kept.
func (ts *Texts) list(t *fact.Text, how string) *crowd {
	switch how {
	case howAsset, howScript, howResource:
	default:
		return nil
	}
	k := listOf(t.Unit, how, t.Name)
	c := ts.lists[k]
	if c == nil && len(ts.lists) < maxLists {
		c = &crowd{}
		ts.lists[k] = c
	}
	return c
}

// Add takes the next text.
func (ts *Texts) Add(t *fact.Text) {
	ts.notes.add(t)
	r, how := &ts.spotter, howResource
	switch t.Kind {
	case fact.TextAsset:
		r, how = &ts.lines, howAsset
	case fact.TextNative:
		r, how = &ts.lines, howNative
	case fact.TextScript:
		r, how = &ts.lines, howScript
	case fact.TextManaged:
		how = howManaged
	case fact.TextXML:
		if t.Unit == manifestFile || strings.HasSuffix(t.Unit, "!"+manifestFile) || strings.HasSuffix(t.Unit, "/manifest/"+manifestFile) {
			how = howManifest
		}
	}
	plain, decoded, _ := r.read(t.Value, ts.buf)
	ts.buf = plain[:0]
	if n := len(t.Value); how == howAsset && (n == 64 || n == 76) {
		decoded = nil // a line of a certificate or the like: a piece of something
	}
	if how != howScript && isList(t.Value) {
		if c := ts.list(t, how); c != nil {
			c.line(t.Value)
		}
	}
	if len(plain) == 0 && len(decoded) == 0 {
		return
	}
	p := place{unit: -1, body: -1, off: t.Off, file: t.Unit, how: how, ref: t.Name}
	for _, e := range plain {
		if e.Kind == endpoint.Host && e.Domain != "" && how != howScript {
			if c := ts.list(t, how); c != nil {
				note(&c.hosts, e.Value)
			}
		}
		p.among = alone
		if how != howManifest && e.Kind == endpoint.Host && (isAccessPoint(t.Name) || how == howAsset && isAccessPoint(t.Value)) {
			p.among = amongAccessPoints
		}
		if x := ts.found.get(e); x != nil {
			x.add(p, e.Doubtful)
		}
	}
	for _, h := range decoded {
		if x := ts.found.get(h.Endpoint); x != nil {
			p.via, p.among = h.via, alone
			x.add(p, h.Doubtful)
		}
	}
}

// isList reports whether a text may be a line of a list of packages.
func isList(s string) bool {
	return strings.Contains(s, "com.") || strings.Contains(s, "cn.")
}

// spotter finds endpoints in strings, plain and hidden.
type spotter struct {
	finder endpoint.Finder
	vocab  func() map[string][]wanted
	// vocabulary reports whether a text is a word by which identifier rules know
	// what is read: a key, a property, a method's name.
	vocabulary func(s string) bool
}

func newSpotter(rules *signatures.Compiled) spotter {
	vocab := sync.OnceValue(func() map[string][]wanted { return wordList(rules) })
	return spotter{endpoint.Finder{Known: rules.KnownDomain}, vocab, func(s string) bool {
		_, ok := vocab()[s]
		return ok
	}}
}

// read finds the endpoints of one string, and the words of the catalogue that
// it hides.
func (r *spotter) read(s string, buf []endpoint.Endpoint) (plain []endpoint.Endpoint, decoded []hidden, words []endpoint.Decoded) {
	plain = r.finder.Append(buf[:0], s)
	for _, d := range r.finder.Decode(s, r.vocabulary) {
		if len(d.Text) <= maxWord && r.vocabulary(d.Text) {
			words = append(words, d)
			continue
		}
		for _, e := range r.finder.Append(nil, d.Text) {
			decoded = append(decoded, hidden{e, d.Via})
		}
	}
	return plain, decoded, words
}

// textEndpoints adds the endpoints in strings outside code.
func (j *judge) textEndpoints(es *endpoints) {
	ts := j.opt.Texts
	if ts == nil {
		ts = NewTexts(j.rules)
		n := 0
		for t := range j.set.Texts() {
			if n++; n&0xfff == 0 && j.ctx.Err() != nil {
				return
			}
			ts.Add(&t)
		}
	}
	j.notes = &ts.notes
	es.full = es.full || ts.found.full
	for _, f := range ts.found.order {
		x := es.get(f.Endpoint)
		if x == nil {
			continue
		}
		for _, p := range f.places {
			p.note = j.fileOwner(p.file)
			switch {
			case isPaperwork(p.file):
				p.among = amongPaperwork
			case p.among == alone && x.Kind == endpoint.Host && len(p.via) == 0:
				p.among = ts.lists[listOf(p.file, p.how, p.ref)].is()
			}
			x.add(p, f.doubt)
		}
		x.total += f.total - len(f.places)
	}
	j.manifestEndpoints(es)
}

// manifestEndpoints adds those in values of meta-data, as far as they do not
// stand in the manifest's own text: references are resolved there.
func (j *judge) manifestEndpoints(es *endpoints) {
	meta := func(list []fact.MetaData, unit string) {
		for _, d := range list {
			plain, decoded, _ := j.read(d.Value, nil)
			for _, e := range plain {
				decoded = append(decoded, hidden{e, nil})
			}
			for _, h := range decoded {
				x := es.get(h.Endpoint)
				if x == nil || slices.ContainsFunc(x.places, func(p place) bool { return p.how == howManifest && p.file == unit }) {
					continue // its text was read as that of a file
				}
				x.add(place{unit: -1, body: -1, off: -1, file: unit, how: howManifest, ref: d.Name, via: h.via}, h.Doubtful)
			}
		}
	}
	m := &j.set.App.Manifest
	meta(m.MetaData, manifestFile)
	for i := range m.Components {
		unit := m.Components[i].Unit
		if unit == "" {
			unit = manifestFile
		}
		meta(m.Components[i].MetaData, unit)
	}
}
