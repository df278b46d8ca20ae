package dex_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

var update = flag.Bool("update", false, "write the golden dumps anew")

// open opens a recipe that must be right.
func open(t testing.TB, recipe string) *dex.File {
	t.Helper()
	b, err := dextest.Assemble(recipe)
	if err != nil {
		t.Fatal(err)
	}
	f, err := dex.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	for _, f := range dextest.Fixtures() {
		if f.Name == name {
			return f.Text
		}
	}
	t.Fatalf("no fixture %s", name)
	return ""
}

// TestGoldenDumps compares what is read of the fixtures with texts that
// dexdump's output was compared with (see TestSameAsDexdump).
func TestGoldenDumps(t *testing.T) {
	for _, fx := range dextest.Fixtures() {
		files, err := dex.OpenAll(dextest.Must(fx.Text))
		if err != nil {
			t.Errorf("%s: %v", fx.Name, err)
		}
		var out bytes.Buffer
		for _, f := range files {
			dump(f, fx.Name, &out, false)
		}
		path := filepath.Join("testdata", "dump", fx.Name+".txt")
		if *update {
			if err := os.WriteFile(path, out.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), out.String()); d != "" {
			t.Errorf("%s: %s", fx.Name, d)
		}
	}
}

func TestStringsDecode(t *testing.T) {
	f := open(t, fixture(t, "strings"))
	have := make(map[string]bool)
	for i := range f.NumStrings() {
		have[f.String(uint32(i))] = true
	}
	for _, want := range []string{
		"", "NUL \x00 inside", "é ü ß", "汉字 фирма", "pair 😀 joined", `high \uD83D alone`, `low \uDE00 alone`,
		`swapped \uDE00\uD83D`, "private \ue000 and \uffff", "tab\tnewline\nquote\"backslash\\", "名前", "π",
	} {
		if !have[want] {
			t.Errorf("no string %q", want)
		}
	}
	if s := f.String(1 << 20); s != "" {
		t.Errorf("a string out of range is %q", s)
	}
	if _, err := f.StringErr(1 << 20); !errors.Is(err, binread.OutOfRange) {
		t.Errorf("StringErr: %v", err)
	}
}

// Bytes that are no MUTF-8 must not lose what stands beside them.
func TestStringsThatAreNoMUTF8(t *testing.T) {
	for _, tt := range []struct{ patch, want string }{
		{"u8 0xff", "\ufffdbcd"},
		{"u16 0x80e2", "\ufffd\ufffdcd"},
		{"u32 0x9f98f0f0", "\ufffd\ufffd\ufffd\ufffd"},
		{"u32 0x80989ff0", "\U0001f600"},
	} {
		f := open(t, ".string \"abcd\"\n.patch string_data[\"abcd\"]+1 = "+tt.patch)
		if got := f.String(0); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.patch, got, tt.want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	good := dextest.Must(".class LA;\n")
	big := bytes.Clone(good)
	binary.LittleEndian.PutUint32(big[40:], 0x78563412)
	for _, tt := range []struct {
		name string
		data []byte
		kind binread.Kind
	}{
		{"nothing", nil, binread.Truncated},
		{"a little", good[:7], binread.Truncated},
		{"half a header", good[:0x6f], binread.Truncated},
		{"zip", append([]byte("PK\x03\x04"), good[4:]...), binread.BadMagic},
		{"letters", append([]byte("dex\n0x5\x00"), good[8:]...), binread.BadMagic},
		{"big-endian", big, binread.Unsupported},
		{"compact", append([]byte("cdex001\x00"), good[8:]...), binread.Unsupported},
	} {
		if f, err := dex.Open(tt.data); f != nil || !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, %v, want %v", tt.name, f, err, tt.kind)
		}
		if fs, err := dex.OpenAll(tt.data); len(fs) > 0 || !errors.Is(err, tt.kind) {
			t.Errorf("%s: OpenAll: %v, %v, want %v", tt.name, fs, err, tt.kind)
		}
	}
}

