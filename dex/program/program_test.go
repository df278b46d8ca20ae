package program_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/dex/program"
	"github.com/telltale-apk/telltale/dex/program/internal/dexunit"
)

// assemble makes a program of recipes, one unit each.
func assemble(tb testing.TB, recipes ...string) *program.Program {
	tb.Helper()
	var units []program.Unit
	for _, r := range recipes {
		b, err := dextest.Assemble(r)
		if err != nil {
			tb.Fatal(err)
		}
		u, err := dexunit.Open(b)
		if err != nil {
			tb.Fatal(err)
		}
		units = append(units, u...)
	}
	return program.New(program.Android(), units...)
}

func text(p *program.Program, m program.MethodID) string {
	c, n, r := p.Name(m)
	return c + "->" + n + r
}

// id finds a method in smali notation.
func id(tb testing.TB, p *program.Program, member string) program.MethodID {
	tb.Helper()
	c, rest, _ := strings.Cut(member, "->")
	i := strings.IndexByte(rest, '(')
	m, ok := p.Lookup(c, rest[:i], rest[i:])
	if !ok {
		tb.Fatalf("%s is not known", member)
	}
	return m
}

// callees renders the edges from m as "kind to".
func callees(p *program.Program, m program.MethodID) (out []string) {
	for e := range p.Callees(m) {
		out = append(out, fmt.Sprintf("%s %s", e.Kind, text(p, e.To)))
	}
	return out
}

