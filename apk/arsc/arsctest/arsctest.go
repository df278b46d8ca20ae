// Package arsctest builds resource tables from readable recipes, for fixtures
// of tests and for sample APKs.
//
//	t := arsctest.New("com.example", 0x7f)
//	t.String("app_name", "Example")
//	t.Set("string", "app_name", arsctest.Config{Locale: "de"}, arsctest.Str("Beispiel"))
//	t.File("xml", "network", "res/xml/network.xml")
//	manifest := axmltest.Compile(text, t.Refs(), axmltest.Options{})
//	table := arsctest.Encode(arsctest.Options{}, t)
//
// Types and entries get their ids in the order in which they are first named.
// The output depends on nothing but the recipe.
package arsctest

import (
	"encoding/binary"
	"strings"

	"github.com/telltale-apk/telltale/apk/restype"
	"github.com/telltale-apk/telltale/apk/restype/restypetest"
)

// Config is the configuration that a value is for; the zero value is the
// default one. It has what fixtures need, not all that Android knows.
type Config struct {
	Locale  string // "de", "zh-CN", "fil", "sr-Latn-RS"
	SDK     int
	Density int
	Night   bool
	Land    bool
}

// Table is a package of resources.
type Table struct {
	name      string
	id        uint8
	types     []*resType
	libraries []library
}

type library struct {
	id   uint32
	name string
}

type resType struct {
	name    string
	entries []string
	index   map[string]int
	configs []Config
	values  map[slot]value
}

type slot struct {
	entry  int
	config Config
}

type value struct {
	simple restype.Value
	items  []Item // of a complex value
	parent uint32
	isBag  bool
}

// Item is an item of a complex value.
type Item struct {
	Key   uint32
	Value restype.Value
}

// New makes an empty package; an app's id is 0x7f.
func New(name string, id uint8) *Table { return &Table{name: name, id: id} }

// Str makes the value that a string has. Others are in package axmltest, or
// made as restype.Value.
func Str(s string) restype.Value { return restype.Value{Type: restype.TypeString, Str: s} }

// Type makes sure that a type exists, so that it gets the next id, and returns
// that id.
func (t *Table) Type(name string) uint8 {
	for i, typ := range t.types {
		if typ.name == name {
			return uint8(i + 1)
		}
	}
	t.types = append(t.types, &resType{name: name, index: make(map[string]int), values: make(map[slot]value)})
	return uint8(len(t.types))
}

// Declare gives an entry its id without a value and returns that id.
func (t *Table) Declare(typ, name string) uint32 {
	typeID := t.Type(typ)
	r := t.types[typeID-1]
	i, ok := r.index[name]
	if !ok {
		i = len(r.entries)
		r.entries = append(r.entries, name)
		r.index[name] = i
	}
	return t.resID(typeID, i)
}

func (t *Table) resID(typ uint8, entry int) uint32 {
	return uint32(t.id)<<24 | uint32(typ)<<16 | uint32(entry)
}

// Set gives a resource its value in a configuration and returns its id.
func (t *Table) Set(typ, name string, config Config, v restype.Value) uint32 {
	return t.set(typ, name, config, value{simple: v})
}

// Bag gives a resource items in a configuration and returns its id.
func (t *Table) Bag(typ, name string, config Config, parent uint32, items ...Item) uint32 {
	return t.set(typ, name, config, value{items: items, parent: parent, isBag: true})
}

func (t *Table) set(typ, name string, config Config, v value) uint32 {
	id := t.Declare(typ, name)
	r := t.types[id>>16&0xff-1]
	known := false
	for _, c := range r.configs {
		known = known || c == config
	}
	if !known {
		r.configs = append(r.configs, config)
	}
	r.values[slot{int(id & 0xffff), config}] = v
	return id
}

// String sets a string in the default configuration.
func (t *Table) String(name, s string) uint32 { return t.Set("string", name, Config{}, Str(s)) }

// Bool sets a boolean in the default configuration.
func (t *Table) Bool(name string, b bool) uint32 {
	v := restype.Value{Type: restype.TypeIntBool}
	if b {
		v.Data = ^uint32(0)
	}
	return t.Set("bool", name, Config{}, v)
}