// One bad part must not lose the rest.
func TestLenient(t *testing.T) {
	const recipe = `
.class public LA;
.field public static url:Ljava/lang/String; = "https://a.example/"
.method public static f()V
    const-string v0, "kept"
    return-void
.end method
.class public LB;
.method public static g()V
    const-string v0, "also kept"
    return-void
.end method
`
	text := func(f *dex.File) (s []string) {
		f.EachCode(func(class int, m dex.MethodDef, c dex.Code) bool {
			c.References(func(_ uint32, _ dex.Opcode, k dex.IndexKind, i uint32) {
				if k == dex.IndexString {
					s = append(s, f.MethodString(m.Index)+" "+f.String(i))
				}
			})
			return true
		})
		return s
	}
	all := []string{"LA;->f()V kept", "LB;->g()V also kept"}
	if got := text(open(t, recipe)); !slices.Equal(got, all) {
		t.Fatalf("untouched: %q", got)
	}
	for _, tt := range []struct {
		patch    string
		want     []string
		sections string // in which anomalies are met
	}{
		{"header.checksum = 1", all, ""},
		{"header.header_size = 0x7777", all, "header"},
		{"header.endian_tag = 7", all, "header"},
		{"header.link_off = 0xffffffff", all, ""},
		{"header.map_off = 0xffffff00", all, "map_list"},
		{"header.file_size = 0x70", all, "header"},
		{"header.file_size = 0xffffffff", all, "header"},
		{"header.data_off = 0xffffffff", all, ""},
		{"map_list.size = 0xffffffff", all, "map_list"},
		{"header.string_ids_size = 0xffffffff", all, "string_data string_ids"},
		{"header.class_defs_size = 0x7fffffff", all, "class_data class_defs"},
		{"header.method_ids_off = 0xfffffff0", []string{" kept", " also kept"}, "method_ids"},
		{"class_defs[LA;].class_data_off = 0xffffff00", all[1:], "class_data"},
		{"class_defs[LA;].class_data_off = 0x70", nil, ""},
		{"code_item[LA;->f()V].insns_size = 0xffffffff", nil, ""},
		{"code_item[LA;->f()V].insns_size = 0", all[1:], ""},
		{`string_ids["kept"].string_data_off = 0xfffffff0`, []string{"LA;->f()V ", "LB;->g()V also kept"}, "string_data"},
		{"type_ids[LA;].descriptor_idx = 0xffffffff", []string{"->f()V kept", "LB;->g()V also kept"}, ""},
		{"proto_ids[0].parameters_off = 0xfffffff0", all, ""},
	} {
		f := open(t, recipe+".patch "+tt.patch)
		got := text(f)
		if tt.want == nil { // what is read of garbage does not matter, only what stands beside it
			if !slices.Contains(got, all[1]) {
				t.Errorf("%s: %q lacks %q", tt.patch, got, all[1])
			}
		} else if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.patch, got, tt.want)
		}
		var sections []string
		for _, a := range f.Anomalies() {
			sections = append(sections, a.Section)
		}
		slices.Sort(sections)
		if s := strings.Join(slices.Compact(sections), " "); tt.want != nil && s != tt.sections {
			t.Errorf("%s: anomalies in %q, want %q", tt.patch, s, tt.sections)
		}
	}
}

// Every prefix of a file must be read without a panic.
func TestTruncation(t *testing.T) {
	for _, fx := range dextest.Fixtures() {
		b := dextest.Must(fx.Text)
		for n := range b {
			if f, err := dex.Open(b[:n:n]); err == nil {
				walk(f)
			}
		}
	}
}

func TestOpenAll(t *testing.T) {
	for _, tt := range []struct {
		fixture string
		classes []string
	}{
		{"container", []string{"LMain;", "LSecond;"}},
		{"concatenated", []string{"LOne;", "LTwo;"}},
		{"hello", []string{"LHello;"}},
	} {
		b := dextest.Must(fixture(t, tt.fixture))
		files, err := dex.OpenAll(b)
		if err != nil {
			t.Errorf("%s: %v", tt.fixture, err)
		}
		var got []string
		total := 0
		for _, f := range files {
			got = append(got, f.Type(f.Class(0).Type))
			total += len(f.Bytes())
		}
		if !slices.Equal(got, tt.classes) {
			t.Errorf("%s: %q, want %q", tt.fixture, got, tt.classes)
		}
		if total != len(b) {
			t.Errorf("%s: the files have %d bytes of %d", tt.fixture, total, len(b))
		}
	}
	// What follows a file is no second file, and is told.
	files, err := dex.OpenAll(dextest.Must(".class LA;\n.append \"some text that hides here\""))
	if err != nil || len(files) != 1 || len(files[0].Anomalies()) != 1 {
		t.Errorf("appended text: %d files, %v, %v", len(files), err, files[0].Anomalies())
	}
	// A broken second file keeps the first.
	files, err = dex.OpenAll(dextest.Must(".class LA;\n.append \"dex\\n035\", 0, \"too short\""))
	if !errors.Is(err, binread.Truncated) || len(files) != 1 {
		t.Errorf("half a second file: %d files, %v", len(files), err)
	}
}

