package ir_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/dex/ir"
)

// build returns the graph of the first method with code of a recipe.
func build(tb testing.TB, body string) *ir.Graph {
	tb.Helper()
	b, err := dextest.Assemble(".class public Lcom/x/C;\n.method public static m(ILjava/lang/String;)V\n" + body + "\n.end method\n")
	if err != nil {
		tb.Fatal(err)
	}
	f, err := dex.Open(b)
	if err != nil {
		tb.Fatal(err)
	}
	g := new(ir.Graph)
	f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
		g.Build(&c)
		return false
	})
	return g
}

// show renders a graph: a line for each block, "start-end -> successors !
// handlers < predecessors", all by their start.
func show(g *ir.Graph) string {
	var sb strings.Builder
	names := func(l []uint32) string {
		var out []string
		for _, b := range l {
			out = append(out, fmt.Sprint(g.Blocks()[b].Start))
		}
		return strings.Join(out, " ")
	}
	for i, b := range g.Blocks() {
		fmt.Fprintf(&sb, "%d-%d", b.Start, b.End)
		if s := g.Succs(i); len(s) > 0 {
			sb.WriteString(" -> " + names(s))
		}
		if s := g.Handlers(i); len(s) > 0 {
			sb.WriteString(" ! " + names(s))
		}
		if s := g.Preds(i); len(s) > 0 {
			sb.WriteString(" < " + names(s))
		}
		if b.Unreached {
			sb.WriteString(" unreached")
		}
		sb.WriteString("\n")
	}
	return sb.String()
}

func TestBlocks(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"straight", "const/4 v0, 1\nreturn-void", "0-2\n"},
		{"branch", `
    if-eqz p0, :else
    const/4 v0, 1
    goto :end
  :else
    const/4 v0, 2
  :end
    return-void`, "0-2 -> 2 4\n2-4 -> 5 < 0\n4-5 -> 5 < 0\n5-6 < 2 4\n"},
		{"loop", `
  :loop
    if-eqz p0, :end
    goto :loop
  :end
    return-void`, "0-2 -> 2 3 < 2\n2-3 -> 0 < 0\n3-4 < 0\n"},
		{"switch", `
    packed-switch p0, :table
    const/4 v0, 0
  :a
    const/4 v0, 1
  :b
    return-void
  :table
    .packed-switch 0
        :a
        :b
        :a
    .end packed-switch`, "0-3 -> 3 4 5\n3-4 -> 4 < 0\n4-5 -> 5 < 0 3\n5-6 < 0 4\n"},
		{"exceptions", `
    const/4 v0, 0
  :a
    invoke-static {}, Lcom/x/C;->f()V
  :b
    return-void
  :h
    move-exception v0
    goto :b
    .catch Ljava/lang/Exception; {:a .. :b} :h
    .catchall {:a .. :b} :h`, "0-1 -> 1\n1-4 -> 4 ! 5 < 0\n4-5 < 1 5\n5-7 -> 4 < 1\n"},
		{"no throw, no handler edge", `
  :a
    const/4 v0, 0
  :b
    return-void
  :h
    move-exception v0
    return-void
    .catchall {:a .. :b} :h`, "0-1 -> 1\n1-2 < 0\n2-4\n"},
		{"dead code", `
    return-void
    const/4 v0, 1
    invoke-static {}, Lcom/x/C;->f()V
    return-void`, "0-1\n1-6 unreached\n"},
		// Listed, as by dexdump, though nothing leads there.
		{"junk that a path jumps over", `
    goto :end
    .units 0x00ff
  :end
    return-void`, "0-1 -> 2\n1-3 unreached\n2-3 < 0\n"},
		{"overlapping code", `
    if-eqz p0, :in
    .units 0x0014
  :in
    .units 0x1012, 0x000e
    return-void`, "0-2 -> 2 3\n2-6 < 0\n3-5 < 0\n"},
		{"falls off its end", "const/4 v0, 1", "0-1\n"},
		{"branch out of the code", "if-eqz p0, +100\nreturn-void", "0-2 -> 2\n2-3 < 0\n"},
	}
	for _, tt := range tests {
		body := strings.ReplaceAll(tt.body, "if-eqz p0, +100", ".units 0x0038, 0x7000")
		g := build(t, ".registers 4\n"+body)
		if got := show(g); got != tt.want {
			t.Errorf("%s:\n%swant\n%s", tt.name, got, tt.want)
		}
		checkGraph(t, g)
	}
}

