package classfile

// Known is what is known of a set otherwise: by running some of its code.
type Known struct {
	// Returns tells what calls return: text.
	Returns map[Site]string
	// Fields tells what class initialisers leave in static fields, by the name
	// of the field in smali notation.
	Fields map[string]Value
}

// Site is the call at PC of method number Method of class Class.
type Site struct {
	Class, Method int
	PC            uint32
}

// Know adds what is known. It must be called before Args.
func (s *Set) Know(k Known) {
	s.know.sites, s.know.left = k.Returns, k.Fields
}
