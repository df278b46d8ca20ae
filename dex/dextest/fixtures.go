package dextest

import (
	"embed"
	"strings"
)

//go:embed fixtures/*.smali
var fixtureFS embed.FS

// Fixture is a recipe that comes with the package.
type Fixture struct {
	Name string // "hello"
	Text string
}

// Fixtures returns the recipes that come with the package, by name. Together
// they hold every instruction, every kind of value and every section of the
// format: seeds for fuzzing, and files that readers must get right.
func Fixtures() []Fixture {
	entries, err := fixtureFS.ReadDir("fixtures")
	if err != nil {
		panic(err) // the embedded folder is always there
	}
	var all []Fixture
	for _, e := range entries {
		b, err := fixtureFS.ReadFile("fixtures/" + e.Name())
		if err != nil {
			panic(err)
		}
		all = append(all, Fixture{strings.TrimSuffix(e.Name(), ".smali"), string(b)})
	}
	return all
}
