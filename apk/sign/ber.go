package sign

import "github.com/telltale-apk/telltale/apk/binread"

// Identifier octets that are met here.
const (
	tagInteger  = 0x02
	tagOID      = 0x06
	tagSequence = 0x30
	tagSet      = 0x31
)

// value is one ASN.1 value in BER (X.690), of which DER is a part.
type value struct {
	tag   byte   // the identifier octet
	off   int64  // of the identifier, from the start of the file
	full  []byte // all of it
	body  []byte // its content, without an end-of-contents mark
	head  int    // octets before body
	depth int    // how much deeper its content may nest
}

// parseValue reads the value at the start of b, which stands at off, and
// returns what follows it.
func parseValue(b []byte, off int64, depth int) (value, []byte, error) {
	fail := func(kind binread.Kind, detail string) (value, []byte, error) {
		return value{}, nil, binread.Errorf(kind, sectionPKCS7, off, "%s", detail)
	}
	if len(b) < 2 {
		return fail(binread.Truncated, "a value's head")
	}
	v := value{tag: b[0], off: off, head: 2, depth: depth}
	if v.tag&0x1f == 0x1f {
		return fail(binread.Unsupported, "a tag of several octets")
	}
	n := int(b[1])
	switch {
	case n == 0x80:
		return parseIndefinite(v, b)
	case n > 0x80:
		k := n & 0x7f
		if k > 4 {
			return fail(binread.TooLarge, "a length of more than four octets")
		}
		if len(b) < 2+k {
			return fail(binread.Truncated, "a value's length")
		}
		n = 0
		for _, c := range b[2 : 2+k] {
			n = n<<8 | int(c)
		}
		v.head += k
	}
	if n > len(b)-v.head {
		return fail(binread.Truncated, "a value is longer than what holds it")
	}
	v.full = b[: v.head+n : v.head+n]
	v.body = v.full[v.head:]
	return v, b[v.head+n:], nil
}

// parseIndefinite reads a value whose content runs to an end-of-contents mark.
func parseIndefinite(v value, b []byte) (value, []byte, error) {
	if v.tag&0x20 == 0 {
		return value{}, nil, binread.Errorf(binread.Malformed, sectionPKCS7, v.off, "a primitive value without length")
	}
	if v.depth <= 0 {
		return value{}, nil, binread.Errorf(binread.TooLarge, sectionPKCS7, v.off, "nested deeper than %d", maxNesting)
	}
	rest := b[v.head:]
	for {
		at := len(b) - len(rest)
		if len(rest) < 2 {
			return value{}, nil, binread.Errorf(binread.Truncated, sectionPKCS7, v.off, "no end of contents")
		}
		if rest[0] == 0 && rest[1] == 0 {
			v.body = b[v.head:at:at]
			v.full = b[: at+2 : at+2]
			return v, rest[2:], nil
		}
		var err error
		if _, rest, err = parseValue(rest, v.off+int64(at), v.depth-1); err != nil {
			return value{}, nil, err
		}
	}
}

// children reads the values that v holds. Beside an error it returns those
// before the damage.
func (v value) children() ([]value, error) {
	if v.tag&0x20 == 0 {
		return nil, binread.Errorf(binread.Malformed, sectionPKCS7, v.off, "a primitive value where others should be inside")
	}
	if v.depth <= 0 {
		return nil, binread.Errorf(binread.TooLarge, sectionPKCS7, v.off, "nested deeper than %d", maxNesting)
	}
	var out []value
	for rest := v.body; len(rest) > 0; {
		c, r, err := parseValue(rest, v.off+int64(v.head+len(v.body)-len(rest)), v.depth-1)
		if err != nil {
			return out, err
		}
		if len(out) == maxChildren {
			return out, binread.Errorf(binread.TooLarge, sectionPKCS7, v.off, "more than %d values in one", maxChildren)
		}
		out = append(out, c)
		rest = r
	}
	return out, nil
}
