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
	if workers = min(workers, n); workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		first atomic.Pointer[Panic]
	)
	for range workers {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					p, ok := v.(*Panic) // of an Each inside
					if !ok {
						p = &Panic{v, debug.Stack()}
					}
					first.CompareAndSwap(nil, p)
				}
			}()
			for first.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
	if p := first.Load(); p != nil {
		panic(p)
	}
}
