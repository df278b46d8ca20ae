package cli

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// By how much memory may grow before it is collected.
const (
	slack    = 32 << 20 // at least,
	minSlack = 50       // and in per cent of what is in use,
	maxSlack = 400      // but no more than this
)

// pace lets memory grow between collections by the larger of slack and half of
// what is in use. That way small apps are not collected one by one, and a large
// one, most of which is code that nobody has to go through for pointers, does
// not take twice its room. reserved is in use in name only: it is held, and does
// not count. It ends with done.
func pace(done <-chan struct{}, reserved []byte) {
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
		p := slackOf(live[0].Value.Uint64(), uint64(cap(reserved)))
		if p != last {
			debug.SetGCPercent(p)
			last = p
		}
		runtime.SetFinalizer(x, collected)
		runtime.KeepAlive(reserved)
	}
	debug.SetGCPercent(slackOf(uint64(cap(reserved)), uint64(cap(reserved))))
	runtime.SetFinalizer(new([16]byte), collected)
}

// slackOf is the per cent by which so many bytes in use may grow, of which some
// are only reserved.
func slackOf(live, reserved uint64) int {
	used := max(live, reserved) - reserved
	grow := min(max(slack, used*minSlack/100), max(used, 1<<20)*maxSlack/100)
	return int(min(max(grow*100/max(live, 1), 1), maxSlack))
}
