package emu

import (
	"slices"
	"strings"
)

// throwable is the data of an exception.
type throwable struct {
	msg, cause *object
	trace      []traced
}

// traced is one method on the stack: dotted class and name.
type traced struct{ class, name string }

// trace is the stack as a stack trace tells it, the innermost first. The
// constructors of exceptions are not in it.
func (m *Machine) trace() []traced {
	var out []traced
	for i := len(m.frames) - 1; i >= 0; i-- {
		x := m.frames[i].m
		out = append(out, traced{dotted(x.class.desc), x.name})
	}
	return out
}

// dotted is a descriptor as Class.getName tells it.
func dotted(desc string) string {
	if strings.HasPrefix(desc, "L") {
		return strings.ReplaceAll(strings.TrimSuffix(desc[1:], ";"), "/", ".")
	}
	if p := primitiveNames[desc]; p != "" {
		return p
	}
	return strings.ReplaceAll(desc, "/", ".")
}

var primitiveNames = map[string]string{
	"Z": "boolean", "B": "byte", "C": "char", "S": "short", "I": "int", "J": "long", "F": "float", "D": "double", "V": "void",
}

// enum is the data of an enum constant.
type enum struct {
	name    *object
	ordinal int64
}

func nothing(*Machine, []slot) slot { return slot{} }
func first(_ *Machine, a []slot) slot {
	return a[0]
}

