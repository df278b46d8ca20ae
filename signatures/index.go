package signatures

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
)

// space keeps keys of different meaning apart.
type space uint8

// The spaces. Their numbers stand in the bundle: add at the end, and count
// bundleVersion up when the meaning of one changes.
const (
	spPackage      space = iota // "com/foo", with its interior nodes; classes too
	spMemberClass               // descriptor of a class some rule names a member of
	spMemberName                // name of such a member
	spMember                    // "Lcom/foo/Bar;->name" (every overload) or with proto or ":type"
	spString                    // whole string constant
	spStringPrefix              // sorted list
	spHost                      // host, with its interior nodes (com, foo.com)
	spPath                      // first segment of a request path without host
	spActivity                  // dotted class, as are the next four
	spService
	spReceiver
	spProvider
	spComponent // of any kind
	spAuthority
	spMetaData
	spPermission
	spAction
	spUsesLibrary
	spNative
	spNativePrefix
	spNativeSuffix // reversed
	spSymbol
	spSymbolPrefix
	spBuildID
	spFile
	spFilePrefix
	spResource
	spModule   // kind + ":" + name
	spNoiseURL // prefixes
	spDefined  // descriptor of a class whose fields or methods tell a version
	numSpaces
)

// Use says what a rule wants with a key.
type Use uint8

// The uses. Item of a [Hit] counts in the list that is named here.
const (
	UseNone        Use = iota
	UseSignal          // SDK.Signals
	UseWired           // SDK.Wired
	UseSwitch          // SDK.DisabledBy
	UseEvent           // SDK.Events
	UseVersion         // SDK.Version
	UseAppKey          // SDK.AppKeys
	UseSource          // Identifier.Sources
	UseSink            // Sink.Members
	useDomain          // the domain itself
	useDomainHost      // Domain.Hosts
	useNoiseHost       // Noise.Hosts
	useNoiseURL        // Noise.URLs
	useKnownDomain     // a registrable domain that some rule names a host of
)

// posting is one reason why a key is in the index.
type posting struct {
	rule  uint32 // index into Rules.entries
	item  uint16
	use   Use
	flags uint8
}

// Flags of postings.
const (
	flagRef       uint8 = 1 << iota // of spPackage: a reference is enough (code-ref)
	flagClass                       // of spPackage: this class only, not what is below
	flagOwns                        // of spPackage: owns the code
	flagExclusive                   // of spPackage: its classes speak for no shorter prefix of another rule
	flagHostOnly                    // of spHost: the posting has neither path nor query
	flagWord                        // of prefixes: must end at a word
)

// node is one key with its postings.
type node struct {
	keyOff    uint32
	keyLen    uint32
	hash      uint32
	postFirst uint32
	postNum   uint16
	space     space
	inner     bool // longer keys continue it (spPackage, spHost)
	// parent is the nearest shorter key with postings (spPackage), or -1.
	parent int32
}

// index maps keys to postings. It is immutable. Nodes are sorted by space and
// key; slots is an open-addressing hash table over them.
type index struct {
	keys     string
	nodes    []node
	postings []posting
	slots    []uint32 // node number + 1, 0 if empty; the length is a power of two
	spaces   [numSpaces + 1]uint32
	// firsts has a bit for the hash of the first four bytes of each prefix;
	// shapes has one for the length and a few bytes of each key.
	firsts, shapes [numSpaces]*[1024]uint64
}

const (
	hashK0 = 0x9e3779b97f4a7c15
	hashK1 = 0xd6e8feb86659fd93
)

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// hashKey must never change without bundleVersion: bundles hold its results.
func hashKey[T string | []byte](sp space, s T) uint32 {
	h := uint64(sp)*hashK1 ^ uint64(len(s))
	i := 0
	for ; i+8 <= len(s); i += 8 {
		v := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		h = mix(h^v, hashK0)
	}
	var v uint64
	for j := 0; i < len(s); i, j = i+1, j+8 {
		v |= uint64(s[i]) << j
	}
	h = mix(h^v, hashK1)
	return uint32(h ^ h>>32)
}

