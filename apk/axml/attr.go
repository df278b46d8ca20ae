package axml

import (
	"strings"
	"sync"
)

// attrRun is a run of attributes with consecutive ids; names are separated by
// white space.
type attrRun struct {
	base  uint32
	names string
}

type attrIndex struct {
	names map[uint32]string
	ids   map[string]uint32
}

var attrs = sync.OnceValue(func() attrIndex {
	x := attrIndex{names: make(map[uint32]string), ids: make(map[string]uint32)}
	for _, run := range attrRuns {
		for i, name := range strings.Fields(run.names) {
			if name != "-" {
				x.names[run.base+uint32(i)] = name
				x.ids[name] = run.base + uint32(i)
			}
		}
	}
	return x
})

// AttrName returns the name of a public attribute of the Android framework by
// its resource id.
func AttrName(id uint32) (string, bool) {
	name, ok := attrs().names[id]
	return name, ok
}

// AttrID returns the resource id of a public attribute of the Android
// framework by its name, without prefix ("exported").
func AttrID(name string) (uint32, bool) {
	id, ok := attrs().ids[name]
	return id, ok
}
