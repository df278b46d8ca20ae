package learn

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Matrix says by which classes the versions of a product can be told apart.
type Matrix struct {
	Versions []string // oldest first
	Rows     []Row
}

// Row is one class that came, or went, between two versions.
type Row struct {
	Class string
	In    []bool // by version
	// Since and Until are the first and the last version that has it, "" where
	// it stands in the oldest, or newest, that was looked at.
	Since, Until string
}

// maxRows bounds the classes that are named for each step from one version to
// the next.
const maxRows = 3

// maxClues bounds those that a rule is given.
const maxClues = 12

// matrix compares the artefacts, of which each must be of a version of its own.
func matrix(arts []artefact, p *pool) *Matrix {
	m := &Matrix{}
	var fs []*features
	for i := range arts {
		a := &arts[i]
		if a.Version == "" || len(m.Versions) > 0 && m.Versions[len(m.Versions)-1] == a.Version {
			continue
		}
		m.Versions = append(m.Versions, a.Version)
		fs = append(fs, a.f)
	}
	if len(fs) < 2 {
		return nil
	}
	all := map[string]bool{}
	for _, f := range fs {
		for n, c := range f.classes {
			// What obfuscators name changes with every build.
			if c.public && p.mine(c) && p.rooted(n) && len(simple(n)) > 3 && !strings.Contains(n, "$") && !anyShort(n) {
				all[n] = true
			}
		}
	}
	type step struct {
		at   int
		came bool
	}
	by := map[step][]Row{}
	for n := range all {
		r := Row{Class: n}
		first, last, count := -1, -1, 0
		for i, f := range fs {
			in := f.classes[n] != nil
			r.In = append(r.In, in)
			if in {
				if first < 0 {
					first = i
				}
				last = i
				count++
			}
		}
		if count == len(fs) || count != last-first+1 {
			continue // in all, or it came and went: that tells no range
		}
		if first > 0 {
			r.Since = m.Versions[first]
		}
		if last < len(fs)-1 {
			r.Until = m.Versions[last]
		}
		k := step{first, true}
		if first == 0 {
			k = step{last, false}
		}
		by[k] = append(by[k], r)
	}
	keys := slices.SortedFunc(maps.Keys(by), func(a, b step) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(fmt.Sprint(a.came), fmt.Sprint(b.came)))
	})
	for _, k := range keys {
		rows := by[k]
		slices.SortFunc(rows, func(a, b Row) int {
			// Those that stay longest tell most; short names are those of the API.
			return cmp.Or(-cmp.Compare(count(a.In), count(b.In)), cmp.Compare(strings.Count(a.Class, "."), strings.Count(b.Class, ".")), cmp.Compare(a.Class, b.Class))
		})
		m.Rows = append(m.Rows, rows[:min(maxRows, len(rows))]...)
	}
	return m
}

func count(in []bool) int {
	n := 0
	for _, b := range in {
		if b {
			n++
		}
	}
	return n
}

// anyShort reports whether a label looks like an obfuscator's.
func anyShort(class string) bool {
	for i, l := range strings.Split(packageOf(class), ".") {
		if len(l) < 2 || i > 1 && len(l) < 3 {
			return true
		}
	}
	return false
}

// clues turns a matrix into what a rule says of versions.
func (m *Matrix) clues() []rule.VersionClue {
	var out []rule.VersionClue
	for _, r := range m.Rows {
		c := rule.VersionClue{Class: r.Class, Since: r.Since, Until: r.Until}
		if len(out) < maxClues && signatures.CheckSignal(&rule.Signal{Class: r.Class}) == "" {
			out = append(out, c)
		}
	}
	return out
}
