package program

import (
	"os"
	"slices"
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
	tab := androidFramework().(*frameworkTable)
	if len(tab.descs) < 6000 || !slices.IsSorted(tab.descs) {
		t.Fatalf("%d classes, sorted %v", len(tab.descs), slices.IsSorted(tab.descs))
	}
	for i, d := range tab.descs {
		steps := 0
		for j := i; tab.super[j] != 0; j = int(tab.super[j] - 1) {
			if steps++; steps > 50 {
				t.Fatalf("%s: endless chain", d)
			}
		}
		if l := tab.intros[tab.inOff[i]:tab.inOff[i+1]]; !slices.IsSorted(l) {
			t.Errorf("%s: methods not sorted", d)
		}
	}
	if st, err := os.Stat("framework.bin"); err != nil || st.Size() > 150<<10 {
		t.Errorf("framework.bin: %v, %v", st, err)
	}
}

func FuzzDecodeFramework(f *testing.F) {
	f.Add(frameworkBin[:200])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if tab, err := decodeFramework(b); err == nil {
			tab.Class("Ljava/lang/Object;")
		}
	})
}

func BenchmarkDecodeFramework(b *testing.B) {
	for b.Loop() {
		if _, err := decodeFramework(frameworkBin); err != nil {
			b.Fatal(err)
		}
	}
}
