package extract

import (
	"cmp"
	"slices"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/cmd/internal/stats"
	"github.com/telltale-apk/telltale/dex"
)

// ahead is code that was read before its turn, so that several processors can
// read it. What comes of it is the same: only what is as it should be is taken,
// and everything else is read again in its turn, with the app's own budget.
type ahead struct {
	data map[*apk.Entry][]byte
	open map[*byte]*opened // by the first byte of data
	unit map[*dex.File]*dexUnit
}

type opened struct {
	size  int
	files []*dex.File
	err   error
}

// maxAhead bounds the bytes that are read before their turn.
const maxAhead = 1 << 30

// readAhead reads the DEX files that Android loads.
func (b *builder) readAhead(loaded []*apk.Entry) {
	b.ahead = ahead{}
	if b.o.Each == nil || len(loaded) < 2 {
		return
	}
	type read struct {
		data  []byte
		open  *opened
		units []*dexUnit
	}
	room := min(maxAhead, b.limits.TotalBytes)
	for i, e := range loaded {
		if room -= max(e.Size, 0); room < 0 {
			loaded = loaded[:i]
			break
		}
	}
	// The largest first, so that it is not left for the end, when nobody else
	// has anything to do.
	loaded = slices.SortedStableFunc(slices.Values(loaded), func(x, y *apk.Entry) int { return cmp.Compare(y.Size, x.Size) })
	all := make([]read, len(loaded))
	// Not a sync.Pool: that would let go of the room at each collection.
	sweepers := make(chan *sweeper, len(loaded))
	b.o.Each(len(loaded), func(i int) {
		e, r := loaded[i], &all[i]
		if b.ctx.Err() != nil {
			return
		}
		span := b.o.Stats.Begin(stats.Inflate)
		data, ok := e.Regular()
		span.End(int64(len(data)))
		if !ok {
			return
		}
		r.data = data
		span = b.o.Stats.Begin(stats.Code)
		defer func() { span.End(int64(len(data))) }()
		files, err := dex.OpenAll(data)
		r.open = &opened{len(data), files, err}
		var s *sweeper
		select {
		case s = <-sweepers:
		default:
			s = new(sweeper)
		}
		defer func() { sweepers <- s }()
		for _, f := range files {
			u := &dexUnit{f: f}
			u.sweep.Do(func() { u.walkWith(s) })
			f.Anomalies() // are kept
			r.units = append(r.units, u)
		}
	})
	b.ahead = ahead{map[*apk.Entry][]byte{}, map[*byte]*opened{}, map[*dex.File]*dexUnit{}}
	for i, r := range all {
		if len(r.data) == 0 {
			continue
		}
		b.ahead.data[loaded[i]] = r.data
		b.ahead.open[&r.data[0]] = r.open
		for _, u := range r.units {
			b.ahead.unit[u.f] = u
		}
	}
}

// read returns the content of an entry.
func (b *builder) read(e *apk.Entry) ([]byte, error) {
	if data, ok := b.ahead.data[e]; ok && b.budget.Charge(int64(len(data))) == nil {
		return data, nil
	}
	span := b.o.Stats.Begin(stats.Inflate)
	data, err := e.Read(b.budget)
	span.End(int64(len(data)))
	return data, err
}

// openDEX returns the files of data.
func (b *builder) openDEX(data []byte) ([]*dex.File, error) {
	if len(data) > 0 {
		if o := b.ahead.open[&data[0]]; o != nil && o.size == len(data) {
			return o.files, o.err
		}
	}
	return dex.OpenAll(data)
}

// swept returns the unit of a file, whose code was gone over.
func (b *builder) swept(f *dex.File) *dexUnit {
	if u := b.ahead.unit[f]; u != nil {
		return u
	}
	span := b.o.Stats.Begin(stats.Code)
	u := &dexUnit{f: f}
	u.sweep.Do(u.walk)
	f.Anomalies()
	span.End(int64(len(f.Bytes())))
	return u
}
