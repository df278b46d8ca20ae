package profile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// Bounds of strings that count, in bytes. Shorter ones tell little, longer ones
// are data.
const (
	minString = 4
	maxString = 1024
)

// Hash is the 64-bit hash of a string: FNV-1a, stirred so that all its bits
// depend on all of the text. Indices hold its upper bits.
func Hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return stir(h)
}

// stir spreads the bits of x (the finaliser of SplitMix64).
func stir(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// tells reports whether a string can say whose code loads it.
func tells(s string) bool {
	if len(s) < minString || len(s) > maxString {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i] | 0x20; c >= 'a' && c <= 'z' || c >= 0x80 {
			return true
		}
	}
	return false
}

// framework reports whether a class keeps its name because the system has it.
// AndroidX, the support libraries and Kotlin are built into apps, so that they
// are renamed like everything else.
func framework(desc string) bool {
	if len(desc) < 6 || desc[0] != 'L' {
		return false
	}
	for _, p := range [...]string{"Landroid/", "Ljava/", "Ljavax/", "Lorg/json/", "Lorg/xml/", "Lorg/w3c/dom/", "Lorg/xmlpull/", "Lorg/apache/http/", "Ldalvik/", "Lcom/android/internal/"} {
		if strings.HasPrefix(desc, p) {
			for _, q := range [...]string{"Landroid/support/", "Landroid/arch/", "Ljavax/inject/", "Ljavax/annotation/"} {
				if strings.HasPrefix(desc, q) {
					return false
				}
			}
			return true
		}
	}
	return false
}

// byCompilers reports whether compilers put calls of this method in, or leave
// them out, as they please.
func byCompilers(class, name string) bool {
	switch class {
	case "Ljava/lang/StringBuilder;", "Ljava/lang/StringBuffer;", "Ljava/lang/Enum;", "Ljava/lang/AssertionError;", "Ljava/util/Objects;":
		return true
	case "Ljava/lang/Object;":
		return name == "<init>" || name == "getClass"
	case "Ljava/lang/Class;":
		return name == "desiredAssertionStatus"
	case "Ljava/lang/Throwable;":
		return name == "addSuppressed"
	case "Ljava/lang/String;":
		return name == "valueOf"
	case "Ljava/lang/Boolean;", "Ljava/lang/Byte;", "Ljava/lang/Short;", "Ljava/lang/Character;", "Ljava/lang/Integer;", "Ljava/lang/Long;", "Ljava/lang/Float;", "Ljava/lang/Double;":
		return name == "valueOf" || strings.HasSuffix(name, "Value")
	}
	return strings.HasPrefix(class, "Ljava/lang/invoke/")
}

// Access flags as in DEX.
const (
	accStatic    = 0x8
	accBridge    = 0x40 // of methods
	accInterface = 0x200
	accSynthetic = 0x1000
)

// Salts keep features of different kinds apart.
const (
	saltString = 0x9e3779b97f4a7c15
	saltField  = 0xc2b2ae3d27d4eb4f
	saltShape  = 0x165667b19e3779f9
	saltSingle = 0x27d4eb2f165667c5
)

// reader takes features from one unit. Hashes are kept by index. It is for one
// goroutine.
type reader struct {
	u      fact.Unit
	bodies []fact.Body
	refs   []fact.Ref

	strings hashes // of text
	calls   hashes // of framework methods
	fields  hashes
	protos  hashes // application types abstracted
	types   hashes // of framework classes; others have one
}

// hashes are computed when they are asked for. 0 says nothing, 1 is not known
// yet.
type hashes []uint64

func (h *hashes) at(i uint32, n int, of func(uint32) uint64) uint64 {
	if *h == nil {
		*h = make([]uint64, n)
		for i := range *h {
			(*h)[i] = 1
		}
	}
	if int64(i) >= int64(len(*h)) {
		return 0
	}
	if (*h)[i] == 1 {
		(*h)[i] = of(i) &^ 1 // so that no hash is 1
	}
	return (*h)[i]
}

