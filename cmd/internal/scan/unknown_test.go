package scan

import (
	"fmt"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/finding"
)

func TestUnknown(t *testing.T) {
	app := func(path string, list ...finding.UnknownCode) *event.App {
		return &event.App{Path: path, Findings: finding.Findings{Unknown: list}}
	}
	var u Unknown
	u.Add(app("a", finding.UnknownCode{Package: "com.one", Classes: 10, Instructions: 5, Reads: []finding.Use{{ID: "imei"}}}, finding.UnknownCode{Package: "com.big", Classes: 1000}))
	u.Add(app("b", finding.UnknownCode{Package: "com.one", Classes: 12, Instructions: 3, Reads: []finding.Use{{ID: "imei"}, {ID: "gaid"}}, Names: []finding.Use{{ID: "one.com"}}}))
	u.Add(app("c", finding.UnknownCode{Package: "com.hungry", Classes: 600, Reads: []finding.Use{{ID: "imei"}}}))
	got := fmt.Sprint(u.Clusters())
	want := "[{com.one 12 5 [gaid imei] [one.com] [a b] 2} {com.hungry 600 0 [imei] [] [c] 1} {com.big 1000 0 [] [] [a] 1}]"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if (&Unknown{}).Clusters() != nil {
		t.Error("nothing is something")
	}
}