func (l library) language() {
	const classDesc = "Ljava/lang/Class;"
	l.on(objDesc, nothing, "<init>()")
	l.on(objDesc, func(m *Machine, a []slot) slot { return slot{o: m.mirror(a[0].o.class)} }, "getClass()")
	l.on(objDesc, func(m *Machine, a []slot) slot { return truth(a[0].o == a[1].o) }, "equals("+objDesc+")")
	l.on(objDesc, func(m *Machine, a []slot) slot {
		o := a[0].o
		if o == nil || o.class.elem == nil {
			m.fail(errNotModelled)
		}
		d, size := copyData(o.data)
		c, err := m.make(o.class, d, size)
		m.must(err)
		return slot{o: c}
	}, "clone()")

	// Classes.
	named := func(m *Machine, a []slot) slot { return m.goText(dotted(data[*class](m, a[0]).desc)) }
	l.on(classDesc, named, "getName()")
	l.on(classDesc, func(m *Machine, a []slot) slot {
		n := dotted(data[*class](m, a[0]).desc)
		return m.goText(n[strings.LastIndexAny(n, ".$")+1:])
	}, "getSimpleName()")
	l.on(classDesc, nothing, "desiredAssertionStatus()")
	l.on(classDesc, func(m *Machine, a []slot) slot {
		return truth(a[1].o != nil && a[1].o.class.isA(data[*class](m, a[0])))
	}, "isInstance("+objDesc+")")
	l.on(classDesc, func(m *Machine, a []slot) slot { return truth(data[*class](m, a[0]).elem != nil) }, "isArray()")
	l.on(classDesc, func(m *Machine, a []slot) slot {
		if e := data[*class](m, a[0]).elem; e != nil {
			return slot{o: m.mirror(e)}
		}
		return slot{}
	}, "getComponentType()")
	l.static(classDesc, func(m *Machine, a []slot) slot {
		desc := "L" + strings.ReplaceAll(m.gostr(a[0]), ".", "/") + ";"
		c := m.class(desc)
		if c == nil || c.unit == nil {
			m.fail(errNotModelled)
		}
		m.initialise(c)
		return slot{o: m.mirror(c)}
	}, "forName("+stringDesc+")")

	// Exceptions.
	const t = throwableDesc
	thrown := func(msg, cause int) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			d := &throwable{trace: m.trace()}
			// Where it is made, not how: without its own constructors.
			for len(d.trace) > 0 && d.trace[0].name == "<init>" && d.trace[0].class == dotted(a[0].o.class.desc) {
				d.trace = d.trace[1:]
			}
			if msg > 0 {
				d.msg = a[msg].o
			}
			if cause > 0 {
				d.cause = a[cause].o
			}
			return m.fillIn(a[0], d)
		}
	}
	l.on(t, thrown(0, 0), "<init>()")
	l.on(t, thrown(1, 0), "<init>("+stringDesc+")")
	l.on(t, thrown(1, 2), "<init>("+stringDesc+t+")")
	l.on(t, thrown(0, 1), "<init>("+t+")")
	l.on(t, func(m *Machine, a []slot) slot { return slot{o: data[*throwable](m, a[0]).msg} }, "getMessage()", "getLocalizedMessage()")
	l.on(t, func(m *Machine, a []slot) slot { return slot{o: data[*throwable](m, a[0]).cause} }, "getCause()")
	l.on(t, func(m *Machine, a []slot) slot { return m.traceArray(data[*throwable](m, a[0]).trace) }, "getStackTrace()")
	l.on(t, nothing, "printStackTrace()", "addSuppressed("+t+")")
	l.on(t, first, "fillInStackTrace()")
	l.on(t, func(m *Machine, a []slot) slot {
		d := data[*throwable](m, a[0])
		s := dotted(a[0].o.class.desc)
		if d.msg != nil {
			s += ": " + m.gostr(slot{o: d.msg})
		}
		return m.goText(s)
	}, "toString()")
	const e = "Ljava/lang/StackTraceElement;"
	l.on(e, func(m *Machine, a []slot) slot { return m.goText(data[traced](m, a[0]).class) }, "getClassName()")
	l.on(e, func(m *Machine, a []slot) slot { return m.goText(data[traced](m, a[0]).name) }, "getMethodName()")

	// Threads: there is one.
	const th = "Ljava/lang/Thread;"
	l.static(th, func(m *Machine, a []slot) slot {
		if m.thread == nil {
			m.thread = m.object(th, th).o
			m.thread.born = 0
		}
		return slot{o: m.thread}
	}, "currentThread()")
	l.on(th, func(m *Machine, a []slot) slot {
		// As Android puts it: two of its own come first.
		return m.traceArray(append([]traced{{"dalvik.system.VMStack", "getThreadStackTrace"}, {"java.lang.Thread", "getStackTrace"}}, m.trace()...))
	}, "getStackTrace()")
	l.static(th, nothing, "sleep(J)", "yield()")

	// Enums.
	const en = "Ljava/lang/Enum;"
	l.on(en, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &enum{a[1].o, a[2].n}) }, "<init>("+stringDesc+"I)")
	l.on(en, func(m *Machine, a []slot) slot { return num(data[*enum](m, a[0]).ordinal) }, "ordinal()")
	l.on(en, func(m *Machine, a []slot) slot { return slot{o: data[*enum](m, a[0]).name} }, "name()", "toString()")
	l.on(en, func(m *Machine, a []slot) slot {
		return num(data[*enum](m, a[0]).ordinal - data[*enum](m, a[1]).ordinal)
	}, "compareTo("+en+")", "compareTo("+objDesc+")")

	// The system.
	const sys = "Ljava/lang/System;"
	l.static(sys, func(m *Machine, a []slot) slot {
		src, dst, from, to, n := a[0], a[2], a[1].n, a[3].n, a[4].n
		if src.o == nil || dst.o == nil {
			m.fail(m.null())
		}
		ls, ld := length(src.o.data), length(dst.o.data)
		if ls < 0 || ld < 0 {
			m.fail(m.throw("Ljava/lang/ArrayStoreException;", ""))
		}
		if from < 0 || to < 0 || n < 0 || from+n > ls || to+n > ld {
			m.fail(m.outside(from))
		}
		m.changed(dst)
		m.worked(int(n / 8))
		ok := false
		switch s := src.o.data.(type) {
		case []int8:
			ok = copyPart(s, dst, from, to, n)
		case []uint16:
			ok = copyPart(s, dst, from, to, n)
		case []int16:
			ok = copyPart(s, dst, from, to, n)
		case []int32:
			ok = copyPart(s, dst, from, to, n)
		case []int64:
			ok = copyPart(s, dst, from, to, n)
		case []*object:
			if d, is := dst.o.data.([]*object); is {
				for i := range s[from : from+n] {
					if o := s[from+int64(i)]; o != nil && o != unknown && !o.class.isA(dst.o.class.elem) {
						m.fail(m.throw("Ljava/lang/ArrayStoreException;", ""))
					}
				}
				ok = true
				copy(d[to:to+n], s[from:from+n])
			}
		}
		if !ok {
			m.fail(m.throw("Ljava/lang/ArrayStoreException;", ""))
		}
		return slot{}
	}, "arraycopy("+objDesc+"I"+objDesc+"II)")
	l.static(sys, func(m *Machine, a []slot) slot { return num(m.differs(1_700_000_000_123, 1_800_000_123_457)) }, "currentTimeMillis()")
	l.static(sys, func(m *Machine, a []slot) slot { return num(m.differs(123_456_789_012_345, 234_567_890_123_457)) }, "nanoTime()")
	l.static(sys, nothing, "gc()")
	l.static(sys, func(m *Machine, a []slot) slot {
		// Those that are the same on every Android device.
		switch m.gostr(a[0]) {
		case "line.separator":
			return m.goText("\n")
		case "file.separator":
			return m.goText("/")
		case "path.separator":
			return m.goText(":")
		}
		m.fail(errNotModelled)
		return slot{}
	}, "getProperty("+stringDesc+")")
	l.static(sys, func(m *Machine, a []slot) slot { return m.goText("\n") }, "lineSeparator()")
	l.static(localeDesc, func(m *Machine, a []slot) slot { return m.object(localeDesc, "US") }, "getDefault()")

	const objects = "Ljava/util/Objects;"
	l.static(objects, func(m *Machine, a []slot) slot {
		if a[0].o == nil {
			m.fail(m.null())
		}
		return a[0]
	}, "requireNonNull("+objDesc+")", "requireNonNull("+objDesc+stringDesc+")")
	l.static(objects, func(m *Machine, a []slot) slot { return truth(m.equal(a[0].o, a[1].o)) }, "equals("+objDesc+objDesc+")")
	l.static(objects, func(m *Machine, a []slot) slot { return truth(a[0].o == nil) }, "isNull("+objDesc+")")
	l.static(objects, func(m *Machine, a []slot) slot { return truth(a[0].o != nil) }, "nonNull("+objDesc+")")
	l.static(objects, func(m *Machine, a []slot) slot { return m.text(m.shown(a[0], objDesc)) }, "toString("+objDesc+")")

	// What Kotlin's compiler puts in.
	const k = "Lkotlin/jvm/internal/Intrinsics;"
	l.static(k, nothing, "checkNotNullParameter("+objDesc+stringDesc+")", "checkParameterIsNotNull("+objDesc+stringDesc+")",
		"checkNotNullExpressionValue("+objDesc+stringDesc+")", "checkExpressionValueIsNotNull("+objDesc+stringDesc+")", "checkNotNull("+objDesc+")",
		"checkNotNull("+objDesc+stringDesc+")", "reifiedOperationMarker(I"+stringDesc+")")
	l.static(k, func(m *Machine, a []slot) slot { return truth(m.equal(a[0].o, a[1].o)) }, "areEqual("+objDesc+objDesc+")")
	l.static(k, func(m *Machine, a []slot) slot {
		return m.text(slices.Concat(m.shown(a[0], objDesc), m.shown(a[1], objDesc)))
	}, "stringPlus("+stringDesc+objDesc+")")
}