// summary is what a file says apart from where in it things stand.
func summary(f *dex.File) string {
	var s strings.Builder
	for i := range f.NumClasses() {
		c := f.Class(i)
		fmt.Fprintf(&s, "class %s 0x%x %s %s\n", f.Type(c.Type), c.Flags, f.Type(c.Super), f.String(c.SourceFile))
		for _, t := range f.Interfaces(i).All() {
			fmt.Fprintf(&s, " implements %s\n", f.Type(t))
		}
		for a := range f.Annotations(i) {
			fmt.Fprintf(&s, " annotation %d %d %d %s", a.Target, a.Member, a.Param, f.Type(a.Type))
			for n, v := range a.Elements() {
				fmt.Fprintf(&s, " %s=%d/%d/%v", f.String(n), v.Kind, v.Index(), v.Int())
			}
			s.WriteByte('\n')
		}
		for d := range f.ClassData(i).Fields() {
			fmt.Fprintf(&s, " field %s 0x%x %t\n", f.FieldString(d.Index), d.Flags, d.Static)
		}
		for v := range f.StaticValues(i) {
			fmt.Fprintf(&s, " value %d %d %d\n", v.Kind, v.Index(), v.Int())
		}
		for m := range f.ClassData(i).Methods() {
			fmt.Fprintf(&s, " method %s 0x%x %t\n", f.MethodString(m.Index), m.Flags, m.Virtual)
			if m.CodeOff == 0 {
				continue
			}
			c := f.Code(m.CodeOff)
			fmt.Fprintf(&s, "  code %d %d %d %d %d %v %x\n", c.Registers, c.Ins, c.Outs, c.NumTries, c.Size, c.Err, c.Insns())
			for t := range c.Tries() {
				fmt.Fprintf(&s, "  try %d %d\n", t.Start, t.End)
				for h := range t.Handlers() {
					fmt.Fprintf(&s, "   %s %d\n", f.Type(h.Type), h.Addr)
				}
			}
		}
	}
	for i := range f.NumMethodHandles() {
		fmt.Fprintf(&s, "handle %v\n", f.MethodHandle(uint32(i)))
	}
	for i := range f.NumCallSites() {
		c := f.CallSite(uint32(i))
		fmt.Fprintf(&s, "site %d %s %s %d\n", c.Handle, f.String(c.Name), f.ProtoString(c.Proto), len(c.Args))
	}
	return s.String()
}

