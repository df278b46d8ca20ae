package cli

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

func (e *env) searchCommand() *cli.Command {
	return &cli.Command{
		Name:      "search",
		Usage:     "find the rules that name something, or that claim it",
		ArgsUsage: "TEXT…",
		Description: "TEXT is a part of a name, an id, a package, a string, a host or anything else in a rule,\n" +
			"whatever its case. A class finds also the rules with a package above it, a host those\n" +
			"with a host above it. Several texts must all be in a rule.",
		Flags:  append(signatureFlags(), &cli.StringFlag{Name: "kind", Usage: "only rules of `KIND`"}),
		Action: e.search,
	}
}

// maxPerRule bounds the places that are shown of one rule.
const maxPerRule = 5

func (e *env) search(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("signatures search needs a TEXT: a part of a name, a package, a host …")
	}
	r, err := e.rules(c)
	if err != nil {
		return err
	}
	found := 0
	for ref := range r.List() {
		if k := c.String("kind"); k != "" && k != string(ref.Kind) {
			continue
		}
		v := r.Get(ref.Kind, ref.ID)
		var hits []string
		all := true
		for _, q := range c.Args().Slice() {
			n := len(hits)
			walkRule(reflect.ValueOf(v).Elem(), "", func(path, value string) {
				if names(path, value, q) {
					hits = append(hits, path+": "+value)
				}
			})
			all = all && len(hits) > n
		}
		if !all {
			continue
		}
		found++
		fmt.Fprintf(e.stdout, "%s %s (%s)\n", ref.Kind, ref.ID, report.Clean(signatures.Header(v).Name))
		for i, h := range hits {
			if i == maxPerRule {
				fmt.Fprintf(e.stdout, "    … and %d more\n", len(hits)-i)
				break
			}
			fmt.Fprintf(e.stdout, "    %s\n", report.Clean(h))
		}
	}
	if found == 0 {
		return &exitError{exitNothing, fmt.Sprintf("no rule names %s", strings.Join(c.Args().Slice(), " and "))}
	}
	return nil
}

// names reports whether a value of a rule names what is looked for.
func names(path, value, query string) bool {
	if strings.Contains(strings.ToLower(value), strings.ToLower(query)) {
		return true
	}
	field := path[strings.LastIndexByte(path, '.')+1:]
	switch field {
	case "code", "class", "code-ref":
		class := query
		if strings.HasPrefix(class, "L") && strings.HasSuffix(class, ";") {
			class = class[1 : len(class)-1]
		}
		return lint.Under(strings.ReplaceAll(class, "/", "."), value)
	case "host", "id":
		return strings.Contains(value, ".") && lint.HostUnder(strings.ToLower(query), value)
	}
	return false
}

// walkRule calls visit for each text in a rule, with the names of the fields
// that lead to it.
func walkRule(v reflect.Value, path string, visit func(path, value string)) {
	switch v.Kind() {
	case reflect.String:
		if v.String() != "" {
			visit(path, v.String())
		}
	case reflect.Pointer:
		if !v.IsNil() {
			walkRule(v.Elem(), path, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkRule(v.Index(i), path, visit)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			walkRule(v.MapIndex(k), path+"."+fmt.Sprint(k), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			p := strings.TrimPrefix(path+"."+name, ".")
			if strings.Contains(opts, "inline") {
				p = path
			}
			walkRule(v.Field(i), p, visit)
		}
	}
}