func newReader(u fact.Unit) *reader { return &reader{u: u, bodies: u.Bodies(), refs: u.Refs()} }

func (r *reader) str(i uint32) uint64 {
	return r.strings.at(i, r.u.NumStrings(), func(i uint32) uint64 {
		if s := r.u.String(i); tells(s) {
			return Hash(s)
		}
		return 0
	})
}

// call hashes a method of the framework.
func (r *reader) call(i uint32) uint64 {
	return r.calls.at(i, r.u.NumMethods(), func(i uint32) uint64 {
		c, n, p := r.u.Method(i)
		class := r.u.Type(c)
		if !framework(class) {
			return 0
		}
		name := r.u.String(n)
		if byCompilers(class, name) {
			return 0
		}
		return stir(Hash(class)*3 ^ Hash(name)*5 ^ r.proto(p))
	})
}

func (r *reader) field(i uint32) uint64 {
	return r.fields.at(i, r.u.NumFields(), func(i uint32) uint64 {
		c, n, _ := r.u.Field(i)
		class := r.u.Type(c)
		if !framework(class) {
			return 0
		}
		return stir(Hash(class)*3 ^ Hash(r.u.String(n))*5 ^ saltField)
	})
}

func (r *reader) proto(i uint32) uint64 {
	return r.protos.at(i, r.u.NumProtos(), func(i uint32) uint64 { return abstract(r.u.Proto(i)) })
}

func (r *reader) typ(i uint32) uint64 {
	return r.types.at(i, r.u.NumTypes(), func(i uint32) uint64 { return abstract(r.u.Type(i)) })
}

// abstract hashes a descriptor or prototype with every type of the application
// as one and the same.
func abstract(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); {
		end := i + 1
		part := s[i:end]
		if s[i] == 'L' {
			if j := strings.IndexByte(s[i:], ';'); j >= 0 {
				end = i + j + 1
			}
			if part = s[i:end]; !framework(part) {
				part = "L;"
			}
		}
		for j := 0; j < len(part); j++ {
			h = (h ^ uint64(part[j])) * 1099511628211
		}
		i = end
	}
	return stir(h)
}

// class is what of one class definition renaming cannot touch.
type class struct {
	name    string   // descriptor, as found
	strings []uint64 // hashes, sorted, without doubles
	prints  []uint32 // fingerprints of methods and of the class, sorted, without doubles
	bare    []bare   // the same without strings, those that say most first
}

// bare is a fingerprint that encrypting strings does not change either, and how
// many things it is made of.
type bare struct {
	print uint32
	told  int
}

// generated reports whether build tools write classes by this name.
func generated(desc string) bool {
	name := desc[strings.LastIndexByte(desc, '/')+1:]
	outer, _, _ := strings.Cut(strings.TrimSuffix(name, ";"), "$")
	return outer == "R" || outer == "BuildConfig"
}

// refsOf returns the references of a body.
func (r *reader) refsOf(body int) []fact.Ref {
	b := r.bodies[body]
	if b.RefFirst > b.RefEnd || uint64(b.RefEnd) > uint64(len(r.refs)) {
		return nil
	}
	return r.refs[b.RefFirst:b.RefEnd]
}

// minTold is how many things a method does that its fingerprint needs, and
// minShape how many members a class has whose shape counts.
const (
	minTold  = 3
	minShape = 5
)