// TestCompactReadsLikeStandard assembles each recipe in both forms.
func TestCompactReadsLikeStandard(t *testing.T) {
	// Numbers that do not fit into the small code item, each for itself and all together.
	var big strings.Builder
	big.WriteString(".class LBig;\n")
	body := func(n int) string { return strings.Repeat("    nop\n", n) }
	tries := func(n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, "  :a%d\n    nop\n  :b%d\n    nop\n    .catchall {:a%d .. :b%d} :a0\n", i, i, i, i)
		}
		return s.String()
	}
	wide := strings.Repeat("J", 20)
	fmt.Fprintf(&big, ".method static insns()V\n%s    return-void\n.end method\n", body(0x12345))
	fmt.Fprintf(&big, ".method static tries()V\n%s    return-void\n.end method\n", tries(100))
	fmt.Fprintf(&big, ".method static registers()V\n    .registers 65535\n    return-void\n.end method\n")
	fmt.Fprintf(&big, ".method static ins(%s)V\n    return-void\n.end method\n", wide)
	fmt.Fprintf(&big, ".method static all(%s)V\n    .registers 500\n%s%s    invoke-static/range {p0 .. p39}, LBig;->all(%s)V\n    return-void\n.end method\n", wide, body(5000), tries(17), wide)
	recipes := append(dextest.Fixtures(), dextest.Fixture{Name: "big", Text: big.String()})
	for _, fx := range recipes {
		b := dextest.Must(fx.Text)
		if fs, _ := dex.OpenAll(b); len(fs) != 1 {
			continue
		}
		f, err := dex.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		main, data, err := dextest.AssembleCompact(fx.Text)
		if err != nil {
			t.Errorf("%s: %v", fx.Name, err)
			continue
		}
		g, err := dex.OpenCompact(main, data)
		if err != nil {
			t.Errorf("%s: %v", fx.Name, err)
			continue
		}
		if g.Kind() != dex.Compact || g.Version() != 1 || len(g.Anomalies()) > 0 {
			t.Errorf("%s: kind %d, version %d, anomalies %v", fx.Name, g.Kind(), g.Version(), g.Anomalies())
		}
		if d := cmp.Diff(summary(f), summary(g)); d != "" {
			t.Errorf("%s: compact differs: %.2000s", fx.Name, d)
		}
		if v := dex.Verify(g); v != nil {
			t.Errorf("%s: Verify of compact DEX: %v", fx.Name, v)
		}
		if _, err := dex.OpenCompact(b, nil); !errors.Is(err, binread.BadMagic) {
			t.Errorf("%s: standard DEX opened as compact: %v", fx.Name, err)
		}
		for n := range len(main) {
			if g, err := dex.OpenCompact(main[:n:n], data[:min(n, len(data))]); err == nil && len(data) < 5000 {
				walk(g)
			}
		}
	}
}

func TestDalvikDialect(t *testing.T) {
	const recipe = `
.dialect dalvik
.class LOdex;
.field volatile v:I
.method f(LOdex;)V
    .registers 4
    iget-volatile v0, p1, LOdex;->v:I
    iget-quick v0, p1, 0x8
    execute-inline {v0, v1}, 0x3
    invoke-virtual-quick {p0, p1}, 0x1f
    invoke-super-quick/range {p0 .. p1}, 0x20
    invoke-object-init/range {p0 .. p0}, Ljava/lang/Object;-><init>()V
    throw-verification-error 2, 0x7
    return-void-barrier
.end method
`
	b := dextest.Must(recipe)
	f, err := dex.OpenDialect(b, dex.Dalvik)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
		for pc, in := range c.Instructions() {
			got = append(got, fmt.Sprintf("%d %s %s %d %d", pc, in.Op(), in.Op().Format(), in.Op().IndexKind(), in.Index()))
		}
		return true
	})
	want := []string{
		"0 iget-volatile 22c 3 0",
		"2 iget-quick 22cs 8 8",
		"4 execute-inline 35mi 10 3",
		"7 invoke-virtual-quick 35ms 9 31",
		"10 invoke-super-quick/range 3rms 9 32",
		"13 invoke-object-init/range 3rc 4 1",
		"16 throw-verification-error 20bc 0 4294967295",
		"18 return-void-barrier 10x 0 4294967295",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// The sweep reports what refers to tables, and no offsets or slots.
	f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
		var refs []string
		n, ok := c.References(func(pc uint32, op dex.Opcode, k dex.IndexKind, i uint32) {
			refs = append(refs, fmt.Sprint(pc, " ", op, " ", k, " ", i))
		})
		if n != len(want) || !ok || !slices.Equal(refs, []string{"0 iget-volatile 3 0", "13 invoke-object-init/range 4 1"}) {
			t.Errorf("%d instructions, %t, %q", n, ok, refs)
		}
		return true
	})
}

