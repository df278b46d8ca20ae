package signatures

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/rule"
)

// The bundled rules are one file, made from db by go generate and embedded.
// It holds the index of all rules, ready for use, and each rule in a form that
// is decoded when it is asked for: a start costs no parsing.
//
// Layout, little-endian: magic, fingerprint of the rule structs (u64), digest
// of the set (32 bytes), eleven section lengths (u32), then the sections:
//
//	0 string offsets  u32 each, one more than there are strings
//	1 string bytes
//	2 entries         kind u8, status u8, 2 bytes 0, id u32, file u32 (strings), body end u32, digest
//	3 bodies
//	4 keys            of the index
//	5 nodes           keyOff, keyLen, hash, postFirst u32, postNum u16, space u8, inner u8, parent i32
//	6 postings        rule u32, item u16, use u8, flags u8
//	7 slots           u32
//	8 spaces          u32
//
// The file is part of the program and is trusted; only its version is checked.

//go:generate go run ./internal/bundle -o bundled.bin db

//go:embed bundled.bin
var bundled string

const (
	bundleMagic    = "TTRULES\x01"
	bundleSections = 9
	bundleHeader   = len(bundleMagic) + 8 + sha256.Size + 4*bundleSections

	entrySize   = 16 + sha256.Size
	nodeSize    = 24
	postingSize = 8
)

// fingerprint changes whenever the rule structs do, so that a bundle that was
// made from others is refused.
func fingerprint() uint64 {
	h := fnv.New64a()
	var walk func(t reflect.Type, depth int)
	walk = func(t reflect.Type, depth int) {
		fmt.Fprintf(h, "%s;", t.Kind())
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice:
			if depth < 8 {
				walk(t.Elem(), depth+1)
			}
		case reflect.Map:
			walk(t.Key(), depth+1)
			walk(t.Elem(), depth+1)
		case reflect.Struct:
			for _, f := range fieldsOf(t) {
				fmt.Fprintf(h, "%s:", f.name)
				if ft := t.FieldByIndex(f.index).Type; depth < 8 {
					walk(ft, depth+1)
				}
			}
		}
	}
	for _, k := range kindOrder {
		fmt.Fprintf(h, "%s=", k)
		walk(reflect.TypeOf(newRule(k)), 0)
	}
	fmt.Fprintf(h, "%d spaces, %v", numSpaces, rule.Statuses)
	return h.Sum64()
}

// stringTable interns the strings of rule bodies.
type stringTable struct {
	index map[string]uint32
	list  []string
}

func (t *stringTable) id(s string) uint32 {
	if t.index == nil {
		t.index = map[string]uint32{}
	}
	i, ok := t.index[s]
	if !ok {
		i = uint32(len(t.list))
		t.index[s] = i
		t.list = append(t.list, s)
	}
	return i
}

