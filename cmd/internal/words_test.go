package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// accusing are words that claim a data flow. Static analysis of names and calls
// does not show one, so no message may use them. The sentence that says just
// this is the one exception.
var accusing = regexp.MustCompile(`(?i)\b(sends?|sent|leaks?|leaked|leaves|transmits?|transmitted|uploads?|uploaded|exfiltrat\w*|phones? home|steals?|spies)\b`)

const disclaimer = "whether data is sent is not shown by it"

func TestMessagesAccuseNobody(t *testing.T) {
	n := 0
	for _, dir := range []string{
		"cli", "diff", "filter", "fleet", "policy", "report", "scan", "store", "extract", "event", "../../signatures/judge", "../../signatures/finding", "../../signatures/fact", "../../signatures", "../../signatures/lint", "../../signatures/lint/checks",
		"../../signatures/whynot", "../../signatures/learn", "../../signatures/profile", "../../signatures/convert", "../../signatures/corpus", "../telltale", "../telltale-worker", "../telltale-worker/internal/*",
	} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, f, src, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(node ast.Node) bool {
				lit, ok := node.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				n++
				s, _ := strconv.Unquote(lit.Value)
				if w := accusing.FindString(strings.ReplaceAll(s, disclaimer, "")); w != "" && strings.Contains(s, " ") {
					t.Errorf("%s: the message %q says %q: that is a claim about data flow", fset.Position(lit.Pos()), s, w)
				}
				return true
			})
		}
	}
	// The page of the HTML report is all message.
	for _, name := range []string{"page.html", "page.js", "page.css"} {
		b, err := os.ReadFile(filepath.Join("report", "html", name))
		if err != nil {
			t.Fatal(err)
		}
		if w := accusing.FindString(regexp.MustCompile("(?i)"+disclaimer).ReplaceAllString(string(b), "")); w != "" {
			t.Errorf("%s says %q: that is a claim about data flow", name, w)
		}
	}
	if n < 200 {
		t.Errorf("only %d string literals were looked at", n)
	}
}
