package art

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/art/arttest"
	"github.com/telltale-apk/telltale/dex/dextest"
)

// recipe has everything that quickening touches, switch payloads and nops that
// its index streams count, and methods beyond one block of an offset table.
func recipe(class string, more int) string {
	s := `
.class public ` + class + `
.field public n:I
.field public wide:J
.field public o:Ljava/lang/Object;
.field public z:Z
.method public work(Ljava/lang/Object;)V
    .registers 8
    iget v0, p0, ` + class + `->n:I
    nop
    iget-wide v2, p0, ` + class + `->wide:J
    iget-object v1, p0, ` + class + `->o:Ljava/lang/Object;
    check-cast v1, Ljava/lang/String;
    iput v0, p0, ` + class + `->n:I
    iput-wide v2, p0, ` + class + `->wide:J
    iput-object v1, p0, ` + class + `->o:Ljava/lang/Object;
    iget-boolean v4, p0, ` + class + `->z:Z
    iput-boolean v4, p0, ` + class + `->z:Z
    packed-switch v0, :table
    invoke-virtual {p1}, Ljava/lang/Object;->hashCode()I
    invoke-virtual/range {p1 .. p1}, Ljava/lang/Object;->toString()Ljava/lang/String;
    return-void
  :out
    const/4 v0, 0
    return-void
  :table
    .packed-switch 0
        :out
    .end packed-switch
.end method
.method public plain()V
    .registers 2
    nop
    return-void
.end method
`
	for i := range more {
		s += fmt.Sprintf(".method public m%d(Ljava/lang/Object;)V\n    .registers 3\n    invoke-virtual {p1}, Ljava/lang/Object;->hashCode()I\n    return-void\n.end method\n", i)
	}
	return s
}

func files(t testing.TB) [][]byte {
	t.Helper()
	return [][]byte{dextest.Must(recipe("Lcom/a/First;", 40)), dextest.Must(recipe("Lcom/b/Second;", 3))}
}

func TestQuickeningIsUndone(t *testing.T) {
	for _, version := range []int{6, 10, 19, 20, 21} {
		var want [][]byte
		var in []arttest.Dex
		notes := 0
		for i, data := range files(t) {
			q, methods := arttest.Quicken(data)
			if bytes.Equal(q, data) {
				t.Fatal("nothing was quickened")
			}
			want = append(want, data)
			in = append(in, arttest.Dex{Checksum: uint32(100 + i), Data: q, Quick: methods})
			for _, m := range methods {
				for _, n := range m.Notes {
					if !n.Skip {
						notes++
					}
				}
			}
		}
		data := arttest.VDEX(version, nil, in...)
		before := bytes.Clone(data)
		c, err := OpenVDEX(data)
		if err != nil {
			t.Errorf("%03d: %v", version, err)
			continue
		}
		if !bytes.Equal(data, before) {
			t.Errorf("%03d: the input was changed", version)
		}
		if len(c.Codes) != 2 || len(c.Anomalies) > 0 {
			t.Errorf("%03d: %d DEX files, anomalies %v", version, len(c.Codes), c.Anomalies)
			continue
		}
		restored := 0
		for i, code := range c.Codes {
			if !bytes.Equal(code.File.Bytes(), want[i]) {
				t.Errorf("%03d: DEX file %d is not what it was", version, i)
			}
			if code.Unresolved != 0 || code.Checksum != uint32(100+i) {
				t.Errorf("%03d: DEX file %d: unresolved %d, checksum %d", version, i, code.Unresolved, code.Checksum)
			}
			restored += code.Restored
		}
		if restored != notes {
			t.Errorf("%03d: %d instructions restored, %d were quickened", version, restored, notes)
		}
	}
}

// TestCompactDex has two compact files over one block of shared data.
func TestCompactDex(t *testing.T) {
	for _, version := range []int{19, 21} {
		main, data, err := dextest.AssembleCompact(recipe("Lcom/a/First;", 20))
		if err != nil {
			t.Fatal(err)
		}
		want := references(t, mustCompact(t, main, bytes.Clone(data)))
		methods := arttest.QuickenCompact(main, data)
		c, err := OpenVDEX(arttest.VDEX(version, data, arttest.Dex{Data: main, Quick: methods}))
		if err != nil || len(c.Codes) != 1 || len(c.Anomalies) > 0 {
			t.Fatalf("%03d: %v, %+v", version, err, c)
		}
		if got := references(t, c.Codes[0].File); got != want {
			t.Errorf("%03d: code differs:\n%s\nwant\n%s", version, got, want)
		}
		if c.Codes[0].File.Kind() != dex.Compact || c.Codes[0].Unresolved != 0 {
			t.Errorf("%03d: %v, %d unresolved", version, c.Codes[0].File.Kind(), c.Codes[0].Unresolved)
		}
	}
}

