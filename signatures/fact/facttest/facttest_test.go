package facttest_test

import (
	"slices"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
)

func TestSet(t *testing.T) {
	app := facttest.New("com.example.app").
		Framework("Landroid/app/Activity;", "Landroid/content/Context;", "Ljava/lang/Object;").
		MetaData("key", "value").Permission("android.permission.INTERNET")
	a := app.Code("classes.dex")
	a.Class("Lcom/example/app/Main;").Super("Landroid/app/Activity;").Static("VERSION", "Ljava/lang/String;", facttest.Str("1.2"))
	a.Method("Lcom/example/app/Main;->run()V").
		String("hello").
		Call(fact.RefCallVirtual, "Lcom/lib/Base;->go(I)V", facttest.Any(), facttest.Int(7)).
		Get("Landroid/os/Build;->MODEL:Ljava/lang/String;")
	b := app.Code("classes2.dex")
	b.Method("Lcom/lib/Base;->go(I)V").Call(fact.RefCallStatic, "Landroid/util/Log;->d()V")
	b.Class("Lcom/lib/Derived;").Super("Lcom/lib/Base;")
	b.Method("Lcom/lib/Derived;->go(I)V")
	app.Edge("Lcom/example/app/Main;->run()V", "Lcom/lib/Derived;->go(I)V", fact.EdgeCallback)
	set := app.Set()

	u := set.Units[0]
	if !u.TypesSorted() {
		t.Error("types are not sorted")
	}
	for i := 1; i < u.NumTypes(); i++ {
		if u.Type(uint32(i-1)) >= u.Type(uint32(i)) {
			t.Errorf("type %d %q is not above %q", i, u.Type(uint32(i)), u.Type(uint32(i-1)))
		}
	}
	body := u.Bodies()[0]
	refs := u.Refs()[body.RefFirst:body.RefEnd]
	if len(refs) != 3 || u.String(refs[0].Index) != "hello" {
		t.Fatalf("refs = %v", refs)
	}
	if args := u.Args(0, refs[1].PC); len(args) != 2 || args[1].N != 7 {
		t.Errorf("args = %v", args)
	}
	g := set.Graph
	if got := slices.Collect(g.Supers("Lcom/example/app/Main;")); !slices.Equal(got, []string{"Landroid/app/Activity;", "Landroid/content/Context;", "Ljava/lang/Object;"}) {
		t.Errorf("supers = %v", got)
	}
	run, ok := g.Lookup("Lcom/example/app/Main;", "run", "()V")
	if !ok {
		t.Fatal("run is not in the graph")
	}
	var kinds []fact.EdgeKind
	for e := range g.Callees(run) {
		kinds = append(kinds, e.Kind)
	}
	if want := []fact.EdgeKind{fact.EdgeDirect, fact.EdgeVirtual, fact.EdgeCallback}; !slices.Equal(kinds, want) {
		t.Errorf("edges of run: %v, want %v", kinds, want)
	}
	goID, _ := g.Lookup("Lcom/lib/Base;", "go", "(I)V")
	if ui, body, ok := g.Defined(goID); !ok || ui != 1 || body != 0 {
		t.Errorf("Base.go is defined at %d, %d, %v", ui, body, ok)
	}
	if g.ID(0, refs[1].Index) != goID {
		t.Error("one method has two ids")
	}
}
