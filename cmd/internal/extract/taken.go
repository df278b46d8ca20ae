package extract

import (
	"bytes"
	"hash/maphash"

	"github.com/telltale-apk/telltale/dex"
)

// taken knows the code that was taken, so that the same in several places counts
// once. What looks equal by a fast hash is compared byte for byte. The bytes are
// kept: those of DEX files are in memory as long as the app is.
type taken struct {
	seed maphash.Seed
	by   map[uint64][][2][]byte
}

// add takes data, and reports whether they are new.
func (t *taken) add(data []byte) bool { return t.pair(nil, data) }

// addTables takes what a DEX file and its optimised forms have in common, and
// reports whether it is new: the signature of the file before it was optimised,
// and all tables. Several instruction sets hold the same DEX, and so may the APK.
func (t *taken) addTables(f *dex.File) bool {
	h := f.Header()
	b := f.Bytes()
	end := min(int64(h.ClassDefs.Off)+32*int64(h.ClassDefs.Count), int64(len(b)))
	return t.pair(h.Signature[:], b[min(0x70, end):end])
}

func (t *taken) pair(a, b []byte) bool {
	if t.by == nil {
		t.by = map[uint64][][2][]byte{}
		t.seed = maphash.MakeSeed()
	}
	key := maphash.Bytes(t.seed, a)*3 + maphash.Bytes(t.seed, b)
	for _, p := range t.by[key] {
		if bytes.Equal(p[0], a) && bytes.Equal(p[1], b) && len(p[0]) == len(a) {
			return false
		}
	}
	t.by[key] = append(t.by[key], [2][]byte{a, b})
	return true
}
