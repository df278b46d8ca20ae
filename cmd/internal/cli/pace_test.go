package cli

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestSlack(t *testing.T) {
	for _, c := range []struct {
		live, reserved uint64
		want           int
	}{
		{0, 0, 400},
		{1 << 20, 0, 400},
		{16 << 20, 0, 200},
		{32 << 20, 0, 100},
		{64 << 20, 0, 50},
		{4 << 30, 0, 50},
		// Of what is only reserved nothing grows.
		{64 << 20, 64 << 20, 6},
		{96 << 20, 64 << 20, 33},
		{192 << 20, 64 << 20, 33},
		{64 << 20, 96 << 20, 6},
		{8 << 30, 1 << 20, 49},
	} {
		if got := slackOf(c.live, c.reserved); got != c.want {
			t.Errorf("%d bytes, %d reserved: %d %%, want %d", c.live, c.reserved, got, c.want)
		}
	}
}

// TestPace: what a collection found in use decides when the next one comes,
// until the run is over.
func TestPace(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	percent := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	until := func(want func(int) bool) bool {
		for range 200 {
			runtime.GC()
			time.Sleep(5 * time.Millisecond) // finalizers have a goroutine of their own
			if want(percent()) {
				return true
			}
		}
		return false
	}
	done := make(chan struct{})
	pace(done, nil)
	if !until(func(p int) bool { return p > 100 }) {
		t.Error("small, and collected as often")
	}
	held := make([]byte, 256<<20)
	if !until(func(p int) bool { return p == minSlack }) {
		t.Error("large, and collected as rarely")
	}
	runtime.KeepAlive(held)
	close(done)
	runtime.GC()
	time.Sleep(5 * time.Millisecond)
	debug.SetGCPercent(100)
	for range 3 {
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
	if p := percent(); p != 100 {
		t.Errorf("after the end it is %d %%", p)
	}
}