func mustCompact(t *testing.T, main, data []byte) *dex.File {
	f, err := dex.OpenCompact(main, data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// references renders all code of a file.
func references(t *testing.T, f *dex.File) string {
	t.Helper()
	s := ""
	f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		s += f.MethodString(m.Index) + "\n"
		for pc, in := range c.Instructions() {
			s += fmt.Sprintf("  %d %v %x\n", pc, in.Op(), in.Index())
		}
		return true
	})
	return s
}

func TestVDEX027(t *testing.T) {
	in := files(t)
	c, err := OpenVDEX(arttest.VDEX(27, nil, arttest.Dex{Checksum: 7, Data: in[0]}, arttest.Dex{Checksum: 8, Data: in[1]}))
	if err != nil || len(c.Codes) != 2 || c.Codes[1].Checksum != 8 || !bytes.Equal(c.Codes[1].File.Bytes(), in[1]) {
		t.Errorf("with code: %v, %+v", err, c)
	}
	c, err = OpenVDEX(arttest.VDEX(27, nil))
	if err != nil || len(c.Codes) != 0 || len(c.Anomalies) != 0 {
		t.Errorf("without code: %v, %+v", err, c)
	}
}

func TestHoldsDEX(t *testing.T) {
	in := files(t)
	for _, version := range []int{6, 10, 19, 20, 21, 27} {
		with := arttest.VDEX(version, nil, arttest.Dex{Data: in[0]}, arttest.Dex{Data: in[1]})
		if !HoldsDEX(with[:100]) {
			t.Errorf("%03d: a file with code is said to hold none", version)
		}
	}
	without := append([]byte("vdex021\x00000\x00"), make([]byte, 60)...)
	without[12] = 1 // names one DEX file
	for _, b := range [][]byte{arttest.VDEX(27, nil), without, []byte("vdex"), []byte("vdexabc\x00aaaaaaaaaaaa")} {
		if HoldsDEX(b) {
			t.Errorf("%q: is said to hold code", b[:min(len(b), 12)])
		}
	}
}

func TestOATVersions(t *testing.T) {
	in := files(t)
	for _, version := range []int{39, 45, 64, 73, 79, 88, 124, 131, 138, 170, 183, 199, 225, 230, 232, 233, 241, 244} {
		for _, bits32 := range []bool{false, true} {
			o := arttest.OATOptions{Version: version, Bits32: bits32, Filter: "speed"}
			one, _ := arttest.Quicken(in[0])
			c, err := OpenOAT(arttest.OAT(o,
				arttest.Dex{Location: "/system/app/X/X.apk", Checksum: 1, Data: one},
				arttest.Dex{Location: "/system/app/X/X.apk!classes2.dex", Checksum: 2, Data: in[1]}))
			if err != nil || len(c.Codes) != 2 || len(c.Anomalies) > 0 {
				t.Errorf("%d 32 bits %v: %v %+v", version, bits32, err, c)
				continue
			}
			if c.Filter != "speed" || c.Version != fmt.Sprintf("%03d", version) {
				t.Errorf("%d: version %s, filter %q", version, c.Version, c.Filter)
			}
			for i, want := range [][]byte{one, in[1]} {
				code := c.Codes[i]
				if !bytes.Equal(code.File.Bytes(), want) || code.Checksum != uint32(i+1) || code.Name == "" {
					t.Errorf("%d: DEX file %d: %q %d", version, i, code.Name, code.Checksum)
				}
			}
			if c.Codes[0].Unresolved == 0 || c.Codes[1].Unresolved != 0 {
				t.Errorf("%d: unresolved %d and %d", version, c.Codes[0].Unresolved, c.Codes[1].Unresolved)
			}
		}
	}
}

func TestOATWithoutItsCode(t *testing.T) {
	data := arttest.OAT(arttest.OATOptions{Version: 170, Elsewhere: true}, arttest.Dex{Location: "x", Data: files(t)[0]})
	c, err := OpenOAT(data)
	if err != nil || c.Elsewhere != 1 || len(c.Codes) != 0 || OATHoldsDEX(bytes.NewReader(data), int64(len(data))) {
		t.Errorf("%v %+v", err, c)
	}
}

