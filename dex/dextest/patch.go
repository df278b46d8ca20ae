package dextest

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/dex"
)

// fieldAt is a field of a structure of the format: offset and width in bytes.
type fieldAt struct{ off, width int }

// fieldNames are the fields that .patch knows, named as in AOSP's documentation.
var fieldNames = map[string]map[string]fieldAt{
	"header": {
		"version": {4, 4}, "checksum": {8, 4}, "signature": {12, 4}, "file_size": {32, 4}, "header_size": {36, 4}, "endian_tag": {40, 4},
		"link_size": {44, 4}, "link_off": {48, 4}, "map_off": {52, 4},
		"string_ids_size": {56, 4}, "string_ids_off": {60, 4}, "type_ids_size": {64, 4}, "type_ids_off": {68, 4},
		"proto_ids_size": {72, 4}, "proto_ids_off": {76, 4}, "field_ids_size": {80, 4}, "field_ids_off": {84, 4},
		"method_ids_size": {88, 4}, "method_ids_off": {92, 4}, "class_defs_size": {96, 4}, "class_defs_off": {100, 4},
		"data_size": {104, 4}, "data_off": {108, 4}, "container_size": {112, 4}, "header_offset": {116, 4},
	},
	"string_ids": {"string_data_off": {0, 4}},
	"type_ids":   {"descriptor_idx": {0, 4}},
	"proto_ids":  {"shorty_idx": {0, 4}, "return_type_idx": {4, 4}, "parameters_off": {8, 4}},
	"field_ids":  {"class_idx": {0, 2}, "type_idx": {2, 2}, "name_idx": {4, 4}},
	"method_ids": {"class_idx": {0, 2}, "proto_idx": {2, 2}, "name_idx": {4, 4}},
	"class_defs": {
		"class_idx": {0, 4}, "access_flags": {4, 4}, "superclass_idx": {8, 4}, "interfaces_off": {12, 4},
		"source_file_idx": {16, 4}, "annotations_off": {20, 4}, "class_data_off": {24, 4}, "static_values_off": {28, 4},
	},
	"call_site_ids":  {"call_site_off": {0, 4}},
	"method_handles": {"method_handle_type": {0, 2}, "field_or_method_id": {4, 2}},
	"map_list":       {"size": {0, 4}},
	"map_item":       {"type": {0, 2}, "unused": {2, 2}, "size": {4, 4}, "offset": {8, 4}},
	"type_list":      {"size": {0, 4}},
	"code_item": {
		"registers_size": {0, 2}, "ins_size": {2, 2}, "outs_size": {4, 2}, "tries_size": {6, 2},
		"debug_info_off": {8, 4}, "insns_size": {12, 4},
	},
	"annotation_set":          {"size": {0, 4}},
	"annotation_set_ref_list": {"size": {0, 4}},
	"annotations_directory": {
		"class_annotations_off": {0, 4}, "fields_size": {4, 4}, "annotated_methods_size": {8, 4}, "annotated_parameters_size": {12, 4},
	},
	"string_data": {}, "class_data": {}, "debug_info": {}, "annotation": {}, "encoded_array": {},
}

// parsePatch reads LOCATION = [u8|u16|u32] VALUE.
func parsePatch(line int, s string) patch {
	sc := &scanner{s: s, line: line}
	p := parseLocation(sc)
	sc.want("=")
	for name, w := range map[string]int{"u8": 1, "u16": 2, "u32": 4} {
		if sc.take(name + " ") {
			p.width = w
		}
	}
	if sc.take("&") {
		t := parseLocation(sc)
		p.target = &t
	} else {
		p.value = uint64(sc.number())
	}
	sc.end()
	if p.field == "" && p.width == 0 {
		failf(line, "want u8, u16 or u32 before the value")
	}
	return p
}

// parseLocation reads section[index].field, section[index]+off or @off.
func parseLocation(sc *scanner) patch {
	p := patch{line: sc.line}
	if sc.take("@") {
		p.section, p.off = "@", scanOff(sc)
		return p
	}
	sc.space()
	i := strings.IndexAny(sc.s, "[.+= ")
	if i < 0 {
		i = len(sc.s)
	}
	p.section, sc.s = sc.s[:i], sc.s[i:]
	fields, ok := fieldNames[p.section]
	if !ok {
		failf(sc.line, "no section %q", clip(p.section))
	}
	if sc.take("[") {
		// The name may hold brackets: the one that ends it is followed by a dot,
		// a plus, an equals sign or nothing.
		end := -1
		for j := range len(sc.s) {
			if sc.s[j] == ']' && (j+1 == len(sc.s) || strings.IndexByte(".+ =", sc.s[j+1]) >= 0) {
				end = j
				break
			}
		}
		if end < 0 {
			failf(sc.line, "want ] after %q", clip(sc.s))
		}
		p.index, sc.s = sc.s[:end], sc.s[end+1:]
	}
	if sc.take(".") {
		i := strings.IndexAny(sc.s, "+= ")
		if i < 0 {
			i = len(sc.s)
		}
		p.field, sc.s = sc.s[:i], sc.s[i:]
		if _, ok := fields[p.field]; !ok {
			failf(sc.line, "%s has no field %q", p.section, clip(p.field))
		}
	}
	if sc.take("+") {
		p.off = scanOff(sc)
	}
	return p
}

