package extract

import (
	"fmt"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// The marks that a DEX file gives its strings are those that the facts define.
func TestGistsOfStrings(t *testing.T) {
	src := ".class public Lcom/x/A;\n.method public static a()V\n    .registers 1\n"
	for c := 1; c < 0x180; c++ {
		src += "    const-string v0, " + fmt.Sprintf(`"a\u%04x"`, c) + "\n"
	}
	src += "    return-void\n.end method\n"
	f, err := dex.Open(dextest.Must(src))
	if err != nil {
		t.Fatal(err)
	}
	u := newDexUnit(f, "classes.dex", "", true)
	if u.NumStrings() < 0x180 {
		t.Fatalf("%d strings", u.NumStrings())
	}
	for i := range uint32(u.NumStrings()) {
		if got, want := u.StringGist(i), fact.GistOf(u.String(i)); got != want {
			t.Errorf("%q: %b, want %b", u.String(i), got, want)
		}
	}
	if got := u.StringGist(uint32(u.NumStrings())); got != fact.GistAny {
		t.Errorf("a string that is hidden: %b", got)
	}
}

// TestGistsOfOverlongStrings: what a text says counts, however it is written.
func TestGistsOfOverlongStrings(t *testing.T) {
	f, err := dex.Open(dextest.Must(`
.class public Lcom/x/A;
.method public static a()V
    .registers 1
    const-string v0, "(evilXXexampleYYcom)"
    return-void
.end method
.patch string_data["(evilXXexampleYYcom)"]+6 = u8 0xc0
.patch string_data["(evilXXexampleYYcom)"]+7 = u8 0xba
.patch string_data["(evilXXexampleYYcom)"]+15 = u8 0xc0
.patch string_data["(evilXXexampleYYcom)"]+16 = u8 0xae
`))
	if err != nil {
		t.Fatal(err)
	}
	u := newDexUnit(f, "classes.dex", "", true)
	met := false
	for i := range uint32(u.NumStrings()) {
		s := u.String(i)
		met = met || s == "(evil:example.com)"
		if want := fact.GistOf(s); u.StringGist(i)&want != want {
			t.Errorf("%q: %b, want %b", s, u.StringGist(i), want)
		}
	}
	if !met {
		t.Error("the string is not there")
	}
}