// callers renders the edges to m as "kind from".
func callers(p *program.Program, m program.MethodID) (out []string) {
	for e := range p.Callers(m) {
		out = append(out, fmt.Sprintf("%s %s", e.Kind, text(p, e.From)))
	}
	return out
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n\t%s\nwant\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

const shapes = `
.class public abstract interface abstract Lcom/x/Shape;
.method public abstract area()I
.end method
.class public Lcom/x/Base;
.method public constructor <init>()V
    invoke-direct {p0}, Ljava/lang/Object;-><init>()V
    return-void
.end method
.method public area()I
    const/4 v0, 0
    return v0
.end method
.method public plain()V
    return-void
.end method
.class public Lcom/x/Square;
.super Lcom/x/Base;
.implements Lcom/x/Shape;
.method public constructor <init>()V
    invoke-direct {p0}, Lcom/x/Base;-><init>()V
    return-void
.end method
.class public Lcom/x/Disc;
.super Lcom/x/Base;
.implements Lcom/x/Shape;
.method public area()I
    const/4 v0, 3
    return v0
.end method
`

const user = `
.class public Lcom/x/User;
.method public static direct(Lcom/x/Square;)V
    invoke-virtual {p0}, Lcom/x/Square;->plain()V
    return-void
.end method
.method public static dispatch(Lcom/x/Base;)V
    invoke-virtual {p0}, Lcom/x/Base;->area()I
    return-void
.end method
.method public static iface(Lcom/x/Shape;)V
    invoke-interface {p0}, Lcom/x/Shape;->area()I
    return-void
.end method
.method public static text(Lcom/x/Base;)V
    invoke-virtual {p0}, Ljava/lang/Object;->toString()Ljava/lang/String;
    return-void
.end method
.method public static sup()V
    const/4 v0, 0
    invoke-super {v0}, Lcom/x/Disc;->area()I
    return-void
.end method
`

func TestVirtualResolution(t *testing.T) {
	for name, p := range map[string]*program.Program{"one unit": assemble(t, shapes+user), "two units": assemble(t, user, shapes)} {
		equal(t, name+": inherited", callees(p, id(t, p, "Lcom/x/User;->direct(Lcom/x/Square;)V")), "direct Lcom/x/Base;->plain()V")
		equal(t, name+": overridden", callees(p, id(t, p, "Lcom/x/User;->dispatch(Lcom/x/Base;)V")),
			"direct Lcom/x/Base;->area()I", "virtual Lcom/x/Disc;->area()I")
		got := callees(p, id(t, p, "Lcom/x/User;->iface(Lcom/x/Shape;)V"))
		slices.Sort(got)
		// Square has area from Base, which knows nothing of Shape.
		equal(t, name+": interface", got,
			"direct Lcom/x/Shape;->area()I", "virtual Lcom/x/Base;->area()I", "virtual Lcom/x/Disc;->area()I")
		equal(t, name+": Object", callees(p, id(t, p, "Lcom/x/User;->text(Lcom/x/Base;)V")), "unresolved Ljava/lang/Object;->toString()Ljava/lang/String;")
		equal(t, name+": super does not dispatch", callees(p, id(t, p, "Lcom/x/User;->sup()V")), "direct Lcom/x/Disc;->area()I")

		got = callers(p, id(t, p, "Lcom/x/Disc;->area()I"))
		slices.Sort(got)
		equal(t, name+": callers", got,
			"direct Lcom/x/User;->sup()V", "virtual Lcom/x/User;->dispatch(Lcom/x/Base;)V", "virtual Lcom/x/User;->iface(Lcom/x/Shape;)V")
		equal(t, name+": callers by another name", callers(p, id(t, p, "Lcom/x/Base;->plain()V")), "direct Lcom/x/User;->direct(Lcom/x/Square;)V")
	}
}

const activity = `
.class public Lcom/x/Main;
.super Landroid/app/ListActivity;
.implements Ljava/util/concurrent/Callable;
.method public onCreate(Landroid/os/Bundle;)V
    .locals 1
    invoke-super {p0, p1}, Landroid/app/ListActivity;->onCreate(Landroid/os/Bundle;)V
    invoke-virtual {p0}, Lcom/x/Main;->getContentResolver()Landroid/content/ContentResolver;
    invoke-virtual {p0}, Lcom/x/Main;->hashCode()I
    invoke-virtual {p0}, Lcom/x/Main;->call()Ljava/lang/Object;
    invoke-virtual {p0}, Lcom/x/Main;->unheardOf()V
    invoke-static {}, Lcom/gone/Lib;->init()V
    return-void
.end method
`

func TestResolveToFramework(t *testing.T) {
	p := assemble(t, activity)
	equal(t, "callees", callees(p, id(t, p, "Lcom/x/Main;->onCreate(Landroid/os/Bundle;)V")),
		"unresolved Landroid/app/ListActivity;->onCreate(Landroid/os/Bundle;)V",
		"unresolved Landroid/content/Context;->getContentResolver()Landroid/content/ContentResolver;",
		"unresolved Ljava/lang/Object;->hashCode()I",
		"unresolved Ljava/util/concurrent/Callable;->call()Ljava/lang/Object;",
		"unresolved Landroid/app/ListActivity;->unheardOf()V",
		"unresolved Lcom/gone/Lib;->init()V")
	m := id(t, p, "Landroid/content/Context;->getContentResolver()Landroid/content/ContentResolver;")
	equal(t, "callers", callers(p, m), "unresolved Lcom/x/Main;->onCreate(Landroid/os/Bundle;)V")
	if _, _, ok := p.Defined(m); ok {
		t.Error("a framework method is defined")
	}
	named := id(t, p, "Lcom/x/Main;->getContentResolver()Landroid/content/ContentResolver;")
	if p.Resolve(named) != m || p.Resolve(m) != m {
		t.Errorf("Resolve: %s", text(p, p.Resolve(named)))
	}
	equal(t, "names", slices.Collect(p.Names(named)), "Lcom/x/Main;", "Landroid/app/ListActivity;", "Landroid/app/Activity;",
		"Landroid/view/ContextThemeWrapper;", "Landroid/content/ContextWrapper;", "Landroid/content/Context;")
	equal(t, "names of a method of a framework class", slices.Collect(p.Names(id(t, p, "Landroid/app/ListActivity;->onCreate(Landroid/os/Bundle;)V"))),
		"Landroid/app/ListActivity;", "Landroid/app/Activity;")
}

func TestSupers(t *testing.T) {
	p := assemble(t, activity)
	got := slices.Collect(p.Supers("Lcom/x/Main;"))
	want := []string{
		"Landroid/app/ListActivity;", "Ljava/util/concurrent/Callable;", "Landroid/app/Activity;", "Landroid/view/ContextThemeWrapper;",
		"Landroid/content/ComponentCallbacks2;", "Landroid/view/KeyEvent$Callback;", "Landroid/view/LayoutInflater$Factory2;",
		"Landroid/view/View$OnCreateContextMenuListener;", "Landroid/view/Window$Callback;", "Landroid/content/ContextWrapper;",
		"Landroid/content/ComponentCallbacks;", "Landroid/view/LayoutInflater$Factory;", "Landroid/content/Context;", "Ljava/lang/Object;",
	}
	equal(t, "supers", got, want...)
	equal(t, "supers of a class that nobody names", slices.Collect(p.Supers("Landroid/widget/Button;")),
		"Landroid/widget/TextView;", "Landroid/view/View;", "Landroid/view/ViewTreeObserver$OnPreDrawListener;",
		"Landroid/view/accessibility/AccessibilityEventSource;", "Landroid/graphics/drawable/Drawable$Callback;", "Landroid/view/KeyEvent$Callback;", "Ljava/lang/Object;")
	if l := slices.Collect(p.Supers("Lcom/not/There;")); l != nil {
		t.Errorf("supers of an unknown class: %v", l)
	}
	c, _ := p.Class("Landroid/content/Context;")
	var below []string
	for s := range p.Subclasses(c) {
		below = append(below, p.ClassName(s))
	}
	equal(t, "subclasses", below, "Lcom/x/Main;")
	m, _ := p.Class("Lcom/x/Main;")
	if !p.IsA(m, c) || p.IsA(c, m) {
		t.Error("IsA")
	}
	if _, _, ok := p.ClassDefined(m); !ok {
		t.Error("Main is not defined")
	}
	if _, _, ok := p.ClassDefined(c); ok {
		t.Error("Context is defined")
	}
}

// Methods of one descriptor in several units are one, and the first definition counts.
func TestUnitsShareIDs(t *testing.T) {
	const first = `
.class public Lcom/x/Dup;
.method public static f()V
    invoke-static {}, Lcom/x/One;->g()V
    return-void
.end method
.class public Lcom/x/One;
.method public static g()V
    return-void
.end method
`
	const second = `
.class public Lcom/x/Dup;
.method public static f()V
    nop
    invoke-static {}, Lcom/x/Two;->g()V
    return-void
.end method
.class public Lcom/x/Two;
.method public static g()V
    invoke-static {}, Lcom/x/Dup;->f()V
    return-void
.end method
`
	p := assemble(t, first, second)
	f := id(t, p, "Lcom/x/Dup;->f()V")
	if u, b, ok := p.Defined(f); u != 0 || b != 0 || !ok {
		t.Errorf("Defined: %d %d %v", u, b, ok)
	}
	equal(t, "callees of both", callees(p, f), "direct Lcom/x/One;->g()V", "direct Lcom/x/Two;->g()V")
	equal(t, "callers", callers(p, f), "direct Lcom/x/Two;->g()V")
	for e := range p.Callees(f) {
		if _, name, _ := p.Name(e.To); name == "g" && e.Unit == 1 && (e.Body != 0 || e.PC != 1) {
			t.Errorf("edge %+v", e)
		}
	}
	// The same input gives the same numbers.
	q := assemble(t, first, second)
	for m := range p.NumMethods() {
		if a, b := text(p, program.MethodID(m)), text(q, program.MethodID(m)); a != b {
			t.Errorf("method %d is %s and %s", m, a, b)
		}
	}
}

const main = `
.class public Lcom/x/Main;
.super Landroid/app/Activity;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method
.method public onCreate(Landroid/os/Bundle;)V
    .locals 1
    new-instance v0, Lcom/x/A;
    invoke-direct {v0}, Lcom/x/A;-><init>()V
    invoke-virtual {v0}, Lcom/x/I;->run()V
    return-void
.end method
.method public helper()V
    return-void
.end method
.class public abstract Lcom/x/I;
.method public constructor <init>()V
    return-void
.end method
.method public abstract run()V
.end method
.class public Lcom/x/A;
.super Lcom/x/I;
.method public constructor <init>()V
    invoke-direct {p0}, Lcom/x/I;-><init>()V
    return-void
.end method
.method public run()V
    invoke-static {}, Lcom/x/Util;->last()V
    return-void
.end method
.class public Lcom/x/B;
.super Lcom/x/I;
.method public constructor <init>()V
    return-void
.end method
.method public run()V
    invoke-static {}, Lcom/x/Util;->never()V
    return-void
.end method
.class public Lcom/x/Util;
.method public static last()V
    return-void
.end method
.method public static never()V
    new-instance v0, Lcom/x/B;
    return-void
.end method
`

func TestReachable(t *testing.T) {
	p := assemble(t, main)
	c, _ := p.Class("Lcom/x/Main;")
	entries := p.EntryPoints(c)
	var names []string
	for _, m := range entries {
		names = append(names, text(p, m))
	}
	equal(t, "entry points", names, "Lcom/x/Main;-><init>()V", "Lcom/x/Main;->onCreate(Landroid/os/Bundle;)V")
	r := p.Reachable(entries)
	for m, want := range map[string]bool{
		"Lcom/x/Main;->onCreate(Landroid/os/Bundle;)V": true,
		"Lcom/x/A;->run()V":                            true,
		"Lcom/x/Util;->last()V":                        true,
		"Lcom/x/B;->run()V":                            false, // only code out of reach makes a B
		"Lcom/x/Util;->never()V":                       false,
		"Lcom/x/Main;->helper()V":                      false,
		"Landroid/app/Activity;-><init>()V":            true,
	} {
		if got := r.Has(id(t, p, m)); got != want {
			t.Errorf("%s: %v", m, got)
		}
	}
	var path []string
	for _, e := range r.Path(id(t, p, "Lcom/x/Util;->last()V")) {
		path = append(path, fmt.Sprintf("%s %s -> %s @%d", e.Kind, text(p, e.From), text(p, e.To), e.PC))
	}
	equal(t, "path", path,
		"virtual Lcom/x/Main;->onCreate(Landroid/os/Bundle;)V -> Lcom/x/A;->run()V @5",
		"direct Lcom/x/A;->run()V -> Lcom/x/Util;->last()V @0")
	n := 0
	for m := range r.All() {
		n++
		if !r.Has(m) {
			t.Error("All yields what Has denies")
		}
	}
	if n != r.Len() {
		t.Errorf("All yields %d of %d", n, r.Len())
	}
	if r := p.Reachable(entries, program.EdgeDirect); r.Has(id(t, p, "Lcom/x/A;->run()V")) || r.Has(id(t, p, "Landroid/app/Activity;-><init>()V")) {
		t.Error("edges of other kinds were followed")
	}
	// A begins the search: then a B may exist.
	if r := p.Reachable(append(entries, id(t, p, "Lcom/x/Util;->never()V"))); !r.Has(id(t, p, "Lcom/x/B;->run()V")) {
		t.Error("B.run is not reached although a B is made")
	}
}

func TestStaticInitialiser(t *testing.T) {
	const recipe = `
.class public Lcom/x/K;
.field public static n:I
.field public m:I
.method public static constructor <clinit>()V
    return-void
.end method
.method public static self()V
    sget v0, Lcom/x/K;->n:I
    return-void
.end method
.class public Lcom/x/U;
.method public static get()V
    sget v0, Lcom/x/K;->n:I
    sget v0, Lcom/x/K;->n:I
    return-void
.end method
.method public static call()V
    invoke-static {}, Lcom/x/K;->self()V
    return-void
.end method
.method public static make()V
    new-instance v0, Lcom/x/K;
    return-void
.end method
`
	p := assemble(t, recipe)
	got := callers(p, id(t, p, "Lcom/x/K;-><clinit>()V"))
	slices.Sort(got)
	equal(t, "callers of <clinit>", got, "callback Lcom/x/U;->call()V", "callback Lcom/x/U;->get()V", "callback Lcom/x/U;->make()V")
}

func TestLambdaBody(t *testing.T) {
	const recipe = `
.dex 038
.class public Lcom/x/L;
.method public static f()V
    .locals 1
    invoke-custom {}, site("run", ()Ljava/lang/Runnable;, ()V, invoke-static@Lcom/x/L;->body()V, ()V)@Ljava/lang/invoke/LambdaMetafactory;->metafactory(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;Ljava/lang/invoke/MethodType;Ljava/lang/invoke/MethodHandle;Ljava/lang/invoke/MethodType;)Ljava/lang/invoke/CallSite;
    move-result-object v0
    return-void
.end method
.method private static body()V
    return-void
.end method
`
	p := assemble(t, recipe)
	equal(t, "callees", callees(p, id(t, p, "Lcom/x/L;->f()V")), "callback Lcom/x/L;->body()V")
}

// A cycle in the hierarchy must not hang anything, nor must a class that is
// its own superclass.
func TestHierarchyCycles(t *testing.T) {
	const recipe = `
.class public Lcom/x/A;
.super Lcom/x/B;
.implements Lcom/x/I;
.method public f()V
    invoke-virtual {p0}, Lcom/x/A;->g()V
    invoke-virtual {p0}, Lcom/x/C;->g()V
    return-void
.end method
.class public Lcom/x/B;
.super Lcom/x/A;
.class public Lcom/x/C;
.super Lcom/x/C;
.class public abstract interface Lcom/x/I;
.implements Lcom/x/J;
.class public abstract interface Lcom/x/J;
.implements Lcom/x/I;
`
	p := assemble(t, recipe)
	for _, c := range []string{"Lcom/x/A;", "Lcom/x/B;", "Lcom/x/C;", "Lcom/x/I;"} {
		if l := slices.Collect(p.Supers(c)); len(l) == 0 || l[len(l)-1] != "Ljava/lang/Object;" || slices.Contains(l, c) {
			t.Errorf("supers of %s: %v", c, l)
		}
	}
	p.Reachable([]program.MethodID{id(t, p, "Lcom/x/A;->f()V")})
	if !p.Truncated() {
		t.Error("cut cycles are not told")
	}
}

func TestOutOfRange(t *testing.T) {
	p := assemble(t, shapes)
	big := program.MethodID(1 << 30)
	if c, n, r := p.Name(big); c+n+r != "" {
		t.Error("name of a method out of range")
	}
	if p.ID(0, 1<<30) != program.NoMethod || p.ID(9, 0) != program.NoMethod || p.ID(-1, 0) != program.NoMethod {
		t.Error("id of a method out of range")
	}
	if callees(p, big) != nil || callers(p, big) != nil || slices.Collect(p.Overrides(big)) != nil || slices.Collect(p.Names(big)) != nil {
		t.Error("edges of a method out of range")
	}
	if p.Resolve(big) != big || p.ClassOf(big) != program.NoClass || p.Flags(big) != 0 {
		t.Error("properties of a method out of range")
	}
	if p.ClassName(1<<30) != "" || p.Super(1<<30) != program.NoClass || p.EntryPoints(1<<30) != nil || p.IsA(1<<30, 0) {
		t.Error("properties of a class out of range")
	}
	for range p.Methods(1 << 30) {
		t.Error("methods of a class out of range")
	}
	if r := p.Reachable([]program.MethodID{big, program.NoMethod}); r.Len() != 0 || r.Has(big) || r.Path(big) != nil {
		t.Error("reach of a method out of range")
	}
	if program.New(nil).NumMethods() != 0 {
		t.Error("a program of nothing has methods")
	}
}

func TestConcurrentUse(t *testing.T) {
	p := assemble(t, shapes, user, activity)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for m := range p.NumMethods() {
				callees(p, program.MethodID(m))
				callers(p, program.MethodID(m))
			}
			p.Reachable([]program.MethodID{0})
			c, _ := p.Class("Lcom/x/Base;")
			for range p.Subclasses(c) {
			}
		})
	}
	wg.Wait()
}

