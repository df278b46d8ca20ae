package program_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/dex/program"
	"github.com/telltale-apk/telltale/dex/program/internal/dexunit"
)

// TestHostileCallbacks: of code with so many calls that hand something over, and
// so much that they could hand over, that to look at all of it would take
// minutes, as much is looked at as the budget lets.
func TestHostileCallbacks(t *testing.T) {
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
	shapes := map[string]func(n int) string{
		"classes handed over": func(n int) string {
			return classes(40, "android/app/Service") + class("A", "java/lang/Object", method("a",
				repeat(n, func(i int) string { return fmt.Sprintf("    const-class v2, LC%d;\n", i%40) + intent })))
		},
		"objects that are none of it": func(n int) string {
			return classes(40, "java/lang/Object") + class("R", "java/lang/Object", ".implements Ljava/lang/Runnable;\n") +
				class("A", "java/lang/Object", method("a", repeat(n, func(i int) string { return fmt.Sprintf("    new-instance v2, LC%d;\n", i%40) }))) +
				class("A$B", "java/lang/Object", method("a", repeat(n, func(int) string { return post })))
		},
		"objects below the receiver": func(n int) string {
			return class("T", "java/lang/Thread", repeat(20, func(i int) string { return method(fmt.Sprint("m", i), "") })) +
				classes(n, "T") + class("A", "java/lang/Object", method("a",
				repeat(n, func(int) string { return "    invoke-virtual {v0}, LT;->start()V\n" })))
		},
	}
	for name, shape := range shapes {
		for n, want := range map[int]bool{50: false, 2000: true} {
			units, err := dexunit.Open(dextest.Must(shape(n)))
			if err != nil {
				t.Fatal(err)
			}
			p := program.New(program.Android(), units...)
			p.LimitCallbacks(1 << 20)
			if p.Truncated() != want {
				t.Errorf("%d %s: the budget is reached: %t", n, name, !want)
			}
		}
	}
}