func TestInstructionTable(t *testing.T) {
	seen := make(map[string]dex.Opcode)
	for i := range dex.Opcode(0x500) {
		name := i.String()
		if name == "" {
			if i < 0x100 {
				t.Errorf("opcode 0x%x has no name", i)
			}
			continue
		}
		fl := i.Flags()
		if other, ok := seen[name]; ok && i < 0x400 {
			t.Errorf("%s is 0x%x and 0x%x", name, other, i)
		}
		seen[name] = i
		if fl&dex.Unused == 0 && !i.IsPayload() && fl&(dex.Continues|dex.Branches|dex.Returns|dex.Throws) == 0 {
			t.Errorf("%s leads nowhere", name)
		}
		if (i.Invoke() != dex.InvokeNone) && fl&dex.Invokes == 0 {
			t.Errorf("%s has an invoke kind but does not invoke", name)
		}
		if fl&dex.UsesArgs != 0 != (i.Format() >= dex.Fmt35c && i.Format() <= dex.Fmt4rcc) {
			t.Errorf("%s: arguments and format %s disagree", name, i.Format())
		}
		if fl&dex.WideA != 0 && fl&(dex.UsesA|dex.DefinesA) == 0 || fl&dex.WideB != 0 && fl&dex.UsesB == 0 {
			t.Errorf("%s: wide register that is not used", name)
		}
		if !i.IsPayload() && fmt.Sprint(i.Format().Width()) != i.Format().String()[:1] {
			t.Errorf("%s: format %s is %d units wide", name, i.Format(), i.Format().Width())
		}
	}
	for _, tt := range []struct {
		op    dex.Opcode
		flags dex.OpFlags
		ends  bool
	}{
		{dex.OpGoto, dex.Branches, true},
		{dex.OpIfEqz, dex.Continues | dex.Branches | dex.UsesA, true},
		{dex.OpReturnWide, dex.Returns | dex.UsesA | dex.WideA, true},
		{dex.OpThrow, dex.Throws | dex.UsesA, true},
		{dex.OpPackedSwitch, dex.Continues | dex.Switches | dex.UsesA, true},
		{dex.OpInvokeVirtual, dex.Continues | dex.Throws | dex.Invokes | dex.UsesArgs, false},
		{dex.OpAput, dex.Continues | dex.Throws | dex.UsesA | dex.UsesB | dex.UsesC, false},
		{dex.OpAddLong2Addr, dex.Continues | dex.UsesA | dex.DefinesA | dex.WideA | dex.UsesB | dex.WideB, false},
		{dex.OpCmpLong, dex.Continues | dex.DefinesA | dex.UsesB | dex.WideB | dex.UsesC | dex.WideC, false},
		{dex.OpCheckCast, dex.Continues | dex.Throws | dex.UsesA | dex.DefinesA, false},
	} {
		if tt.op.Flags() != tt.flags || tt.op.Flags().EndsBlock() != tt.ends {
			t.Errorf("%s: flags %b, want %b", tt.op, tt.op.Flags(), tt.flags)
		}
	}
}

func TestPayloads(t *testing.T) {
	f := open(t, fixture(t, "flow"))
	type sw struct{ key, target int32 }
	got := make(map[string][]sw)
	arrays := make(map[int][]byte)
	f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		for pc, in := range c.Instructions() {
			switch in.Op() {
			case dex.OpPackedSwitch, dex.OpSparseSwitch:
				p, ok := c.At(uint32(int32(pc) + in.Offset()))
				if !ok || !p.Op().IsPayload() {
					t.Fatalf("no payload for %s at %d", in.Op(), pc)
				}
				for i := range p.SwitchLen() {
					k, off := p.SwitchCase(i)
					got[in.Op().String()] = append(got[in.Op().String()], sw{k, int32(pc) + off})
				}
			case dex.OpFillArrayData:
				p, _ := c.At(uint32(int32(pc) + in.Offset()))
				data, width := p.ArrayData()
				arrays[width] = data
			}
		}
		return true
	})
	if d := cmp.Diff(map[string][]sw{
		"packed-switch": {{0, 9}, {1, 12}},
		"sparse-switch": {{-0x80000000, 15}, {0x7fffffff, 15}},
	}, got, cmp.AllowUnexported(sw{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[int][]byte{
		1: {1, 2, 3, 0x7f, 0xff},
		8: {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}, arrays); d != "" {
		t.Error(d)
	}
}

// Payloads that claim more than there is, and code that ends in the middle.
func TestHostileCode(t *testing.T) {
	for _, tt := range []struct {
		units string
		insns int
		ok    bool
	}{
		{"0x000e", 1, true},
		{"0x0100", 1, false},
		{"0x0100, 0xffff, 0, 0", 1, false},
		{"0x0200, 0xffff, 0, 0", 1, false},
		{"0x0300, 0xffff, 0xffff, 0xffff", 1, false},
		{"0x0300, 2, 0x0001, 0x8000, 0x1234", 1, true}, // 2 * 0x80000001 + 1 wraps to 3, as in ART: one unit of data
		{"0x0100, 0, 0, 0, 0x000e", 2, true},
		{"0x0200, 0, 0x000e", 2, true},
		{"0x0400, 0x000e", 2, true}, // nop with something in its high byte
		{"0x001a", 1, false},
		{"0x000e, 0x0018, 0, 0, 0", 2, false},
		{"0x003e, 0x00f9, 0x000e", 3, true}, // unused opcodes are one unit
	} {
		f := open(t, ".class LA;\n.method static f()V\n    .units "+tt.units+"\n.end method\n")
		f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
			n := 0
			last := dex.Inst{}
			for _, in := range c.Instructions() {
				n++
				last = in
				in.SwitchLen()
				in.ArrayData()
			}
			k, ok := c.References(func(uint32, dex.Opcode, dex.IndexKind, uint32) {})
			if n != tt.insns || k != n || ok != tt.ok || last.Truncated() == ok {
				t.Errorf("%s: %d and %d instructions, %t, want %d, %t", tt.units, n, k, ok, tt.insns, tt.ok)
			}
			if last.Truncated() && last.Index() != dex.NoIndex {
				t.Errorf("%s: index %d of an instruction that is cut off", tt.units, last.Index())
			}
			return true
		})
	}
}