// EncodeBundle renders rules, which were loaded with Mode Bundled, as the file
// that is embedded. The same rules give the same bytes.
func EncodeBundle(r *Rules) ([]byte, error) {
	c, err := Compile(r)
	if err != nil {
		return nil, err
	}
	var strs stringTable
	var sections [bundleSections][]byte
	le := binary.LittleEndian
	for _, e := range r.entries {
		id, file := strs.id(e.id), strs.id(e.name)
		sections[3] = appendBody(sections[3], reflect.ValueOf(e.value()).Elem(), &strs)
		b := append(sections[2], byte(kindRank(e.kind)), byte(slices.Index(rule.Statuses, e.status)), 0, 0)
		b = le.AppendUint32(b, id)
		b = le.AppendUint32(b, file)
		b = le.AppendUint32(b, uint32(len(sections[3])))
		sections[2] = append(b, e.digest[:]...)
	}
	for _, s := range strs.list {
		sections[0] = le.AppendUint32(sections[0], uint32(len(sections[1])))
		sections[1] = append(sections[1], s...)
	}
	sections[0] = le.AppendUint32(sections[0], uint32(len(sections[1])))

	x := c.x
	sections[4] = []byte(x.keys)
	for i := range x.nodes {
		n := &x.nodes[i]
		b := le.AppendUint32(sections[5], n.keyOff)
		b = le.AppendUint32(b, n.hash)
		b = le.AppendUint32(b, n.postFirst)
		b = le.AppendUint32(b, uint32(n.parent))
		b = le.AppendUint16(b, n.postNum)
		b = le.AppendUint16(b, uint16(n.keyLen))
		inner := byte(0)
		if n.inner {
			inner = 1
		}
		sections[5] = append(b, byte(n.space), inner, 0, 0)
		if n.keyLen > 1<<16-1 {
			return nil, fmt.Errorf("a key of the index is longer than %d bytes", 1<<16-1)
		}
	}
	for _, p := range x.postings {
		b := le.AppendUint32(sections[6], p.rule)
		b = le.AppendUint16(b, p.item)
		sections[6] = append(b, byte(p.use), p.flags)
	}
	for _, s := range x.slots {
		sections[7] = le.AppendUint32(sections[7], s)
	}
	for _, s := range x.spaces {
		sections[8] = le.AppendUint32(sections[8], s)
	}

	out := []byte(bundleMagic)
	out = le.AppendUint64(out, fingerprint())
	digest, err := hex.DecodeString(strings.TrimPrefix(r.Digest(), "sha256:"))
	if err != nil {
		return nil, err
	}
	out = append(out, digest...)
	for _, s := range sections {
		out = le.AppendUint32(out, uint32(len(s)))
	}
	for _, s := range sections {
		out = append(out, s...)
	}
	return out, nil
}

func u32(s string, off int) uint32 {
	_ = s[off+3]
	return uint32(s[off]) | uint32(s[off+1])<<8 | uint32(s[off+2])<<16 | uint32(s[off+3])<<24
}

func u16(s string, off int) uint16 { return uint16(s[off]) | uint16(s[off+1])<<8 }

// errBundle is what a bundle that does not belong to this program gives.
var errBundle = errors.New("the bundled signatures do not belong to this build; run go generate ./signatures")

// DecodeBundle reads what [EncodeBundle] made. The rules keep a reference to b.
func DecodeBundle(b string) (*Rules, error) {
	if len(b) < bundleHeader || b[:len(bundleMagic)] != bundleMagic {
		return nil, errBundle
	}
	off := len(bundleMagic)
	if uint64(u32(b, off))|uint64(u32(b, off+4))<<32 != fingerprint() {
		return nil, errBundle
	}
	off += 8
	r := &Rules{digest: "sha256:" + hex.EncodeToString([]byte(b[off:off+sha256.Size]))}
	off += sha256.Size
	var sections [bundleSections]string
	rest := b[bundleHeader:]
	for i := range sections {
		n := u32(b, off+4*i)
		if uint64(n) > uint64(len(rest)) {
			return nil, errBundle
		}
		sections[i], rest = rest[:n], rest[n:]
	}

	strs := &bundleStrings{offsets: sections[0], bytes: sections[1]}
	num := len(sections[2]) / entrySize
	entries := make([]entry, num)
	r.entries = make([]*entry, num)
	start := uint32(0)
	for i := range entries {
		s := sections[2][i*entrySize : (i+1)*entrySize]
		e := &entries[i]
		e.kind, e.status = kindOrder[s[0]], rule.Statuses[s[1]]
		e.id, e.name = strs.get(u32(s, 4)), strs.get(u32(s, 8))
		end := u32(s, 12)
		e.body = lazyBody{bytes: sections[3][start:end], strs: strs}
		copy(e.digest[:], s[16:])
		start = end
		r.entries[i] = e
	}

	x := &index{keys: sections[4]}
	x.nodes = make([]node, len(sections[5])/nodeSize)
	for i := range x.nodes {
		s := sections[5][i*nodeSize : (i+1)*nodeSize]
		x.nodes[i] = node{
			keyOff: u32(s, 0), hash: u32(s, 4), postFirst: u32(s, 8), parent: int32(u32(s, 12)),
			postNum: u16(s, 16), keyLen: uint32(u16(s, 18)), space: space(s[20]), inner: s[21] != 0,
		}
	}
	x.postings = make([]posting, len(sections[6])/postingSize)
	for i := range x.postings {
		s := sections[6][i*postingSize : (i+1)*postingSize]
		x.postings[i] = posting{rule: u32(s, 0), item: u16(s, 4), use: Use(s[6]), flags: s[7]}
	}
	x.slots = make([]uint32, len(sections[7])/4)
	for i := range x.slots {
		x.slots[i] = u32(sections[7], 4*i)
	}
	if len(sections[8]) != 4*len(x.spaces) {
		return nil, errBundle
	}
	for i := range x.spaces {
		x.spaces[i] = u32(sections[8], 4*i)
	}
	x.finish()
	r.compiled = x
	return r, nil
}

