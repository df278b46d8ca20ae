package dextest

import (
	"cmp"
	"crypto/sha1"
	"encoding/binary"
	"hash/adler32"
	"reflect"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/dex"
)

// Assemble turns a recipe into the bytes of a DEX file, or of several if it
// has more than one .dex. The error is an *[Error].
func Assemble(text string) ([]byte, error) {
	out, _, err := assemble(text, false)
	return out, err
}

// Must is [Assemble] for a recipe that is known to be right. It panics if it is not.
func Must(text string) []byte {
	b, err := Assemble(text)
	if err != nil {
		panic(err)
	}
	return b
}

// AssembleCompact turns a recipe of one logical file into compact DEX, as it
// stands in a VDEX file: the main part, and the data that its data offsets
// count from. There is no debug info and no checksum.
func AssembleCompact(text string) (main, data []byte, err error) {
	return assemble(text, true)
}

func assemble(text string, compact bool) (out, data []byte, err error) {
	files, tail, err := parse(text)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(fail)
			if !ok {
				panic(r)
			}
			out, data, err = nil, nil, f.err
		}
	}()
	if compact {
		if len(files) > 1 {
			failf(0, "compact DEX is one logical file")
		}
		a := newAssembler(files[0], 0, true)
		main, data := a.layout()
		a.apply(main, files[0].patches)
		return main, data, nil
	}
	container := files[0].version >= "041"
	var all []*assembler
	starts := make([]int, 0, len(files))
	for _, r := range files {
		if (r.version >= "041") != container {
			failf(0, "versions before 041 and from 041 on do not go together")
		}
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
		base := 0
		if container {
			base = len(out)
		}
		a := newAssembler(r, uint32(base), false)
		starts = append(starts, len(out))
		b, _ := a.layout()
		if container {
			// The next header follows file_size bytes after this one.
			for len(b)%4 != 0 {
				b = append(b, 0)
			}
			binary.LittleEndian.PutUint32(b[32:], uint32(len(b)))
		}
		out = append(out, b...)
		all = append(all, a)
	}
	for i, a := range all {
		end := len(out)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		file := out[starts[i]:end]
		if container {
			binary.LittleEndian.PutUint32(file[112:], uint32(len(out)))
			binary.LittleEndian.PutUint32(file[116:], a.base)
		} else {
			file = file[:a.size]
		}
		scope := file
		if container {
			scope = out
		}
		var before, after []patch
		for _, p := range a.r.patches {
			if p.section == "header" && (p.field == "checksum" || p.field == "signature") {
				after = append(after, p)
			} else {
				before = append(before, p)
			}
		}
		a.apply(scope, before)
		sign(file)
		a.apply(scope, after)
	}
	for _, p := range tail {
		switch {
		case p.section == ".append":
			out = append(out, byte(p.value))
		case p.off < 0 || p.off > int64(len(out)):
			failf(p.line, "the file has %d bytes", len(out))
		default:
			out = out[:p.off]
		}
	}
	return out, nil, nil
}

// sign writes SHA-1 and Adler-32 of a logical file into its header.
func sign(file []byte) {
	if len(file) < 36 {
		return
	}
	// A file_size that was patched counts, if it can be.
	if n := binary.LittleEndian.Uint32(file[32:]); n >= 36 && int64(n) < int64(len(file)) {
		file = file[:n]
	}
	sum := sha1.Sum(file[32:])
	copy(file[12:], sum[:])
	binary.LittleEndian.PutUint32(file[8:], adler32.Checksum(file[12:]))
}

// pool is a table of the file: each item once, sorted before use.
type pool[K comparable] struct {
	items []K
	index map[K]int
}

func (p *pool[K]) add(k K) {
	if p.index == nil {
		p.index = make(map[K]int)
	}
	if _, ok := p.index[k]; !ok {
		p.index[k] = len(p.items)
		p.items = append(p.items, k)
	}
}

func (p *pool[K]) sort(compare func(a, b K) int) {
	slices.SortFunc(p.items, compare)
	for i, k := range p.items {
		p.index[k] = i
	}
}

