package ir_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/ir"
)

func TestAlways(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []uint32 // starts of the blocks on every path
	}{
		{"straight", "const/4 v0, 1\nreturn-void", []uint32{0}},
		{"if without else", `
    if-eqz p0, :end
    const/4 v0, 1
  :end
    return-void`, []uint32{0, 3}},
		{"if with else", `
    if-eqz p0, :else
    const/4 v0, 1
    goto :end
  :else
    const/4 v0, 2
  :end
    return-void`, []uint32{0, 5}},
		{"an early return", `
    if-eqz p0, :go
    return-void
  :go
    const/4 v0, 2
    return-void`, []uint32{0}},
		{"an early throw", `
    if-nez p1, :go
    throw p1
  :go
    const/4 v0, 2
    return-void`, []uint32{0, 3}},
		{"a loop", `
  :loop
    if-eqz p0, :end
    const/4 v0, 1
    goto :loop
  :end
    return-void`, []uint32{0, 4}},
		{"one branch joins late", `
    if-eqz p0, :late
    const/4 v0, 1
    if-eqz p0, :mid
    const/4 v0, 2
  :mid
    const/4 v0, 3
  :late
    return-void`, []uint32{0, 7}},
		{"no return", `
  :loop
    const/4 v0, 1
    goto :loop`, []uint32{0}},
		{"only a throw", `
    if-eqz p0, :b
    throw p1
  :b
    throw p1`, []uint32{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := build(t, ".registers 4\n"+c.body)
			var got []uint32
			for i, yes := range g.Always(nil) {
				if yes {
					got = append(got, g.Blocks()[i].Start)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v\n%s", got, c.want, show(g))
			}
		})
	}
}

// Random branches: a block is on every path if no end is reached once it is
// taken out.
func TestAlwaysAgainstRemoval(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var sb strings.Builder
		sb.WriteString(".registers 4\n")
		n := 3 + rnd.IntN(8)
		for i := range n {
			sb.WriteString(":l" + string(rune('a'+i)) + "\n    const/4 v0, 1\n")
			to := ":l" + string(rune('a'+rnd.IntN(n)))
			switch rnd.IntN(5) {
			case 0, 1:
				sb.WriteString("    if-eqz p0, " + to + "\n")
			case 2:
				sb.WriteString("    goto/16 " + to + "\n")
			case 3:
				if rnd.IntN(2) == 0 {
					sb.WriteString("    return-void\n")
				}
			}
		}
		sb.WriteString("    return-void\n")
		g := build(t, sb.String())
		if !ends(g, -1) {
			continue
		}
		for b, got := range g.Always(nil) {
			if want := !ends(g, b); got != want && !g.Blocks()[b].Unreached {
				t.Fatalf("block %d: %v, want %v\n%s\n%s", g.Blocks()[b].Start, got, want, sb.String(), show(g))
			}
		}
	}
}

// ends reports whether a return is reached without the block.
func ends(g *ir.Graph, without int) bool {
	seen := make([]bool, len(g.Blocks()))
	work := []int{0}
	for len(work) > 0 {
		b := work[len(work)-1]
		work = work[:len(work)-1]
		if b == without || seen[b] {
			continue
		}
		seen[b] = true
		in, _ := g.Code().At(g.Blocks()[b].Last)
		if in.Op().Flags()&dex.Returns != 0 {
			return true
		}
		for _, s := range g.Succs(b) {
			work = append(work, int(s))
		}
	}
	return false
}