// checkGraph holds for any code.
func checkGraph(tb testing.TB, g *ir.Graph) {
	tb.Helper()
	n := len(g.Blocks())
	order := slices.Clone(g.Order())
	if slices.Sort(order); len(order) != n || n > 0 && (order[0] != 0 || order[n-1] != uint32(n-1)) || len(slices.Compact(order)) != n {
		tb.Fatalf("order %v of %d blocks", g.Order(), n)
	}
	for i, b := range g.Blocks() {
		if b.Start >= b.End || b.Last < b.Start || b.Last >= b.End || b.End > g.Code().Units() {
			tb.Fatalf("block %+v of %d units", b, g.Code().Units())
		}
		if x, ok := g.BlockAt(b.Start); !ok || x != i {
			tb.Fatalf("BlockAt(%d) = %d, %v", b.Start, x, ok)
		}
		if x, ok := g.Find(b.Last); !ok || x != i {
			tb.Fatalf("Find(%d) = %d, %v; want %d", b.Last, x, ok, i)
		}
		for _, s := range slices.Concat(g.Succs(i), g.Handlers(i)) {
			if !slices.Contains(g.Preds(int(s)), uint32(i)) {
				tb.Fatalf("block %d leads to %d, which does not know", i, s)
			}
		}
		for _, p := range g.Preds(i) {
			if !slices.Contains(g.Succs(int(p)), uint32(i)) && !slices.Contains(g.Handlers(int(p)), uint32(i)) {
				tb.Fatalf("block %d has %d before it, which does not know", i, p)
			}
		}
	}
}

func TestOrder(t *testing.T) {
	g := build(t, `
    .registers 4
    if-eqz p0, :a
    goto :b
  :a
    nop
  :b
    return-void
    nop
    const/4 v0, 1
    return-void`)
	pos := map[uint32]int{}
	for i, b := range g.Order() {
		pos[g.Blocks()[b].Start] = i
	}
	// The meeting point comes after both ways, unreached code last.
	if pos[0] != 0 || pos[4] < pos[2] || pos[4] < pos[3] || pos[6] != len(pos)-1 {
		t.Errorf("order %v\n%s", pos, show(g))
	}
}

