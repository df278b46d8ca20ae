// Package crew spreads work over goroutines in a way that a fault of one
// reaches who waits for it. A panic in a goroutine of its own ends the program,
// whatever its caller recovers; here it becomes a panic of the caller, with the
// stack of the place where it began.
package crew

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Panic is what Each panics with if f did.
type Panic struct {
	Value any
	Trace []byte // of the goroutine that panicked, as debug.Stack gives it
}

// Error renders the value.
func (p *Panic) Error() string { return fmt.Sprint(p.Value) }

// Stack returns where the panic began.
func (p *Panic) Stack() []byte { return p.Trace }

// Each calls f with 0 to n-1 on up to workers goroutines, and returns when all
// calls have. If one panics, no further call begins, and Each panics with a
// *Panic. With one worker the calls are the caller's own, in order.
func Each(n, workers int, f func(i int)) {
	c := New(workers)
	c.Join()
	c.Each(n, f)
}

// Crew is a number of workers that several callers share: together they run no
// more goroutines at the same time. Whoever has nothing to do helps whoever has.
// A nil Crew is of one worker, the caller.
type Crew struct {
	free atomic.Int64 // workers without work; below 0 if more joined than there are
}

// New returns a crew of so many workers, none of whom works.
func New(workers int) *Crew {
	c := new(Crew)
	c.free.Store(int64(workers))
	return c
}

// Join makes the caller one of the workers at work, Leave ends that.
func (c *Crew) Join() {
	if c != nil {
		c.free.Add(-1)
	}
}

// Leave is described at Join.
func (c *Crew) Leave() {
	if c != nil {
		c.free.Add(1)
	}
}

// take makes a free worker one at work, and reports whether there was one.
func (c *Crew) take() bool {
	for {
		n := c.free.Load()
		if n <= 0 {
			return false
		}
		if c.free.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

// Each calls f with 0 to n-1, as the function Each does: by the caller, who has
// joined, and by workers that are free or become so.
func (c *Crew) Each(n int, f func(i int)) {
	if c == nil || n <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		first atomic.Pointer[Panic]
		alone = true
	)
	one := func() (more bool) {
		i := int(next.Add(1)) - 1
		if i >= n || first.Load() != nil {
			return false
		}
		defer func() {
			if v := recover(); v != nil {
				p, ok := v.(*Panic) // of an Each inside
				if !ok {
					p = &Panic{v, debug.Stack()}
				}
				first.CompareAndSwap(nil, p)
				more = false
			}
		}()
		f(i)
		return true
	}
	for {
		for n-int(next.Load()) > 1 && c.take() {
			alone = false
			wg.Go(func() {
				defer c.Leave()
				for one() {
				}
			})
		}
		if alone {
			// As it would be without a crew, panics included.
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			f(i)
			continue
		}
		if !one() {
			break
		}
	}
	c.Leave() // while it waits
	wg.Wait()
	c.Join()
	if p := first.Load(); p != nil {
		panic(p)
	}
}
