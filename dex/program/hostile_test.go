package program_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/dex/program"
	"github.com/telltale-apk/telltale/dex/program/internal/dexunit"
)

// TestHostileCallbacks: code with so many calls that hand something over, and so
// much that they could hand over, that to look at all of it would take minutes.
func TestHostileCallbacks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	class := func(name, super, members string) string {
		return ".class public L" + name + ";\n.super L" + super + ";\n" + members
	}
	method := func(name, code string) string {
		return ".method public " + name + "()V\n    .registers 4\n" + code + "    return-void\n.end method\n"
	}
	classes := func(n int, super string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(class(fmt.Sprint("C", i), super, ""))
		}
		return b.String()
	}
	repeat := func(n int, line func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i))
		}
		return b.String()
	}
	const intent = "    invoke-direct {v0, v1, v2}, Landroid/content/Intent;-><init>(Landroid/content/Context;Ljava/lang/Class;)V\n"
	const post = "    invoke-virtual {v0, v1}, Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z\n"
	for name, src := range map[string]string{
		"classes handed over": classes(40, "android/app/Service") + class("A", "java/lang/Object", method("a",
			repeat(40000, func(i int) string { return fmt.Sprintf("    const-class v2, LC%d;\n", i%40) + intent }))),
		"objects that are none of it": classes(40, "java/lang/Object") + class("R", "java/lang/Object", ".implements Ljava/lang/Runnable;\n") +
			class("A", "java/lang/Object", method("a",
				repeat(100000, func(i int) string { return fmt.Sprintf("    new-instance v2, LC%d;\n", i%40) }))) +
			class("A$B", "java/lang/Object", method("a", repeat(100000, func(int) string { return post }))),
		"objects below the receiver": class("T", "java/lang/Thread", repeat(200, func(i int) string { return method(fmt.Sprint("m", i), "") })) +
			classes(2000, "T") + class("A", "java/lang/Object", method("a",
			repeat(10000, func(int) string { return "    invoke-virtual {v0}, LT;->start()V\n" }))),
	} {
		units, err := dexunit.Open(dextest.Must(src))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		p := program.New(program.Android(), units...)
		m, ok := p.Lookup("LA;", "a", "()V")
		for range p.Callees(m) {
			break
		}
		took := time.Since(began)
		if !ok || took > 20*time.Second {
			t.Errorf("%s: %v", name, took)
		}
		t.Log(name, took)
	}
}
