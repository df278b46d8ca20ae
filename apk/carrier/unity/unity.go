// Package unity reads what Unity keeps beside the native code that it compiles
// C# to (il2cpp): assets/bin/Data/Managed/Metadata/global-metadata.dat with the
// string literals and all names of the program, and the lists of its assemblies.
//
// # Format
//
// The metadata begins with a magic and a version, then a header of sections:
// offset and size of each, from version 38 on also a count. The first three are
// the string literals (length and index of each, from version 35 on the index
// alone), their bytes in UTF-8, and names, each ending with NUL. Facts come from
// Cpp2IL (LibCpp2IL/Metadata) and, for versions from 35 on, from pull requests
// to Il2CppDumper (903, 925). Versions 24 and 31 were checked on real files. What
// the version promises and the sections do not bear out is tried in the other
// ways; if none fits, printable runs are taken and Problems says so.
//
// Games that want to hide their code encrypt this file. Then it has no magic,
// and Open says so.
package unity

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier"
)

const (
	magic      = 0xfab11baf
	minRun     = 6  // characters, where the tables are not understood
	leastStart = 32 // where the first section can begin
)

// Metadata is an open metadata file. It borrows the bytes it was opened with.
// It is safe for concurrent use.
type Metadata struct {
	Version int
	// Literals is how many string literals the table has; 0 if it was not
	// understood.
	Literals int
	// Problems says what could not be read.
	Problems []*binread.FormatError

	data  []byte
	table []byte  // of literals
	wide  bool    // entries of eight bytes
	bytes section // of literals
	names section
}

// section is a part of the file.
type section struct{ off, size int }

func (s section) end() int { return s.off + s.size }

// Open reads the header. It fails with binread.BadMagic if there is none: the
// file is encrypted, or something else.
func Open(data []byte) (*Metadata, error) {
	const sec = "il2cpp metadata"
	if len(data) < 44 {
		return nil, binread.Errorf(binread.Truncated, sec, 0, "%d bytes", len(data))
	}
	if binary.LittleEndian.Uint32(data) != magic {
		return nil, binread.Errorf(binread.BadMagic, sec, 0, "no il2cpp metadata, or it is encrypted")
	}
	m := &Metadata{data: data, Version: int(binary.LittleEndian.Uint32(data[4:]))}
	var table section
	for _, stride := range m.strides() {
		lits, text, names := m.section(8), m.section(8+stride), m.section(8+2*stride)
		if m.fits(lits) && m.fits(text) && m.fits(names) && lits.end() <= text.off && text.end() <= names.off {
			table, m.bytes, m.names = lits, text, names
			break
		}
	}
	if m.names.size == 0 {
		m.bytes = section{8, len(data) - 8}
		m.problem(binread.Unsupported, "the sections of version %d are not where they were expected; only runs of text were taken", m.Version)
		return m, nil
	}
	m.table = data[table.off:table.end()]
	m.shape()
	return m, nil
}

func (m *Metadata) problem(kind binread.Kind, format string, args ...any) {
	m.Problems = append(m.Problems, binread.Errorf(kind, "il2cpp metadata", -1, format, args...))
}

// strides returns how many bytes the header has for each section: first as the
// version promises.
func (m *Metadata) strides() []int {
	if m.Version >= 38 {
		return []int{12, 8}
	}
	return []int{8, 12}
}

// section reads an offset and a size; both -1 if they are no such things.
func (m *Metadata) section(at int) section {
	off, size := binary.LittleEndian.Uint32(m.data[at:]), binary.LittleEndian.Uint32(m.data[at+4:])
	if uint64(off)+uint64(size) > uint64(len(m.data)) {
		return section{-1, -1}
	}
	return section{int(off), int(size)}
}

func (m *Metadata) fits(s section) bool { return s.off >= leastStart }

// shape finds out what the entries of literals look like.
func (m *Metadata) shape() {
	for _, wide := range []bool{m.Version < 35, m.Version >= 35} {
		m.wide = wide
		n, bad := m.count(), 0
		for i := range n {
			if _, ok := m.literal(i); !ok {
				bad++
			}
		}
		if bad*100 <= n {
			m.Literals = n
			if bad > 0 {
				m.problem(binread.OutOfRange, "%d of %d string literals lie outside their bytes", bad, n)
			}
			return
		}
	}
	m.problem(binread.Unsupported, "the string literals of version %d are told apart in a way that is not known; runs of text were taken", m.Version)
}

