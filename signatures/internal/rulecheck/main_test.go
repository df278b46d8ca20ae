package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	const rule = "kind: sdk\nid: a\nname: A\nvendor: v\ncategory: ads\nsignals: [{code: com.a}]\n"
	for name, tt := range map[string]struct {
		text string
		code int
		want string
	}{
		"fine":         {rule, 0, "1 rules are fine"},
		"bad":          {rule + "x: 1\n", 1, `a.yaml:7:1: error: unknown field "x"`},
		"bad example":  {rule + "tests: {match: [{class: b.C}]}\n", 1, "the example does not match"},
		"good example": {rule + "tests: {match: [{class: com.a.C}]}\n", 0, "1 rules are fine"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			var out, errs strings.Builder
			if code := run([]string{"-overlay", dir}, &out, &errs); code != tt.code || !strings.Contains(out.String()+errs.String(), tt.want) {
				t.Errorf("code %d, output %s%s", code, out.String(), errs.String())
			}
		})
	}
	var out, errs strings.Builder
	if code := run(nil, &out, &errs); code != 2 {
		t.Errorf("without arguments: %d", code)
	}
	if code := run([]string{filepath.Join(t.TempDir(), "missing")}, &out, &errs); code != 2 {
		t.Errorf("missing folder: %d", code)
	}
}
