// Command frameworkgen writes framework.bin, the table of framework classes
// that package program embeds.
//
// Its source is the TypeScript declaration of the Android API that is
// published on the npm registry as @nativescript/types-android (Apache-2.0),
// file lib/android/android-platform-21-37-merged.d.ts: every public class of
// API levels 21 to 37. Only facts are taken over: names of classes, which class
// extends or implements which, and which instance methods a class adds to
// those it inherits. No declaration, comment or other text is.
//
// To run it again:
//
//	npm pack @nativescript/types-android@9.1.1 && tar xzf nativescript-types-android-9.1.1.tgz
//	go run ./dex/program/internal/frameworkgen -o dex/program/framework.bin \
//		package/lib/android/android-platform-21-37-merged.d.ts
//
// The declarations lack some relations: TypeScript has no room for interfaces
// that were instantiated with type arguments, enums stand without superclass,
// and an interface in the place of the superclass is one of those dropped. The
// supplement below adds those of java.* that matter to a hierarchy; they are
// public facts of the Java SE class library.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Flags of a class in the table; program/framework.go repeats them.
const (
	flagInterface = 1
	flagAbstract  = 2
	flagShift     = 24
)

// formatVersion is the first number of the table.
const formatVersion = 2

type class struct {
	name     string // dotted, inner classes with "$"
	supers   []string
	iface    bool
	abstract bool
	enum     bool
	// open tells that an app may extend it: it has a constructor in reach.
	open  bool
	names map[string]bool // its instance methods
}

func main() {
	out := flag.String("o", "framework.bin", "output `file`")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: frameworkgen -o framework.bin android-platform-21-37-merged.d.ts")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, "frameworkgen:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	f, err := os.Open(in)
	if err != nil {
		return err
	}
	defer f.Close()
	classes, err := parse(f)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	b, err := pack(classes)
	if err != nil {
		return err
	}
	fmt.Printf("%d classes, %d bytes\n", len(classes), len(b))
	return os.WriteFile(out, b, 0o644)
}

var (
	moduleLine = regexp.MustCompile(`^(?:declare|export) module ([\w$.]+) \{$`)
	classLine  = regexp.MustCompile(`^export (abstract )?class ([\w$]+)\s*(?:<.*?>)?\s*(?:extends (.*?))?\s*\{$`)
	methodLine = regexp.MustCompile(`^(?:public |protected )?(static )?([\w$]+)\(`)
	comment    = regexp.MustCompile(`/\*.*?\*/`)
	typeArgs   = regexp.MustCompile(`<[^<>]*>`)
)

// parse reads the declarations line by line; the file is regular enough that
// nesting can be followed by the braces that end a line.
func parse(r io.Reader) (map[string]*class, error) {
	type frame struct {
		module string
		class  *class
	}
	var stack []frame
	byPath := map[string]*class{} // keyed by the dotted path, inner classes too
	var order []string
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(sc.Text())
		switch {
		case strings.HasPrefix(line, "/*") || strings.HasPrefix(line, "*"):
			continue
		case strings.HasPrefix(line, "}"):
			if len(stack) == 0 {
				return nil, fmt.Errorf("line %d: unbalanced brace", n)
			}
			stack = stack[:len(stack)-1]
			continue
		}
		if m := moduleLine.FindStringSubmatch(line); m != nil {
			stack = append(stack, frame{module: m[1]})
			continue
		}
		if m := classLine.FindStringSubmatch(line); m != nil {
			var path []string
			for _, f := range stack {
				path = append(path, f.module)
			}
			p := strings.Join(append(path, m[2]), ".")
			c := &class{name: p, abstract: m[1] != "", names: map[string]bool{}, enum: m[3] == ""}
			c.supers = splitSupers(m[3])
			byPath[p] = c
			order = append(order, p)
			stack = append(stack, frame{class: c})
			continue
		}
		if len(stack) == 0 || stack[len(stack)-1].class == nil {
			continue
		}
		c := stack[len(stack)-1].class
		if m := methodLine.FindStringSubmatch(line); m != nil {
			switch {
			case m[2] == "constructor":
				c.open = true
			case m[1] == "":
				c.names[m[2]] = true
			}
		}
		if strings.HasSuffix(line, "{") {
			// The object literal that stands for the methods of an interface.
			c.iface = true
			stack = append(stack, frame{class: c})
		}
	}
	if err := sc.Err(); err != nil {
		return nil, err
	}

	// A path names an inner class from the first prefix on that is a class.
	binary := func(path string) string {
		segs := strings.Split(path, ".")
		for i := 1; i < len(segs); i++ {
			if byPath[strings.Join(segs[:i], ".")] != nil {
				return strings.Join(segs[:i], ".") + "$" + strings.Join(segs[i:], "$")
			}
		}
		return path
	}
	classes := map[string]*class{}
	for _, p := range order {
		c := byPath[p]
		c.name = binary(p)
		for i, s := range c.supers {
			c.supers[i] = binary(s)
		}
		if c.enum && c.name != "java.lang.Object" {
			c.supers = []string{"java.lang.Enum"}
		}
		classes[c.name] = c
	}
	for _, f := range functions {
		n, method, _ := strings.Cut(f, " ")
		n = "java.util.function." + n
		classes[n] = &class{name: n, iface: true, names: map[string]bool{method: true}}
	}
	for _, s := range supplement {
		c := classes[s[0]]
		if c == nil {
			return nil, fmt.Errorf("the supplement names %s, which is not declared", s[0])
		}
		for _, t := range s[1:] {
			if classes[t] == nil {
				return nil, fmt.Errorf("the supplement of %s names %s, which is not declared", s[0], t)
			}
			if !slices.Contains(c.supers, t) {
				c.supers = append(c.supers, t)
			}
		}
	}
	return classes, nil
}