func copyPart[T any](s []T, dst slot, from, to, n int64) bool {
	d, ok := dst.o.data.([]T)
	if ok {
		copy(d[to:to+n], s[from:from+n])
	}
	return ok
}

func (m *Machine) traceArray(list []traced) slot {
	o, err := m.newArray(m.class("[Ljava/lang/StackTraceElement;"), int64(len(list)))
	m.must(err)
	for i, t := range list {
		o.data.([]*object)[i] = m.object("Ljava/lang/StackTraceElement;", t).o
	}
	return slot{o: o}
}

// equal is Objects.equals for objects that the table knows.
func (m *Machine) equal(a, b *object) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	if x := a.class.findMethod(member{"equals", "(Ljava/lang/Object;)Z"}); x != nil {
		r, err := m.invokeFound(x, []slot{{o: a}, {o: b}})
		m.must(err)
		return r.n != 0
	}
	if f := m.nativeOf(a.class, "equals", "("+objDesc+")Z"); f != nil {
		return f.fn(m, []slot{{o: a}, {o: b}}).n != 0
	}
	return false
}

// frameworkField reads a static field of the framework.
func (m *Machine) frameworkField(r *fieldRef) (s slot, ok bool) {
	key := r.class + "->" + r.name
	if o := m.constants[key]; o != nil {
		return slot{o: o}, true
	}
	if r.name == "TYPE" {
		for prim, d := range boxes {
			if d == r.class {
				return slot{o: m.mirror(m.class(prim))}, true
			}
		}
	}
	make := func(desc string, data any) (slot, bool) {
		c := m.class(desc)
		if c == nil {
			return slot{}, false
		}
		o := &object{class: c, data: data}
		m.constants[key] = o
		return slot{o: o}, true
	}
	switch r.class {
	case boxes["Z"]:
		switch r.name {
		case "TRUE":
			return make(r.class, &box{"Z", 1})
		case "FALSE":
			return make(r.class, &box{"Z", 0})
		}
	case "Ljava/nio/charset/StandardCharsets;", "Lkotlin/text/Charsets;":
		if cs, known := charsets[strings.ReplaceAll(r.name, "_", "-")]; known {
			return make(charsetDesc, cs)
		}
	case localeDesc:
		switch r.name {
		case "US", "ENGLISH", "ROOT", "UK", "CHINA", "CHINESE", "ENGLAND", "GERMANY", "FRANCE":
			return make(localeDesc, r.name)
		}
	case bigDesc:
		if n, known := map[string]int64{"ZERO": 0, "ONE": 1, "TEN": 10, "TWO": 2}[r.name]; known {
			return make(bigDesc, newBigInt(n))
		}
	case "Ljava/io/File;":
		switch r.name {
		case "separator":
			return slot{o: m.intern(utf16Of("/"))}, true
		case "pathSeparator":
			return slot{o: m.intern(utf16Of(":"))}, true
		case "separatorChar":
			return num('/'), true
		case "pathSeparatorChar":
			return num(':'), true
		}
	case "Landroid/os/Build$VERSION;":
		if r.name == "SDK_INT" {
			return num(m.differs(28, 34)), true
		}
	}
	return slot{}, false
}
