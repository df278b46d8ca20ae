package emu

import (
	"math"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// box is the data of an Integer and its kin.
type box struct {
	prim string
	n    int64
}

// boxes are the classes, with what they hold.
var boxes = map[string]string{
	"Z": "Ljava/lang/Boolean;", "B": "Ljava/lang/Byte;", "C": "Ljava/lang/Character;", "S": "Ljava/lang/Short;",
	"I": "Ljava/lang/Integer;", "J": "Ljava/lang/Long;", "F": "Ljava/lang/Float;", "D": "Ljava/lang/Double;",
}

// boxed makes an object of a number. Small ones are the same object each time.
func (m *Machine) boxed(prim string, n int64) slot {
	small := prim == "Z" || prim != "F" && prim != "D" && n >= -128 && n <= 127
	k := prim + itoa(n)
	if small {
		if o := m.smallBoxes[k]; o != nil {
			return slot{o: o}
		}
	}
	s := m.object(boxes[prim], &box{prim, n})
	if small {
		s.o.born = 0
		m.smallBoxes[k] = s.o
	}
	return s
}

// parse is parseInt and parseLong.
func (m *Machine) parse(s slot, base int64, size int) int64 {
	bad := func() { m.fail(m.throw("Ljava/lang/NumberFormatException;", "")) }
	if s.o == nil {
		bad()
	}
	t := m.gostr(s)
	if base < 2 || base > 36 || t == "" || strings.HasPrefix(t, "+-") || strings.Contains(t, "_") {
		bad()
	}
	n, err := strconv.ParseInt(t, int(base), size)
	if err != nil {
		bad()
	}
	return n
}

func (l library) numbers() {
	for prim, d := range boxes {
		l.static(d, func(m *Machine, a []slot) slot { return m.boxed(prim, a[0].n) }, "valueOf("+prim+")")
		l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &box{prim, a[1].n}) }, "<init>("+prim+")")
		l.on(d, func(m *Machine, a []slot) slot {
			b := data[*box](m, a[0])
			return m.text(m.shown(num(b.n), b.prim))
		}, "toString()")
		l.static(d, func(m *Machine, a []slot) slot { return m.text(m.shown(a[0], prim)) }, "toString("+prim+")")
		l.on(d, func(m *Machine, a []slot) slot {
			b := data[*box](m, a[0])
			if a[1].o == nil {
				return num(0)
			}
			o, ok := a[1].o.data.(*box)
			return truth(ok && *o == *b)
		}, "equals("+objDesc+")")
		hash := func(n int64) int64 {
			switch prim {
			case "Z":
				if n != 0 {
					return 1231
				}
				return 1237
			case "J", "D":
				return int64(int32(n ^ int64(uint64(n)>>32)))
			}
			return n
		}
		l.on(d, func(m *Machine, a []slot) slot { return num(hash(data[*box](m, a[0]).n)) }, "hashCode()")
		l.static(d, func(m *Machine, a []slot) slot { return num(hash(a[0].n)) }, "hashCode("+prim+")")
		if strings.Contains("BCSIJ", prim) {
			l.on(d, func(m *Machine, a []slot) slot {
				x, y := data[*box](m, a[0]).n, data[*box](m, a[1]).n
				if prim != "I" && prim != "J" {
					return num(x - y)
				}
				return num(compare(x, y))
			}, "compareTo("+d+")")
			l.static(d, func(m *Machine, a []slot) slot {
				if prim != "I" && prim != "J" {
					return num(a[0].n - a[1].n)
				}
				return num(compare(a[0].n, a[1].n))
			}, "compare("+prim+prim+")")
		}
		for _, d := range []string{d, "Ljava/lang/Number;"} {
			for _, to := range []struct{ name, prim string }{
				{"byteValue", "B"},
				{"shortValue", "S"},
				{"intValue", "I"},
				{"longValue", "J"},
				{"floatValue", "F"},
				{"doubleValue", "D"},
			} {
				l.on(d, func(m *Machine, a []slot) slot {
					if b, ok := a[0].o.data.(*bigInt); ok {
						if to.prim == "F" || to.prim == "D" {
							m.fail(errNotModelled)
						}
						return convert("J", to.prim, b.low())
					}
					b := data[*box](m, a[0])
					return convert(b.prim, to.prim, b.n)
				}, to.name+"()")
			}
		}
	}
	self := func(m *Machine, a []slot) slot { return num(data[*box](m, a[0]).n) }
	l.on(boxes["C"], self, "charValue()")
	l.on(boxes["Z"], self, "booleanValue()")

	for _, k := range []struct {
		prim string
		size int
		name string
	}{{"I", 32, "parseInt"}, {"J", 64, "parseLong"}, {"S", 16, "parseShort"}, {"B", 8, "parseByte"}} {
		d := boxes[k.prim]
		l.static(d, func(m *Machine, a []slot) slot { return num(m.parse(a[0], 10, k.size)) }, k.name+"("+stringDesc+")")
		l.static(d, func(m *Machine, a []slot) slot { return num(m.parse(a[0], a[1].n, k.size)) }, k.name+"("+stringDesc+"I)")
		l.static(d, func(m *Machine, a []slot) slot { return m.boxed(k.prim, m.parse(a[0], 10, k.size)) }, "valueOf("+stringDesc+")")
		l.static(d, func(m *Machine, a []slot) slot { return m.boxed(k.prim, m.parse(a[0], a[1].n, k.size)) }, "valueOf("+stringDesc+"I)")
		l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &box{k.prim, m.parse(a[1], 10, k.size)}) }, "<init>("+stringDesc+")")
		l.static(d, func(m *Machine, a []slot) slot {
			t := strings.ToLower(m.gostr(a[0]))
			sign, rest := "", t
			if strings.HasPrefix(t, "-") || strings.HasPrefix(t, "+") {
				sign, rest = t[:1], t[1:]
			}
			base := int64(10)
			switch {
			case strings.HasPrefix(rest, "0x"):
				base, rest = 16, rest[2:]
			case strings.HasPrefix(rest, "#"):
				base, rest = 16, rest[1:]
			case len(rest) > 1 && rest[0] == '0':
				base, rest = 8, rest[1:]
			}
			return m.boxed(k.prim, m.parse(m.goText(sign+rest), base, k.size))
		}, "decode("+stringDesc+")")
	}
	l.static(boxes["Z"], func(m *Machine, a []slot) slot {
		return truth(a[0].o != nil && strings.EqualFold(m.gostr(a[0]), "true"))
	}, "parseBoolean("+stringDesc+")")
	for prim, size := range map[string]int{"I": 32, "J": 64} {
		d := boxes[prim]
		unsigned := func(n int64) uint64 {
			if size == 32 {
				return uint64(uint32(n))
			}
			return uint64(n)
		}
		sign := func(u uint64) int64 {
			if size == 32 {
				return int64(int32(u))
			}
			return int64(u)
		}
		for name, base := range map[string]int{"toHexString": 16, "toOctalString": 8, "toBinaryString": 2} {
			l.static(d, func(m *Machine, a []slot) slot { return m.goText(strconv.FormatUint(unsigned(a[0].n), base)) }, name+"("+prim+")")
		}
		l.static(d, func(m *Machine, a []slot) slot {
			base := int(a[1].n)
			if base < 2 || base > 36 {
				base = 10
			}
			return m.goText(strconv.FormatInt(a[0].n, base))
		}, "toString("+prim+"I)")
		l.static(d, func(m *Machine, a []slot) slot { return num(int64(bits.OnesCount64(unsigned(a[0].n)))) }, "bitCount("+prim+")")
		l.static(d, func(m *Machine, a []slot) slot { return num(int64(bits.LeadingZeros64(unsigned(a[0].n)) - 64 + size)) }, "numberOfLeadingZeros("+prim+")")
		l.static(d, func(m *Machine, a []slot) slot {
			return num(int64(min(size, bits.TrailingZeros64(unsigned(a[0].n)))))
		}, "numberOfTrailingZeros("+prim+")")
		rotate := func(n int64, by int) int64 {
			if size == 32 {
				return sign(uint64(bits.RotateLeft32(uint32(n), by%32)))
			}
			return int64(bits.RotateLeft64(uint64(n), by%64))
		}
		l.static(d, func(m *Machine, a []slot) slot { return num(rotate(a[0].n, int(a[1].n))) }, "rotateLeft("+prim+"I)")
		l.static(d, func(m *Machine, a []slot) slot { return num(rotate(a[0].n, -int(a[1].n))) }, "rotateRight("+prim+"I)")
		l.static(d, func(m *Machine, a []slot) slot {
			return num(sign(bits.Reverse64(uint64(a[0].n)) >> (64 - size)))
		}, "reverse("+prim+")")
		l.static(d, func(m *Machine, a []slot) slot {
			return num(sign(bits.ReverseBytes64(uint64(a[0].n)) >> (64 - size)))
		}, "reverseBytes("+prim+")")
		l.static(d, func(m *Machine, a []slot) slot { return num(compare(a[0].n, 0)) }, "signum("+prim+")")
	}
	l.static(boxes["F"], first, "floatToRawIntBits(F)", "intBitsToFloat(I)")
	l.static(boxes["D"], first, "doubleToRawLongBits(D)", "longBitsToDouble(J)")
	// There is one NaN.
	l.static(boxes["F"], func(m *Machine, a []slot) slot {
		if f := f32(a[0]); f != f {
			return num(0x7fc00000)
		}
		return a[0]
	}, "floatToIntBits(F)")
	l.static(boxes["D"], func(m *Machine, a []slot) slot {
		if f := f64(a[0]); f != f {
			return num(0x7ff8000000000000)
		}
		return a[0]
	}, "doubleToLongBits(D)")
	l.static(boxes["F"], func(m *Machine, a []slot) slot { return truth(f32(a[0]) != f32(a[0])) }, "isNaN(F)")
	l.static(boxes["D"], func(m *Machine, a []slot) slot { return truth(f64(a[0]) != f64(a[0])) }, "isNaN(D)")

	l.characters()
	l.math()
	l.random()
	l.bigIntegers()
}

