package protoxml

import (
	"cmp"
	"iter"
	"slices"
	"sync"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/internal/wire"
	"github.com/telltale-apk/telltale/apk/restype"
)

// Table is a resources.pb (aapt.pb.ResourceTable).
type Table struct {
	packages []Package
	types    []string
	entries  []entry // by id; equal ids in the order of the file
	odd      restype.Anomalies

	once  sync.Once
	names map[nameKey]uint32
}

// Package is one package of a table.
type Package struct {
	ID   uint8
	Name string
}

// entry is an aapt.pb.Entry that is decoded when asked for.
type entry struct {
	id   uint32
	typ  int32 // index into Table.types
	old  bool  // ids are plain numbers and values stand in field 4
	body []byte
	off  int64
}

type nameKey struct{ typ, name string }

// OpenTable lists the entries of a table. data is borrowed. It fails if data is
// no message and there is no package before the damage; everything else is an
// anomaly. A module without resources has a table without packages.
func OpenTable(data []byte) (*Table, error) {
	t := &Table{}
	m := wire.New(data, 0)
	for m.Next() {
		if m.Num == 2 && m.IsMessage() {
			t.readPackage(m.Sub())
		}
	}
	if err := m.Err(); err != nil && len(t.packages) == 0 {
		return nil, err
	}
	t.done(m)
	slices.SortStableFunc(t.entries, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
	return t, nil
}

func (t *Table) done(m *wire.Message) {
	if m.Err() != nil {
		t.odd.Add(restype.Anomaly{Name: AnomalyDamaged, Off: m.At(), Lossy: true, Detail: "a part is damaged; what follows in it was not read"})
	}
}

// readID reads an id that is either a number or a message with the number in
// field 1; old reports the former.
func readID(field *wire.Message) (id uint32, old bool) {
	if !field.IsMessage() {
		return field.Uint32(), true
	}
	for m := field.Sub(); m.Next(); {
		if m.Num == 1 {
			id = m.Uint32()
		}
	}
	return id, false
}

func (t *Table) readPackage(m *wire.Message) {
	var p Package
	var types []wire.Message
	for m.Next() {
		switch m.Num {
		case 1:
			id, _ := readID(m)
			p.ID = uint8(id)
		case 2:
			p.Name = m.Text()
		case 3:
			types = append(types, *m.Sub())
		}
	}
	t.done(m)
	if len(t.packages) >= 256 {
		t.odd.Add(restype.Anomaly{Name: AnomalyBudget, Off: m.At(), Lossy: true, Detail: "there are more than 256 packages"})
		return
	}
	t.packages = append(t.packages, p)
	for i := range types {
		t.readType(&types[i], p.ID)
	}
}

func (t *Table) readType(m *wire.Message, pkg uint8) {
	var id uint32
	old := false
	index := int32(len(t.types))
	t.types = append(t.types, "")
	first := len(t.entries)
	for m.Next() {
		switch m.Num {
		case 1:
			id, old = readID(m)
		case 2:
			t.types[index] = m.Text()
		case 3:
			if len(t.entries) >= MaxEntries {
				t.odd.Add(restype.Anomaly{Name: AnomalyBudget, Off: m.At(), Lossy: true, Detail: "there are more resources than are read; the rest was left out"})
				return
			}
			t.entries = append(t.entries, entry{typ: index, body: m.Bytes(), off: m.Off})
		}
	}
	t.done(m)
	for i := first; i < len(t.entries); i++ {
		e := &t.entries[i]
		e.old = old
		e.id = uint32(pkg)<<24 | id&0xff<<16
		for f := e.fields(); f.Next(); {
			if f.Num == 1 {
				n, plain := readID(f)
				e.id |= n & 0xffff
				e.old = e.old || plain
				break
			}
		}
	}
}

// Packages returns the packages in the order of the file.
func (t *Table) Packages() []Package { return t.packages }

// Len returns the number of resources.
func (t *Table) Len() int { return len(t.entries) }

// Anomalies lists what is odd about the table.
func (t *Table) Anomalies() []restype.Anomaly { return t.odd.List() }

func (e *entry) fields() *wire.Message { return wire.New(e.body, e.off) }

func (e *entry) name() string {
	for m := e.fields(); m.Next(); {
		if m.Num == 2 {
			return m.Text()
		}
	}
	return ""
}

// values yields the aapt.pb.Value of each configuration.
func (e *entry) values() iter.Seq2[arsc.Config, *wire.Message] {
	return func(yield func(arsc.Config, *wire.Message) bool) {
		for m := e.fields(); m.Next(); {
			if !m.IsMessage() || m.Num != 6 && !(e.old && m.Num == 4) {
				continue
			}
			var config arsc.Config
			var value *wire.Message
			for c := m.Sub(); c.Next(); {
				switch c.Num {
				case 1:
					config = readConfig(c.Sub())
				case 2:
					value = c.Sub()
				}
			}
			if value != nil && !yield(config, value) {
				return
			}
		}
	}
}

// simple returns the item of a value; ok is false if it is a compound.
func simple(value *wire.Message) (x item, ok bool) {
	for value.Next() {
		if value.Num == 4 {
			x, ok = readItem(value.Sub()), true
		}
	}
	return x, ok
}

// items yields the items of a value: the one, or those of an array, a style or
// plurals.
func items(value *wire.Message) iter.Seq[item] {
	return func(yield func(item) bool) {
		for value.Next() {
			switch value.Num {
			case 4:
				if !yield(readItem(value.Sub())) {
					return
				}
			case 5:
				for c := value.Sub(); c.Next(); {
					if !compound(c, yield) {
						return
					}
				}
			}
		}
	}
}

// compound yields the items of the CompoundValue that the field is of.
func compound(field *wire.Message, yield func(item) bool) bool {
	list, at := int32(1), int32(0)
	switch field.Num {
	case 2: // Style: entries in 3, with the item in 4
		list, at = 3, 4
	case 4: // Array
		at = 3
	case 5: // Plural
		at = 4
	default: // attributes and styleables have no values of their own
		return true
	}
	for m := field.Sub(); m.Next(); {
		if int32(m.Num) != list {
			continue
		}
		for e := m.Sub(); e.Next(); {
			if int32(e.Num) == at && e.IsMessage() && !yield(readItem(e.Sub())) {
				return false
			}
		}
	}
	return true
}

// StringValue is a text of a table.
type StringValue struct {
	Name  string // of the resource: "string/app_name"
	Value string
	Off   int64 // of the text in the file, in bytes
}

// Strings yields the texts of all values in all configurations: strings,
// paths of files, the items of arrays, plurals and styles, and the tags of
// styled texts, which may hold links.
func (t *Table) Strings() iter.Seq[StringValue] {
	return func(yield func(StringValue) bool) {
		for i := range t.entries {
			e := &t.entries[i]
			name := ""
			emit := func(s string, off int64) bool {
				if name == "" {
					name = t.types[e.typ] + "/" + e.name()
				}
				return yield(StringValue{Name: name, Value: s, Off: off})
			}
			for _, value := range e.values() {
				for x := range items(value) {
					if x.value.Type != restype.TypeString {
						continue
					}
					if !emit(x.value.Str, x.off) {
						return
					}
					for _, s := range x.spans {
						if !emit(s.tag, s.off) {
							return
						}
					}
				}
			}
		}
	}
}

// Find returns the id of a resource by the names of its type and entry. The
// first call makes an index of all names.
func (t *Table) Find(typ, name string) (uint32, bool) {
	t.once.Do(func() {
		t.names = make(map[nameKey]uint32, len(t.entries))
		for i := range t.entries {
			e := &t.entries[i]
			k := nameKey{t.types[e.typ], e.name()}
			if _, taken := t.names[k]; !taken {
				t.names[k] = e.id
			}
		}
	})
	id, ok := t.names[nameKey{typ, name}]
	return id, ok
}

// with yields the entries of an id.
func (t *Table) with(id uint32) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		i, _ := slices.BinarySearchFunc(t.entries, id, func(e entry, id uint32) int { return cmp.Compare(e.id, id) })
		for ; i < len(t.entries) && t.entries[i].id == id; i++ {
			if !yield(&t.entries[i]) {
				return
			}
		}
	}
}

