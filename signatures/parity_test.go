package signatures_test

import (
	"bufio"
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// parityRow is a line of db/exodus-parity.tsv, whose head explains the columns.
type parityRow struct {
	id, name, pattern, state string
	rules                    []string
	class, spared, reason    string
}

func readParity(t *testing.T) []parityRow {
	t.Helper()
	f, err := os.Open("db/exodus-parity.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []parityRow
	head := true
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		line := sc.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		c := strings.Split(line, "\t")
		if len(c) != 8 {
			t.Fatalf("%d columns: %q", len(c), line)
		}
		if head {
			head = false
			continue
		}
		rows = append(rows, parityRow{c[0], c[1], c[2], c[3], strings.Fields(c[4]), c[5], c[6], c[7]})
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// holds returns which of the rules hold for an app that defines one class, and
// the strong signals of code by which they do: "com.foo" or "com.foo.Bar".
func holds(c *signatures.Compiled, class string, rules []string) (held, prefixes []string) {
	app := facttest.New("org.example.unrelated")
	app.Code("classes.dex").Class("L" + strings.ReplaceAll(class, ".", "/") + ";")
	m := signatures.Match(context.Background(), app.Set(), c)
	for i := range m.SDKs {
		s := &m.SDKs[i]
		if !s.Held || !slices.Contains(rules, s.SDK.ID) {
			continue
		}
		held = append(held, s.SDK.ID)
		for _, g := range s.Signals {
			sig := &s.SDK.Signals[g.Item]
			if sig.EffectiveStrength() == rule.Strong {
				prefixes = append(prefixes, sig.Value())
			}
		}
	}
	return held, prefixes
}

// TestParity: what the Exodus list finds by a class that an app defines, a rule
// of ours finds too, through the matcher and with all rules loaded; what it
// finds wrongly, none does. Exodus searches its signatures, which are regular
// expressions without an anchor, in the names of classes.
func TestParity(t *testing.T) {
	r, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	c, err := signatures.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	rows := readParity(t)
	if len(rows) < 600 {
		t.Fatalf("only %d rows", len(rows))
	}
	seen := map[[2]string]bool{}
	for _, row := range rows {
		t.Run(row.id+" "+row.pattern, func(t *testing.T) {
			if seen[[2]string{row.id, row.pattern}] {
				t.Fatal("the row stands twice")
			}
			seen[[2]string{row.id, row.pattern}] = true
			if row.state == "no-code" {
				if row.pattern+row.class+row.spared != "" || row.reason == "" {
					t.Error("a row without code signature has a reason and nothing else")
				}
				return
			}
			exodus, err := regexp.Compile(row.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if (row.reason != "") != (row.state == "narrower" || row.state == "deviation") {
				t.Error("those and only those rows that claim less have a reason")
			}
			if row.reason != "" && row.spared == "" && !strings.Contains(row.pattern, "-") {
				t.Error("what claims less names the class that it spares") // no class has a hyphen
			}
			if row.spared != "" {
				if !exodus.MatchString(row.spared) {
					t.Errorf("Exodus does not find %s", row.spared)
				}
				if held, by := holds(c, row.spared, row.rules); held != nil {
					t.Errorf("%s is claimed by %v (%v)", row.spared, held, by)
				}
			}
			if row.state == "deviation" {
				if row.class != "" {
					t.Error("a deviation claims nothing")
				}
				return
			}
			if !exodus.MatchString(row.class) {
				t.Errorf("Exodus does not find %s", row.class)
			}
			held, prefixes := holds(c, row.class, row.rules)
			if held == nil {
				t.Fatalf("no rule of %v holds for %s", row.rules, row.class)
			}
			checkState(t, row, prefixes)
			for _, p := range prefixes {
				for _, near := range []string{p + "o", p + "bar.X", p + "zq.a.B"} {
					if held, by := holds(c, near, held); held != nil {
						t.Errorf("%s is near %s only, and claimed by %v (%v)", near, p, held, by)
					}
				}
			}
		})
	}
}

// checkState compares how our prefixes lie to the signature with what the row says.
func checkState(t *testing.T, row parityRow, prefixes []string) {
	t.Helper()
	want := strings.TrimSuffix(row.pattern, ".")
	state := "narrower"
	for _, p := range prefixes {
		switch {
		case p == want:
			state = "same"
		case strings.HasPrefix(want, p+".") && state != "same":
			state = "wider"
		}
	}
	if row.state != state && row.state != "narrower" {
		t.Errorf("the row says %s, but the prefixes are %v: %s", row.state, prefixes, state)
	}
}

// TestParityIsComplete: every rule that names a row of the Exodus list stands
// in the file, and every row there has a rule that names it.
func TestParityIsComplete(t *testing.T) {
	r, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]map[string]bool{}
	for _, row := range readParity(t) {
		if in[row.id] == nil {
			in[row.id] = map[string]bool{}
		}
		for _, id := range row.rules {
			in[row.id][id] = false
			if r.Get(rule.KindSDK, id) == nil {
				t.Errorf("row %s: there is no rule %s", row.id, id)
			}
		}
	}
	named := map[string]bool{}
	for ref := range r.List() {
		if ref.Kind != rule.KindSDK {
			continue
		}
		v := r.Get(ref.Kind, ref.ID).(*rule.SDK)
		for id := range strings.FieldsFuncSeq(v.Aka["exodus"], func(r rune) bool { return r == ' ' || r == ',' }) {
			named[id] = true
			if in[id] == nil {
				t.Errorf("rule %s names row %s of the Exodus list, which is not in the file", ref.ID, id)
			}
		}
	}
	for id, rules := range in {
		if len(rules) > 0 && !named[id] {
			t.Errorf("no rule names row %s of the Exodus list", id)
		}
	}
}
