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
	of    []sifted // by unit
	home  map[string]classAt
}

// sifted is what is known of a unit.
type sifted struct {
	makes  []bool  // methods of its table that make or decode text
	bodies []int32 // by method, -1 if it has none here
	seen   []uint8 // by body: what was found
}

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
			if k := x.bodies[r.Index]; k >= 0 {
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

// elsewhere is mayMake of a method that a unit names and has no code of.
func (s *sieve) elsewhere(ui int, method uint32, depth int) bool {
	u := s.units[ui]
	class, name, proto := u.Method(method)
	if s.home == nil {
		n := 0
		for _, u := range s.units {
			n += u.NumClasses()
		}
		s.home = make(map[string]classAt, n)
		for i := len(s.units) - 1; i >= 0; i-- { // the first counts
			for c := s.units[i].NumClasses() - 1; c >= 0; c-- {
				typ, _, _ := s.units[i].Class(c)
				s.home[s.units[i].Type(typ)] = classAt{i, c}
			}
		}
	}
	at, ok := s.home[u.Type(class)]
	if !ok {
		return false // one of the framework
	}
	v := s.units[at.unit]
	for _, m := range fact.Methods(v, at.class) {
		_, n, p := v.Method(m.Method)
		if v.String(n) == u.String(name) && v.Proto(p) == u.Proto(proto) {
			return m.Body >= 0 && s.mayMake(at.unit, m.Body, depth)
		}
	}
	return u.String(name) != "<init>" // perhaps an inherited one
}
