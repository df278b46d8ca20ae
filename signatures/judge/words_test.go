package judge

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// claims are words about the flow of data, which nothing here looks at.
var claims = regexp.MustCompile(`(?i)\b(sen[dt]s?|sending|leak\w*|leav\w*|left|transmi\w*|upload\w*|exfiltrat\w*|phon\w* home|steal\w*|sp(y|ies|ied)\w*|harvest\w*|unreachable)\b`)

// Every text that this package can put into a report is one of its string
// literals: none may claim what is not shown.
func TestWordsClaimNothing(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(node ast.Node) bool {
			lit, ok := node.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			n++
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if m := claims.FindString(s); m != "" {
				t.Errorf("%s: %q says %q", f.Name(), s, m)
			}
			return true
		})
	}
	if n < 100 {
		t.Errorf("only %d literals were looked at", n)
	}
	for _, s := range []string{"it sends data", "Leaks", "data leaves", "is transmitted", "uploaded", "unreachable"} {
		if !claims.MatchString(s) {
			t.Errorf("the guard lets %q through", s)
		}
	}
	for _, s := range []string{"own code calls x", "the least", "spine", "code names 3 classes"} {
		if claims.MatchString(s) {
			t.Errorf("the guard stops %q", s)
		}
	}
}
