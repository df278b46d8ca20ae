// Package dotnet reads what .NET assemblies name: their own name and version,
// string literals, the names of types and members, and text in resources. Apps
// made with Xamarin, .NET for Android and MAUI, and with Unity's Mono back end,
// carry their code in assemblies: as files, compressed, or in stores.
//
// # Formats
//
// An assembly is a Windows executable (PE) whose CLI header leads to metadata
// in the form of ECMA-335, partition II, chapters 22 to 25. Compressed
// assemblies begin with XALZ (an LZ4 block) or XAZS (Zstandard), followed by an
// index and the size that they expand to. Stores begin with XABA; see
// [OpenStore]. Facts about stores and compression come from dotnet/android:
// Documentation/project-docs/AssemblyStores.md, xamarin-app.hh and its reader
// of stores of version 1. LZ4 is described in lz4_Block_format.md of lz4.
//
// Assemblies were checked with real ones; stores and compressed assemblies only
// with files of our own, as no public sample was to be had.
package dotnet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier"
)

const (
	// MaxAssembly is the size in bytes to which one assembly may expand; the
	// runtime has the same limit.
	MaxAssembly = 512 << 20

	maxSections = 96 // of a PE file; Windows has the same limit
	maxStreams  = 32 // of metadata
	minRun      = 6  // characters, in resources
)

// Assembly is an open assembly. It borrows the bytes it was opened with. It is
// safe for concurrent use.
type Assembly struct {
	Name    string // simple name, as "Foo.Bar"; empty if the metadata does not tell
	Version string // "1.2.3.4"; empty likewise
	// Problems says what could not be read.
	Problems []*binread.FormatError

	data      []byte
	us        heap // string literals
	names     heap // names
	resources heap
}

// heap is a part of the file.
type heap struct {
	off  int
	data []byte
}

// ErrNative says that a PE file holds no managed code.
var ErrNative = binread.Errorf(binread.Unsupported, "CLI header", -1, "the file is a Windows library without managed code")

// Open reads the headers of an assembly that is not compressed. It fails if
// data is no PE file, and with ErrNative if it is one of another kind.
func Open(data []byte) (*Assembly, error) {
	a := &Assembly{data: data}
	meta, err := a.metadata()
	if err != nil {
		return nil, err
	}
	a.streams(meta)
	return a, nil
}

func (a *Assembly) problem(kind binread.Kind, section string, off int64, format string, args ...any) {
	a.Problems = append(a.Problems, binread.Errorf(kind, section, off, format, args...))
}

type section struct{ addr, size, off, raw uint32 }

// metadata finds the metadata by way of the headers.
func (a *Assembly) metadata() (heap, error) {
	const sec = "PE header"
	c := binread.New(a.data, 0, sec)
	if len(a.data) < 64 || a.data[0] != 'M' || a.data[1] != 'Z' {
		return heap{}, binread.Errorf(binread.BadMagic, sec, 0, "no Windows executable")
	}
	c.SeekTo(60)
	c.SeekTo(int64(c.U32()))
	if string(c.Bytes(4)) != "PE\x00\x00" {
		return heap{}, binread.Errorf(binread.BadMagic, sec, 60, "no PE signature")
	}
	c.Skip(2)
	n := int(c.U16())
	c.Skip(12)
	optional := int64(c.U16())
	c.Skip(2)
	start := int64(c.Off())
	magic := c.U16()
	dirs := start + 96
	if magic == 0x20b {
		dirs = start + 112
	}
	const cli = 14
	c.SeekTo(dirs - 4)
	count := c.U32()
	c.Skip(8 * cli)
	cliAddr, cliSize := c.U32(), c.U32()
	c.SeekTo(start + optional)
	if n > maxSections {
		return heap{}, binread.Errorf(binread.TooLarge, sec, -1, "%d sections", n)
	}
	var secs []section
	for range n {
		c.Skip(8)
		s := section{size: c.U32(), addr: c.U32(), raw: c.U32(), off: c.U32()}
		c.Skip(16)
		if c.Err() == nil {
			secs = append(secs, s)
		}
	}
	if c.Err() != nil {
		a.problem(binread.Truncated, sec, -1, "%v", c.Err())
	}
	if count <= cli || cliAddr == 0 || cliSize == 0 {
		return heap{}, ErrNative
	}
	c = binread.New(a.data, 0, "CLI header")
	at, _ := a.offset(secs, cliAddr)
	c.SeekTo(int64(at))
	c.Skip(8)
	metaAddr, metaSize := c.U32(), c.U32()
	c.Skip(8)
	resAddr, resSize := c.U32(), c.U32()
	if c.Err() == nil {
		a.resources = a.at(secs, resAddr, resSize)
	}
	meta := a.at(secs, metaAddr, metaSize)
	if c.Err() != nil || !bytes.HasPrefix(meta.data, []byte("BSJB")) {
		// Protectors damage headers; the metadata begins with a magic.
		i := bytes.Index(a.data, []byte("BSJB\x01\x00\x01\x00"))
		if i < 0 {
			return heap{}, binread.Errorf(binread.OutOfRange, "CLI header", int64(at), "there is no metadata where it leads")
		}
		a.problem(binread.OutOfRange, "CLI header", int64(at), "there is no metadata where it leads; some was found elsewhere")
		meta = heap{i, a.data[i:]}
	}
	return meta, nil
}

