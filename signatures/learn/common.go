package learn

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// The listing is made by the script common/make.sh, which names its sources in
// common/sources.tsv.
var (
	//go:embed common/packages.txt
	commonPackages string
	//go:embed common/strings.bloom
	commonStrings string
)

// Common lists what libraries hold that many apps carry: their packages, and
// the strings of their code as a Bloom filter. It is immutable.
type Common struct {
	packages []string // sorted, dotted
	filter   string   // bytes, a power of two of them
	probes   int
}

// Bundled returns the listing that is built in.
func Bundled() (*Common, error) { return ReadCommon(commonPackages, commonStrings) }

const commonMagic = "TELLCMN1"

// ReadCommon reads a listing: packages, one a line, and the filter as
// [WriteFilter] makes it.
func ReadCommon(packages, filter string) (*Common, error) {
	c := &Common{}
	for line := range strings.Lines(packages) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			c.packages = append(c.packages, line)
		}
	}
	if !slices.IsSorted(c.packages) {
		return nil, errors.New("the packages of common libraries are not sorted")
	}
	if len(filter) < len(commonMagic)+4 || filter[:len(commonMagic)] != commonMagic {
		return nil, errors.New("the strings of common libraries are no filter")
	}
	c.probes = int(binary.LittleEndian.Uint32([]byte(filter[len(commonMagic):])))
	c.filter = filter[len(commonMagic)+4:]
	if bits.OnesCount(uint(len(c.filter))) != 1 || c.probes < 1 || c.probes > 16 {
		return nil, fmt.Errorf("the filter of common libraries has %d bytes and %d probes", len(c.filter), c.probes)
	}
	return c, nil
}

// WriteFilter makes a filter of size bytes, a power of two, of strings.
func WriteFilter(size int, list []string) []byte {
	const probes = 5
	head := binary.LittleEndian.AppendUint32([]byte(commonMagic), probes)
	b := make([]byte, size)
	for _, s := range list {
		probe(s, probes, size, func(i uint64) bool { b[i>>3] |= 1 << (i & 7); return true })
	}
	return append(head, b...)
}

// probe yields the bits of a string until yield returns false: those that two
// halves of its FNV-1a hash lead to.
func probe(s string, n, size int, yield func(bit uint64) bool) {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	h ^= h >> 32
	h *= 0x9e3779b97f4a7c15
	a, b := h, h>>33|1
	for range n {
		if !yield(a % uint64(8*size)) {
			return
		}
		a += b * 0x9e3779b1
	}
}

// String reports whether a common library holds the string. It may err to the
// side of yes.
func (c *Common) String(s string) bool {
	in := true
	probe(s, c.probes, len(c.filter), func(i uint64) bool {
		in = c.filter[i>>3]&(1<<(i&7)) != 0
		return in
	})
	return in
}

// Package returns the listed package that a package is, or is below; "" if none.
func (c *Common) Package(pkg string) string {
	for end := len(pkg); end > 0; end = strings.LastIndexByte(pkg[:end], '.') {
		if _, ok := slices.BinarySearch(c.packages, pkg[:end]); ok {
			return pkg[:end]
		}
	}
	return ""
}

// Below returns a listed package below pkg, "" if there is none.
func (c *Common) Below(pkg string) string {
	i, _ := slices.BinarySearch(c.packages, pkg+".")
	if i < len(c.packages) && strings.HasPrefix(c.packages[i], pkg+".") {
		return c.packages[i]
	}
	return ""
}
