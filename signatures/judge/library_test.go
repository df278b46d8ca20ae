package judge_test

import (
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/judge"
)

// classFiles is a unit that says of itself that it is of class files.
type classFiles struct{ fact.Unit }

func (u classFiles) Info() fact.UnitInfo {
	i := u.Unit.Info()
	i.Format = "class"
	return i
}

// The package of an SDK's own manifest makes none of its code an app's own.
func TestLibraryHasNoOwnCode(t *testing.T) {
	build := func() *fact.Set {
		app := facttest.New("com.acme.stat.core")
		code := app.Code("classes.jar")
		code.Class("Lcom/acme/stat/core/Agent;")
		code.Method("Lcom/acme/stat/core/Agent;->a()V")
		return app.Set()
	}
	found := func(set *fact.Set) bool {
		for _, s := range judged(t, set, compile(t), judge.Options{}).SDKs {
			if s.ID == "acme-stat" {
				return true
			}
		}
		return false
	}
	if found(build()) {
		t.Error("an app of the maker carries the SDK by its own package")
	}
	set := build()
	set.Units[0] = classFiles{set.Units[0]}
	if !found(set) {
		t.Error("the SDK itself does not show it")
	}
}
