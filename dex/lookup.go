package dex

import "sort"

// lookup is how names are found: by binary search where the file is sorted as
// the format demands, else by a map made on first use.
type lookup struct {
	typesSorted bool
	types       map[string]uint32 // nil if sorted
	classOf     map[uint32]int32  // class definition by type; the first one wins, as in ART
}

func (f *File) indexLookup() {
	l := &f.look
	l.typesSorted = true
	for i := 1; i < f.types.n; i++ {
		if f.Type(uint32(i-1)) >= f.Type(uint32(i)) {
			l.typesSorted = false
			break
		}
	}
	if !l.typesSorted {
		l.types = make(map[string]uint32, f.types.n)
		for i := f.types.n - 1; i >= 0; i-- {
			l.types[f.Type(uint32(i))] = uint32(i)
		}
	}
	l.classOf = make(map[uint32]int32, f.classes.n)
	for i := f.classes.n - 1; i >= 0; i-- {
		l.classOf[f.Class(i).Type] = int32(i)
	}
}

// TypesSorted reports whether Type(i) ascends strictly with i, compared as Go
// strings, so that the types of a package are one range. It is false for a
// file that breaks the format's order, and for the rare one whose order of
// UTF-16 units is not that of code points.
func (f *File) TypesSorted() bool {
	f.lookOnce.Do(f.indexLookup)
	return f.look.typesSorted
}

// FindType returns the index of the type with this descriptor.
func (f *File) FindType(descriptor string) (i uint32, ok bool) {
	f.lookOnce.Do(f.indexLookup)
	if !f.look.typesSorted {
		i, ok = f.look.types[descriptor]
		return i, ok
	}
	n := sort.Search(f.types.n, func(i int) bool { return f.Type(uint32(i)) >= descriptor })
	if n < f.types.n && f.Type(uint32(n)) == descriptor {
		return uint32(n), true
	}
	return NoIndex, false
}

// ClassOf returns the class definition of type i, the first if a hostile file
// has several; ok is false if the file does not define it.
func (f *File) ClassOf(i uint32) (class int, ok bool) {
	f.lookOnce.Do(f.indexLookup)
	c, ok := f.look.classOf[i]
	return int(c), ok
}
