// Package stats counts what a run costs, stage by stage, for people who make it
// faster. Nothing of it is part of a report.
//
// A *Stats may be nil, which counts nothing and costs nothing. It is safe for
// concurrent use.
package stats

import (
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// Stage is a part of the work.
type Stage int

// The stages, in the order in which they are told.
const (
	Rules   Stage = iota // load and compile them
	Find                 // look for apps: file names and first bytes
	Hash                 // SHA-256 of the files
	Extract              // archive, manifest, code: facts; Inflate and Code are in it
	Inflate              // of entries that are read as a whole
	Code                 // tables of code and one sweep over its instructions
	Match                // rules; also reads texts outside code and asks the call graph, which is made then
	Judge                // whose code, how active, with which constants
	Report               // writing
	numStages
)

var names = [numStages]string{"rules", "find", "hash", "extract", "- inflate", "- code", "match", "judge", "report"}

// Stats are the counts of one run.
type Stats struct {
	start  time.Time
	stages [numStages]stage
}

type stage struct {
	calls, nanos, bytes, alloc, objects atomic.Int64
}

// New returns Stats of a run that begins now.
func New() *Stats { return &Stats{start: time.Now()} }

// Span is a stage under way.
type Span struct {
	s     *stage
	start time.Time
	alloc [2]int64
}

// Begin starts to count for a stage. Stages may be inside each other.
func (s *Stats) Begin(st Stage) Span {
	if s == nil {
		return Span{}
	}
	return Span{&s.stages[st], time.Now(), allocated()}
}

// End ends the count, of work on so many bytes.
func (p Span) End(bytes int64) {
	if p.s == nil {
		return
	}
	a := allocated()
	p.s.calls.Add(1)
	p.s.nanos.Add(int64(time.Since(p.start)))
	p.s.bytes.Add(bytes)
	p.s.alloc.Add(a[0] - p.alloc[0])
	p.s.objects.Add(a[1] - p.alloc[1])
}

// allocated returns how many bytes and objects this process has allocated.
func allocated() (out [2]int64) {
	m := [2]metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/allocs:objects"}}
	metrics.Read(m[:])
	for i := range m {
		if m[i].Value.Kind() == metrics.KindUint64 {
			out[i] = int64(m[i].Value.Uint64())
		}
	}
	return out
}

// Write tells the counts as a table, then what the whole process took.
func (s *Stats) Write(w io.Writer) error {
	if s == nil {
		return nil
	}
	b := fmt.Appendf(nil, "%-10s %8s %10s %10s %10s %10s %9s\n", "stage", "calls", "ms", "MB", "MB/s", "alloc MB", "objects")
	for i := range s.stages {
		c := &s.stages[i]
		if c.calls.Load() == 0 {
			continue
		}
		t, mb := float64(c.nanos.Load())/1e9, float64(c.bytes.Load())/1e6
		size, rate := "", ""
		if mb > 0 {
			size = fmt.Sprintf("%.1f", mb)
			if t > 0 {
				rate = fmt.Sprintf("%.0f", mb/t)
			}
		}
		b = fmt.Appendf(b, "%-10s %8d %10.1f %10s %10s %10.1f %9d\n", names[i], c.calls.Load(), t*1e3, size, rate, float64(c.alloc.Load())/1e6, c.objects.Load())
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	user, sys, peak := used()
	b = fmt.Appendf(b, "wall %.1f ms, CPU %.1f ms (user %.1f, system %.1f), peak memory %.1f MB, allocated %.1f MB in %d objects, %d collections\n",
		float64(time.Since(s.start))/1e6, float64(user+sys)/1e6, float64(user)/1e6, float64(sys)/1e6, float64(peak)/1e6,
		float64(m.TotalAlloc)/1e6, m.Mallocs, m.NumGC)
	_, err := w.Write(b)
	return err
}