// convert is what conversions between numbers do.
func convert(from, to string, n int64) slot {
	switch from {
	case "F", "D":
		f := math.Float64frombits(uint64(n))
		if from == "F" {
			f = float64(math.Float32frombits(uint32(n)))
		}
		switch to {
		case "F":
			return num(floatBits(float32(f)))
		case "D":
			return num(doubleBits(f))
		case "J":
			return num(toLong(f))
		}
		n = toInt(f)
	}
	switch to {
	case "B":
		n = int64(int8(n))
	case "S":
		n = int64(int16(n))
	case "C":
		n = int64(uint16(n))
	case "I":
		n = int64(int32(n))
	case "F":
		n = floatBits(float32(n))
	case "D":
		n = doubleBits(float64(n))
	}
	return num(n)
}

func (l library) characters() {
	d := boxes["C"]
	for name, is := range map[string]func(r rune) bool{
		"isDigit": unicode.IsDigit, "isLetter": unicode.IsLetter, "isUpperCase": unicode.IsUpper, "isLowerCase": unicode.IsLower,
		"isLetterOrDigit": func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) },
		"isSpaceChar":     func(r rune) bool { return unicode.Is(unicode.Z, r) },
		"isWhitespace": func(r rune) bool {
			return r >= 9 && r <= 13 || r >= 28 && r <= 31 || unicode.Is(unicode.Z, r) && r != 0xa0 && r != 0x2007 && r != 0x202f
		},
	} {
		l.static(d, func(m *Machine, a []slot) slot { return truth(is(rune(a[0].n))) }, name+"(C)", name+"(I)")
	}
	l.static(d, func(m *Machine, a []slot) slot { return num(int64(unicode.ToUpper(rune(a[0].n)))) }, "toUpperCase(C)", "toUpperCase(I)")
	l.static(d, func(m *Machine, a []slot) slot { return num(int64(unicode.ToLower(rune(a[0].n)))) }, "toLowerCase(C)", "toLowerCase(I)")
	digit := func(c, base int64) int64 {
		v := int64(-1)
		switch {
		case c >= '0' && c <= '9':
			v = c - '0'
		case c >= 'a' && c <= 'z':
			v = c - 'a' + 10
		case c >= 'A' && c <= 'Z':
			v = c - 'A' + 10
		}
		if v >= base {
			return -1
		}
		return v
	}
	ascii := func(fn func(m *Machine, a []slot) slot) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			if uint64(a[0].n) > 0x7f {
				m.fail(errNotModelled)
			}
			return fn(m, a)
		}
	}
	l.static(d, ascii(func(m *Machine, a []slot) slot { return num(digit(a[0].n, a[1].n)) }), "digit(CI)", "digit(II)")
	l.static(d, ascii(func(m *Machine, a []slot) slot { return num(digit(a[0].n, 36)) }), "getNumericValue(C)", "getNumericValue(I)")
	l.static(d, func(m *Machine, a []slot) slot {
		n, base := a[0].n, a[1].n
		if base < 2 || base > 36 || n < 0 || n >= base {
			return num(0)
		}
		return num(int64("0123456789abcdefghijklmnopqrstuvwxyz"[n]))
	}, "forDigit(II)")
	l.static(d, func(m *Machine, a []slot) slot { return m.charArray(point(a[0].n)) }, "toChars(I)")
	l.static(d, func(m *Machine, a []slot) slot {
		if a[0].n > 0xffff {
			return num(2)
		}
		return num(1)
	}, "charCount(I)")
}

