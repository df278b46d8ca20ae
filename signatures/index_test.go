package signatures

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestIndexPrefixes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	word := func(n int) string {
		b := make([]byte, rnd.IntN(n))
		for i := range b {
			b[i] = "abc\xff"[rnd.IntN(4)]
		}
		return string(b)
	}
	for range 300 {
		var b indexBuilder
		keys := map[string]bool{}
		for range rnd.IntN(20) {
			k := word(6)
			keys[k] = true
			b.add(spSymbolPrefix, k, posting{})
		}
		b.add(spSymbol, "neighbour", posting{})
		b.add(spBuildID, "neighbour", posting{})
		x := b.build()
		for range 20 {
			s := word(9)
			var got, want []string
			x.prefixes(spSymbolPrefix, s, func(n int32) { got = append(got, x.key(n)) })
			for k := range keys {
				if strings.HasPrefix(s, k) {
					want = append(want, k)
				}
			}
			slices.SortFunc(want, func(a, b string) int { return len(a) - len(b) })
			if !slices.Equal(got, want) {
				t.Fatalf("prefixes of %q among %v: %q, want %q", s, keys, got, want)
			}
			if len(s) >= 4 && len(got) > 0 && !x.mayStart(spSymbolPrefix, s) {
				t.Fatalf("the filter refuses %q, which begins with %q", s, got)
			}
		}
	}
}

func TestIndexLookup(t *testing.T) {
	var b indexBuilder
	for i := range 5000 {
		b.add(space(i%int(numSpaces)), fmt.Sprint("key", i), posting{rule: uint32(i)})
	}
	x := b.build()
	for i := range 5000 {
		sp, key := space(i%int(numSpaces)), fmt.Sprint("key", i)
		n := x.get(sp, key)
		if n < 0 || x.posts(n)[0].rule != uint32(i) {
			t.Fatalf("%s is not found", key)
		}
		if x.get((sp+1)%numSpaces, key) >= 0 || x.get(sp, key+"x") >= 0 {
			t.Fatalf("%s is found where it is not", key)
		}
	}
	if (&index{}).get(spString, "x") >= 0 {
		t.Error("an empty index finds something")
	}
}
