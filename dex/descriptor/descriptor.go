// Package descriptor takes descriptors apart: the names of types and prototypes
// in the form that DEX and class files share ("Lcom/foo/Bar;", "(I[J)V").
//
// Texts may come from hostile files: nothing is allocated, and what is no
// descriptor ends the walk.
package descriptor

import (
	"iter"
	"strings"
)

// Params yields the descriptors of a prototype's parameters, up to the first
// that is malformed. They share memory with proto.
func Params(proto string) iter.Seq[string] {
	return func(yield func(string) bool) {
		s := strings.TrimPrefix(proto, "(")
		for s != "" && s[0] != ')' {
			n := 0
			for n < len(s) && s[n] == '[' {
				n++
			}
			if n < len(s) && s[n] == 'L' {
				e := strings.IndexByte(s[n:], ';')
				if e < 0 {
					return
				}
				n += e
			}
			if n >= len(s) || !yield(s[:n+1]) {
				return
			}
			s = s[n+1:]
		}
	}
}