// Default returns the bundled rules.
func Default() (*Rules, error) { return DecodeBundle(bundled) }

// bundleStrings is the string table of a bundle.
type bundleStrings struct{ offsets, bytes string }

func (t *bundleStrings) get(i uint32) string {
	return t.bytes[u32(t.offsets, int(4*i)):u32(t.offsets, int(4*i)+4)]
}

// lazyBody is a rule of the bundle that was not decoded yet.
type lazyBody struct {
	bytes string
	strs  *bundleStrings
}

func (l lazyBody) decode(k rule.Kind) any {
	v := newRule(k)
	d := bodyReader{s: l.bytes, strs: l.strs}
	d.value(reflect.ValueOf(v).Elem())
	return v
}

// appendBody renders a value: fields that are set by number, counted from 1,
// and 0 behind the last; lists with their length; strings by number.
func appendBody(b []byte, v reflect.Value, strs *stringTable) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		return appendBody(b, v.Elem(), strs)
	case reflect.Struct:
		for i, f := range fieldsOf(v.Type()) {
			if fv := v.FieldByIndex(f.index); !fv.IsZero() {
				b = binary.AppendUvarint(b, uint64(i)+1)
				b = appendBody(b, fv, strs)
			}
		}
		return append(b, 0)
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		for i := range v.Len() {
			b = appendBody(b, v.Index(i), strs)
		}
		return b
	case reflect.Map:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		for _, k := range sortedKeys(v) {
			b = appendBody(b, k, strs)
			b = appendBody(b, v.MapIndex(k), strs)
		}
		return b
	case reflect.String:
		return binary.AppendUvarint(b, uint64(strs.id(v.String())))
	case reflect.Int, reflect.Int64:
		return binary.AppendVarint(b, v.Int())
	case reflect.Bool:
		return append(b, 1)
	}
	panic("signatures: rule field of unsupported type " + v.Type().String())
}

// bodyReader is the reverse of appendBody.
type bodyReader struct {
	s    string
	strs *bundleStrings
}

func (d *bodyReader) uvarint() uint64 {
	var v uint64
	for shift := 0; ; shift += 7 {
		c := d.s[0]
		d.s = d.s[1:]
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
}

func (d *bodyReader) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(p.Elem())
		v.Set(p)
	case reflect.Struct:
		fields := fieldsOf(v.Type())
		for n := d.uvarint(); n != 0; n = d.uvarint() {
			d.value(v.FieldByIndex(fields[n-1].index))
		}
	case reflect.Slice:
		n := int(d.uvarint())
		s := reflect.MakeSlice(v.Type(), n, n)
		for i := range n {
			d.value(s.Index(i))
		}
		v.Set(s)
	case reflect.Map:
		n := int(d.uvarint())
		m := reflect.MakeMapWithSize(v.Type(), n)
		for range n {
			key, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			d.value(key)
			d.value(val)
			m.SetMapIndex(key, val)
		}
		v.Set(m)
	case reflect.String:
		v.SetString(d.strs.get(uint32(d.uvarint())))
	case reflect.Int, reflect.Int64:
		u := d.uvarint()
		v.SetInt(int64(u>>1) ^ -int64(u&1))
	case reflect.Bool:
		v.SetBool(d.uvarint() != 0)
	}
}