// TestOATHoldsDEX: what is far behind the header counts, too.
func TestOATHoldsDEX(t *testing.T) {
	for _, version := range []int{39, 124, 131, 233} {
		for _, filter := range []string{"speed", strings.Repeat("x", 100_000)} {
			data := arttest.OAT(arttest.OATOptions{Version: version, Filter: filter}, arttest.Dex{Location: "x", Data: files(t)[0]})
			if c, err := OpenOAT(data); err != nil || len(c.Codes) != 1 {
				t.Fatalf("%d: %v %+v", version, err, c)
			}
			if !OATHoldsDEX(bytes.NewReader(data), int64(len(data))) {
				t.Errorf("%d, %d bytes of filter: no code", version, len(filter))
			}
		}
	}
}

func TestODEX(t *testing.T) {
	in := dextest.Must(".dialect dalvik\n" + `
.class public Lcom/a/First;
.field public n:I
.method public work(Ljava/lang/Object;)V
    .registers 4
    .units 0x10f2, 0x0008
    invoke-static {}, Lcom/a/First;->stop()V
    return-void
.end method
.method public static stop()V
    return-void
.end method
`)
	c, err := OpenODEX(arttest.ODEX(in))
	if err != nil || len(c.Codes) != 1 || c.Codes[0].Unresolved != 1 {
		t.Fatalf("%v %+v", err, c)
	}
	if c.Codes[0].File.Dialect() != dex.Dalvik {
		t.Error("optimised opcodes are read as ART's")
	}
}

func TestWrongFiles(t *testing.T) {
	for name, err := range map[string]error{
		"vdex": second(OpenVDEX([]byte("vdex"))),
		"oat":  second(OpenOAT([]byte("\x7fELF"))),
		"odex": second(OpenODEX([]byte("dey\n036\x00"))),
	} {
		if err == nil {
			t.Errorf("%s: a stump was accepted", name)
		}
	}
	if err := second(OpenVDEX([]byte("vdex0x0\x00aaaaaaaaaaaaaaaaaaaaaaa"))); !errors.Is(err, binread.Malformed) {
		t.Errorf("a version that is no number: %v", err)
	}
}

func second(_ *Container, err error) error { return err }

// A file cut off anywhere gives no more than the whole does, and no panic.
func TestTruncated(t *testing.T) {
	q, methods := arttest.Quicken(files(t)[1])
	for _, version := range []int{6, 10, 19, 21, 27} {
		data := arttest.VDEX(version, nil, arttest.Dex{Data: q, Quick: methods})
		whole, err := OpenVDEX(data)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(data) {
			if c, err := OpenVDEX(data[:n]); err == nil && len(c.Codes) > len(whole.Codes) {
				t.Errorf("%03d cut at %d: %d DEX files", version, n, len(c.Codes))
			}
		}
	}
}

func FuzzVDEX(f *testing.F) {
	q, methods := arttest.Quicken(dextest.Must(recipe("Lcom/b/Second;", 3)))
	for _, version := range []int{6, 10, 19, 20, 21, 27} {
		f.Add(arttest.VDEX(version, nil, arttest.Dex{Data: q, Quick: methods}, arttest.Dex{Data: q, Quick: methods}))
	}
	main, data, err := dextest.AssembleCompact(recipe("Lcom/b/Second;", 3))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(arttest.VDEX(19, data, arttest.Dex{Data: main, Quick: arttest.QuickenCompact(main, data)}))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := OpenVDEX(data)
		if err == nil {
			walk(c)
		}
	})
}

func FuzzOAT(f *testing.F) {
	in := dextest.Must(recipe("Lcom/b/Second;", 1))
	for _, version := range []int{39, 88, 131, 170, 233, 244} {
		f.Add(arttest.OAT(arttest.OATOptions{Version: version}, arttest.Dex{Location: "x", Data: in}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := OpenOAT(data)
		if err == nil {
			walk(c)
		}
		if holds := OATHoldsDEX(bytes.NewReader(data), int64(len(data))); holds != (err == nil && len(c.Codes) > 0) {
			t.Errorf("holds code: %t; %v", holds, err)
		}
		if c, err := OpenODEX(data); err == nil {
			walk(c)
		}
	})
}

// walk looks at all code of a container.
func walk(c *Container) {
	for _, code := range c.Codes {
		code.File.EachCode(func(_ int, m dex.MethodDef, item dex.Code) bool {
			for range item.Instructions() {
			}
			return true
		})
	}
}
