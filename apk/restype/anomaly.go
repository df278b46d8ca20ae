package restype

import (
	"fmt"
	"sort"
)

// Anomaly is something odd that a reader met and went on from.
type Anomaly struct {
	// Name is a stable word for what is odd ("chunk-clamped"); the packages
	// that report anomalies list theirs.
	Name   string
	Off    int64  // byte offset of the first one, from the start of the file
	Count  int    // how many there are
	Detail string // of the first one, for a person
	// Lossy is true if something may be missing from what was read.
	Lossy bool
	// Refused is true if current Android refuses the file because of it.
	Refused bool
}

// String renders the anomaly on one line.
func (a Anomaly) String() string {
	s := fmt.Sprintf("%s at 0x%x: %s", a.Name, a.Off, a.Detail)
	if a.Count > 1 {
		s += fmt.Sprintf(" (%d times)", a.Count)
	}
	return s
}

// Anomalies collects anomalies, one for each name, so that hostile input
// cannot make the list long. The zero value is ready to use; it is not safe
// for concurrent use.
type Anomalies struct{ list []Anomaly }

// Add counts one more anomaly of a.Name and keeps off and detail of the first.
// Lossy and Refused add up.
func (l *Anomalies) Add(a Anomaly) {
	for i := range l.list {
		if l.list[i].Name == a.Name {
			l.list[i].Count++
			l.list[i].Lossy = l.list[i].Lossy || a.Lossy
			l.list[i].Refused = l.list[i].Refused || a.Refused
			return
		}
	}
	a.Count = max(a.Count, 1)
	l.list = append(l.list, a)
}

// List returns the anomalies in the order of their offsets.
func (l *Anomalies) List() []Anomaly {
	out := append([]Anomaly(nil), l.list...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].Off < out[j].Off })
	return out
}