func TestDefsAndUses(t *testing.T) {
	g := build(t, `
    .registers 6                # p0 is v4, p1 is v5
    const/4 v0, 1               # 0
    if-eqz p0, :else            # 1
    const/4 v0, 2               # 3
  :else
    add-int v1, v0, p0          # 4
    const-wide/16 v2, 5         # 6
  :a
    invoke-static {v3}, Lcom/x/C;->f(I)V # 8
    const/4 v0, 3               # 11
    invoke-static {v0}, Lcom/x/C;->f(I)V # 12
  :b
    return-void                 # 15
  :h
    add-int v1, v0, v1          # 16
    return-void                 # 18
    .catchall {:a .. :b} :h`)
	defs := []struct {
		pc, reg uint32
		want    []uint32
		entry   bool
	}{
		{4, 0, []uint32{0, 3}, false},
		{4, 4, nil, true},
		{3, 0, []uint32{0}, false},
		{8, 3, []uint32{6}, false}, // second half of a pair
		{12, 0, []uint32{11}, false},
		{16, 0, []uint32{0, 3, 11}, false}, // by exception
		{16, 1, []uint32{4}, false},
		{0, 0, nil, true},
	}
	for _, tt := range defs {
		r := g.Defs(tt.pc, tt.reg)
		if !slices.Equal(r.Defs, tt.want) || r.Entry != tt.entry || !r.Complete {
			t.Errorf("Defs(%d, v%d) = %+v", tt.pc, tt.reg, r)
		}
	}
	uses := []struct {
		pc, reg uint32
		want    []uint32
	}{
		{0, 0, []uint32{4, 16}},
		{3, 0, []uint32{4, 16}},
		{11, 0, []uint32{12, 16}},
		{6, 3, []uint32{8}},
		{6, 2, nil},
		{4, 1, []uint32{16}},
	}
	for _, tt := range uses {
		got, ok := g.Uses(tt.pc, tt.reg)
		if !slices.Equal(got, tt.want) || !ok {
			t.Errorf("Uses(%d, v%d) = %v, %v", tt.pc, tt.reg, got, ok)
		}
	}
	if r := g.Defs(9, 0); r.Complete || r.Defs != nil {
		t.Errorf("Defs inside an instruction: %+v", r)
	}
	if _, ok := g.Uses(1<<30, 0); ok {
		t.Error("Uses outside the code")
	}
}

// Uses is the mirror of Defs, whatever the code.
func checkDefUse(tb testing.TB, g *ir.Graph) {
	tb.Helper()
	type pair struct{ def, use, reg uint32 }
	forward, backward := map[pair]bool{}, map[pair]bool{}
	for _, b := range g.Blocks() {
		for pc := b.Start; pc < b.End; {
			in, _ := g.Code().At(pc)
			ir.EachUse(in, func(reg uint32) {
				r := g.Defs(pc, reg)
				for _, d := range r.Defs {
					backward[pair{d, pc, reg}] = true
				}
			})
			if reg, wide, ok := ir.Defines(in); ok {
				for r := reg; r <= reg+1; r++ {
					if r > reg && !wide {
						break
					}
					uses, _ := g.Uses(pc, r)
					for _, u := range uses {
						forward[pair{pc, u, r}] = true
					}
				}
			}
			pc += in.Width()
		}
	}
	for p := range forward {
		if !backward[p] {
			tb.Fatalf("Uses finds %+v, Defs does not\n%s", p, show(g))
		}
	}
	for p := range backward {
		if !forward[p] {
			tb.Fatalf("Defs finds %+v, Uses does not\n%s", p, show(g))
		}
	}
}

func TestFixtures(t *testing.T) {
	for _, x := range dextest.Fixtures() {
		files, _ := dex.OpenAll(dextest.Must(x.Text))
		var g ir.Graph
		for _, f := range files {
			f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
				g.Build(&c)
				checkGraph(t, &g)
				checkDefUse(t, &g)
				return true
			})
		}
	}
}

func FuzzGraph(f *testing.F) {
	f.Add([]byte{0x0e, 0x00}, uint16(4))
	for _, x := range dextest.Fixtures() {
		files, _ := dex.OpenAll(dextest.Must(x.Text))
		for _, d := range files {
			d.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
				f.Add(c.Insns(), c.Registers)
				return true
			})
		}
	}
	f.Fuzz(func(t *testing.T, insns []byte, _ uint16) {
		if len(insns) > 400 {
			return
		}
		units := []string{"0"}
		for i := 0; i+1 < len(insns); i += 2 {
			units = append(units, fmt.Sprint(uint16(insns[i])|uint16(insns[i+1])<<8))
		}
		n := len(units)
		g := build(t, ".registers 256\n:a\n.units "+strings.Join(units[:n/2+1], ", ")+"\n:b\n.units "+strings.Join(append(units[n/2+1:], "0"), ", ")+
			"\n:c\n.catch Ljava/lang/Exception; {:a .. :b} :b\n.catchall {:b .. :c} :a")
		checkGraph(t, g)
		checkDefUse(t, g)
	})
}