func (x *index) key(n int32) string {
	d := &x.nodes[n]
	return x.keys[d.keyOff : d.keyOff+d.keyLen]
}

func (x *index) posts(n int32) []posting {
	d := &x.nodes[n]
	end := d.postFirst + uint32(d.postNum)
	return x.postings[d.postFirst:end:end] // who appends must not write into the next key's
}

// get returns the node of a key, or -1.
func (x *index) get(sp space, s string) int32 {
	return lookup(x, sp, s)
}

func lookup[T string | []byte](x *index, sp space, s T) int32 {
	if len(x.slots) == 0 {
		return -1
	}
	h := hashKey(sp, s)
	mask := uint32(len(x.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := x.slots[i]
		if n == 0 {
			return -1
		}
		d := &x.nodes[n-1]
		if d.hash == h && d.space == sp && x.keys[d.keyOff:d.keyOff+d.keyLen] == string(s) {
			return int32(n - 1)
		}
	}
}

// has reports whether a space holds any key.
func (x *index) has(sp space) bool { return x.spaces[sp] < x.spaces[sp+1] }

func firstBytes(s string) uint32 {
	v := uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
	return v * 0x9e3779b1 >> 16
}

// mayStart reports whether a key of a prefix space can begin s. All such keys
// have minPrefix bytes or more, but for those of natives.
func (x *index) mayStart(sp space, s string) bool {
	b := x.firsts[sp]
	if b == nil || len(s) < 4 {
		return false
	}
	h := firstBytes(s)
	return b[h>>6]&(1<<(h&63)) != 0
}

// shape hashes the length of a string and three of its bytes.
func shape(s string) uint32 {
	v := uint32(len(s)) | uint32(s[0])<<8 | uint32(s[len(s)/2])<<16 | uint32(s[len(s)-1])<<24
	return v * 0x9e3779b1 >> 16
}

// mayBe reports whether s can be a key of a space that has shapes. It spares
// hashing nearly all strings that are none.
func (x *index) mayBe(sp space, s string) bool {
	b := x.shapes[sp]
	if b == nil || s == "" {
		return false
	}
	h := shape(s)
	return b[h>>6]&(1<<(h&63)) != 0
}

// prefixes calls yield for each key of a space that s begins with, the
// shortest first.
func (x *index) prefixes(sp space, s string, yield func(n int32)) {
	lo, hi := int(x.spaces[sp]), int(x.spaces[sp+1])
	for d := 0; lo < hi; d++ {
		if int(x.nodes[lo].keyLen) == d {
			yield(int32(lo))
			lo++
		}
		if d == len(s) || lo == hi {
			return
		}
		c := s[d]
		lo += cut(hi-lo, func(i int) bool { return x.byteAt(lo+i, d) >= c })
		hi = lo + cut(hi-lo, func(i int) bool { return x.byteAt(lo+i, d) > c })
	}
}

func (x *index) byteAt(n, d int) byte { return x.keys[int(x.nodes[n].keyOff)+d] }

// cut is sort.Search.
func cut(n int, f func(int) bool) int {
	lo, hi := 0, n
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if f(m) {
			hi = m
		} else {
			lo = m + 1
		}
	}
	return lo
}

// builder collects keys before they are laid out.
type indexBuilder struct {
	nodes map[builderKey]*builderNode
}

type builderKey struct {
	space space
	key   string
}

type builderNode struct {
	posts []posting
	inner bool
}

func (b *indexBuilder) node(sp space, key string) *builderNode {
	if b.nodes == nil {
		b.nodes = make(map[builderKey]*builderNode, 1<<12)
	}
	k := builderKey{sp, key}
	n := b.nodes[k]
	if n == nil {
		n = &builderNode{}
		b.nodes[k] = n
	}
	return n
}

func (b *indexBuilder) add(sp space, key string, p posting) {
	n := b.node(sp, key)
	for _, q := range n.posts {
		if q == p {
			return
		}
	}
	n.posts = append(n.posts, p)
}