func (p *pool[K]) find(k K) (int, bool) {
	i, ok := p.index[k]
	return i, ok
}

func (p *pool[K]) at(k K) uint32 { return uint32(p.index[k]) }

// assembler makes one logical file.
type assembler struct {
	r         *recipe
	compact   bool
	base      uint32 // offset of the header from where offsets count
	headerOff uint32
	size      int
	mapLen    int

	classes []*class
	strings pool[mstr]
	types   pool[string]
	protos  pool[proto]
	fields  pool[fieldRef]
	methods pool[methodRef]
	handles pool[handle]
	sites   pool[string]
	siteOf  map[string]*callSite

	offs   map[dex.MapType][]uint32
	itemOf map[string]map[uint32]int // items of a section by the class or method they belong to
}

func newAssembler(r *recipe, base uint32, compact bool) *assembler {
	a := &assembler{
		r: r, base: base, headerOff: base, compact: compact,
		siteOf: map[string]*callSite{}, offs: map[dex.MapType][]uint32{}, itemOf: map[string]map[uint32]int{},
	}
	a.orderClasses()
	a.collect()
	return a
}

// orderClasses puts superclasses and interfaces before the classes that name
// them, as ART demands, and else keeps the recipe's order.
func (a *assembler) orderClasses() {
	byType := map[string]*class{}
	for _, c := range a.r.classes {
		if byType[c.typ] == nil {
			byType[c.typ] = c
		}
	}
	done := map[*class]bool{}
	var visit func(c *class, depth int)
	visit = func(c *class, depth int) {
		if c == nil || done[c] || depth > 10000 {
			return
		}
		done[c] = true
		visit(byType[c.super], depth+1)
		for _, i := range c.interfaces {
			visit(byType[i], depth+1)
		}
		a.classes = append(a.classes, c)
	}
	for _, c := range a.r.classes {
		visit(c, 0)
	}
}

// collect puts all that the recipe names into the tables and sorts them.
func (a *assembler) collect() {
	for _, v := range a.r.extra {
		a.addValue(v)
	}
	for _, c := range a.classes {
		a.addType(c.typ)
		if c.super != "" {
			a.addType(c.super)
		}
		for _, i := range c.interfaces {
			a.addType(i)
		}
		a.addStr(c.source)
		a.addAnnotations(c.annots)
		for _, f := range c.fields {
			a.addField(f.ref)
			if f.value != nil {
				a.addValue(*f.value)
			}
			a.addAnnotations(f.annots)
		}
		for _, m := range c.methods {
			a.addMethod(m.ref)
			a.addAnnotations(m.annots)
			for _, p := range m.params {
				a.addStr(p.name)
				a.addAnnotations(p.annots)
			}
			for _, h := range m.catches {
				if h.typ != "" {
					a.addType(h.typ)
				}
			}
			for _, s := range m.body {
				for _, v := range s.refs {
					a.addValue(v)
				}
				a.addStr(s.local.name)
				a.addStr(s.local.sig)
				if s.local.typ != "" {
					a.addType(s.local.typ)
				}
			}
		}
	}
	a.strings.sort(func(x, y mstr) int { return slices.Compare(x.units(), y.units()) })
	a.types.sort(func(x, y string) int { return cmp.Compare(a.strings.at(mstr(x)), a.strings.at(mstr(y))) })
	a.protos.sort(func(x, y proto) int {
		xp, xr, _ := x.split()
		yp, yr, _ := y.split()
		return cmp.Or(cmp.Compare(a.types.at(xr), a.types.at(yr)), slices.CompareFunc(xp, yp, func(s, t string) int {
			return cmp.Compare(a.types.at(s), a.types.at(t))
		}))
	})
	a.fields.sort(func(x, y fieldRef) int {
		return cmp.Or(cmp.Compare(a.types.at(x.class), a.types.at(y.class)),
			cmp.Compare(a.strings.at(x.name), a.strings.at(y.name)), cmp.Compare(a.types.at(x.typ), a.types.at(y.typ)))
	})
	a.methods.sort(func(x, y methodRef) int {
		return cmp.Or(cmp.Compare(a.types.at(x.class), a.types.at(y.class)),
			cmp.Compare(a.strings.at(x.name), a.strings.at(y.name)), cmp.Compare(a.protos.at(x.proto), a.protos.at(y.proto)))
	})
	// The last index of each is taken as "none" by the format.
	if len(a.types.items) > 0xffff || len(a.protos.items) > 0xffff {
		failf(0, "more than 65535 types or prototypes")
	}
}

