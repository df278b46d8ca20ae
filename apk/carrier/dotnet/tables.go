package dotnet

import (
	"fmt"
	"math/bits"

	"github.com/telltale-apk/telltale/apk/binread"
)

// The tables of metadata that other tables refer to (ECMA-335 II.22).
const (
	tModule            = 0x00
	tTypeRef           = 0x01
	tTypeDef           = 0x02
	tField             = 0x04
	tMethod            = 0x06
	tParam             = 0x08
	tInterfaceImpl     = 0x09
	tMemberRef         = 0x0a
	tDeclSecurity      = 0x0e
	tSignature         = 0x11
	tEvent             = 0x14
	tProperty          = 0x17
	tModuleRef         = 0x1a
	tTypeSpec          = 0x1b
	tAssembly          = 0x20
	tAssemblyRef       = 0x23
	tFile              = 0x26
	tExported          = 0x27
	tManifest          = 0x28
	tGenericParam      = 0x2a
	tMethodSpec        = 0x2b
	tGenericConstraint = 0x2c
)

// A column is a fixed number of bytes, an index into a heap, an index into a
// table (| isTable), or one into one of several tables (| isCoded).
const (
	cU16 = iota
	cU32
	cString
	cGUID
	cBlob
	isCoded = 0x40
	isTable = 0x80
)

const (
	typeDefOrRef = isCoded + iota
	hasConstant
	hasAttribute
	hasMarshal
	hasSecurity
	memberParent
	hasSemantics
	methodDefOrRef
	forwarded
	attributeType
	resolutionScope
)

// coded lists the tables that a coded index leads to, and the bits that tell
// which (II.24.2.6).
var coded = [...]struct {
	tag    uint
	tables []byte
}{
	{2, []byte{tTypeDef, tTypeRef, tTypeSpec}},
	{2, []byte{tField, tParam, tProperty}},
	{5, []byte{
		tMethod, tField, tTypeRef, tTypeDef, tParam, tInterfaceImpl, tMemberRef, tModule, tDeclSecurity, tProperty, tEvent,
		tSignature, tModuleRef, tTypeSpec, tAssembly, tAssemblyRef, tFile, tExported, tManifest, tGenericParam, tGenericConstraint, tMethodSpec,
	}},
	{1, []byte{tField, tParam}},
	{2, []byte{tTypeDef, tMethod, tAssembly}},
	{3, []byte{tTypeDef, tTypeRef, tModuleRef, tMethod, tTypeSpec}},
	{1, []byte{tEvent, tProperty}},
	{1, []byte{tMethod, tMemberRef}},
	{1, []byte{tField, tMethod}},
	{3, []byte{tMethod, tMemberRef}},
	{2, []byte{tModule, tModuleRef, tAssemblyRef, tTypeRef}},
}

// columns describes the rows of the tables up to that of the assembly.
var columns = [...][]byte{
	0x00: {cU16, cString, cGUID, cGUID, cGUID},
	0x01: {resolutionScope, cString, cString},
	0x02: {cU32, cString, cString, typeDefOrRef, isTable | tField, isTable | tMethod},
	0x03: {isTable | tField},
	0x04: {cU16, cString, cBlob},
	0x05: {isTable | tMethod},
	0x06: {cU32, cU16, cU16, cString, cBlob, isTable | tParam},
	0x07: {isTable | tParam},
	0x08: {cU16, cU16, cString},
	0x09: {isTable | tTypeDef, typeDefOrRef},
	0x0a: {memberParent, cString, cBlob},
	0x0b: {cU16, hasConstant, cBlob},
	0x0c: {hasAttribute, attributeType, cBlob},
	0x0d: {hasMarshal, cBlob},
	0x0e: {cU16, hasSecurity, cBlob},
	0x0f: {cU16, cU32, isTable | tTypeDef},
	0x10: {cU32, isTable | tField},
	0x11: {cBlob},
	0x12: {isTable | tTypeDef, isTable | tEvent},
	0x13: {isTable | tEvent},
	0x14: {cU16, cString, typeDefOrRef},
	0x15: {isTable | tTypeDef, isTable | tProperty},
	0x16: {isTable | tProperty},
	0x17: {cU16, cString, cBlob},
	0x18: {cU16, isTable | tMethod, hasSemantics},
	0x19: {isTable | tTypeDef, methodDefOrRef, methodDefOrRef},
	0x1a: {cString},
	0x1b: {cBlob},
	0x1c: {cU16, forwarded, cString, isTable | tModuleRef},
	0x1d: {cU32, isTable | tField},
	0x1e: {cU32, cU32},
	0x1f: {cU32},
	0x20: {cU32, cU16, cU16, cU16, cU16, cU32, cBlob, cString, cString},
}

// identity reads the assembly's name and version: a row behind all tables of
// lower number, whose sizes depend on each other.
func (a *Assembly) identity(tables heap) {
	const sec = "metadata tables"
	c := binread.New(tables.data, int64(tables.off), sec)
	c.Skip(6)
	heaps := c.U8()
	c.Skip(1)
	valid := c.U64()
	c.Skip(8)
	var rows [64]uint32
	for t := range rows {
		if valid>>t&1 != 0 {
			rows[t] = c.U32()
		}
	}
	if heaps&0x40 != 0 {
		c.Skip(4) // of files with room for editing
	}
	if c.Err() != nil || rows[tAssembly] == 0 {
		if c.Err() != nil {
			a.problem(binread.Truncated, sec, int64(tables.off), "%v", c.Err())
		}
		return
	}
	wide := func(big bool) int64 {
		if big {
			return 4
		}
		return 2
	}
	width := func(col byte) int64 {
		switch {
		case col&isTable != 0:
			return wide(rows[col&^isTable] >= 1<<16)
		case col&isCoded != 0:
			k := coded[col&^isCoded]
			most := uint32(0)
			for _, t := range k.tables {
				most = max(most, rows[t])
			}
			return wide(bits.Len32(most)+int(k.tag) > 16)
		case col == cU16:
			return 2
		case col == cU32:
			return 4
		}
		return wide(heaps>>(col-cString)&1 != 0)
	}
	for t := range tAssembly {
		size := int64(0)
		for _, col := range columns[t] {
			size += width(col)
		}
		c.Skip(size * int64(rows[t]))
	}
	c.Skip(4)
	version := [4]uint16{c.U16(), c.U16(), c.U16(), c.U16()}
	c.Skip(4 + width(cBlob))
	var index uint32
	if width(cString) == 4 {
		index = c.U32()
	} else {
		index = uint32(c.U16())
	}
	if c.Err() != nil {
		a.problem(binread.Truncated, sec, int64(tables.off), "%v", c.Err())
		return
	}
	if a.Name = a.name(index); a.Name != "" {
		a.Version = fmt.Sprintf("%d.%d.%d.%d", version[0], version[1], version[2], version[3])
	}
}
