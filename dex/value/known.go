package value

import "strings"

// Known is what is known of an app otherwise: by running some of its code.
type Known struct {
	// Returns tells what calls return: text.
	Returns map[Site]string
	// Fields tells what class initialisers leave in static fields, by the name
	// of the field in smali notation.
	Fields map[string]Value
}

// methodOf names a method of a file.
type methodOf struct {
	file  int
	index uint32
}

// Know adds what is known. It must be called before anything is asked.
func (a *App) Know(k Known) {
	a.fieldsKnown = k.Fields
	a.returnsKnown = map[methodOf]map[uint32]string{}
	for s, text := range k.Returns {
		m := methodOf{s.File, s.Method.Index}
		if a.returnsKnown[m] == nil {
			a.returnsKnown[m] = map[uint32]string{}
		}
		a.returnsKnown[m][s.PC] = strings.Clone(text)
	}
}