func (a *assembler) addStr(s *mstr) {
	if s != nil {
		a.strings.add(*s)
	}
}

func (a *assembler) addType(t string) {
	a.strings.add(mstr(t))
	a.types.add(t)
}

func (a *assembler) addProto(p proto) {
	params, ret, _ := p.split()
	a.strings.add(p.shorty())
	for _, t := range params {
		a.addType(t)
	}
	a.addType(ret)
	a.protos.add(p)
}

// shorty is the return type and the parameters with L for all references.
func (p proto) shorty() mstr {
	params, ret, _ := p.split()
	var b strings.Builder
	for _, t := range append([]string{ret}, params...) {
		if t[0] == '[' {
			t = "L"
		}
		b.WriteByte(t[0])
	}
	return mstr(b.String())
}

func (a *assembler) addField(f fieldRef) {
	a.addType(f.class)
	a.addType(f.typ)
	a.strings.add(f.name)
	a.fields.add(f)
}

func (a *assembler) addMethod(m methodRef) {
	a.addType(m.class)
	a.addProto(m.proto)
	a.strings.add(m.name)
	a.methods.add(m)
}

func (a *assembler) addAnnotations(as []annotation) {
	for _, an := range as {
		a.addType(an.typ)
		for _, e := range an.elems {
			a.strings.add(e.name)
			a.addValue(e.value)
		}
	}
}

func (a *assembler) addValue(v value) {
	switch {
	case v.raw != nil:
		return
	case v.site != nil:
		if old := a.siteOf[v.site.name]; old != nil && !reflect.DeepEqual(old, v.site) {
			failf(0, "call site %q is used with different arguments", v.site.name)
		}
		a.siteOf[v.site.name] = v.site
		a.sites.add(v.site.name)
		for _, x := range v.site.args {
			a.addValue(x)
		}
		return
	}
	switch v.kind {
	case dex.ValueString:
		a.strings.add(v.str)
	case dex.ValueType:
		a.addType(v.typ)
	case dex.ValueField, dex.ValueEnum:
		a.addField(v.field)
	case dex.ValueMethod:
		a.addMethod(v.meth)
	case dex.ValueMethodType:
		a.addProto(v.proto)
	case dex.ValueMethodHandle:
		if v.hand.kind.IsField() {
			a.addField(v.hand.field)
		} else {
			a.addMethod(v.hand.method)
		}
		a.handles.add(v.hand)
	case dex.ValueArray:
		for _, x := range v.elems {
			a.addValue(x)
		}
	case dex.ValueAnnotation:
		a.addAnnotations([]annotation{v.ann})
	}
}

// index returns the index of what an instruction refers to.
func (a *assembler) index(v value) uint32 {
	switch {
	case v.raw != nil:
		return v.raw.index
	case v.site != nil:
		return a.sites.at(v.site.name)
	}
	switch v.kind {
	case dex.ValueString:
		return a.strings.at(v.str)
	case dex.ValueType:
		return a.types.at(v.typ)
	case dex.ValueField, dex.ValueEnum:
		return a.fields.at(v.field)
	case dex.ValueMethod:
		return a.methods.at(v.meth)
	case dex.ValueMethodType:
		return a.protos.at(v.proto)
	default:
		return a.handles.at(v.hand)
	}
}

