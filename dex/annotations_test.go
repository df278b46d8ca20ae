package dex_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

// Annotations without elements are common (Deprecated, Override) and cost next
// to nothing: a file full of them must be read whole.
func TestEmptyAnnotationsAreCheap(t *testing.T) {
	var s strings.Builder
	for c := range 40 {
		fmt.Fprintf(&s, ".class public Lcom/a/C%d;\n", c)
		for m := range 40 {
			fmt.Fprintf(&s, ".method public static m%d()V\n    .annotation runtime Ljava/lang/Deprecated;\n    .end annotation\n    return-void\n.end method\n", m)
		}
	}
	f, err := dex.Open(dextest.Must(s.String()))
	if err != nil {
		t.Fatal(err)
	}
	if a := f.Anomalies(); len(a) > 0 {
		t.Errorf("anomalies: %v", a)
	}
	n := 0
	for i := range f.NumClasses() {
		for range f.Annotations(i) {
			n++
		}
	}
	if n != 1600 {
		t.Errorf("%d annotations, want 1600", n)
	}
}
