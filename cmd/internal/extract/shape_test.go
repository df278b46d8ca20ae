package extract

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// numbers writes the elements of an array that is text.
func numbers(text string) string {
	var out []string
	for _, r := range text {
		out = append(out, fmt.Sprint(r))
	}
	return strings.Join(out, " ")
}

const shapes = `
.class public Lcom/x/Shapes;
.method public static may(Z)V
    invoke-static {}, Lcom/x/Shapes;->always()V
    if-eqz p0, :end
    invoke-static {}, Lcom/x/Shapes;->sometimes()V
  :end
    invoke-static {}, Lcom/x/Shapes;->always()V
    return-void
.end method
.method public static early(Z)V
    if-nez p0, :go
    return-void
  :go
    invoke-static {}, Lcom/x/Shapes;->sometimes()V
    return-void
.end method
.method public static checked(Ljava/lang/Throwable;)V
    if-eqz p0, :go
    throw p0
  :go
    invoke-static {}, Lcom/x/Shapes;->always()V
  :in
    invoke-static {}, Lcom/x/Shapes;->always()V
  :out
    return-void
  :catch
    move-exception v0
    invoke-static {}, Lcom/x/Shapes;->sometimes()V
    return-void
    .catchall {:in .. :out} :catch
.end method
.method public static arrays()V
    .registers 2
    const/16 v0, 40
    new-array v1, v0, [B
    fill-array-data v1, :url
    new-array v1, v0, [C
    fill-array-data v1, :chars
    new-array v1, v0, [B
    fill-array-data v1, :short
    new-array v1, v0, [B
    fill-array-data v1, :noise
    new-array v1, v0, [I
    fill-array-data v1, :ints
    return-void
  :url
    .array-data 1
        URL
    .end array-data
  :chars
    .array-data 2
        CHARS
    .end array-data
  :short
    .array-data 1
        97 98 99 100 101
    .end array-data
  :noise
    .array-data 1
        97 98 0 100 101 102 103 104
    .end array-data
  :ints
    .array-data 4
        97 98 99 100 101 102 103 104
    .end array-data
  :unused
    .array-data 1
        97 98 99 100 101 102 103 104
    .end array-data
.end method
`

func TestShape(t *testing.T) {
	const url, chars = "https://hidden.example.org/in/bytes", "https://hidden.example.org/日本"
	b, err := dextest.Assemble(strings.NewReplacer("URL", numbers(url), "CHARS", numbers(chars)).Replace(shapes))
	if err != nil {
		t.Fatal(err)
	}
	f, err := dex.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	live := newDexUnit(f, "classes.dex", "", true)
	set := &fact.Set{Units: []fact.Unit{live}}
	var frozen bytes.Buffer
	if err := fact.Freeze(&frozen, set); err != nil {
		t.Fatal(err)
	}
	thawed, err := fact.Thaw(bytes.NewReader(frozen.Bytes()), int64(frozen.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]fact.Unit{"live": live, "thawed": thawed.Units[0]} {
		t.Run(name, func(t *testing.T) {
			n := 0
			for i, b := range u.Bodies() {
				for _, r := range u.Refs()[b.RefFirst:b.RefEnd] {
					if !r.Kind.IsCall() {
						continue
					}
					n++
					_, name, _ := u.Method(r.Index)
					if got, want := u.(fact.Skipper).MaySkip(i, r.PC), u.String(name) == "sometimes"; got != want {
						t.Errorf("call of %s at %d of body %d: %v", u.String(name), r.PC, i, got)
					}
				}
			}
			if n != 7 {
				t.Errorf("%d calls", n)
			}
			var texts []string
			for a := range u.(fact.ArrayTexts).ArrayTexts() {
				_, name, _ := u.Method(u.Bodies()[a.Body].Method)
				texts = append(texts, fmt.Sprint(u.String(name), " ", a.PC, " ", a.Text))
			}
			if want := []string{"arrays 4 " + url, "arrays 9 " + chars}; !slices.Equal(texts, want) {
				t.Errorf("got %q\nwant %q", texts, want)
			}
			for _, at := range []struct {
				body int
				pc   uint32
			}{{-1, 0}, {99, 0}, {0, 1}, {0, 9999}} {
				if u.(fact.Skipper).MaySkip(at.body, at.pc) {
					t.Errorf("there is a call at %v", at)
				}
			}
		})
	}
}
