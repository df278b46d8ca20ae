package classfile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex/classfile"
	"github.com/telltale-apk/telltale/dex/classfile/classtest"
)

// library makes the bytes of many classes that name each other.
func library(n int) (list [][]byte, size int64) {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ".class public lib/p%d/C%d\n.field static final K Ljava/lang/String; = \"key%d\"\n", i%40, i, i)
		for m := range 8 {
			fmt.Fprintf(&b, `.method public m%d(ILjava/lang/String;)V
    new java/lang/StringBuilder
    dup
    ldc "https://host%d.example/p?%d="
    invokespecial java/lang/StringBuilder.<init>(Ljava/lang/String;)V
    aload_2
    invokevirtual java/lang/StringBuilder.append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invokevirtual java/lang/StringBuilder.toString()Ljava/lang/String;
    astore 4
    iload_1
    ifeq l
    aload_0
    iload_1
    aload 4
    invokevirtual lib/p%d/C%d.m%d(ILjava/lang/String;)V
l:
    getstatic lib/p%d/C%d.K:Ljava/lang/String;
    invokestatic lib/Log.d(Ljava/lang/String;)V
    return
.end
`, m, i, m, (i+1)%n%40, (i+1)%n, (m+1)%8, (i+7)%n%40, (i+7)%n)
		}
	}
	for _, c := range classtest.Must(b.String()) {
		list = append(list, c.Data)
		size += int64(len(c.Data))
	}
	return list, size
}

func openAll(b testing.TB, list [][]byte) *classfile.Set {
	files := make([]*classfile.File, len(list))
	for i, data := range list {
		var err error
		if files[i], err = classfile.Open(data); err != nil {
			b.Fatal(err)
		}
	}
	return classfile.NewSet(files)
}

func BenchmarkSet(b *testing.B) {
	list, size := library(500)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		openAll(b, list)
	}
}

func BenchmarkReferences(b *testing.B) {
	list, size := library(500)
	s := openAll(b, list)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for i := range s.NumClasses() {
			f := s.File(i)
			for j := range f.Methods {
				c, _ := f.Code(&f.Methods[j])
				c.References(func(uint32, classfile.Op, uint16) { n++ })
			}
		}
		if n != 500*8*8 {
			b.Fatalf("%d references", n)
		}
	}
}

// BenchmarkArgs asks for the arguments of every call.
func BenchmarkArgs(b *testing.B) {
	list, size := library(500)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		s := openAll(b, list)
		b.StartTimer()
		for i := range s.NumClasses() {
			f := s.File(i)
			for j := range f.Methods {
				c, _ := f.Code(&f.Methods[j])
				c.References(func(pc uint32, op classfile.Op, _ uint16) {
					if op >= classfile.OpInvokevirtual && op <= classfile.OpInvokestatic && s.Args(i, j, pc) == nil {
						b.Fatal("no arguments")
					}
				})
			}
		}
	}
}