func TestDebugInfo(t *testing.T) {
	f := open(t, fixture(t, "debug"))
	f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		if f.String(f.Method(m.Index).Name) != "f" {
			return true
		}
		for pc, want := range map[uint32]uint32{0: 100, 1: 101, 2: 90, 3: 90, 9: 3000, 11: 3001} {
			if l, ok := c.LineAt(pc); !ok || l != want {
				t.Errorf("line of %d is %d, %t, want %d", pc, l, ok, want)
			}
		}
		var names []string
		for _, n := range c.ParamNames() {
			names = append(names, f.String(n))
		}
		if !slices.Equal(names, []string{"number", "list", ""}) {
			t.Errorf("parameters %q", names)
		}
		return true
	})
	f = open(t, fixture(t, "hello"))
	f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
		if l, ok := c.LineAt(0); ok {
			t.Errorf("line %d without debug info", l)
		}
		return true
	})
}

func TestLookups(t *testing.T) {
	sorted := open(t, fixture(t, "hierarchy"))
	unsorted := open(t, fixture(t, "hierarchy")+"\n.patch type_ids[LLeaf;].descriptor_idx = 0\n")
	if !sorted.TypesSorted() || unsorted.TypesSorted() {
		t.Errorf("sorted %t, unsorted %t", sorted.TypesSorted(), unsorted.TypesSorted())
	}
	for _, f := range []*dex.File{sorted, unsorted} {
		for i := range f.NumTypes() {
			d := f.Type(uint32(i))
			if j, ok := f.FindType(d); !ok || f.Type(j) != d {
				t.Errorf("FindType(%q) = %d, %t", d, j, ok)
			}
		}
		if _, ok := f.FindType("LNoSuch;"); ok {
			t.Error("found a type that is not there")
		}
	}
	for i := range sorted.NumClasses() {
		if c, ok := sorted.ClassOf(sorted.Class(i).Type); !ok || c != i {
			t.Errorf("ClassOf(%d) = %d, %t", i, c, ok)
		}
	}
	obj, _ := sorted.FindType("Ljava/lang/Object;")
	if _, ok := sorted.ClassOf(obj); ok {
		t.Error("Object is defined")
	}
}

func TestOutOfRange(t *testing.T) {
	f := open(t, fixture(t, "handles"))
	const i = 1 << 30
	if f.Type(i) != "" || f.ProtoString(i) != "" || f.FieldString(i) != "" || f.MethodString(i) != "" || f.StringBytes(i) != nil ||
		f.TypeString(i) != dex.NoIndex || f.StringOff(i) != dex.NoIndex {
		t.Error("text out of range")
	}
	if f.Proto(i).Return != dex.NoIndex || f.Field(i).Class != dex.NoIndex || f.Method(i).Name != dex.NoIndex ||
		f.Class(i).Type != dex.NoIndex || f.Class(-1).Super != dex.NoIndex || f.MethodHandle(i).Index != dex.NoIndex || f.CallSite(i).Handle != dex.NoIndex {
		t.Error("rows out of range")
	}
	if c := f.Code(0); c.Err == nil || c.Units() != 0 {
		t.Error("code at 0")
	}
	if c := f.Code(0xfffffffe); c.Err == nil {
		t.Error("code behind the end")
	}
	for range f.ClassData(i).Methods() {
		t.Error("a method out of range")
	}
	if f.TypeList(0xffffffff).Len() != 0 || f.TypeList(0).At(0) != dex.NoIndex {
		t.Error("a list out of range")
	}
}

