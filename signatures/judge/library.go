package judge

import "github.com/telltale-apk/telltale/signatures/fact"

// isLibrary reports whether what was read is no app yet but a part for apps: an
// AAR or a JAR, whose code is class files alone. It holds no app's own code; the
// package of its manifest is its product's.
func isLibrary(units []fact.Unit) bool {
	for _, u := range units {
		if u.Info().Format != "class" {
			return false
		}
	}
	return len(units) > 0
}