// appendValue appends an encoded_value.
func (a *assembler) appendValue(b []byte, v value) []byte {
	head := func(size int) []byte { return append(b, byte(v.kind)|byte(size-1)<<5) }
	var le [8]byte
	switch v.kind {
	case dex.ValueNull:
		return append(b, byte(v.kind))
	case dex.ValueBoolean:
		return append(b, byte(v.kind)|byte(v.bits&1)<<5)
	case dex.ValueArray:
		return a.appendArray(append(b, byte(v.kind)), v.elems)
	case dex.ValueAnnotation:
		return a.appendAnnotation(append(b, byte(v.kind)), v.ann)
	case dex.ValueByte, dex.ValueShort, dex.ValueInt, dex.ValueLong:
		binary.LittleEndian.PutUint64(le[:], v.bits)
		n := 1
		for s := 64 - 8*n; n < 8 && int64(v.bits<<s)>>s != int64(v.bits); s = 64 - 8*n {
			n++
		}
		return append(head(n), le[:n]...)
	case dex.ValueFloat, dex.ValueDouble:
		// Zero bytes at the low end are left out.
		w := 8
		if v.kind == dex.ValueFloat {
			w = 4
		}
		binary.LittleEndian.PutUint64(le[:], v.bits)
		z := 0
		for z < w-1 && le[z] == 0 {
			z++
		}
		return append(head(w-z), le[z:w]...)
	case dex.ValueChar:
		binary.LittleEndian.PutUint64(le[:], v.bits)
	default:
		binary.LittleEndian.PutUint64(le[:], uint64(a.index(v)))
	}
	n := 1
	for i := 1; i < 8; i++ {
		if le[i] != 0 {
			n = i + 1
		}
	}
	return append(head(n), le[:n]...)
}

func (a *assembler) appendArray(b []byte, vs []value) []byte {
	b = binary.AppendUvarint(b, uint64(len(vs)))
	for _, v := range vs {
		b = a.appendValue(b, v)
	}
	return b
}

func (a *assembler) appendAnnotation(b []byte, an annotation) []byte {
	b = binary.AppendUvarint(b, uint64(a.types.at(an.typ)))
	elems := slices.Clone(an.elems)
	slices.SortStableFunc(elems, func(x, y element) int { return cmp.Compare(a.strings.at(x.name), a.strings.at(y.name)) })
	b = binary.AppendUvarint(b, uint64(len(elems)))
	for _, e := range elems {
		b = binary.AppendUvarint(b, uint64(a.strings.at(e.name)))
		b = a.appendValue(b, e.value)
	}
	return b
}

// typed returns v as a constant of a field's type.
func typed(v value, t string, line int) value {
	kinds := map[string]dex.ValueKind{
		"Z": dex.ValueBoolean, "B": dex.ValueByte, "S": dex.ValueShort, "C": dex.ValueChar,
		"I": dex.ValueInt, "J": dex.ValueLong, "F": dex.ValueFloat, "D": dex.ValueDouble,
	}
	want, prim := kinds[t]
	switch v.kind {
	case dex.ValueInt, dex.ValueLong, dex.ValueShort, dex.ValueByte, dex.ValueChar, dex.ValueBoolean:
		if prim && want != dex.ValueFloat && want != dex.ValueDouble {
			v.kind = want
			switch want {
			case dex.ValueByte:
				v.bits = uint64(int64(int8(v.bits)))
			case dex.ValueShort:
				v.bits = uint64(int64(int16(v.bits)))
			case dex.ValueChar:
				v.bits = uint64(uint16(v.bits))
			case dex.ValueInt:
				v.bits = uint64(int64(int32(v.bits)))
			}
		}
	case dex.ValueDouble, dex.ValueFloat:
		if prim && v.kind != want {
			failf(line, "a floating-point number for a field of type %s", t)
		}
	}
	return v
}

// zero is the value that a static field has when none is given.
func zero(t string) value {
	if t[0] == 'L' || t[0] == '[' {
		return value{kind: dex.ValueNull}
	}
	v := typed(value{kind: dex.ValueInt}, t, 0)
	switch t {
	case "F":
		v.kind = dex.ValueFloat
	case "D":
		v.kind = dex.ValueDouble
	}
	return v
}

