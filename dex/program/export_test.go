package program

// CallbackRow is a row of callbacks.go as its test sees it.
type CallbackRow struct {
	Class, Method string
	Run           []string
	ByClass       bool
}

// CallbackRows returns all rows.
func CallbackRows() (out []CallbackRow) {
	for _, r := range receiverRows {
		out = append(out, CallbackRow{Class: r.class, Method: r.method, Run: r.run})
	}
	for _, r := range classRows {
		out = append(out, CallbackRow{Class: r.class, Method: r.method, ByClass: true})
	}
	return out
}

// CallbackClasses and PlainInterfaces return the two lists of types.
func CallbackClasses() map[string]bool { return callbackClasses }

// PlainInterfaces returns the interfaces whose objects are data.
func PlainInterfaces() map[string]bool { return plainInterfaces }

// LimitCallbacks lets the search for callbacks make so many comparisons.
func (p *Program) LimitCallbacks(n int) { p.g.maxWork = n }

// ReflectiveRows returns class and name of the calls that run what they are told.
func ReflectiveRows() (out [][2]string) {
	for _, r := range reflectiveCalls {
		out = append(out, [2]string{r.class, r.method})
	}
	return out
}