func (l library) math() {
	const d = "Ljava/lang/Math;"
	pick := func(prim string, less bool) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			switch prim {
			case "F":
				if less {
					return num(floatBits(float32(math.Min(float64(f32(a[0])), float64(f32(a[1]))))))
				}
				return num(floatBits(float32(math.Max(float64(f32(a[0])), float64(f32(a[1]))))))
			case "D":
				if less {
					return num(doubleBits(math.Min(f64(a[0]), f64(a[1]))))
				}
				return num(doubleBits(math.Max(f64(a[0]), f64(a[1]))))
			}
			if less {
				return num(min(a[0].n, a[1].n))
			}
			return num(max(a[0].n, a[1].n))
		}
	}
	for _, p := range []string{"I", "J", "F", "D"} {
		l.static(d, pick(p, true), "min("+p+p+")")
		l.static(d, pick(p, false), "max("+p+p+")")
		l.static(d, func(m *Machine, a []slot) slot {
			switch p {
			case "F":
				return num(floatBits(float32(math.Abs(float64(f32(a[0]))))))
			case "D":
				return num(doubleBits(math.Abs(f64(a[0]))))
			case "I":
				return num(int64(int32(max(a[0].n, -a[0].n))))
			}
			return num(max(a[0].n, -a[0].n))
		}, "abs("+p+")")
	}
	one := func(fn func(float64) float64) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot { return num(doubleBits(fn(f64(a[0])))) }
	}
	l.static(d, one(math.Floor), "floor(D)")
	l.static(d, one(math.Ceil), "ceil(D)")
	l.static(d, one(math.Sqrt), "sqrt(D)")
	l.static(d, one(math.RoundToEven), "rint(D)")
	l.static(d, func(m *Machine, a []slot) slot { return num(toInt(math.Floor(float64(f32(a[0])) + 0.5))) }, "round(F)")
	l.static(d, func(m *Machine, a []slot) slot {
		f := f64(a[0])
		r := math.Floor(f)
		if f-r >= 0.5 {
			r++
		}
		return num(toLong(r))
	}, "round(D)")
	l.static(d, func(m *Machine, a []slot) slot {
		x, y := f64(a[0]), f64(a[1])
		// Exact for what code like this asks for; elsewhere libraries differ in
		// the last bit.
		if x != math.Trunc(x) || y != math.Trunc(y) || y < 0 || math.Abs(math.Pow(x, y)) > 1<<53 {
			m.fail(errNotModelled)
		}
		return num(doubleBits(math.Pow(x, y)))
	}, "pow(DD)")
	l.static(d, func(m *Machine, a []slot) slot {
		if a[1].n == 0 {
			m.fail(m.throw("Ljava/lang/ArithmeticException;", "/ by zero"))
		}
		return num(floorMod(a[0].n, a[1].n))
	}, "floorMod(II)", "floorMod(JJ)")
}