// section is where the items of one kind are written one after another.
type section struct {
	a     *assembler
	b     *[]byte
	base  uint32
	typ   dex.MapType
	align int
}

// add writes an item and returns its offset.
func (s section) add(item []byte) uint32 {
	for (int(s.base)+len(*s.b))%s.align != 0 {
		*s.b = append(*s.b, 0)
	}
	off := s.base + uint32(len(*s.b))
	*s.b = append(*s.b, item...)
	s.a.offs[s.typ] = append(s.a.offs[s.typ], off)
	return off
}

// layout writes the file. For standard DEX data is nil and all is in main.
func (a *assembler) layout() (main, data []byte) {
	le := binary.LittleEndian
	headerLen := 0x70
	switch {
	case a.compact:
		headerLen = 136
	case a.r.version >= "041":
		headerLen = 0x78
	}
	tables := []struct {
		t       dex.MapType
		n, size int
	}{
		{dex.MapStringID, len(a.strings.items), 4},
		{dex.MapTypeID, len(a.types.items), 4},
		{dex.MapProtoID, len(a.protos.items), 12},
		{dex.MapFieldID, len(a.fields.items), 8},
		{dex.MapMethodID, len(a.methods.items), 8},
		{dex.MapClassDef, len(a.classes), 32},
		{dex.MapCallSiteID, len(a.sites.items), 4},
		{dex.MapMethodHandle, len(a.handles.items), 8},
	}
	at := a.base + uint32(headerLen)
	a.offs[dex.MapHeader] = []uint32{a.base}
	for _, t := range tables {
		for range t.n {
			a.offs[t.t] = append(a.offs[t.t], at)
			at += uint32(t.size)
		}
	}
	main = make([]byte, at-a.base)
	d, dataBase := &main, a.base
	if a.compact {
		data = make([]byte, 4) // offset 0 means none
		d, dataBase = &data, 0
	}
	dataStart := dataBase + uint32(len(*d))
	sec := func(t dex.MapType, align int) section { return section{a, d, dataBase, t, align} }
	// Sections grow main, so the place of an item is looked up when it is written.
	set32 := func(t dex.MapType, i, at int, v uint32) { le.PutUint32(main[int(a.offs[t][i]-a.base)+at:], v) }
	set16 := func(t dex.MapType, i, at int, v uint32) { le.PutUint16(main[int(a.offs[t][i]-a.base)+at:], uint16(v)) }

	// Items that refer to nothing by offset come first, so that every offset is known when it is written.
	s := sec(dex.MapStringData, 1)
	for i, str := range a.strings.items {
		b := binary.AppendUvarint(nil, uint64(len(str.units())))
		off := s.add(append(append(b, str...), 0))
		set32(dex.MapStringID, i, 0, off)
	}
	for i, t := range a.types.items {
		set32(dex.MapTypeID, i, 0, a.strings.at(mstr(t)))
	}

	annotItems := map[*annotation]uint32{}
	s = sec(dex.MapAnnotation, 1)
	addItems := func(as []annotation) {
		for i := range as {
			annotItems[&as[i]] = s.add(a.appendAnnotation([]byte{as[i].visibility}, as[i]))
		}
	}
	for _, c := range a.classes {
		addItems(c.annots)
		for _, f := range c.fields {
			addItems(f.annots)
		}
		for _, m := range c.methods {
			addItems(m.annots)
			for i := range 256 {
				if p := m.params[i]; p != nil {
					addItems(p.annots)
				}
			}
		}
	}

	s = sec(dex.MapEncodedArray, 1)
	statics := make([]uint32, len(a.classes))
	for i, c := range a.classes {
		fs, n := a.sortedFields(c, true), 0
		vals := make([]value, 0, len(fs))
		for j, f := range fs {
			v := zero(f.ref.typ)
			if f.value != nil {
				v, n = typed(*f.value, f.ref.typ, f.line), j+1
			}
			vals = append(vals, v)
		}
		if n > 0 {
			statics[i] = s.add(a.appendArray(nil, vals[:n]))
			a.remember("encoded_array", uint32(i), s.typ)
		}
	}
	for i, name := range a.sites.items {
		off := s.add(a.appendArray(nil, a.siteOf[name].args))
		set32(dex.MapCallSiteID, i, 0, off)
	}
	for i, h := range a.handles.items {
		n := a.methods.at(h.method)
		if h.kind.IsField() {
			n = a.fields.at(h.field)
		}
		set16(dex.MapMethodHandle, i, 0, uint32(h.kind))
		set16(dex.MapMethodHandle, i, 4, n)
	}

	bodies := map[*method]*body{}
	debug := map[*method]uint32{}
	s = sec(dex.MapDebugInfo, 1)
	for _, c := range a.classes {
		for _, m := range c.methods {
			bd := a.body(m)
			if bodies[m] = bd; bd != nil && bd.debug != nil && !a.compact {
				debug[m] = s.add(bd.debug)
				a.remember("debug_info", a.methods.at(m.ref), s.typ)
			}
		}
	}

	s = sec(dex.MapTypeList, 4)
	lists := map[string]uint32{}
	typeList := func(ts []string) uint32 {
		if len(ts) == 0 {
			return 0
		}
		key := strings.Join(ts, " ")
		if off, ok := lists[key]; ok {
			return off
		}
		b := le.AppendUint32(nil, uint32(len(ts)))
		for _, t := range ts {
			b = le.AppendUint16(b, uint16(a.types.at(t)))
		}
		lists[key] = s.add(b)
		return lists[key]
	}
	for i, p := range a.protos.items {
		params, ret, _ := p.split()
		list := typeList(params)
		set32(dex.MapProtoID, i, 0, a.strings.at(p.shorty()))
		set32(dex.MapProtoID, i, 4, a.types.at(ret))
		set32(dex.MapProtoID, i, 8, list)
	}
	interfaces := make([]uint32, len(a.classes))
	for i, c := range a.classes {
		interfaces[i] = typeList(c.interfaces)
	}
	for i, f := range a.fields.items {
		set16(dex.MapFieldID, i, 0, a.types.at(f.class))
		set16(dex.MapFieldID, i, 2, a.types.at(f.typ))
		set32(dex.MapFieldID, i, 4, a.strings.at(f.name))
	}
	for i, m := range a.methods.items {
		set16(dex.MapMethodID, i, 0, a.types.at(m.class))
		set16(dex.MapMethodID, i, 2, a.protos.at(m.proto))
		set32(dex.MapMethodID, i, 4, a.strings.at(m.name))
	}

	directories := a.annotations(sec, annotItems)

	s = sec(dex.MapCode, 4)
	if a.compact {
		s.align = 2
	}
	code := map[*method]uint32{}
	for _, c := range a.classes {
		for _, m := range c.methods {
			bd := bodies[m]
			if bd == nil {
				continue
			}
			if a.compact {
				code[m] = a.addCompact(s, bd)
			} else {
				code[m] = s.add(bd.standard(debug[m]))
			}
			a.remember("code_item", a.methods.at(m.ref), s.typ)
		}
	}

	s = sec(dex.MapClassData, 1)
	for i, c := range a.classes {
		none := uint32(dex.NoIndex)
		super, source := none, none
		if c.super != "" {
			super = a.types.at(c.super)
		}
		if c.source != nil {
			source = a.strings.at(*c.source)
		}
		var members uint32
		if len(c.fields)+len(c.methods) > 0 {
			members = s.add(a.classData(c, code))
			a.remember("class_data", uint32(i), s.typ)
		}
		for j, v := range []uint32{a.types.at(c.typ), c.flags, super, interfaces[i], source, directories[i], members, statics[i]} {
			set32(dex.MapClassDef, i, 4*j, v)
		}
	}

	a.writeMap(d, dataBase)
	a.writeHeader(main, headerLen, dataStart, dataBase+uint32(len(*d))-dataStart)
	a.size = len(main)
	return main, data
}