func (m *Metadata) count() int {
	if m.wide {
		return len(m.table) / 8
	}
	return len(m.table) / 4
}

// literal returns where a string literal is, in the bytes of literals.
func (m *Metadata) literal(i int) (section, bool) {
	var off, end uint64
	if m.wide {
		e := m.table[8*i:]
		off = uint64(binary.LittleEndian.Uint32(e[4:]))
		end = off + uint64(binary.LittleEndian.Uint32(e))
	} else {
		off = uint64(binary.LittleEndian.Uint32(m.table[4*i:]))
		if end = uint64(m.bytes.size); 4*i+8 <= len(m.table) {
			end = uint64(binary.LittleEndian.Uint32(m.table[4*i+4:]))
		}
	}
	if off > end || end > uint64(m.bytes.size) {
		return section{}, false
	}
	if !m.wide { // zeros fill the last up
		for end > off && m.data[m.bytes.off+int(end)-1] == 0 {
			end--
		}
	}
	return section{int(off), int(end - off)}, true
}

// Strings yields the string literals, or runs of text if they could not be told
// apart; then the names.
func (m *Metadata) Strings() iter.Seq[carrier.String] {
	return func(yield func(carrier.String) bool) {
		if m.Literals == 0 {
			for s := range carrier.Runs(m.data[m.bytes.off:m.bytes.end()], int64(m.bytes.off), minRun) {
				if !yield(s) {
					return
				}
			}
		}
		left := carrier.Allowance(m.bytes.size)
		for i := range m.Literals {
			s, ok := m.literal(i)
			if left -= s.size; left < 0 {
				break
			}
			if ok && s.size > 0 && !yield(m.text(m.bytes.off+s.off, s.size)) {
				return
			}
		}
		for s := range m.Names() {
			if !yield(s) {
				return
			}
		}
	}
}

func (m *Metadata) text(off, size int) carrier.String {
	return carrier.String{Off: int64(off), Value: strings.ToValidUTF8(string(m.data[off:off+size]), "\ufffd")}
}

// Names yields the names of assemblies, namespaces, types and members.
func (m *Metadata) Names() iter.Seq[carrier.String] {
	return func(yield func(carrier.String) bool) {
		for i := m.names.off; i < m.names.end(); {
			n := bytes.IndexByte(m.data[i:m.names.end()], 0)
			if n < 0 {
				n = m.names.end() - i
			}
			if n > 0 && !yield(m.text(i, n)) {
				return
			}
			i += n + 1
		}
	}
}

// Assemblies returns the names of the assemblies that the program was made of,
// without ".dll", sorted.
func (m *Metadata) Assemblies() []string {
	var out []string
	for s := range m.Names() {
		if name, ok := assembly(s.Value); ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// assembly takes the extension off the name of an assembly's file.
func assembly(file string) (string, bool) {
	name, ok := strings.CutSuffix(file, ".dll")
	return name, ok && name != "" && !strings.ContainsAny(name, "/\\ \t\r\n")
}

// ScriptingAssemblies reads assets/bin/Data/ScriptingAssemblies.json, which
// lists the files of the app's assemblies, or RuntimeInitializeOnLoads.json
// beside it, which lists methods to run at the start and their assemblies. It
// returns the assemblies' names without ".dll", sorted. The modules of the
// engine are left out: the first list has all that the editor has, used or not.
func ScriptingAssemblies(data []byte) ([]string, error) {
	var list struct {
		Names []string `json:"names"`
		Root  []struct {
			Assembly string `json:"assemblyName"`
		} `json:"root"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, binread.Errorf(binread.Malformed, "list of assemblies", -1, "%v", err)
	}
	var out []string
	for _, file := range list.Names {
		if name, ok := assembly(file); ok && !engineModule(name) {
			out = append(out, name)
		}
	}
	for _, r := range list.Root {
		if name, ok := assembly(r.Assembly + ".dll"); ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func engineModule(name string) bool {
	return name == "UnityEngine" || strings.HasPrefix(name, "UnityEngine.") && strings.HasSuffix(name, "Module")
}