func TestNestingIsBounded(t *testing.T) {
	v := "1"
	for range dex.MaxNesting - 1 {
		v = "{ " + v + " }"
	}
	depth := func(f *dex.File) (n int) {
		for a := range f.Annotations(0) {
			for _, v := range a.Elements() {
				for ; v.Kind == dex.ValueArray; n++ {
					for e := range v.Array() {
						v = e
					}
				}
			}
		}
		return n
	}
	ok := open(t, ".class LA;\n.annotation build LB;\n v = "+v+"\n.end annotation\n")
	if d := depth(ok); d != dex.MaxNesting-1 {
		t.Errorf("depth %d, want %d", d, dex.MaxNesting-1)
	}
	// A chain of arrays as long as the file: each is an array of one array.
	deep := []byte(".class LA;\n.string \"" + strings.Repeat("x", 1<<16) + "\"\n.annotation build LB;\n v = {1}\n.end annotation\n")
	b := dextest.Must(string(deep))
	at := bytes.Index(b, []byte(strings.Repeat("x", 1<<16)))
	f, _ := dex.Open(b)
	off := uint32(at)
	for i := range 1 << 15 {
		b[at+2*i], b[at+2*i+1] = 0x1c, 1
	}
	n := 0
	for range f.EncodedArray(off - 1) {
		n++
	}
	if n != 0 {
		t.Errorf("%d values of a chain that is too deep", n)
	}
}

// hostile returns a file of about 4 MB in which many items share the same bytes.
func hostile(t *testing.T, what string) *dex.File {
	t.Helper()
	const size = 4 << 20
	b := make([]byte, size)
	copy(b, dextest.Must(".class LA;\n"))
	put := func(off int, v uint32) { binary.LittleEndian.PutUint32(b[off:], v) }
	put(32, size)
	const ids, data = 0x1000, size / 2
	switch what {
	case "strings":
		// Half of the file is string ids, all of the same long string.
		n := (data - ids) / 4
		put(56, uint32(n))
		put(60, ids)
		for i := range n {
			put(ids+4*i, data)
		}
		for i := data; i < size-1; i++ {
			b[i] = 'x'
		}
	case "strings without end":
		n := (data - ids) / 4
		put(56, uint32(n))
		put(60, ids)
		for i := range n {
			put(ids+4*i, data+uint32(i))
		}
		for i := data; i < size; i++ {
			b[i] = 'x'
		}
	case "class data", "code":
		n := (data - ids) / 32
		put(96, uint32(n))
		put(100, ids)
		for i := range n {
			put(ids+32*i+24, data)
		}
		// No fields, no direct methods, half a million virtual ones.
		m := binary.AppendUvarint([]byte{0, 0, 0}, 500000)
		copy(b[data:], m)
		if what == "code" {
			// Each method has the whole second half as its code.
			copy(b[data:], []byte{0, 0, 1, 0}) // one method in each class
			code := binary.AppendUvarint([]byte{0, 1}, data+16)
			copy(b[data+4:], code)
			put(data+16+12, (size-data-32)/2)
		}
	case "annotations":
		n := (data - ids) / 32
		put(96, uint32(n))
		put(100, ids)
		for i := range n {
			put(ids+32*i+20, data)
		}
		// One directory whose class set has a hundred thousand entries, all the same.
		put(data, data+16)
		put(data+16, 100000)
		for i := range 100000 {
			put(data+20+4*i, data+20+400000)
		}
		copy(b[data+20+400000:], []byte{1, 0, 1, 0, 0x1e})
	case "prototypes":
		const n = 65535
		put(72, n)
		put(76, ids)
		for i := range n {
			put(ids+12*i+8, data)
		}
		put(data, 1000000)
		put(64, 1)
		put(68, data-4)
	case "call sites":
		m := size - 64
		put(52, uint32(m))
		put(m, 1)
		binary.LittleEndian.PutUint16(b[m+4:], 7)
		put(m+8, 500000)
		put(m+12, ids)
		for i := range 500000 {
			put(ids+4*i, data)
		}
		copy(b[data:], []byte{0xff, 0xff, 0x7f, 0x1c, 0xff, 0xff, 0x7f})
		for i := data + 7; i < size-64; i++ {
			b[i] = 0x1e
		}
	}
	f, err := dex.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestHostileOverlapIsBounded reads files whose items overlap so that reading
// each in full would take hours.
func TestHostileOverlapIsBounded(t *testing.T) {
	for _, what := range []string{"strings", "strings without end", "class data", "code", "annotations", "prototypes", "call sites"} {
		f := hostile(t, what)
		start := time.Now()
		walk(f)
		dex.Verify(f)
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s: %v", what, d)
		} else {
			t.Logf("%s: %v, %v", what, d, f.Anomalies())
		}
	}
}