// Int sets an integer in the default configuration.
func (t *Table) Int(name string, n int32) uint32 {
	return t.Set("integer", name, Config{}, restype.Value{Type: restype.TypeIntDec, Data: uint32(n)})
}

// Ref sets a resource that refers to another, in the default configuration.
func (t *Table) Ref(typ, name string, id uint32) uint32 {
	return t.Set(typ, name, Config{}, restype.Value{Type: restype.TypeReference, Data: id})
}

// File sets a resource that is a file in the APK, in the default configuration.
func (t *Table) File(typ, name, path string) uint32 { return t.Set(typ, name, Config{}, Str(path)) }

// Array sets an array of strings in the default configuration.
func (t *Table) Array(name string, values ...string) uint32 {
	items := make([]Item, len(values))
	for i, s := range values {
		items[i] = Item{Key: 0x02000000 + uint32(i), Value: Str(s)}
	}
	return t.Bag("array", name, Config{}, 0, items...)
}

// Library says that the package links to a shared library.
func (t *Table) Library(id uint32, name string) { t.libraries = append(t.libraries, library{id, name}) }

// Refs returns the ids of all resources by "type/name", for axmltest.
func (t *Table) Refs() map[string]uint32 {
	refs := make(map[string]uint32)
	for i, typ := range t.types {
		for j, name := range typ.entries {
			refs[typ.name+"/"+name] = t.resID(uint8(i+1), j)
		}
	}
	return refs
}

// Options choose among the forms that Android reads. The zero value is what
// aapt2 writes by default.
type Options struct {
	UTF16        bool   // strings of the value pool in UTF-16
	Sparse       bool   // entries as sorted pairs
	Offset16     bool   // 16-bit offsets to entries
	Compact      bool   // entries that hold their value in eight bytes
	OldHeader    bool   // packages with headers of 284 bytes
	TypeIDOffset uint32 // as feature splits have it: names are looked up by id less this
	ConfigSize   int    // of a configuration, 64 if 0
	// Strings are put into the pool of values though nothing refers to them.
	Strings []string
}

// Encode makes a resource table of one or more packages.
func Encode(opts Options, tables ...*Table) []byte {
	var values restypetest.Pool
	var packages []byte
	for _, t := range tables {
		packages = append(packages, t.encode(opts, &values)...)
	}
	for _, s := range opts.Strings {
		values.Append(s)
	}
	header := restypetest.U32(nil, uint32(len(tables)))
	return restypetest.Chunk(restype.ChunkTable, header, values.Bytes(!opts.UTF16), packages)
}

func (t *Table) encode(opts Options, values *restypetest.Pool) []byte {
	var typeNames, keys restypetest.Pool
	for _, typ := range t.types {
		typeNames.Append(typ.name)
		for _, name := range typ.entries {
			keys.Add(name)
		}
	}
	header := restypetest.U32(nil, uint32(t.id))
	header = appendName(header, t.name)
	headerSize := 288
	if opts.OldHeader {
		headerSize = 284
	}
	typePool, keyPool := typeNames.Bytes(false), keys.Bytes(true)
	header = restypetest.U32(header, uint32(headerSize))
	header = restypetest.U32(header, 0)
	header = restypetest.U32(header, uint32(headerSize+len(typePool)))
	header = restypetest.U32(header, 0)
	if !opts.OldHeader {
		header = restypetest.U32(header, opts.TypeIDOffset)
	}
	body := append(typePool, keyPool...)
	if len(t.libraries) > 0 {
		head := restypetest.U32(nil, uint32(len(t.libraries)))
		var list []byte
		for _, l := range t.libraries {
			list = appendName(restypetest.U32(list, l.id), l.name)
		}
		body = append(body, restypetest.Chunk(restype.ChunkLibrary, head, list)...)
	}
	for i, typ := range t.types {
		id := uint32(i+1) + opts.TypeIDOffset
		head := restypetest.U32(nil, id)
		head = restypetest.U32(head, uint32(len(typ.entries)))
		body = append(body, restypetest.Chunk(restype.ChunkTypeSpec, head, make([]byte, 4*len(typ.entries)))...)
		for _, config := range typ.configs {
			body = append(body, typ.encode(opts, id, config, &keys, values)...)
		}
	}
	return restypetest.Chunk(restype.ChunkPackage, header, body)
}

