package crew

import (
	"errors"
	"strings"
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