// remember notes that the last item of section t belongs to owner.
func (a *assembler) remember(section string, owner uint32, t dex.MapType) {
	if a.itemOf[section] == nil {
		a.itemOf[section] = map[uint32]int{}
	}
	a.itemOf[section][owner] = len(a.offs[t]) - 1
}

func (a *assembler) sortedFields(c *class, static bool) []*field {
	var fs []*field
	for _, f := range c.fields {
		if (f.flags&dex.AccStatic != 0) == static {
			fs = append(fs, f)
		}
	}
	slices.SortStableFunc(fs, func(x, y *field) int { return cmp.Compare(a.fields.at(x.ref), a.fields.at(y.ref)) })
	return fs
}

func (a *assembler) sortedMethods(c *class, virtual bool) []*method {
	var ms []*method
	for _, m := range c.methods {
		direct := m.flags&(dex.AccStatic|dex.AccPrivate|dex.AccConstructor) != 0
		if direct != virtual {
			ms = append(ms, m)
		}
	}
	slices.SortStableFunc(ms, func(x, y *method) int { return cmp.Compare(a.methods.at(x.ref), a.methods.at(y.ref)) })
	return ms
}

func (a *assembler) classData(c *class, code map[*method]uint32) []byte {
	lists := [2][]*field{a.sortedFields(c, true), a.sortedFields(c, false)}
	methods := [2][]*method{a.sortedMethods(c, false), a.sortedMethods(c, true)}
	var b []byte
	for _, n := range []int{len(lists[0]), len(lists[1]), len(methods[0]), len(methods[1])} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	for _, fs := range lists {
		last := uint32(0)
		for _, f := range fs {
			i := a.fields.at(f.ref)
			b = binary.AppendUvarint(b, uint64(i-last))
			b = binary.AppendUvarint(b, uint64(f.flags))
			last = i
		}
	}
	for _, ms := range methods {
		last := uint32(0)
		for _, m := range ms {
			i := a.methods.at(m.ref)
			b = binary.AppendUvarint(b, uint64(i-last))
			b = binary.AppendUvarint(b, uint64(m.flags))
			b = binary.AppendUvarint(b, uint64(code[m]))
			last = i
		}
	}
	return b
}

