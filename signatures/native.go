package signatures

import (
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// Native code names classes in two ways: functions that are bodies of native
// methods carry the class in their names, and classes that it looks up or
// registers methods of stand in its constant data, as "com/foo/Bar". Either is a
// reference, as one in DEX code is: where a packer hides the code of an app,
// hardly anything else is left.

// nativeClass notes that the library unit names a class, if a rule knows it.
func (m *matcher) nativeClass(body, unit string) {
	if _, ok := m.jni[body]; ok {
		return
	}
	known := false
	m.x.walkPackage(body, func(int32, bool) { known = true })
	if !known {
		return
	}
	if m.jni == nil {
		m.jni = map[string]string{}
	}
	m.jni[strings.Clone(body)] = unit
}

// nativeText looks at a string of a library's constant data.
func (m *matcher) nativeText(s, unit string) {
	if isClassPath(s) {
		m.nativeClass(s, unit)
	}
}

// isClassPath reports whether s is the name of a class in a package of at least
// two parts, as the Java Native Interface wants it.
func isClassPath(s string) bool {
	if len(s) < 6 || len(s) > 255 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	slashes := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '/':
			if s[i-1] == '/' || i == len(s)-1 {
				return false
			}
			slashes++
		case c != '_' && c != '$' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z'):
			return false
		}
	}
	return slashes >= 2
}

// nativeClasses adds what native code names to the classes that code names.
func (m *matcher) nativeClasses(stats map[int32]*nodeStat) {
	for i := range m.set.App.Libs {
		l := &m.set.App.Libs[i]
		for _, s := range l.Symbols {
			if class, _, ok := fact.JNIName(s); ok {
				m.nativeClass(descriptorBody(class), l.Unit)
			}
		}
	}
	bodies := make([]string, 0, len(m.jni))
	for body := range m.jni {
		bodies = append(bodies, body)
	}
	slices.Sort(bodies)
	for _, body := range bodies {
		deepest, exact := int32(-1), false
		m.x.walkPackage(body, func(n int32, e bool) { deepest, exact = n, e })
		st := stats[deepest]
		if st == nil {
			st = &nodeStat{}
			stats[deepest] = st
		}
		unit := m.jni[body]
		if st.referenced == 0 {
			st.firstReferenced = typeRef{unit, "L" + body + ";"}
		}
		st.referenced++
		if exact {
			if st.exactReferenced++; st.exactNamedIn == "" {
				st.exactNamedIn = unit
			}
		}
	}
}
