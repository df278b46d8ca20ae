package program

import (
	"slices"
	"strings"
	"testing"
)

func TestAndroidHierarchy(t *testing.T) {
	tests := []struct {
		class, super string
		interfaces   []string
		iface, abs   bool
	}{
		{class: "Ljava/lang/Object;"},
		{class: "Ljava/lang/Runnable;", super: "Ljava/lang/Object;", iface: true},
		{class: "Landroid/content/Context;", super: "Ljava/lang/Object;", abs: true},
		{class: "Landroid/content/ContextWrapper;", super: "Landroid/content/Context;"},
		{class: "Landroid/app/ListActivity;", super: "Landroid/app/Activity;"},
		{class: "Ljava/lang/Thread;", super: "Ljava/lang/Object;", interfaces: []string{"Ljava/lang/Runnable;"}},
		{class: "Ljava/lang/Thread$State;", super: "Ljava/lang/Enum;"},
		{class: "Ljava/util/concurrent/FutureTask;", super: "Ljava/lang/Object;", interfaces: []string{"Ljava/util/concurrent/RunnableFuture;"}},
		{class: "Ljava/util/concurrent/RunnableFuture;", super: "Ljava/lang/Object;", interfaces: []string{"Ljava/lang/Runnable;", "Ljava/util/concurrent/Future;"}, iface: true},
		{class: "Landroid/view/View$OnClickListener;", super: "Ljava/lang/Object;", iface: true},
		{class: "Ljava/util/function/Consumer;", super: "Ljava/lang/Object;", iface: true},
		{class: "Landroid/database/ContentObserver;", super: "Ljava/lang/Object;", abs: true},
	}
	fw := Android()
	for _, tt := range tests {
		c, ok := fw.Class(tt.class)
		if !ok || c.Super != tt.super || !slices.Equal(c.Interfaces, tt.interfaces) || c.Interface != tt.iface || c.Abstract != tt.abs {
			t.Errorf("%s: %+v, %v", tt.class, c, ok)
		}
	}
	if _, ok := fw.Class("Lcom/example/App;"); ok {
		t.Error("a class that is not Android's is known")
	}
}

func TestAndroidIntroduces(t *testing.T) {
	tests := []struct {
		class, method string
		want          bool
	}{
		{"Landroid/content/Context;", "getContentResolver", true},
		{"Landroid/content/ContextWrapper;", "getContentResolver", false}, // inherited
		{"Landroid/app/Activity;", "onCreate", true},
		{"Landroid/app/ListActivity;", "onCreate", false},
		{"Ljava/lang/Runnable;", "run", true},
		{"Ljava/lang/Thread;", "run", false},
		{"Ljava/lang/Thread;", "start", true},
		{"Landroid/content/BroadcastReceiver;", "onReceive", true},
		{"Ljava/util/function/Consumer;", "accept", true},
		{"Lcom/example/App;", "onCreate", false},
	}
	for _, tt := range tests {
		if got := Android().Introduces(tt.class, tt.method); got != tt.want {
			t.Errorf("%s %s: %v", tt.class, tt.method, got)
		}
	}
}

// Every class of the table must lead to java.lang.Object, and what a class
// introduces must be sorted: the search depends on it.
func TestAndroidTableIsSound(t *testing.T) {
	tab := androidFramework()
	if tab.classes < 6000 {
		t.Fatalf("%d classes", tab.classes)
	}
	introduced := 0
	for i := range tab.classes {
		d := tab.desc(i)
		if !strings.HasPrefix(d, "L") || !strings.HasSuffix(d, ";") || i > 0 && tab.desc(i-1) >= d {
			t.Errorf("class %d is %q behind %q", i, d, tab.desc(i-1))
		}
		c, ok := tab.Class(d)
		for steps := 0; ok && c.Super != ""; steps++ {
			if steps > 50 {
				t.Fatalf("%s: endless chain", d)
			}
			if c, ok = tab.Class(c.Super); !ok {
				t.Errorf("%s: a superclass is missing", d)
			}
		}
		for k := tab.inEnds.at(i); k < tab.inEnds.at(i+1); k++ {
			name := tab.name(tab.intros.at(k))
			if name == "" || !tab.Introduces(d, name) {
				t.Errorf("%s: %q is not found", d, name)
			}
			introduced++
		}
	}
	if introduced < 20000 {
		t.Errorf("%d methods are introduced", introduced)
	}
}

func FuzzFramework(f *testing.F) {
	f.Add(frameworkBin[:200])
	f.Add("")
	f.Add("\x02\x00\x00\x00" + strings.Repeat("\x00", 16+16))
	f.Fuzz(func(t *testing.T, b string) {
		if tab, err := openFramework(b); err == nil {
			for i := range tab.classes + 1 {
				tab.Class(tab.desc(i))
				tab.Introduces(tab.desc(i), "run")
			}
		}
	})
}

func BenchmarkFramework(b *testing.B) {
	for b.Loop() {
		t, err := openFramework(frameworkBin)
		if err != nil {
			b.Fatal(err)
		}
		t.Introduces("Landroid/app/Activity;", "onCreate")
	}
}