// annotations writes sets, lists of sets and directories, and returns the
// offset of each class's directory.
func (a *assembler) annotations(sec func(dex.MapType, int) section, items map[*annotation]uint32) []uint32 {
	le := binary.LittleEndian
	dirs := make([]uint32, len(a.classes))
	sets := sec(dex.MapAnnotationSet, 4)
	set := func(as []annotation) uint32 {
		order := make([]*annotation, 0, len(as))
		for i := range as {
			order = append(order, &as[i])
		}
		slices.SortStableFunc(order, func(x, y *annotation) int { return cmp.Compare(a.types.at(x.typ), a.types.at(y.typ)) })
		b := le.AppendUint32(nil, uint32(len(order)))
		for _, an := range order {
			b = le.AppendUint32(b, items[an])
		}
		return sets.add(b)
	}
	type entry struct{ index, off uint32 }
	type directory struct {
		class                   uint32
		fields, methods, params []entry
		lists                   [][]uint32 // sets of each parameter, for params
	}
	all := make([]directory, len(a.classes))
	for i, c := range a.classes {
		d := &all[i]
		if len(c.annots) > 0 {
			d.class = set(c.annots)
		}
		for _, f := range c.fields {
			if len(f.annots) > 0 {
				d.fields = append(d.fields, entry{a.fields.at(f.ref), set(f.annots)})
			}
		}
		for _, m := range c.methods {
			if len(m.annots) > 0 {
				d.methods = append(d.methods, entry{a.methods.at(m.ref), set(m.annots)})
			}
			params, _, _ := m.ref.proto.split()
			list, some := make([]uint32, len(params)), false
			for j := range params {
				if p := m.params[j]; p != nil && len(p.annots) > 0 {
					list[j], some = set(p.annots), true
				}
			}
			if some {
				d.params = append(d.params, entry{index: a.methods.at(m.ref), off: uint32(len(d.lists))})
				d.lists = append(d.lists, list)
			}
		}
	}
	refs := sec(dex.MapAnnotationSetRefList, 4)
	for i := range all {
		d := &all[i]
		for j := range d.params {
			list := d.lists[d.params[j].off]
			b := le.AppendUint32(nil, uint32(len(list)))
			for _, off := range list {
				b = le.AppendUint32(b, off)
			}
			d.params[j].off = refs.add(b)
		}
	}
	out := sec(dex.MapAnnotationsDirectory, 4)
	for i := range all {
		d := &all[i]
		if d.class == 0 && len(d.fields)+len(d.methods)+len(d.params) == 0 {
			continue
		}
		b := le.AppendUint32(nil, d.class)
		for _, es := range [][]entry{d.fields, d.methods, d.params} {
			b = le.AppendUint32(b, uint32(len(es)))
		}
		for _, es := range [][]entry{d.fields, d.methods, d.params} {
			slices.SortStableFunc(es, func(x, y entry) int { return cmp.Compare(x.index, y.index) })
			for _, e := range es {
				b = le.AppendUint32(le.AppendUint32(b, e.index), e.off)
			}
		}
		dirs[i] = out.add(b)
		a.remember("annotations_directory", uint32(i), out.typ)
	}
	return dirs
}