func floorMod(a, b int64) int64 {
	if b == -1 {
		return 0
	}
	r := a % b
	if r != 0 && r^b < 0 {
		r += b
	}
	return r
}

// random is the data of a Random: the generator that its documentation defines.
type random struct{ seed int64 }

func (r *random) copied() (any, int64) { return &random{r.seed}, 16 }

const randomMask = 1<<48 - 1

func scramble(seed int64) int64 { return (seed ^ 0x5deece66d) & randomMask }

func (r *random) next(bits int) int32 {
	r.seed = (r.seed*0x5deece66d + 0xb) & randomMask
	return int32(r.seed >> (48 - bits))
}

func (l library) random() {
	const d = "Ljava/util/Random;"
	l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &random{scramble(a[1].n)}) }, "<init>(J)")
	for _, d := range []string{d, "Ljava/security/SecureRandom;"} {
		l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &random{scramble(m.differs(17, 4711))}) }, "<init>()")
	}
	on := func(name string, fn func(m *Machine, r *random, a []slot) slot) {
		l.on(d, func(m *Machine, a []slot) slot {
			m.changed(a[0])
			return fn(m, data[*random](m, a[0]), a)
		}, name)
	}
	on("setSeed(J)", func(m *Machine, r *random, a []slot) slot { r.seed = scramble(a[1].n); return slot{} })
	on("nextInt()", func(m *Machine, r *random, a []slot) slot { return num(int64(r.next(32))) })
	on("nextInt(I)", func(m *Machine, r *random, a []slot) slot {
		n := int32(a[1].n)
		if n <= 0 {
			m.fail(m.throw("Ljava/lang/IllegalArgumentException;", ""))
		}
		if n&-n == n {
			return num(int64(n) * int64(r.next(31)) >> 31)
		}
		for {
			b := r.next(31)
			v := b % n
			if b-v+(n-1) >= 0 {
				return num(int64(v))
			}
			m.worked(1)
		}
	})
	long := func(r *random) int64 { return int64(r.next(32))<<32 + int64(r.next(32)) }
	on("nextLong()", func(m *Machine, r *random, a []slot) slot { return num(long(r)) })
	on("nextBoolean()", func(m *Machine, r *random, a []slot) slot { return num(int64(r.next(1)) & 1) })
	on("nextFloat()", func(m *Machine, r *random, a []slot) slot {
		return num(floatBits(float32(r.next(24)) / float32(1<<24)))
	})
	on("nextDouble()", func(m *Machine, r *random, a []slot) slot {
		hi := int64(r.next(26)) << 27
		return num(doubleBits(float64(hi+int64(r.next(27))) * (1.0 / (1 << 53))))
	})
	on("nextBytes([B)", func(m *Machine, r *random, a []slot) slot {
		m.changed(a[1])
		b := m.bytes(a[1])
		m.worked(len(b))
		for i := 0; i < len(b); {
			for v, n := r.next(32), min(len(b)-i, 4); n > 0; n-- {
				b[i] = int8(v)
				v >>= 8
				i++
			}
		}
		return slot{}
	})
}