// View picks one value for each resource of several tables, as a phone would.
// It satisfies manifest.Resolver.
type View struct {
	tables []*Table
	choice *arsc.View

	mu     sync.Mutex
	picked map[uint32]picked // so that many references to one resource cost no more than one
}

type picked struct {
	item
	ok bool
}

// NewView makes a view of the tables of a bundle's modules, the base's first.
// The choice among configurations is that of package arsc.
func NewView(opts arsc.Options, tables ...*Table) *View {
	return &View{tables: tables, choice: arsc.Join().View(opts), picked: make(map[uint32]picked)}
}

// Lookup returns the value that a resource has, after following up to MaxHops
// references, as arsc.View.Lookup does.
func (v *View) Lookup(id uint32) (value restype.Value, ok bool) {
	var seen [MaxHops]uint32
	for hop := range MaxHops {
		if slices.Contains(seen[:hop], id) {
			return value, false
		}
		seen[hop] = id
		x, ok := v.pick(id)
		if !ok {
			return value, false
		}
		if x.name != "" {
			if typ, name, ok := localName(x.name); ok {
				x.value.Data, _ = v.find(typ, name)
			}
		}
		value = x.value
		next, isRef := value.IsRef()
		if !isRef {
			return value, true
		}
		id = next
	}
	return value, false
}

// pick returns the value of a resource in the configuration that suits best;
// ok is false if there is none or it is a compound.
func (v *View) pick(id uint32) (item, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	x, known := v.picked[id]
	if !known {
		x.item, x.ok = v.choose(id)
		v.picked[id] = x
	}
	return x.item, x.ok
}

func (v *View) choose(id uint32) (best item, ok bool) {
	var config arsc.Config
	found := false
	for _, t := range v.tables {
		for e := range t.with(id) {
			for c, value := range e.values() {
				if found && !v.choice.Prefers(c, config) {
					continue
				}
				config, found = c, true
				best, ok = simple(value)
			}
		}
	}
	return best, ok
}

// Name returns "string/app_name" for a resource.
func (v *View) Name(id uint32) (string, bool) {
	for _, t := range v.tables {
		for e := range t.with(id) {
			if typ, name := t.types[e.typ], e.name(); typ != "" && name != "" {
				return typ + "/" + name, true
			}
		}
	}
	return "", false
}

func (v *View) find(typ, name string) (uint32, bool) {
	for _, t := range v.tables {
		if id, ok := t.Find(typ, name); ok {
			return id, true
		}
	}
	return 0, false
}
