package signatures

import (
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
)

// TestCoordinates: the Maven coordinates of a product are strong signals,
// unless its rule has a condition of its own.
func TestCoordinates(t *testing.T) {
	const (
		plain = "id: a\nmaven: [com.acme:stat, com.acme:old-stat]\nsignals:\n  - code: com.acme.stat\n"
		named = "id: a\nmaven: [com.acme:stat]\nsignals:\n  - {maven: com.acme:stat, strength: weak}\n  - code: com.acme.stat\n"
		when  = "id: a\nmaven: [com.acme:stat]\nsignals:\n  - code: com.acme.stat\n  - string: stat\nwhen: {all: [{signal: 1}, {signal: 2}]}\n"
	)
	app := func(name string) *facttest.App {
		return &facttest.App{Info: fact.App{Modules: []fact.Module{{Kind: fact.ModuleMaven, Name: name, Version: "1", Unit: "dependencies.pb"}}}}
	}
	for _, tt := range []struct {
		rules, name, want string
	}{
		{plain, "com.acme:stat", "a held: maven: com.acme:stat ×1\n"},
		{plain, "com.acme:old-stat", "a held: maven: com.acme:old-stat ×1\n"},
		{plain, "com.acme:other", ""},
		{named, "com.acme:stat", "a not held: maven: com.acme:stat ×1\n"},
		{when, "com.acme:stat", ""},
	} {
		if got := outcome(match(t, tt.rules, app(tt.name))); got != tt.want {
			t.Errorf("%s\n%s: %q, want %q", tt.rules, tt.name, got, tt.want)
		}
	}
	c := compile(t, parse(t, plain))
	m := Match(t.Context(), app("com.acme:stat").Set(), c)
	if ev := m.SDKs[0].Signals[0].Evidence; ev.Unit != "dependencies.pb" || ev.Strength != "strong" || ev.Kind != "maven" {
		t.Errorf("%+v", ev)
	}
}