// bigInt is the data of a BigInteger.
type bigInt struct{ *big.Int }

func newBigInt(n int64) *bigInt { return &bigInt{big.NewInt(n)} }

// low is the number cut to 64 bits.
func (b *bigInt) low() int64 {
	m := new(big.Int).And(b.Int, new(big.Int).SetUint64(math.MaxUint64))
	return int64(m.Uint64())
}

const bigDesc = "Ljava/math/BigInteger;"

// maxBits bounds what BigIntegers hold.
const maxBits = 1 << 16

func (m *Machine) big(s slot) *big.Int { return data[*bigInt](m, s).Int }

func (m *Machine) newBig(n *big.Int) slot {
	if n.BitLen() > maxBits {
		m.fail(stop(ReasonMemory, ""))
	}
	m.worked(n.BitLen() / 8)
	return m.object(bigDesc, &bigInt{n})
}

// fromTwos reads a number in two's complement, the most significant byte first.
func fromTwos(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

func toTwos(n *big.Int) []byte {
	size := n.BitLen()/8 + 1
	if n.Sign() < 0 {
		size = new(big.Int).Not(n).BitLen()/8 + 1
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	return n.FillBytes(make([]byte, size))
}

func (l library) bigIntegers() {
	const d = bigDesc
	parse := func(m *Machine, s slot, base int64) *bigInt {
		t := m.gostr(s)
		m.worked(len(t) * (1 + len(t)/16))
		n, ok := new(big.Int), false
		if base >= 2 && base <= 36 && !strings.Contains(t, "_") && len(t) < 1<<14 {
			n, ok = n.SetString(t, int(base))
		}
		if !ok {
			m.fail(m.throw("Ljava/lang/NumberFormatException;", ""))
		}
		return &bigInt{n}
	}
	l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], parse(m, a[1], 10)) }, "<init>("+stringDesc+")")
	l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], parse(m, a[1], a[2].n)) }, "<init>("+stringDesc+"I)")
	l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &bigInt{fromTwos(m.raw(a[1]))}) }, "<init>([B)")
	l.on(d, func(m *Machine, a []slot) slot {
		n := new(big.Int).SetBytes(m.raw(a[2]))
		if a[1].n < 0 {
			n.Neg(n)
		}
		return m.fillIn(a[0], &bigInt{n})
	}, "<init>(I[B)")
	l.static(d, func(m *Machine, a []slot) slot { return m.newBig(big.NewInt(a[0].n)) }, "valueOf(J)")
	two := func(fn func(z, x, y *big.Int) *big.Int, names ...string) {
		for _, n := range names {
			l.on(d, func(m *Machine, a []slot) slot {
				x, y := m.big(a[0]), m.big(a[1])
				m.worked(10 + (x.BitLen()+1)*(y.BitLen()+1)/4096)
				if y.Sign() == 0 && (n == "divide" || n == "remainder" || n == "mod") || (n == "mod" || n == "modInverse") && y.Sign() <= 0 {
					m.fail(m.throw("Ljava/lang/ArithmeticException;", ""))
				}
				r := fn(new(big.Int), x, y)
				if r == nil {
					m.fail(m.throw("Ljava/lang/ArithmeticException;", ""))
				}
				return m.newBig(r)
			}, n+"("+d+")")
		}
	}
	two((*big.Int).Add, "add")
	two((*big.Int).Sub, "subtract")
	two((*big.Int).Mul, "multiply")
	two((*big.Int).Quo, "divide")
	two((*big.Int).Rem, "remainder")
	two((*big.Int).Mod, "mod")
	two((*big.Int).And, "and")
	two((*big.Int).Or, "or")
	two((*big.Int).Xor, "xor")
	two((*big.Int).ModInverse, "modInverse")
	two(func(z, x, y *big.Int) *big.Int { return z.GCD(nil, nil, new(big.Int).Abs(x), new(big.Int).Abs(y)) }, "gcd")
	one := func(name string, fn func(z, x *big.Int) *big.Int) {
		l.on(d, func(m *Machine, a []slot) slot { return m.newBig(fn(new(big.Int), m.big(a[0]))) }, name)
	}
	one("negate()", (*big.Int).Neg)
	one("abs()", (*big.Int).Abs)
	one("not()", (*big.Int).Not)
	shift := func(m *Machine, n *big.Int, by int64) slot {
		switch {
		case by > maxBits:
			m.fail(stop(ReasonMemory, ""))
		case by >= 0:
			return m.newBig(new(big.Int).Lsh(n, uint(by)))
		}
		return m.newBig(new(big.Int).Rsh(n, uint(-by)))
	}
	l.on(d, func(m *Machine, a []slot) slot { return shift(m, m.big(a[0]), a[1].n) }, "shiftLeft(I)")
	l.on(d, func(m *Machine, a []slot) slot { return shift(m, m.big(a[0]), -a[1].n) }, "shiftRight(I)")
	l.on(d, func(m *Machine, a []slot) slot {
		x := m.big(a[0])
		if a[1].n < 0 {
			m.fail(m.throw("Ljava/lang/ArithmeticException;", ""))
		}
		if int64(x.BitLen())*a[1].n > maxBits {
			m.fail(stop(ReasonMemory, ""))
		}
		m.worked(x.BitLen() * int(a[1].n))
		return m.newBig(new(big.Int).Exp(x, big.NewInt(a[1].n), nil))
	}, "pow(I)")
	l.on(d, func(m *Machine, a []slot) slot {
		x, y, n := m.big(a[0]), m.big(a[1]), m.big(a[2])
		if n.Sign() <= 0 {
			m.fail(m.throw("Ljava/lang/ArithmeticException;", ""))
		}
		k := n.BitLen()/64 + 1
		m.worked(100 + (y.BitLen()+x.BitLen()/64+1)*k*k/4)
		r := new(big.Int).Exp(x, y, n)
		if r == nil {
			m.fail(m.throw("Ljava/lang/ArithmeticException;", ""))
		}
		return m.newBig(r.Mod(r, n))
	}, "modPow("+d+d+")")
	l.on(d, func(m *Machine, a []slot) slot { return m.byteArray(toTwos(m.big(a[0]))) }, "toByteArray()")
	show := func(m *Machine, n *big.Int, base int64) slot {
		if base < 2 || base > 36 {
			base = 10
		}
		m.worked(n.BitLen() * (1 + n.BitLen()/1024))
		return m.goText(n.Text(int(base)))
	}
	l.on(d, func(m *Machine, a []slot) slot { return show(m, m.big(a[0]), 10) }, "toString()")
	l.on(d, func(m *Machine, a []slot) slot { return show(m, m.big(a[0]), a[1].n) }, "toString(I)")
	l.on(d, func(m *Machine, a []slot) slot { return num(data[*bigInt](m, a[0]).low()) }, "longValue()")
	l.on(d, func(m *Machine, a []slot) slot { return num(int64(int32(data[*bigInt](m, a[0]).low()))) }, "intValue()")
	l.on(d, func(m *Machine, a []slot) slot { return num(int64(m.big(a[0]).Sign())) }, "signum()")
	l.on(d, func(m *Machine, a []slot) slot {
		n := m.big(a[0])
		if n.Sign() < 0 {
			n = new(big.Int).Not(n)
		}
		return num(int64(n.BitLen()))
	}, "bitLength()")
	l.on(d, func(m *Machine, a []slot) slot { return num(int64(m.big(a[0]).Cmp(m.big(a[1])))) }, "compareTo("+d+")")
	l.on(d, func(m *Machine, a []slot) slot {
		x := m.big(a[0])
		if a[1].o == nil {
			return num(0)
		}
		y, ok := a[1].o.data.(*bigInt)
		return truth(ok && x.Cmp(y.Int) == 0)
	}, "equals("+objDesc+")")
	l.on(d, func(m *Machine, a []slot) slot {
		if a[1].n < 0 || a[1].n > maxBits {
			m.fail(errNotModelled)
		}
		return num(int64(m.big(a[0]).Bit(int(a[1].n))))
	}, "testBit(I)")
}

// sorted sorts a part of an array of numbers.
func sorted[T int8 | uint16 | int16 | int32 | int64](d []T) { slices.Sort(d) }
