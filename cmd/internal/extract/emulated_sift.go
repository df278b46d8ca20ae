package extract

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// sieve tells from references alone which methods cannot hide strings, so that
// only few need to be looked at instruction by instruction (emu.Machine.Hides):
// those that call nothing that makes or decodes text, nor does what they call as
// far as Hides follows it. It is on the generous side.
type sieve struct {
	units []runnable
	of    []sifted                     // by unit
	home  map[string]classAt           // by descriptor; nil until asked
	twice bool                         // classes are defined more than once
	named map[classAt]map[member]int32 // bodies of a class, by the names of its methods
}

// sifted is what is known of a unit.
type sifted struct {
	makes  []bool            // methods of its table that make or decode text
	bodies []int32           // by method, -1 if it has none here
	seen   []uint8           // by body: what was found
	away   map[uint32]bodyAt // of methods whose code is not here: where it is
}

// bodyAt is where a method has its code; body is -1 if it has none, and
// inherited if its class has no such method.
type bodyAt struct{ unit, body int32 }

const inherited = -2

// member is what a method is called in its class.
type member struct{ name, proto string }

// classAt is where a class is defined.
type classAt struct{ unit, class int }

// siftDepth is how deep Hides looks into calls.
const siftDepth = 2

func newSieve(units []runnable) *sieve {
	return &sieve{units: units, of: make([]sifted, len(units))}
}

// unit returns what is known of unit ui.
func (s *sieve) unit(ui int) *sifted {
	x := &s.of[ui]
	if x.makes != nil {
		return x
	}
	u := s.units[ui]
	x.makes = make([]bool, u.NumMethods())
	x.bodies = make([]int32, u.NumMethods())
	for i := range x.bodies {
		x.bodies[i] = -1
	}
	bodies := u.Bodies()
	for i, b := range bodies {
		if int64(b.Method) < int64(len(x.bodies)) && x.bodies[b.Method] < 0 {
			x.bodies[b.Method] = int32(i)
		}
	}
	x.seen = make([]uint8, len(bodies))
	kinds := map[uint32]byte{}
	for i := range u.NumTypes() {
		switch u.Type(uint32(i)) {
		case "Ljava/lang/String;":
			kinds[uint32(i)] = 's'
		case "Ljava/lang/StringBuilder;", "Ljava/lang/StringBuffer;":
			kinds[uint32(i)] = 'b'
		case "Landroid/util/Base64;", "Ljava/util/Base64$Decoder;":
			kinds[uint32(i)] = '6'
		case "Ljavax/crypto/Cipher;":
			kinds[uint32(i)] = 'c'
		case "Ljava/util/zip/GZIPInputStream;", "Ljava/util/zip/InflaterInputStream;", "Ljava/util/zip/Inflater;":
			kinds[uint32(i)] = 'z'
		}
	}
	last, kind := fact.NoIndex, byte(0)
	for i := range x.makes {
		class, name, proto := u.Method(uint32(i))
		if class != last {
			last, kind = class, kinds[class]
		}
		switch kind {
		case 0:
		case 's':
			n, p := u.String(name), u.Proto(proto)
			x.makes[i] = n == "<init>" && (strings.HasPrefix(p, "([B") || strings.HasPrefix(p, "([C")) || n == "valueOf" && strings.HasPrefix(p, "([C")
		case 'b':
			n := u.String(name)
			x.makes[i] = n == "append" && strings.HasPrefix(u.Proto(proto), "(C)") || n == "setCharAt" || n == "appendCodePoint"
		case '6':
			x.makes[i] = u.String(name) == "decode"
		case 'c':
			x.makes[i] = u.String(name) == "doFinal"
		case 'z':
			x.makes[i] = true
		}
	}
	return x
}