func splitSupers(s string) []string {
	s = comment.ReplaceAllString(s, "")
	for typeArgs.MatchString(s) {
		s = typeArgs.ReplaceAllString(s, "")
	}
	var out []string
	for _, t := range strings.Split(strings.ReplaceAll(s, " implements ", ","), ",") {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// inherited collects the names of methods that c has from above.
func inherited(classes map[string]*class, c *class) map[string]bool {
	names, seen := map[string]bool{}, map[string]bool{c.name: true}
	var walk func(*class)
	walk = func(c *class) {
		for _, s := range c.supers {
			if sc := classes[s]; sc != nil && !seen[s] {
				seen[s] = true
				for n := range sc.names {
					names[n] = true
				}
				walk(sc)
			}
		}
	}
	walk(c)
	return names
}

// pack writes the table, which is read where it lies: nothing is inflated or
// decoded before a question can be answered. All numbers are little-endian, of
// 32 bits unless another size is named:
//
//	version, number of classes C, of method names N, of interfaces I that
//	classes have and of methods M that they introduce
//	C+1 ends of descriptors, the first 0; the descriptors are sorted
//	N+1 ends of names likewise
//	C+1 ends of the interfaces of each class, the first 0
//	C+1 ends of the methods that each class introduces, the first 0
//	C superclasses: index + 1, 0 for none; the flags above bit 24
//	I interfaces, indices of 16 bits
//	M names, indices of 16 bits, ascending for each class
//	the text of the descriptors, then that of the names
func pack(classes map[string]*class) ([]byte, error) {
	var list []*class
	for _, c := range classes {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *class) int { return strings.Compare(descriptor(a.name), descriptor(b.name)) })
	index := map[string]uint64{}
	var descs []string
	for i, c := range list {
		index[c.name] = uint64(i)
		descs = append(descs, descriptor(c.name))
	}
	intro := map[*class][]string{}
	for _, c := range list {
		if !c.open && !c.abstract && !c.iface {
			continue // an app cannot extend it
		}
		if strings.HasSuffix(c.name, "$Builder") {
			continue // nor does it want to
		}
		above := inherited(classes, c)
		for n := range c.names {
			if !above[n] {
				intro[c] = append(intro[c], n)
			}
		}
		slices.Sort(intro[c])
	}
	var names []string
	for _, l := range intro {
		names = append(names, l...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(list) > math.MaxUint16 || len(names) > math.MaxUint16 {
		return nil, errors.New("too many names for indices of 16 bits")
	}

	var supers, ifEnds, inEnds []uint32
	var ifaces, intros []uint16
	ifEnds, inEnds = append(ifEnds, 0), append(inEnds, 0)
	for _, c := range list {
		var flags uint32
		if c.iface {
			flags |= flagInterface
		}
		if c.abstract {
			flags |= flagAbstract
		}
		super := "java.lang.Object"
		for _, s := range c.supers {
			sc := classes[s]
			switch {
			case sc == nil:
				return nil, fmt.Errorf("%s: super type %s is not declared", c.name, s)
			case sc.iface:
				ifaces = append(ifaces, uint16(index[s]))
			default:
				super = s
			}
		}
		up := uint32(0)
		if c.name != "java.lang.Object" {
			up = uint32(index[super]) + 1
		}
		supers = append(supers, up|flags<<flagShift)
		for _, n := range intro[c] {
			i, _ := slices.BinarySearch(names, n)
			intros = append(intros, uint16(i))
		}
		ifEnds, inEnds = append(ifEnds, uint32(len(ifaces))), append(inEnds, uint32(len(intros)))
	}

	var b []byte
	put := func(list ...uint32) {
		for _, n := range list {
			b = binary.LittleEndian.AppendUint32(b, n)
		}
	}
	put(formatVersion, uint32(len(list)), uint32(len(names)), uint32(len(ifaces)), uint32(len(intros)))
	put(ends(descs)...)
	put(ends(names)...)
	put(ifEnds...)
	put(inEnds...)
	put(supers...)
	for _, n := range slices.Concat(ifaces, intros) {
		b = binary.LittleEndian.AppendUint16(b, n)
	}
	return append(b, strings.Join(descs, "")+strings.Join(names, "")...), nil
}

// ends returns where each text ends if all stand behind each other, after a 0.
func ends(list []string) []uint32 {
	out := make([]uint32, 1, len(list)+1)
	n := 0
	for _, s := range list {
		n += len(s)
		out = append(out, uint32(n))
	}
	return out
}

func descriptor(name string) string { return "L" + strings.ReplaceAll(name, ".", "/") + ";" }

// functions are the interfaces of java.util.function, which the declarations
// leave out, each with its one abstract method.
var functions = []string{
	"BiConsumer accept", "BiFunction apply", "BiPredicate test", "BinaryOperator apply", "BooleanSupplier getAsBoolean",
	"Consumer accept", "DoubleBinaryOperator applyAsDouble", "DoubleConsumer accept", "DoubleFunction apply",
	"DoublePredicate test", "DoubleSupplier getAsDouble", "DoubleToIntFunction applyAsInt", "DoubleToLongFunction applyAsLong",
	"DoubleUnaryOperator applyAsDouble", "Function apply", "IntBinaryOperator applyAsInt", "IntConsumer accept",
	"IntFunction apply", "IntPredicate test", "IntSupplier getAsInt", "IntToDoubleFunction applyAsDouble",
	"IntToLongFunction applyAsLong", "IntUnaryOperator applyAsInt", "LongBinaryOperator applyAsLong", "LongConsumer accept",
	"LongFunction apply", "LongPredicate test", "LongSupplier getAsLong", "LongToDoubleFunction applyAsDouble",
	"LongToIntFunction applyAsInt", "LongUnaryOperator applyAsLong", "ObjDoubleConsumer accept", "ObjIntConsumer accept",
	"ObjLongConsumer accept", "Predicate test", "Supplier get", "ToDoubleBiFunction applyAsDouble",
	"ToDoubleFunction applyAsDouble", "ToIntBiFunction applyAsInt", "ToIntFunction applyAsInt", "ToLongBiFunction applyAsLong",
	"ToLongFunction applyAsLong", "UnaryOperator apply",
}

// supplement names super types that the declarations leave out.
var supplement = [][]string{
	{"java.io.File", "java.lang.Comparable", "java.io.Serializable"},
	{"java.lang.String", "java.lang.CharSequence", "java.lang.Comparable", "java.io.Serializable"},
	{"java.lang.StringBuffer", "java.lang.CharSequence"},
	{"java.lang.StringBuilder", "java.lang.CharSequence"},
	{"java.lang.Boolean", "java.lang.Comparable"},
	{"java.lang.Character", "java.lang.Comparable"},
	{"java.lang.Enum", "java.lang.Comparable"},
	{"java.lang.Class", "java.lang.reflect.AnnotatedElement", "java.lang.reflect.GenericDeclaration", "java.lang.reflect.Type"},
	{"java.lang.reflect.TypeVariable", "java.lang.reflect.AnnotatedElement"},
	{"java.net.URI", "java.lang.Comparable"},
	{"java.nio.CharBuffer", "java.lang.CharSequence", "java.lang.Appendable", "java.lang.Readable", "java.lang.Comparable"},
	{"java.nio.file.DirectoryStream", "java.io.Closeable", "java.lang.Iterable"},
	{"java.nio.file.Path", "java.lang.Comparable", "java.lang.Iterable", "java.nio.file.Watchable"},
	{"java.text.Collator", "java.util.Comparator"},
	{"java.util.AbstractMap", "java.util.Map"},
	{"java.util.AbstractCollection", "java.util.Collection"},
	{"java.util.AbstractMap$SimpleEntry", "java.util.Map$Entry"},
	{"java.util.AbstractMap$SimpleImmutableEntry", "java.util.Map$Entry"},
	{"java.util.ArrayDeque", "java.util.Deque"},
	{"java.util.ArrayList", "java.util.List", "java.util.RandomAccess"},
	{"java.util.Calendar", "java.lang.Comparable"},
	{"java.util.Collection", "java.lang.Iterable"},
	{"java.util.Date", "java.lang.Comparable"},
	{"java.util.Deque", "java.util.Queue"},
	{"java.util.HashMap", "java.util.Map"},
	{"java.util.HashSet", "java.util.Set"},
	{"java.util.Hashtable", "java.util.Map"},
	{"java.util.IdentityHashMap", "java.util.Map"},
	{"java.util.LinkedHashMap", "java.util.Map"},
	{"java.util.LinkedHashSet", "java.util.Set"},
	{"java.util.LinkedList", "java.util.List", "java.util.Deque"},
	{"java.util.List", "java.util.Collection"},
	{"java.util.NavigableMap", "java.util.SortedMap"},
	{"java.util.NavigableSet", "java.util.SortedSet"},
	{"java.util.Queue", "java.util.Collection"},
	{"java.util.Scanner", "java.io.Closeable", "java.util.Iterator"},
	{"java.util.Set", "java.util.Collection"},
	{"java.util.SortedMap", "java.util.Map"},
	{"java.util.SortedSet", "java.util.Set"},
	{"java.util.TreeMap", "java.util.NavigableMap"},
	{"java.util.TreeSet", "java.util.NavigableSet"},
	{"java.util.UUID", "java.lang.Comparable"},
	{"java.util.Vector", "java.util.List", "java.util.RandomAccess"},
	{"java.util.concurrent.ArrayBlockingQueue", "java.util.concurrent.BlockingQueue"},
	{"java.util.concurrent.BlockingDeque", "java.util.concurrent.BlockingQueue", "java.util.Deque"},
	{"java.util.concurrent.BlockingQueue", "java.util.Queue"},
	{"java.util.concurrent.CompletableFuture", "java.util.concurrent.Future", "java.util.concurrent.CompletionStage"},
	{"java.util.concurrent.ConcurrentHashMap", "java.util.concurrent.ConcurrentMap"},
	{"java.util.concurrent.ConcurrentLinkedDeque", "java.util.Deque"},
	{"java.util.concurrent.ConcurrentLinkedQueue", "java.util.Queue"},
	{"java.util.concurrent.ConcurrentMap", "java.util.Map"},
	{"java.util.concurrent.ConcurrentNavigableMap", "java.util.concurrent.ConcurrentMap", "java.util.NavigableMap"},
	{"java.util.concurrent.ConcurrentSkipListMap", "java.util.concurrent.ConcurrentNavigableMap"},
	{"java.util.concurrent.ConcurrentSkipListSet", "java.util.NavigableSet"},
	{"java.util.concurrent.CopyOnWriteArrayList", "java.util.List", "java.util.RandomAccess"},
	{"java.util.concurrent.Delayed", "java.lang.Comparable"},
	{"java.util.concurrent.ForkJoinTask", "java.util.concurrent.Future"},
	{"java.util.concurrent.LinkedBlockingDeque", "java.util.concurrent.BlockingDeque"},
	{"java.util.concurrent.LinkedBlockingQueue", "java.util.concurrent.BlockingQueue"},
	{"java.util.concurrent.LinkedTransferQueue", "java.util.concurrent.TransferQueue"},
	{"java.util.concurrent.PriorityBlockingQueue", "java.util.concurrent.BlockingQueue"},
	{"java.util.concurrent.RunnableFuture", "java.lang.Runnable", "java.util.concurrent.Future"},
	{"java.util.concurrent.RunnableScheduledFuture", "java.util.concurrent.RunnableFuture", "java.util.concurrent.ScheduledFuture"},
	{"java.util.concurrent.ScheduledFuture", "java.util.concurrent.Delayed", "java.util.concurrent.Future"},
	{"java.util.concurrent.SynchronousQueue", "java.util.concurrent.BlockingQueue"},
	{"java.util.jar.Attributes", "java.util.Map"},
}