// offset returns where in the file a loaded address is, and how many bytes its
// section has from there.
func (a *Assembly) offset(secs []section, addr uint32) (off, left uint32) {
	for _, s := range secs {
		if addr >= s.addr && addr-s.addr < s.raw {
			return s.off + (addr - s.addr), s.raw - (addr - s.addr)
		}
	}
	return ^uint32(0), 0
}

// at returns the part of the file at a loaded address.
func (a *Assembly) at(secs []section, addr, size uint32) heap {
	off, left := a.offset(secs, addr)
	if left == 0 || int64(off) >= int64(len(a.data)) {
		return heap{}
	}
	end := min(int64(off)+int64(min(size, left)), int64(len(a.data)))
	return heap{int(off), a.data[off:end]}
}

// streams reads the root of the metadata.
func (a *Assembly) streams(meta heap) {
	const sec = "metadata root"
	c := binread.New(meta.data, int64(meta.off), sec)
	c.Skip(12)
	c.Skip(int64(c.U32())) // the runtime's version
	c.Skip(2)
	n := int(c.U16())
	if n > maxStreams {
		a.problem(binread.TooLarge, sec, -1, "%d streams; the first %d were read", n, maxStreams)
		n = maxStreams
	}
	var tables heap
	for range n {
		off, size := c.U32(), c.U32()
		start := c.Off()
		name := ""
		for c.Err() == nil {
			if b := c.U8(); b == 0 {
				break
			} else if name += string(rune(b)); len(name) > 32 {
				c.Fail(binread.Malformed, "the name of a stream does not end")
			}
		}
		c.Skip(int64(-(c.Off() - start) & 3))
		if c.Err() != nil {
			break
		}
		if int64(off) > int64(len(meta.data)) {
			a.problem(binread.OutOfRange, sec, int64(meta.off), "stream %q at 0x%x of %d bytes", name, off, len(meta.data))
			continue
		}
		end := min(int64(off)+int64(size), int64(len(meta.data)))
		h := heap{meta.off + int(off), meta.data[off:end]}
		switch name {
		case "#US":
			a.us = h
		case "#Strings":
			a.names = h
		case "#~", "#-":
			tables = h
		}
	}
	if c.Err() != nil {
		a.problem(binread.Truncated, sec, int64(meta.off), "%v", c.Err())
	}
	a.identity(tables)
}

// name returns the string at an index of the heap of names.
func (a *Assembly) name(i uint32) string {
	if int64(i) >= int64(len(a.names.data)) {
		return ""
	}
	b := a.names.data[i:]
	if n := bytes.IndexByte(b[:min(len(b), 1024)], 0); n >= 0 {
		return strings.ToValidUTF8(string(b[:n]), "\ufffd")
	}
	return ""
}