// appendName appends a name as 128 UTF-16 units.
func appendName(b []byte, name string) []byte {
	units := make([]byte, 256)
	for i, c := range []byte(name) {
		units[2*i] = c
	}
	return append(b, units...)
}

func (typ *resType) encode(opts Options, id uint32, config Config, keys, values *restypetest.Pool) []byte {
	var offsets, entries []byte
	count := 0
	for i, name := range typ.entries {
		v, ok := typ.values[slot{i, config}]
		off := uint32(len(entries))
		switch {
		case opts.Sparse && ok:
			offsets = restypetest.U32(offsets, uint32(i)|off/4<<16)
			count++
		case opts.Sparse:
		case opts.Offset16 && ok:
			offsets = restypetest.U16(offsets, uint16(off/4))
			count++
		case opts.Offset16:
			offsets = restypetest.U16(offsets, 0xffff)
			count++
		case ok:
			offsets = restypetest.U32(offsets, off)
			count++
		default:
			offsets = restypetest.U32(offsets, 0xffffffff)
			count++
		}
		if ok {
			entries = v.append(entries, opts, keys.Add(name), values)
		}
	}
	for len(offsets)%4 != 0 {
		offsets = append(offsets, 0xff)
	}
	flags := uint32(0)
	if opts.Sparse {
		flags = 1
	} else if opts.Offset16 {
		flags = 2
	}
	c := config.bytes(opts.ConfigSize)
	head := restypetest.U32(nil, id|flags<<8)
	head = restypetest.U32(head, uint32(count))
	head = restypetest.U32(head, uint32(20+len(c)+len(offsets)))
	return restypetest.Chunk(restype.ChunkTableType, append(head, c...), offsets, entries)
}

func (v value) append(b []byte, opts Options, key uint32, values *restypetest.Pool) []byte {
	data := func(x restype.Value) uint32 {
		if x.Type == restype.TypeString {
			return values.Add(x.Str)
		}
		return x.Data
	}
	res := func(b []byte, x restype.Value) []byte {
		return restypetest.U32(restypetest.U32(b, 8|uint32(x.Type)<<24), data(x))
	}
	switch {
	case v.isBag:
		b = restypetest.U32(b, 16|1<<16)
		b = restypetest.U32(b, key)
		b = restypetest.U32(b, v.parent)
		b = restypetest.U32(b, uint32(len(v.items)))
		for _, item := range v.items {
			b = res(restypetest.U32(b, item.Key), item.Value)
		}
		return b
	case opts.Compact:
		b = restypetest.U32(b, key|8<<16|uint32(v.simple.Type)<<24)
		return restypetest.U32(b, data(v.simple))
	}
	b = restypetest.U32(b, 8)
	b = restypetest.U32(b, key)
	return res(b, v.simple)
}

// bytes returns ResTable_config.
func (c Config) bytes(size int) []byte {
	b := make([]byte, 64)
	if size == 0 {
		size = len(b)
	}
	binary.LittleEndian.PutUint32(b, uint32(size))
	if c.Locale != "" {
		parts := strings.Split(c.Locale, "-")
		pack(b[8:10], parts[0], 'a')
		for _, part := range parts[1:] {
			if len(part) == 4 {
				copy(b[36:40], part)
			} else {
				pack(b[10:12], part, '0')
			}
		}
	}
	if c.Land {
		b[12] = 2
	}
	binary.LittleEndian.PutUint16(b[14:], uint16(c.Density))
	binary.LittleEndian.PutUint16(b[24:], uint16(c.SDK))
	if c.Night {
		b[29] = 0x20
	}
	return b[:size]
}

// pack writes a code of two or three letters.
func pack(b []byte, code string, base byte) {
	if len(code) == 2 {
		copy(b, code)
		return
	}
	first, second, third := code[0]-base, code[1]-base, code[2]-base
	b[0] = 0x80 | third<<2 | second>>3
	b[1] = second<<5 | first
}
