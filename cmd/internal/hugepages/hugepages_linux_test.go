package hugepages

import (
	"bufio"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// huge returns the KiB of this process's memory that lie in huge pages.
func huge(t *testing.T) int {
	t.Helper()
	f, err := os.Open("/proc/self/smaps_rollup")
	if err != nil {
		t.Skip("the kernel does not tell: ", err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "AnonHugePages:"); ok {
			n, err := strconv.Atoi(strings.Fields(v)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Skip("the kernel does not tell how many huge pages are in use")
	return 0
}

func TestHeapGrowsIntoHugePages(t *testing.T) {
	before := huge(t)
	Ask(64 << 20)
	if after := huge(t); after > before+4<<10 {
		t.Errorf("asking took %d KiB", after-before)
	}
	if !offered() || strict() {
		t.Skip("nothing to be had on this machine")
	}
	b := make([]byte, 32<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	if after := huge(t); after < before+16<<10 {
		t.Errorf("of 32 MiB %d KiB lie in huge pages", after-before)
	}
	runtime.KeepAlive(b)
}

// TestAskingForTooMuch: what no machine has is not reserved, and nothing ends.
func TestAskingForTooMuch(t *testing.T) {
	Ask(math.MaxInt)
	if m := memory(); m < 16<<20 {
		t.Errorf("this machine has %d bytes", m)
	}
}

func TestAskingForNothing(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 4095} {
		Ask(n)
	}
}

// TestReserveTakesNothing: what is only held is in no memory.
func TestReserveTakesNothing(t *testing.T) {
	resident := func() int {
		b, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Skip("the kernel does not tell: ", err)
		}
		n, err := strconv.Atoi(strings.Fields(string(b))[1])
		if err != nil {
			t.Fatal(err)
		}
		return n * os.Getpagesize()
	}
	before := resident()
	held := Reserve(64 << 20)
	if took := resident() - before; took > 8<<20 {
		t.Errorf("%d bytes for %d that nobody touches", took, len(held))
	}
	if held == nil && !strict() {
		t.Error("nothing was reserved")
	}
	runtime.KeepAlive(held)
	if Reserve(0) != nil || Reserve(-1) != nil {
		t.Error("nothing is something")
	}
}