// Literals yields the string literals of the code.
func (a *Assembly) Literals() iter.Seq[carrier.String] {
	return func(yield func(carrier.String) bool) {
		b := a.us.data
		for i := 1; i < len(b); {
			n, size := blobLength(b[i:])
			if size == 0 || n > len(b)-i-size {
				return
			}
			start := i + size
			// The last byte says whether there are unusual characters.
			if n > 1 && !yield(carrier.String{Off: int64(a.us.off + start), Value: carrier.UTF16LE(b[start : start+n-1])}) {
				return
			}
			i = start + n
		}
	}
}

// blobLength reads a length in the compressed form of ECMA-335 II.23.2. size is
// 0 if there is none.
func blobLength(b []byte) (n, size int) {
	switch {
	case b[0]&0x80 == 0:
		return int(b[0]), 1
	case b[0]&0x40 == 0 && len(b) >= 2:
		return int(binary.BigEndian.Uint16(b) & 0x3fff), 2
	case b[0]&0x20 == 0 && len(b) >= 4:
		return int(binary.BigEndian.Uint32(b) & 0x1fffffff), 4
	}
	return 0, 0
}

// Names yields the names of namespaces, types, members, parameters and of
// libraries that are linked to.
func (a *Assembly) Names() iter.Seq[carrier.String] {
	return func(yield func(carrier.String) bool) {
		b := a.names.data
		for i := 0; i < len(b); {
			n := bytes.IndexByte(b[i:], 0)
			if n < 0 {
				n = len(b) - i
			}
			if n > 0 && !yield(carrier.String{Off: int64(a.names.off + i), Value: strings.ToValidUTF8(string(b[i:i+n]), "\ufffd")}) {
				return
			}
			i += n + 1
		}
	}
}

// Resources yields runs of text in the resources that the assembly embeds.
func (a *Assembly) Resources() iter.Seq[carrier.String] {
	return carrier.Runs(a.resources.data, int64(a.resources.off), minRun)
}

// Strings yields Literals, Names and Resources.
func (a *Assembly) Strings() iter.Seq[carrier.String] {
	return func(yield func(carrier.String) bool) {
		for _, seq := range []iter.Seq[carrier.String]{a.Literals(), a.Names(), a.Resources()} {
			for s := range seq {
				if !yield(s) {
					return
				}
			}
		}
	}
}

const packedHeader = 12

// Packed reports whether data is a compressed assembly.
func Packed(data []byte) bool {
	return len(data) >= packedHeader && (string(data[:4]) == "XALZ" || string(data[:4]) == "XAZS")
}

// Unpack expands a compressed assembly; other data it returns as it is. It
// fails without result if more than most bytes come out, with what could be
// had if the data is damaged.
func Unpack(data []byte, most int64) ([]byte, error) {
	if !Packed(data) {
		return data, nil
	}
	sec := string(data[:4])
	size := int64(binary.LittleEndian.Uint32(data[8:]))
	if most = min(most, MaxAssembly); size > most {
		return nil, binread.Errorf(binread.TooLarge, sec, 8, "the assembly expands to %d bytes; the limit is %d", size, most)
	}
	body := data[packedHeader:]
	if sec == "XALZ" {
		out, err := unpackLZ4(body, int(size))
		if err != nil {
			err.Off += packedHeader
			return out, err
		}
		return out, nil
	}
	d, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(max(size, 1<<20))))
	if err != nil {
		return nil, fmt.Errorf("zstandard: %w", err)
	}
	defer d.Close()
	var out bytes.Buffer
	if n, err := out.ReadFrom(io.LimitReader(d, size+1)); err != nil || n != size {
		return out.Bytes(), binread.Errorf(binread.Malformed, sec, packedHeader, "%d of %d bytes: %v", n, size, err)
	}
	return out.Bytes(), nil
}