// walk touches all that a file offers.
func walk(f *dex.File) (n int) {
	for i := range f.NumStrings() {
		n += len(f.String(uint32(i))) + len(f.StringBytes(uint32(i)))
	}
	for i := range f.NumTypes() {
		n += len(f.Type(uint32(i)))
	}
	for i := range f.NumProtos() {
		n += len(f.ProtoString(uint32(i))) + f.Proto(uint32(i)).Params.Len()
	}
	for i := range f.NumFields() {
		n += len(f.FieldString(uint32(i)))
	}
	for i := range f.NumMethods() {
		n += len(f.MethodString(uint32(i)))
	}
	for i := range f.NumMethodHandles() {
		n += int(f.MethodHandle(uint32(i)).Index)
	}
	for i := range f.NumCallSites() {
		n += len(f.CallSite(uint32(i)).Args)
	}
	for i := range f.NumClasses() {
		n += len(f.Type(f.Class(i).Type)) + len(f.String(f.Class(i).SourceFile))
		for _, t := range f.Interfaces(i).All() {
			n += len(f.Type(t))
		}
		for d := range f.ClassData(i).Fields() {
			n += int(d.Index)
		}
		for v := range f.StaticValues(i) {
			n += value(v)
		}
		for a := range f.Annotations(i) {
			for name, v := range a.Elements() {
				n += len(f.String(name)) + value(v)
			}
		}
	}
	debug := 1 << 20 // of lines and locals; see the package's words on budgets
	f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		k, _ := c.References(func(pc uint32, op dex.Opcode, kind dex.IndexKind, i uint32) { n += int(i) })
		n += k
		for pc, in := range c.Instructions() {
			n += int(pc+in.A()+in.B()+in.C()+in.Index()+in.ProtoIndex()+uint32(in.Offset())) + int(in.Literal()) + in.SwitchLen()
			for i := range in.NumArgs() {
				n += int(in.Arg(i))
			}
			for i := range in.SwitchLen() {
				key, off := in.SwitchCase(i)
				n += int(key + off)
			}
			b, w := in.ArrayData()
			n += len(b) + w
		}
		for t := range c.Tries() {
			for h := range t.Handlers() {
				n += int(h.Addr)
			}
		}
		for l := range c.Lines() {
			if debug--; debug < 0 {
				break
			}
			n += int(l.Line)
		}
		for l := range c.Locals(m) {
			if debug--; debug < 0 {
				break
			}
			n += int(l.Name)
		}
		for _, p := range c.ParamNames() {
			if debug--; debug < 0 {
				break
			}
			n += int(p)
		}
		return true
	})
	f.FindType("Ljava/lang/Object;")
	f.ClassOf(0)
	return n + len(f.Anomalies()) + len(f.MapItems())
}

func value(v dex.Value) (n int) {
	for e := range v.Array() {
		n += value(e)
	}
	if a, ok := v.Annotation(); ok {
		for _, e := range a.Elements() {
			n += value(e)
		}
	}
	return n + int(v.Int()) + int(v.Index()) + int(v.Float())
}

func TestConcurrentUse(t *testing.T) {
	f := open(t, fixture(t, "annotations"))
	want := 0
	var once sync.Once
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			n := walk(f)
			once.Do(func() { want = n })
			if n != want {
				t.Errorf("%d, want %d", n, want)
			}
		})
	}
	wg.Wait()
}
