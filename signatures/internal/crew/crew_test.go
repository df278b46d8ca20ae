package crew

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestEachCallsAll(t *testing.T) {
	for _, workers := range []int{0, 1, 3, 100} {
		for _, n := range []int{0, 1, 2, 50} {
			calls := make([]atomic.Int32, n)
			Each(n, workers, func(i int) { calls[i].Add(1) })
			for i := range calls {
				if c := calls[i].Load(); c != 1 {
					t.Errorf("%d workers, %d of %d was called %d times", workers, i, n, c)
				}
			}
		}
	}
}

func TestAPanicReachesTheCaller(t *testing.T) {
	broken := errors.New("broken")
	defer func() {
		p, ok := recover().(*Panic)
		if !ok || p.Value != broken || p.Error() != "broken" || !strings.Contains(string(p.Stack()), "faulty") {
			t.Errorf("%+v", p)
		}
	}()
	Each(1000, 4, func(i int) {
		if i%2 == 1 {
			faulty(broken)
		}
	})
	t.Error("nothing was passed on")
}

func faulty(err error) { panic(err) }

func TestAPanicInsideKeepsItsOrigin(t *testing.T) {
	defer func() {
		p, _ := recover().(*Panic)
		if _, nested := p.Value.(*Panic); nested || !strings.Contains(string(p.Stack()), "faulty") {
			t.Errorf("%+v", p)
		}
	}()
	Each(2, 2, func(int) {
		Each(2, 2, func(int) { faulty(errors.New("deep")) })
	})
}

func TestACrewIsShared(t *testing.T) {
	const workers, callers, n = 3, 2, 200
	c := New(workers)
	var now, most, calls atomic.Int32
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			c.Join()
			defer c.Leave()
			for range 5 {
				c.Each(n, func(int) {
					for at := now.Add(1); ; {
						m := most.Load()
						if at <= m || most.CompareAndSwap(m, at) {
							break
						}
					}
					runtime.Gosched()
					calls.Add(1)
					now.Add(-1)
				})
			}
		})
	}
	wg.Wait()
	if c := calls.Load(); c != 5*callers*n {
		t.Errorf("%d calls", c)
	}
	if m := most.Load(); m > workers+callers { // who waits for helpers lends its place, and takes it back
		t.Errorf("%d at the same time", m)
	}
	if f := c.free.Load(); f != workers {
		t.Errorf("%d of %d are free in the end", f, workers)
	}
}

func TestNoCrewIsTheCaller(t *testing.T) {
	var c *Crew
	c.Join()
	var order []int
	c.Each(5, func(i int) { order = append(order, i) })
	c.Leave()
	if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
		t.Error(order)
	}
}