// addPath adds a key of spPackage and its interior nodes.
func (b *indexBuilder) addPath(key string, p posting) {
	for i := 1; i < len(key); i++ {
		if isLabelEnd(key, i) {
			b.node(spPackage, key[:i]).inner = true
		}
	}
	b.add(spPackage, key, p)
}

// isLabelEnd reports whether key[:i] is a name that the rest continues: at a
// "/", or at the "$" of an inner class.
func isLabelEnd(key string, i int) bool {
	return key[i] == '/' || key[i] == '$' && key[i-1] != '/'
}

// addHost adds a key of spHost and its interior nodes.
func (b *indexBuilder) addHost(host string, p posting) {
	for i := len(host) - 1; i > 0; i-- {
		if host[i] == '.' {
			b.node(spHost, host[i+1:]).inner = true
		}
	}
	b.add(spHost, host, p)
}

func (b *indexBuilder) build() *index {
	keys := make([]builderKey, 0, len(b.nodes))
	for k := range b.nodes {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b builderKey) int {
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.key, b.key))
	})
	x := &index{nodes: make([]node, len(keys))}
	var text strings.Builder
	sp := space(0)
	for i, k := range keys {
		for ; sp <= k.space; sp++ {
			x.spaces[sp] = uint32(i)
		}
		n := b.nodes[k]
		slices.SortFunc(n.posts, func(a, b posting) int {
			return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.use, b.use), cmp.Compare(a.item, b.item), cmp.Compare(a.flags, b.flags))
		})
		x.nodes[i] = node{
			keyOff: uint32(text.Len()), keyLen: uint32(len(k.key)), hash: hashKey(k.space, k.key),
			postFirst: uint32(len(x.postings)), postNum: uint16(min(len(n.posts), 1<<16-1)),
			space: k.space, inner: n.inner, parent: -1,
		}
		text.WriteString(k.key)
		x.postings = append(x.postings, n.posts[:x.nodes[i].postNum]...)
	}
	for ; sp <= numSpaces; sp++ {
		x.spaces[sp] = uint32(len(keys))
	}
	x.keys = text.String()
	size := 2
	for size < 2*len(keys) {
		size *= 2
	}
	x.slots = make([]uint32, size)
	for i := range x.nodes {
		j := x.nodes[i].hash & uint32(size-1)
		for x.slots[j] != 0 {
			j = (j + 1) & uint32(size-1)
		}
		x.slots[j] = uint32(i) + 1
	}
	for i := x.spaces[spPackage]; i < x.spaces[spPackage+1]; i++ {
		key := x.key(int32(i))
		for j := len(key) - 1; j > 0; j-- {
			if !isLabelEnd(key, j) {
				continue
			}
			if p := x.get(spPackage, key[:j]); p >= 0 && x.nodes[p].postNum > 0 {
				x.nodes[i].parent = p
				break
			}
		}
	}
	x.finish()
	return x
}

// finish fills in what is not stored.
func (x *index) finish() {
	for _, sp := range []space{spStringPrefix, spSymbolPrefix, spFilePrefix, spNoiseURL} {
		if !x.has(sp) {
			continue
		}
		bits := new([1024]uint64)
		for i := x.spaces[sp]; i < x.spaces[sp+1]; i++ {
			key := x.key(int32(i))
			if len(key) < 4 {
				for j := range bits {
					bits[j] = ^uint64(0) // cannot be told from four bytes
				}
				break
			}
			h := firstBytes(key)
			bits[h>>6] |= 1 << (h & 63)
		}
		x.firsts[sp] = bits
	}
	for _, sp := range []space{spString, spMemberName} {
		if !x.has(sp) {
			continue
		}
		bits := new([1024]uint64)
		for i := x.spaces[sp]; i < x.spaces[sp+1]; i++ {
			h := shape(x.key(int32(i)))
			bits[h>>6] |= 1 << (h & 63)
		}
		x.shapes[sp] = bits
	}
}