func (a *assembler) writeMap(d *[]byte, dataBase uint32) {
	le := binary.LittleEndian
	for (int(dataBase)+len(*d))%4 != 0 {
		*d = append(*d, 0)
	}
	a.offs[dex.MapMapList] = []uint32{dataBase + uint32(len(*d))}
	types := make([]dex.MapType, 0, len(a.offs))
	for t, offs := range a.offs {
		if len(offs) > 0 {
			types = append(types, t)
		}
	}
	// In compact DEX the offsets of main and data interleave; sections of main come first.
	slices.SortFunc(types, func(x, y dex.MapType) int {
		return cmp.Or(cmp.Compare(inData(x), inData(y)), cmp.Compare(a.offs[x][0], a.offs[y][0]))
	})
	a.mapLen = len(types)
	*d = le.AppendUint32(*d, uint32(len(types)))
	for _, t := range types {
		*d = le.AppendUint32(*d, uint32(t))
		*d = le.AppendUint32(*d, uint32(len(a.offs[t])))
		*d = le.AppendUint32(*d, a.offs[t][0])
	}
}

func inData(t dex.MapType) int {
	if t < dex.MapMapList {
		return 0
	}
	return 1
}

func (a *assembler) writeHeader(main []byte, headerLen int, dataOff, dataSize uint32) {
	le := binary.LittleEndian
	copy(main, "dex\n"+a.r.version+"\x00")
	if a.compact {
		copy(main, "cdex001\x00")
	}
	le.PutUint32(main[32:], uint32(len(main)))
	le.PutUint32(main[36:], uint32(headerLen))
	le.PutUint32(main[40:], 0x12345678)
	le.PutUint32(main[52:], a.offs[dex.MapMapList][0])
	for i, t := range []dex.MapType{dex.MapStringID, dex.MapTypeID, dex.MapProtoID, dex.MapFieldID, dex.MapMethodID, dex.MapClassDef} {
		if offs := a.offs[t]; len(offs) > 0 {
			le.PutUint32(main[56+8*i:], uint32(len(offs)))
			le.PutUint32(main[60+8*i:], offs[0])
		}
	}
	switch {
	case a.compact:
		le.PutUint32(main[104:], dataSize)
		le.PutUint32(main[108:], uint32(len(main)))
		le.PutUint32(main[112:], 1) // default methods
		le.PutUint32(main[132:], dataSize)
	case a.r.version < "041":
		le.PutUint32(main[104:], dataSize)
		le.PutUint32(main[108:], dataOff)
	}
}