// mayMake reports whether a body, or what it calls, may make or decode text.
func (s *sieve) mayMake(ui, body, depth int) bool {
	x := s.unit(ui)
	if body < 0 || body >= len(x.seen) {
		return true
	}
	const known = 4 // the bit that tells of a depth is that of the answer shifted by so much
	if x.seen[body]&(1<<known<<depth) != 0 {
		return x.seen[body]&(1<<depth) != 0
	}
	x.seen[body] |= 1 << known << depth // of a recursion nothing new comes
	u := s.units[ui]
	b := u.Bodies()[body]
	refs := u.Refs()[b.RefFirst:b.RefEnd]
	yes := false
	for _, r := range refs {
		if yes = r.Kind.IsCall() && int64(r.Index) < int64(len(x.makes)) && x.makes[r.Index]; yes {
			break
		}
	}
	if !yes && depth < siftDepth {
		for _, r := range refs {
			if r.Kind != fact.RefCallStatic && r.Kind != fact.RefCallDirect && r.Kind != fact.RefCallSuper || int64(r.Index) >= int64(len(x.bodies)) {
				continue
			}
			if k := x.bodies[r.Index]; k >= 0 && !s.shadowed(ui, r.Index) {
				yes = s.mayMake(ui, int(k), depth+1)
			} else {
				yes = s.elsewhere(ui, r.Index, depth+1)
			}
			if yes {
				break
			}
		}
	}
	if yes {
		x.seen[body] |= 1 << depth
	}
	return yes
}

// elsewhere is mayMake of a method that a unit names, and whose code is not its own.
func (s *sieve) elsewhere(ui int, method uint32, depth int) bool {
	x := s.unit(ui)
	at, ok := x.away[method]
	if !ok {
		if x.away == nil {
			x.away = map[uint32]bodyAt{}
		}
		at = s.find(ui, method)
		x.away[method] = at
	}
	return at.body == inherited || at.body >= 0 && s.mayMake(int(at.unit), int(at.body), depth)
}

// shadowed reports whether Android takes the class of a method from another unit.
func (s *sieve) shadowed(ui int, method uint32) bool {
	if len(s.units) < 2 {
		return false
	}
	if s.classes(); !s.twice {
		return false
	}
	class, _, _ := s.units[ui].Method(method)
	at, ok := s.home[s.units[ui].Type(class)]
	return ok && at.unit != ui
}

// classes finds out where classes are defined: the first definition counts.
func (s *sieve) classes() {
	if s.home != nil {
		return
	}
	n := 0
	for _, u := range s.units {
		n += u.NumClasses()
	}
	s.home = make(map[string]classAt, n)
	for i := len(s.units) - 1; i >= 0; i-- {
		for c := s.units[i].NumClasses() - 1; c >= 0; c-- {
			typ, _, _ := s.units[i].Class(c)
			s.home[s.units[i].Type(typ)] = classAt{i, c}
		}
	}
	s.twice = len(s.home) < n
}

// find looks for the code of a method in the class that a unit names.
func (s *sieve) find(ui int, method uint32) bodyAt {
	u := s.units[ui]
	class, name, proto := u.Method(method)
	s.classes()
	at, ok := s.home[u.Type(class)]
	if !ok {
		return bodyAt{body: -1} // one of the framework
	}
	methods, ok := s.named[at]
	if !ok {
		v := s.units[at.unit]
		list := fact.Methods(v, at.class)
		methods = make(map[member]int32, len(list))
		for i := len(list) - 1; i >= 0; i-- { // the first counts
			_, n, p := v.Method(list[i].Method)
			methods[member{v.String(n), v.Proto(p)}] = int32(max(list[i].Body, -1))
		}
		if s.named == nil {
			s.named = map[classAt]map[member]int32{}
		}
		s.named[at] = methods
	}
	if body, ok := methods[member{u.String(name), u.Proto(proto)}]; ok {
		return bodyAt{int32(at.unit), body}
	}
	if u.String(name) != "<init>" {
		return bodyAt{body: inherited} // perhaps
	}
	return bodyAt{body: -1}
}
