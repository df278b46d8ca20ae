// Stubs writes a JAR of empty classes that stand in the hierarchy of Android's,
// for obfuscators that ask for an android.jar. It reads names of classes as in
// class files (android/app/Activity), one a line, and adds what they extend.
//
//	stubs platform.jar < names
package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/dex/program"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "stubs:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("use: stubs platform.jar < names")
	}
	fw := program.Android()
	classes := map[string]program.FrameworkClass{}
	var add func(desc string)
	add = func(desc string) {
		if _, ok := classes[desc]; ok {
			return
		}
		c, ok := fw.Class(desc)
		if !ok {
			return
		}
		classes[desc] = c
		add(c.Super)
		for _, i := range c.Interfaces {
			add(i)
		}
	}
	sc := bufio.NewScanner(os.Stdin)
	for sc.Scan() {
		add("L" + sc.Text() + ";")
	}
	if err := sc.Err(); err != nil {
		return err
	}
	names := make([]string, 0, len(classes))
	for n := range classes {
		names = append(names, n)
	}
	slices.Sort(names)
	f, err := os.Create(os.Args[1])
	if err != nil {
		return err
	}
	z := zip.NewWriter(f)
	for _, n := range names {
		w, err := z.Create(strings.TrimSuffix(n[1:], ";") + ".class")
		if err != nil {
			return err
		}
		if _, err := w.Write(class(n, classes[n])); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

// class renders an empty class file of Java 8.
func class(desc string, c program.FrameworkClass) []byte {
	var pool bytes.Buffer
	n := uint16(1)
	name := func(d string) uint16 {
		s := strings.TrimSuffix(strings.TrimPrefix(d, "L"), ";")
		pool.WriteByte(1)
		binary.Write(&pool, binary.BigEndian, uint16(len(s)))
		pool.WriteString(s)
		pool.WriteByte(7)
		binary.Write(&pool, binary.BigEndian, n)
		n += 2
		return n - 1
	}
	flags := uint16(0x21)
	if c.Interface {
		flags = 0x601
	} else if c.Abstract {
		flags |= 0x400
	}
	tail := []uint16{flags, name(desc), 0}
	if c.Super != "" {
		tail[2] = name(c.Super)
	}
	tail = append(tail, uint16(len(c.Interfaces)))
	for _, i := range c.Interfaces {
		tail = append(tail, name(i))
	}
	tail = append(tail, 0, 0, 0) // fields, methods, attributes
	var out bytes.Buffer
	out.Write([]byte{0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52})
	binary.Write(&out, binary.BigEndian, n)
	out.Write(pool.Bytes())
	binary.Write(&out, binary.BigEndian, tail)
	return out.Bytes()
}