// class reads the class definition number i.
func (r *reader) class(i int) class {
	typ, super, flags := r.u.Class(i)
	c := class{name: r.u.Type(typ)}
	if generated(c.name) || flags&accSynthetic != 0 {
		return c
	}
	shape, members := uint64(saltShape), 0
	if super != fact.NoIndex {
		shape += stir(r.typ(super))
	}
	for _, t := range r.u.ClassInterfaces(i) {
		shape += stir(r.typ(t) ^ saltShape)
	}
	for f := range r.u.ClassFields(i) {
		if f.Flags&accSynthetic != 0 {
			continue
		}
		_, _, t := r.u.Field(f.Field)
		shape += stir(r.typ(t) ^ saltField ^ uint64(f.Flags&accStatic))
		members++
	}
	for m := range r.u.ClassMethods(i) {
		if m.Flags&(accSynthetic|accBridge) == 0 {
			_, _, p := r.u.Method(m.Method)
			shape += stir(r.proto(p) ^ uint64(m.Flags&accStatic))
			members++
		}
		if m.Body < 0 || m.Body >= len(r.bodies) {
			continue
		}
		p, told, b := r.method(m.Body, &c)
		if told >= minTold && m.Flags&accBridge == 0 {
			c.prints = append(c.prints, p)
		}
		if b.told >= minTold && m.Flags&accBridge == 0 {
			c.bare = append(c.bare, b)
		}
	}
	if members >= minShape {
		p := uint32(stir(shape) >> 32)
		c.prints = append(c.prints, p)
		c.bare = append(c.bare, bare{p, members})
	}
	slices.SortFunc(c.bare, func(a, b bare) int {
		return cmp.Or(-cmp.Compare(a.told, b.told), cmp.Compare(a.print, b.print))
	})
	c.bare = slices.Compact(c.bare)
	slices.Sort(c.prints)
	c.prints = slices.Compact(c.prints)
	slices.Sort(c.strings)
	c.strings = slices.Compact(c.strings)
	return c
}

// method returns the fingerprint of a method's code, which is the multiset of
// what it calls of the framework and of the strings that it loads, and how many
// they are. Order does not count: compilers and shrinkers move code about.
func (r *reader) method(body int, c *class) (fingerprint uint32, told int, without bare) {
	sum, rest := uint64(0), uint64(0)
	for _, ref := range r.refsOf(body) {
		h := uint64(0)
		switch {
		case ref.Kind == fact.RefString:
			if h = r.str(ref.Index); h != 0 {
				c.strings = append(c.strings, h)
				h ^= saltString
			}
		case ref.Kind == fact.RefFieldGet || ref.Kind == fact.RefFieldPut:
			h = r.field(ref.Index)
		case ref.Kind.IsCall() && ref.Kind != fact.RefCallDynamic:
			h = r.call(ref.Index)
		}
		if h != 0 {
			sum += stir(h)
			told++
			if ref.Kind != fact.RefString {
				rest += stir(h)
				without.told++
			}
		}
	}
	without.print = uint32(stir(rest) >> 32)
	return uint32(stir(sum) >> 32), told, without
}

// minPlain is how long a string is, in bytes, of which can be told whether
// somebody can read it.
const minPlain = 8

// scrambled reports whether a string looks as encrypted ones do: characters that
// nobody writes, letters out of many alphabets, Base64 or hexadecimal digits.
func scrambled(s string) bool {
	const (
		other = iota
		upper
		lower
		digit
	)
	odd, wide, blocks, turns, digits, hex, signs, n, last := 0, 0, 0, 0, 0, 0, 0, 0, other
	block := rune(-1)
	for _, r := range s {
		n++
		kind := other
		switch {
		case r < 0x20 && r != '\t' && r != '\n' && r != '\r', r == 0x7f, r == 0xfffd:
			odd++
		case r >= 0x80:
			wide++
			if b := r >> 8; b != block {
				block = b
				blocks++
			}
		case r >= 'A' && r <= 'Z':
			kind = upper
		case r >= 'a' && r <= 'z':
			kind = lower
		case r >= '0' && r <= '9':
			kind = digit
			digits++
		case r != '+' && r != '/' && r != '=':
			signs++
		}
		if r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'f' {
			hex++
		}
		if kind != last {
			turns++
			last = kind
		}
	}
	switch {
	case odd > 1 && 10*odd > n:
		return true
	case wide >= 6 && 3*blocks > wide:
		return true
	case odd+wide+signs > 0:
		return false
	case n < 16:
		return 2*turns >= n && (digits > 0 || s[len(s)-1] == '=')
	}
	return 3*turns > n || hex == n && digits > 0 && digits < n
}

// single is the fingerprint that a string gives the one class that holds it.
func single(h uint64) uint32 { return uint32(stir(h^saltSingle) >> 32) }
