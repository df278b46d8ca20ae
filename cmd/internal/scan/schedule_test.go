package scan

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func slots(costs ...int64) (out []*slot) {
	for i, c := range costs {
		out = append(out, &slot{in: input{Index: i, Cost: c}})
	}
	return out
}

// TestScheduleOrder: the largest first, or as they come.
func TestScheduleOrder(t *testing.T) {
	for _, c := range []struct {
		room    int64
		largest bool
		want    []int
	}{
		{0, true, []int{3, 1, 2, 0}},
		{0, false, []int{0, 1, 2, 3}},
		{4, true, []int{3, 1, 2, 0}},
		{4, false, []int{0, 1, 2, 3}},
	} {
		s := newSchedule(c.room, c.largest)
		for _, x := range slots(1, 5, 5, 9) {
			s.add(x)
		}
		s.close()
		var got []int
		for x := s.next(); x != nil; x = s.next() {
			got = append(got, x.in.Index)
			s.done(x)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("room %d, largest first %t: %v, want %v", c.room, c.largest, got, c.want)
		}
	}
}

// TestScheduleRoom: apps that are looked at together have room together, and
// one that is larger than all of it is alone.
func TestScheduleRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const room = 10
		s := newSchedule(room, true)
		all := slots(6, 6, 3, 25, 1, 1, 1, 4, 10, 2)
		var mu sync.Mutex
		used, busy, seen, together := int64(0), 0, 0, 0
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for x := s.next(); x != nil; x = s.next() {
					mu.Lock()
					used, busy, seen = used+x.in.Cost, busy+1, seen+1
					together = max(together, busy)
					if used > room && busy > 1 {
						t.Errorf("%d apps take %d of %d", busy, used, room)
					}
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					used, busy = used-x.in.Cost, busy-1
					mu.Unlock()
					s.done(x)
				}
			})
		}
		for _, x := range all {
			s.add(x)
		}
		s.close()
		wg.Wait()
		if seen != len(all) || together < 3 {
			t.Errorf("%d of %d apps, at most %d together", seen, len(all), together)
		}
	})
}