func scanOff(sc *scanner) int64 {
	sc.space()
	i := strings.IndexAny(sc.s, "= \t")
	if i < 0 {
		i = len(sc.s)
	}
	n, err := strconv.ParseInt(sc.s[:i], 0, 32)
	if err != nil || n < 0 {
		failf(sc.line, "%q is no offset", clip(sc.s[:i]))
	}
	sc.s = sc.s[i:]
	return n
}

// parseTail reads .truncate and .append.
func parseTail(line int, word, rest string) []patch {
	sc := &scanner{s: rest, line: line}
	if word == ".truncate" {
		n := sc.number()
		sc.end()
		return []patch{{line: line, section: word, off: n}}
	}
	var out []patch
	for {
		if sc.space(); strings.HasPrefix(sc.s, `"`) {
			for _, c := range []byte(sc.quoted()) {
				out = append(out, patch{line: line, section: word, value: uint64(c)})
			}
		} else {
			out = append(out, patch{line: line, section: word, value: uint64(sc.number())})
		}
		if !sc.take(",") {
			break
		}
	}
	sc.end()
	return out
}

// locate returns the offset of a location, from where offsets of the file count.
func (a *assembler) locate(p *patch) int64 {
	if p.section == "@" {
		return p.off
	}
	if p.section == "header" {
		return int64(a.headerOff) + p.off
	}
	if p.section == "map_list" {
		return int64(a.offs[dex.MapMapList][0]) + p.off
	}
	n := int64(-1)
	if p.index == "" {
		n = 0
	} else if v, err := strconv.ParseInt(p.index, 0, 32); err == nil {
		n = v
	}
	if p.section == "map_item" {
		if n < 0 || n >= int64(a.mapLen) {
			failf(p.line, "no map_item[%s]", p.index)
		}
		return int64(a.offs[dex.MapMapList][0]) + 4 + 12*n + p.off
	}
	if n < 0 {
		n = a.find(p)
	}
	for t, offs := range a.offs {
		if t.String() == p.section {
			if n < 0 || n >= int64(len(offs)) {
				failf(p.line, "no %s[%s]: there are %d", p.section, p.index, len(offs))
			}
			return int64(offs[n]) + p.off
		}
	}
	failf(p.line, "the file has no %s", p.section)
	return 0
}

// find returns the number of the item that a name stands for, -1 if there is none.
func (a *assembler) find(p *patch) int64 {
	sc := &scanner{s: p.index, line: p.line}
	n, ok := -1, false
	var m map[uint32]int
	switch p.section {
	case "string_ids", "string_data":
		n, ok = a.strings.find(sc.quoted())
	case "type_ids":
		n, ok = a.types.find(sc.descriptor())
	case "proto_ids":
		n, ok = a.protos.find(sc.proto())
	case "field_ids":
		n, ok = a.fields.find(sc.member().field)
	case "method_ids":
		n, ok = a.methods.find(sc.member().meth)
	case "class_defs", "class_data", "annotations_directory", "encoded_array":
		d := sc.descriptor()
		for i, c := range a.classes {
			if c.typ == d {
				n, ok = i, true
			}
		}
		if p.section != "class_defs" && ok {
			m = a.itemOf[p.section]
			n, ok = m[uint32(n)]
		}
	case "code_item", "debug_info":
		if n, ok = a.methods.find(sc.member().meth); ok {
			n, ok = a.itemOf[p.section][uint32(n)]
		}
	}
	if !ok {
		return -1
	}
	return int64(n)
}

// apply writes the patches of one logical file into out, whose byte 0 is what
// its offsets count from.
func (a *assembler) apply(out []byte, patches []patch) {
	for i := range patches {
		p := &patches[i]
		at := a.locate(p)
		width := p.width
		if f, ok := fieldNames[p.section][p.field]; ok && p.field != "" {
			at += int64(f.off)
			if width == 0 {
				width = f.width
			}
		}
		v := p.value
		if p.target != nil {
			v = uint64(a.locate(p.target))
		}
		if at+int64(width) > int64(len(out)) {
			failf(p.line, "offset %d is behind the end", at)
		}
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], v)
		copy(out[at:at+int64(width)], b[:width])
	}
}
