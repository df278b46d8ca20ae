package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/signatures"
)

// authorCommands are the commands of those who write rules.
func (e *env) authorCommands() []*cli.Command {
	return []*cli.Command{e.newCommand(), e.fmtCommand(), e.lintCommand(), e.testCommand(), e.searchCommand(), e.schemaCommand()}
}

// ruleFiles are rules that somebody works on, in the light of all others.
type ruleFiles struct {
	rules *signatures.Rules
	paths []string // as messages name them, cleaned
}

// only reports whether a file is one of those that somebody works on.
func (r *ruleFiles) only(file string) bool {
	return slices.ContainsFunc(r.paths, func(p string) bool {
		return file == p || p == "." || strings.HasPrefix(file, p+"/")
	})
}

// ruleFiles loads the rules that arguments name. A folder that has the layout
// of the bundled database, or a part of one, is a database of its own; all other
// files and folders are overlays of the bundled rules, the later over the
// earlier. "-" is a file on standard input.
func (e *env) ruleFiles(args []string) (*ruleFiles, error) {
	out := &ruleFiles{}
	var base *signatures.Rules
	var overlays []*signatures.Rules
	database := ""
	var diags []signatures.Diagnostic
	take := func(r *signatures.Rules, err error) (*signatures.Rules, error) {
		var le *signatures.LoadError
		if errors.As(err, &le) {
			diags = append(diags, le.Diagnostics...)
			return nil, nil
		}
		if err != nil {
			return nil, &exitError{exitUsage, err.Error()}
		}
		return r, nil
	}
	for _, arg := range args {
		name := filepath.ToSlash(filepath.Clean(arg))
		if arg == "-" {
			text, err := io.ReadAll(io.LimitReader(e.stdin, signatures.MaxFileSize+1))
			if err != nil {
				return nil, &exitError{exitUsage, "standard input cannot be read: " + err.Error()}
			}
			name = "<stdin>"
			o, err := take(signatures.LoadFile(name, text))
			if err != nil {
				return nil, err
			}
			out.paths, overlays = append(out.paths, name), appendRules(overlays, o)
			continue
		}
		st, err := os.Stat(arg)
		if err != nil {
			return nil, usagef("%s: %s", arg, errText(err))
		}
		out.paths = append(out.paths, name)
		if root := databaseOf(arg); root != "" {
			if database != "" && database != root {
				return nil, usagef("%s and %s are two databases: look at one at a time", database, root)
			}
			if database == "" {
				database = root
				if base, err = take(signatures.Load(os.DirFS(root), filepath.ToSlash(root), signatures.Bundled)); err != nil {
					return nil, err
				}
			}
			continue
		}
		var o *signatures.Rules
		if st.IsDir() {
			o, err = take(signatures.Load(os.DirFS(arg), name, signatures.Overlay))
			if o != nil && len(o.Counts()) == 0 {
				// Most likely a mistyped name, which must not look like success.
				return nil, usagef("%s holds no rules", arg)
			}
		} else {
			var text []byte
			if text, err = readRuleFile(arg); err == nil {
				o, err = take(signatures.LoadFile(name, text))
			}
		}
		if err != nil {
			return nil, err
		}
		overlays = appendRules(overlays, o)
	}
	if len(diags) > 0 {
		return out, &signatures.LoadError{Diagnostics: diags}
	}
	if base == nil {
		var err error
		if base, err = signatures.Default(); err != nil {
			return nil, &exitError{exitUsage, "the bundled rules cannot be read: " + err.Error()}
		}
	}
	merged, err := take(signatures.Merge(base, overlays...))
	if err != nil {
		return nil, err
	}
	if len(diags) > 0 {
		return out, &signatures.LoadError{Diagnostics: diags}
	}
	out.rules = merged
	return out, nil
}

func appendRules(list []*signatures.Rules, r *signatures.Rules) []*signatures.Rules {
	if r == nil {
		return list
	}
	return append(list, r)
}

// databaseOf returns the folder of the database that a path is or is in, or "".
// It is known by its layout: folders for what has no vendor.
func databaseOf(p string) string {
	p = filepath.Clean(p)
	for range 3 { // a database has one level of folders
		if isFolder(filepath.Join(p, "identifiers")) && isFolder(filepath.Join(p, "sinks")) && isFolder(filepath.Join(p, "noise")) {
			return p
		}
		up := filepath.Dir(p)
		if up == p || p == "." {
			break
		}
		p = up
	}
	return ""
}

func isFolder(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.IsDir()
}

// readRuleFile reads a rule file, and no more of it than one may have.
func readRuleFile(p string) ([]byte, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, usagef("%s: %s", p, errText(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, signatures.MaxFileSize+1))
	if err != nil {
		return nil, usagef("%s: %s", p, errText(err))
	}
	return text, nil
}

// listRuleFiles returns the rule files that a path is or holds, sorted.
func listRuleFiles(arg string) ([]string, error) {
	st, err := os.Stat(arg)
	if err != nil {
		return nil, usagef("%s: %s", arg, errText(err))
	}
	if !st.IsDir() {
		return []string{arg}, nil
	}
	var out []string
	err = filepath.WalkDir(arg, func(p string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(p); err == nil && d.Type().IsRegular() && (ext == ".yaml" || ext == ".yml") {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		return nil, usagef("%s: %s", arg, errText(err))
	}
	if len(out) == 0 {
		return nil, usagef("%s holds no rule: rules are files that end in .yaml", arg)
	}
	return out, nil
}
