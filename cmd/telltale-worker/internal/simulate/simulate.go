// Package simulate plays a distributed run through without running it: what it
// takes, and where it breaks first, on machines that are not at hand. Service
// times are recorded ones; machines are lost, and apps bring workers down, as
// often as is asked for.
package simulate

import (
	"container/heap"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Plan is what is simulated.
type Plan struct {
	Items    int
	Machines int
	Slots    int             // apps that a machine analyses at the same time
	Times    []time.Duration // recorded service times, of which one is drawn for each item
	Overhead time.Duration   // of queue and store, for each item
	Poison   float64         // part of the items that bring their worker down
	Attempts int             // after which an item is given up
	AckWait  time.Duration   // after which an item of a lost worker is handed out again
	Restart  time.Duration   // until a worker that came down is back
	MTBF     time.Duration   // of a machine: mean time until it is lost; 0: never
	Replace  time.Duration   // until a lost machine is replaced
	Queue    float64         // items a second that the queue hands out at most; 0: any
	Seed     uint64
}

// Outcome is what came of it.
type Outcome struct {
	Took        time.Duration // until the last item was done
	Tail        time.Duration // of it, the time in which fewer than half the slots were busy
	Busy        float64       // part of the slots' time that was spent on results
	Wasted      time.Duration // spent on attempts that came to nothing
	Redelivered int
	Dead        int // given up
	Lost        int // machines
}

// event is something that happens at a time.
type event struct {
	at      time.Duration
	kind    kind
	machine int
	life    int // of the machine or worker: what belonged to an earlier one is void
	item    int
}

type kind uint8

const (
	done  kind = iota // an item's analysis ends
	down              // an item brings its worker down
	lose              // a machine is lost
	back              // a worker or machine is back
	again             // an item is handed out again
)

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	x := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return x
}

type item struct {
	took     time.Duration
	began    time.Duration
	poison   bool
	attempts uint8
}

type machine struct {
	life int
	up   bool
	held map[int]bool // items
}

// Run plays the plan.
func Run(p Plan) (Outcome, error) {
	if p.Items < 1 || p.Machines < 1 || p.Slots < 1 || len(p.Times) == 0 || p.Attempts < 1 {
		return Outcome{}, errors.New("a plan needs items, machines, slots, attempts and times")
	}
	r := rand.New(rand.NewPCG(p.Seed, 7))
	items := make([]item, p.Items)
	for i := range items {
		items[i].took = p.Times[r.IntN(len(p.Times))] + p.Overhead
		items[i].poison = r.Float64() < p.Poison
	}
	machines := make([]machine, p.Machines)
	var now, next time.Duration
	var out Outcome
	var useful time.Duration
	q := &events{}
	waiting := make([]int, 0, 1024) // handed out again, before new ones
	fresh, left, busy := 0, p.Items, 0
	push := func(e event) { heap.Push(q, e) }
	born := func(m int) {
		machines[m].up = true
		machines[m].held = map[int]bool{}
		if p.MTBF > 0 {
			push(event{now + time.Duration(r.ExpFloat64()*float64(p.MTBF)), lose, m, machines[m].life, 0})
		}
	}
	begin := func(m, i int) {
		it := &items[i]
		at := now
		if p.Queue > 0 {
			at = max(now, next)
			next = at + time.Duration(float64(time.Second)/p.Queue)
		}
		it.began = at
		it.attempts++
		machines[m].held[i] = true
		busy++
		k, took := done, it.took
		if it.poison {
			k, took = down, it.took/2
		}
		push(event{at + took, k, m, machines[m].life, i})
	}
	free := make([]int, 0, p.Machines*p.Slots) // machines with a free slot, one entry a slot
	feed := func() {
		for len(free) > 0 && (len(waiting) > 0 || fresh < p.Items) {
			m := free[len(free)-1]
			free = free[:len(free)-1]
			if !machines[m].up || len(machines[m].held) >= p.Slots {
				continue
			}
			i := fresh
			if len(waiting) > 0 {
				i, waiting = waiting[0], waiting[1:]
			} else {
				fresh++
			}
			begin(m, i)
		}
	}
	slots := func(m int) {
		for range p.Slots {
			free = append(free, m)
		}
	}
	// ends is the end of a worker and of all it held.
	ends := func(m int, until time.Duration) {
		for _, i := range slices.Sorted(maps.Keys(machines[m].held)) {
			busy--
			out.Wasted += max(0, now-items[i].began)
			push(event{now + p.AckWait, again, m, 0, i})
		}
		machines[m].up = false
		machines[m].held = nil
		machines[m].life++
		push(event{now + until, back, m, machines[m].life, 0})
	}
	for m := range machines {
		born(m)
		slots(m)
	}
	feed()
	half := time.Duration(0)
	for left > 0 {
		if q.Len() == 0 {
			return out, errors.New("nothing happens any more, and items are left")
		}
		e := heap.Pop(q).(event)
		now = e.at
		mine := machines[e.machine].life == e.life
		switch {
		case e.kind == again:
			if it := &items[e.item]; int(it.attempts) >= p.Attempts {
				out.Dead++
				left--
			} else {
				out.Redelivered++
				waiting = append(waiting, e.item)
			}
		case !mine:
		case e.kind == done:
			delete(machines[e.machine].held, e.item)
			busy--
			left--
			useful += items[e.item].took
			free = append(free, e.machine)
		case e.kind == down:
			ends(e.machine, p.Restart)
		case e.kind == lose:
			out.Lost++
			ends(e.machine, p.Replace)
		case e.kind == back:
			born(e.machine)
			slots(e.machine)
		}
		feed()
		if 2*busy >= p.Machines*p.Slots {
			half = now
		}
	}
	out.Took = now
	out.Tail = now - half
	out.Busy = useful.Seconds() / (now.Seconds() * float64(p.Machines*p.Slots))
	return out, nil
}
