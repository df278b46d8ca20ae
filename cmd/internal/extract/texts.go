package extract

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/carrier"
	"github.com/telltale-apk/telltale/apk/carrier/text"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// textSource is an entry whose strings are read when somebody asks: they are
// not kept, so a large app's assets never are in memory together.
type textSource struct {
	unit string
	kind apk.Kind
	e    *apk.Entry
	// source is set for XML of a library: its values are told, not its lines.
	source bool
	open   opener // of what is neither text nor DEX; else nil
}

// late collects what goes wrong while texts are read. They may be read more
// than once; each problem counts once.
type late struct {
	mu   sync.Mutex
	seen map[fact.Problem]bool
	all  []fact.Problem
}

func (l *late) add(p fact.Problem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen[p] || len(l.all) >= maxProblems {
		return
	}
	if l.seen == nil {
		l.seen = map[fact.Problem]bool{}
	}
	l.seen[p] = true
	l.all = append(l.all, p)
}

func (l *late) list() []fact.Problem {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// allTexts yields what stands outside code, in the order of the entries. Each
// time is charged to a budget of its own: asking twice must not use up the
// app's.
func (b *builder) allTexts() iter.Seq[fact.Text] {
	return func(yield func(fact.Text) bool) {
		left := b.o.Limits.Texts
		emit := func(t fact.Text) bool {
			if b.ctx.Err() != nil {
				return false
			}
			if left--; left < 0 {
				b.late.add(fact.Problem{
					Part: t.Unit, Kind: fact.ProblemBudget, Lossy: true,
					Detail: fmt.Sprintf("there are more than %d strings outside code; from this file on they were not read%s", b.o.Limits.Texts, raise("texts")),
				})
				return false
			}
			return yield(t)
		}
		if !b.resourceTexts(emit) {
			return
		}
		budget := apk.NewBudget(b.limits)
		for _, s := range b.texts {
			more, err := b.text(s, budget, emit)
			if err != nil && b.ctx.Err() == nil {
				b.late.add(problemOf(s.unit, problemKind(err), err, true))
			}
			if !more || isSpent(err) {
				return
			}
		}
	}
}

// isSpent reports whether nothing more can be read.
func isSpent(err error) bool {
	fe := asFormat(err)
	return fe != nil && fe.Limit == apk.LimitTotalBytes
}

// text yields the strings of one entry. It returns false if yield did, and what
// kept the entry from being read to its end.
func (b *builder) text(s textSource, budget *apk.Budget, yield func(fact.Text) bool) (more bool, err error) {
	switch {
	case s.open != nil:
		return carriedTexts(s, budget, yield)
	case s.kind == apk.KindAXML:
		data, err := s.e.Read(budget)
		if err != nil {
			return true, err
		}
		d, err := axml.Open(data)
		if err != nil {
			return true, err
		}
		skip := splitNames(d)
		for off, v := range d.Strings() {
			if skip[v] {
				continue
			}
			if !yield(fact.Text{Unit: s.unit, Kind: fact.TextXML, Off: off, Value: v}) {
				return false, nil
			}
		}
		return true, nil
	case s.kind == apk.KindProtoXML:
		return protoText(s, budget, yield)
	case s.kind == apk.KindELF:
		return b.nativeText(s, budget, yield)
	case s.source:
		return sourceText(s, budget, yield)
	}
	r, err := s.e.Open(budget)
	if err != nil {
		return true, err
	}
	defer r.Close()
	kind := fact.TextAsset
	if isScript(s.unit) {
		kind = fact.TextScript
	}
	return text.Lines(r, func(l carrier.String) bool {
		return yield(fact.Text{Unit: s.unit, Kind: kind, Off: l.Off, Value: l.Value})
	})
}

// isScript goes by the name: what a text means to the app that loads it by
// that name cannot be told from its bytes.
func isScript(unit string) bool {
	for _, ext := range []string{".js", ".mjs", ".bundle", ".jsbundle", ".lua"} {
		if strings.HasSuffix(unit, ext) {
			return true
		}
	}
	return false
}
