package scan

import (
	"slices"
	"sync"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// slot is an app whose turn comes, and the place of its result.
type slot struct {
	in   input
	done chan *event.App
}

// schedule tells which app is looked at next: the largest of those that are
// waiting and that there is room for, so that no large one is left for the end,
// when nobody has anything else to do. Whoever feeds it bounds how many wait.
type schedule struct {
	largest bool // first; else as they come

	mu      sync.Mutex
	changed sync.Cond
	waiting []*slot
	room    int64 // that is left; may be below 0 where one app is larger than all of it
	bounded bool
	busy    int // apps that are looked at
	closed  bool
}

// newSchedule returns a schedule of apps that take so much room together, 0 for any.
func newSchedule(room int64, largest bool) *schedule {
	s := &schedule{largest: largest, room: room, bounded: room > 0}
	s.changed.L = &s.mu
	return s
}

// add lets an app wait for its turn.
func (s *schedule) add(x *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, x)
	s.changed.Signal()
}

// close says that no more apps come.
func (s *schedule) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.changed.Broadcast()
}

// next waits for an app whose turn it is, and returns nil if none comes any more.
// Whoever gets one calls done.
func (s *schedule) next() *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if i := s.pick(); i >= 0 {
			x := s.waiting[i]
			s.waiting = slices.Delete(s.waiting, i, i+1)
			s.room -= x.in.Cost
			s.busy++
			return x
		}
		if s.closed && len(s.waiting) == 0 {
			return nil
		}
		s.changed.Wait()
	}
}

// pick returns the place of the app whose turn it is; -1 if there is none.
func (s *schedule) pick() int {
	best := -1
	for i, x := range s.waiting {
		// Where nothing else is looked at there is as much room as there ever is.
		if s.bounded && s.busy > 0 && x.in.Cost > s.room {
			continue
		}
		if !s.largest {
			return i
		}
		if best < 0 || x.in.Cost > s.waiting[best].in.Cost {
			best = i
		}
	}
	return best
}

// done gives the room of an app back.
func (s *schedule) done(x *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	s.room += x.in.Cost
	s.changed.Broadcast()
}
