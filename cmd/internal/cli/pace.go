package cli

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	slack    = 32 << 20 // by which memory may grow at least before it is collected
	minSlack = 50       // the same in per cent of what is in use
	maxSlack = 400
)

// pace lets memory grow between collections by the larger of slack and half of
// what is in use. That way small apps are not collected one by one, and a large
// one, most of which is code that nobody has to go through for pointers, does
// not take twice its room. It ends with done.
func pace(done <-chan struct{}) {
	last := 0
	var collected func(*[16]byte)
	collected = func(x *[16]byte) { // after each collection, as nothing leads to x
		select {
		case <-done:
			return
		default:
		}
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if live[0].Value.Kind() != metrics.KindUint64 {
			return
		}
		p := slackOf(live[0].Value.Uint64())
		if p != last {
			debug.SetGCPercent(p)
			last = p
		}
		runtime.SetFinalizer(x, collected)
	}
	runtime.SetFinalizer(new([16]byte), collected)
}

// slackOf is the per cent by which so many bytes in use may grow.
func slackOf(live uint64) int {
	return int(min(max(slack*100/max(live, 1), minSlack), maxSlack))
}
