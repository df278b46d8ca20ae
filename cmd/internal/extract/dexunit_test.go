package extract

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/dex/emu"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// TestSharedClassData: however many classes share their data, no more methods
// are kept than the file has.
func TestSharedClassData(t *testing.T) {
	const classes, methods = 60, 100
	var src strings.Builder
	for c := range classes {
		fmt.Fprintf(&src, ".class public LC%d;\n", c)
		for m := range methods {
			if c == 0 || m == 0 {
				fmt.Fprintf(&src, ".method public static m%d()V\n    .registers 0\n    return-void\n.end method\n", m)
			}
		}
	}
	for c := 1; c < classes; c++ {
		fmt.Fprintf(&src, ".patch class_defs[LC%d;].class_data_off = &class_data[LC0;]\n", c)
	}
	f, err := dex.Open(dextest.Must(src.String()))
	if err != nil {
		t.Fatal(err)
	}
	u := newDexUnit(f, "classes.dex", "", true)
	for i := range classes {
		list := u.MethodList(i)
		if len(list) != methods {
			t.Fatalf("class %d: %d methods", i, len(list))
		}
		n := 0
		for m := range f.ClassData(i).Methods() {
			if list[n].Method != m.Index || list[n].Body < 0 {
				t.Errorf("class %d: method %d is %+v", i, m.Index, list[n])
			}
			n++
		}
	}
	if kept := cap(u.methods); kept > 2*f.NumMethods() {
		t.Errorf("%d methods are kept of a file that has %d", kept, f.NumMethods())
	}
	if u.MethodList(-1) != nil || u.MethodList(classes) != nil {
		t.Error("a class that is not there has methods")
	}
}

// counted counts what is asked of a unit.
type counted struct {
	*dexUnit
	asked int
}

func (c *counted) Method(i uint32) (class, name, proto uint32) {
	c.asked++
	return c.dexUnit.Method(i)
}

// TestSieveIsLinear: calls of methods of another file are looked up once, and
// not among all methods of a class.
func TestSieveIsLinear(t *testing.T) {
	const methods, bodies = 300, 20
	open := func(src string) *counted {
		f, err := dex.Open(dextest.Must(src))
		if err != nil {
			t.Fatal(err)
		}
		return &counted{dexUnit: newDexUnit(f, "classes.dex", "", true)}
	}
	var here, there strings.Builder
	here.WriteString(".class public LA;\n")
	for b := range bodies {
		fmt.Fprintf(&here, ".method public static a%d()V\n    .registers 0\n", b)
		for m := range methods {
			fmt.Fprintf(&here, "    invoke-static {}, LB;->m%d()V\n", m)
		}
		here.WriteString("    return-void\n.end method\n")
	}
	there.WriteString(".class public LB;\n")
	for m := range methods {
		fmt.Fprintf(&there, ".method public static m%d()V\n    .registers 0\n    return-void\n.end method\n", m)
	}
	a, b := open(here.String()), open(there.String())
	s := newSieve([]runnable{a, b})
	for i := range a.Bodies() {
		if s.mayMake(0, i, 0) {
			t.Errorf("body %d makes text", i)
		}
	}
	if n := a.asked + b.asked; n > 10*(methods+bodies) {
		t.Errorf("%d questions for %d calls of %d methods", n, methods*bodies, methods)
	}
}

// TestSieveElsewhere: what a class of another file defines, lacks and has twice.
func TestSieveElsewhere(t *testing.T) {
	const makes = `
    new-instance v0, Ljava/lang/String;
    invoke-direct {v0, v1}, Ljava/lang/String;-><init>([B)V
`
	open := func(src string) runnable {
		f, err := dex.Open(dextest.Must(src))
		if err != nil {
			t.Fatal(err)
		}
		return newDexUnit(f, "classes.dex", "", true)
	}
	body := func(name, code string) string {
		return ".method public static " + name + "()V\n    .registers 2\n" + code + "    return-void\n.end method\n"
	}
	call := func(target string) string { return "    invoke-static {}, " + target + "()V\n" }
	here := open(".class public LA;\n" +
		body("makes", call("LB;->makes")) + body("plain", call("LB;->plain")) + body("far", call("LB;->far")) +
		body("lacks", call("LB;->lacks")) + body("framework", call("Ljava/lang/System;->gc")))
	there := open(".class public LB;\n" + body("makes", makes) + body("plain", "") + body("far", call("LB;->makes")))
	later := open(".class public LB;\n" + body("plain", makes) + body("makes", "") +
		".class public LC;\n" + body("shadowed", call("LB;->makes")) + body("instead", call("LB;->plain")))
	s := newSieve([]runnable{here, there, later})
	want := map[string]bool{"LA;makes": true, "LA;plain": false, "LA;far": true, "LA;lacks": true, "LA;framework": false, "LC;shadowed": true, "LC;instead": false}
	for ui, u := range s.units {
		for i, b := range u.Bodies() {
			c, n, _ := u.Method(b.Method)
			name := u.Type(c) + u.String(n)
			if w, ok := want[name]; ok && s.mayMake(ui, i, 0) != w {
				t.Errorf("%s: %t", name, !w)
			}
			delete(want, name)
		}
	}
	if len(want) > 0 {
		t.Errorf("not met: %v", want)
	}
}

// FuzzSieve: what looks as if it hid strings when it is read instruction by
// instruction passes the sieve.
func FuzzSieve(f *testing.F) {
	f.Add(dextest.Must(unmask))
	f.Add(dextest.Must(caller("com/x/Caller", "a", "b")))
	// The first definition of a class counts, the calls of the second go there.
	f.Add(dextest.Must(".class public Lcom/x/Mask;\n.method public static b()V\n    .registers 1\n    return-void\n.end method\n" +
		".class public Lcom/x/Far;\n.method public static a(Ljava/lang/String;)Ljava/lang/String;\n    .registers 2\n" +
		"    invoke-static {p0}, Lcom/x/Mask;->a(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0\n    return-object v0\n.end method"))
	for _, x := range dextest.Fixtures() {
		f.Add(dextest.Must(x.Text))
	}
	first, err := dex.Open(dextest.Must(unmask))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		files, _ := dex.OpenAll(b)
		units := []runnable{newDexUnit(first, "", "", true)}
		for _, d := range files[:min(len(files), 4)] {
			units = append(units, newDexUnit(d, "", "", true))
		}
		var machines []emu.Unit
		for _, u := range units {
			machines = append(machines, u.machineUnit())
		}
		m := emu.New(emu.Limits{}, machines...)
		e := &emulation{units: units}
		s := newSieve(units)
		for ui, u := range units {
			passes := map[emu.Method]bool{} // a damaged file gives a method several bodies
			for bi, body := range u.Bodies() {
				name := e.name(ui, body.Method)
				passes[name] = s.mayMake(ui, bi, 0) || passes[name]
			}
			for name, ok := range passes {
				if !ok && m.Hides(ui, name) {
					t.Errorf("%s of unit %d hides strings, and the sieve says not", name, ui)
				}
			}
		}
	})
}

var _ fact.MethodLister = (*dexUnit)(nil)