// Callers and Callees are two views of one graph.
func TestCallersMirrorCallees(t *testing.T) {
	p := assemble(t, shapes, user, activity, main)
	count := map[program.Edge]int{}
	for m := range p.NumMethods() {
		for e := range p.Callees(program.MethodID(m)) {
			count[e]++
		}
	}
	for m := range p.NumMethods() {
		if r := p.Resolve(program.MethodID(m)); r != program.MethodID(m) {
			continue // another name
		}
		for e := range p.Callers(program.MethodID(m)) {
			count[e]--
		}
	}
	for e, n := range count {
		if n != 0 {
			t.Errorf("%+d %+v %s", n, e, text(p, e.To))
		}
	}
}

// Deep and wide hierarchies must not cost more than their budgets.
func TestHostileHierarchy(t *testing.T) {
	var b strings.Builder
	const classes, methods = 1500, 8
	for i := range classes {
		fmt.Fprintf(&b, ".class public Lc/C%d;\n", i)
		if i > 0 {
			fmt.Fprintf(&b, ".super Lc/C%d;\n", i-1)
		}
		for m := range methods {
			fmt.Fprintf(&b, ".method public m%d()V\n", m)
			if m == 0 {
				for k := range methods {
					fmt.Fprintf(&b, "    invoke-virtual {p0}, Lc/C%d;->m%d()V\n", i, k)
				}
			}
			b.WriteString("    return-void\n.end method\n")
		}
	}
	start := time.Now()
	p := assemble(t, b.String())
	m := id(t, p, "Lc/C0;->m0()V")
	built := time.Since(start)
	overrides := 0
	for range p.Overrides(m) {
		overrides++
	}
	t.Logf("read in %v, graph in %v, %d overrides", built, time.Since(start)-built, overrides)
	if !p.Truncated() || overrides == 0 || overrides >= classes {
		t.Errorf("truncated %v, %d overrides", p.Truncated(), overrides)
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("took %v", d)
	}
}
