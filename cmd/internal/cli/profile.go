package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/profile"
)

// profileHelp is about learning profiles.
const profileHelp = "With --profile no rule is proposed: an index is made of what tells SDKs whose names were\n" +
	"changed. Then SDK is a list with a line for each artefact, in columns that tabs divide: the\n" +
	"profile, the id of the SDK rule it speaks for (empty: it only explains strings away), the\n" +
	"version, the file's SHA-256, its name and where it can be had. Lines that begin with # are\n" +
	"remarks. Files are looked for by their SHA-256."

// profileFlags are those of learning profiles.
func profileFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "profile", Usage: "make an index of profiles from a list of artefacts"},
		&cli.StringSliceFlag{Name: "artefacts", Usage: "with --profile: look for artefacts in `DIR` (may be repeated)"},
		&cli.StringSliceFlag{Name: "programs", Usage: "with --profile: hold strings against the apps in `DIR`, too: what many use says little (may be repeated)"},
		&cli.StringSliceFlag{Name: "without", Usage: "with --profile: leave out the artefact with this `SHA256` (may be repeated)"},
	}
}

// readArtefacts reads a list of artefacts.
func readArtefacts(name string) ([]profile.Artefact, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usagef("%s: %s", name, errText(err))
	}
	defer f.Close()
	var out []profile.Artefact
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		c := strings.Split(line, "\t")
		if len(c) != 6 || c[0] == "" || len(c[3]) != 64 {
			return nil, usagef("%s:%d: a line needs six columns that tabs divide: profile, rule, version, SHA-256, file, source", name, n)
		}
		out = append(out, profile.Artefact{Profile: c[0], Rule: c[1], Version: c[2], SHA256: c[3], File: c[4], Source: c[5]})
	}
	if err := sc.Err(); err != nil {
		return nil, usagef("%s: %v", name, err)
	}
	return out, nil
}

// bySHA256 finds the files below folders that are named by their digest.
func bySHA256(dirs []string) (map[string]string, error) {
	out := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if name, _, _ := strings.Cut(d.Name(), "."); len(name) == 64 && !d.IsDir() {
				out[name] = p
			}
			return nil
		})
		if err != nil {
			return nil, usagef("--artefacts %s: %s", dir, errText(err))
		}
	}
	return out, nil
}

func (e *env) profileLearn(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return usagef("signatures learn --profile needs a LIST of artefacts")
	}
	if c.String("output") == "" {
		return usagef("signatures learn --profile needs --output FILE: an index is no text")
	}
	list, err := readArtefacts(c.Args().First())
	if err != nil {
		return err
	}
	r, err := e.rules(c)
	if err != nil {
		return err
	}
	compiled, err := signatures.Compile(r)
	if err != nil {
		return err
	}
	limits, maxTime, err := limits(c)
	if err != nil {
		return err
	}
	files, err := bySHA256(c.StringSlice("artefacts"))
	if err != nil {
		return err
	}
	opt := scan.Options{Jobs: 1, Limits: limits, MaxTime: maxTime, Rules: compiled}
	l := profile.NewLearner()
	has := map[string]bool{} // rules with artefacts of their own
	for _, a := range list {
		has[a.Rule] = true
	}
	for _, a := range list {
		if err := c.Context.Err(); err != nil {
			return err
		}
		if a.Rule != "" && r.SDK(a.Rule) == nil {
			return usagef("%s: there is no SDK rule %q (see 'telltale signatures list')", a.Profile, a.Rule)
		}
		if slices.Contains(c.StringSlice("without"), a.SHA256) {
			continue
		}
		file, ok := files[a.SHA256]
		if !ok {
			e.log.Warnf("%s %s: no file with the SHA-256 %s", a.Profile, a.Version, a.SHA256)
			continue
		}
		err := scan.Facts(c.Context, file, opt, func(s *fact.Set) error {
			if s.App.SHA256 != a.SHA256 {
				return fmt.Errorf("has the SHA-256 %s", s.App.SHA256)
			}
			learnArtefact(c.Context, l, a, s, compiled, has)
			return nil
		})
		if err != nil {
			e.log.Warn(err.Error())
		}
	}
	err = e.programs(c, opt, func(s *fact.Set) { l.AddProgram(s.Units) })
	if err != nil {
		return err
	}
	data := l.Encode()
	x, err := profile.Open(string(data))
	if err != nil {
		return &exitError{exitUsage, "the index cannot be read again: " + err.Error()}
	}
	out, err := createAtomic(c.String("output"))
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	if _, err := out.Write(data); err != nil {
		out.discard()
		return &exitError{exitUsage, err.Error()}
	}
	if err := out.commit(); err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	versions := 0
	for _, p := range x.Profiles() {
		versions += len(p.Versions)
	}
	fmt.Fprintf(e.stdout, "%d profiles, %d versions, %d strings, %d bytes\n", len(x.Profiles()), versions, x.Strings(), len(data))
	return nil
}

// programs hands on the facts of each app below the folders.
func (e *env) programs(c *cli.Context, opt scan.Options, use func(*fact.Set)) error {
	for _, dir := range c.StringSlice("programs") {
		var files []string
		err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && (strings.HasSuffix(p, ".apk") || strings.HasSuffix(p, ".jar")) {
				files = append(files, p)
			}
			return err
		})
		if err != nil {
			return usagef("--programs %s: %s", dir, errText(err))
		}
		for _, p := range files {
			err := scan.Facts(c.Context, p, opt, func(s *fact.Set) error {
				if len(s.Units) > 0 {
					use(s)
				}
				return nil
			})
			if err != nil && !errors.Is(err, scan.ErrNothing) {
				e.log.Info(err.Error())
			}
		}
	}
	return nil
}

// learnArtefact learns an artefact's own classes, and what else it holds as
// stock that explains strings away.
func learnArtefact(ctx context.Context, l *profile.Learner, a profile.Artefact, s *fact.Set, rules *signatures.Compiled, has map[string]bool) {
	m := signatures.MatchWith(ctx, s, rules, signatures.Options{Workers: runtime.GOMAXPROCS(0)})
	ownerOf := func(desc string) string {
		if p, ok := m.OwnerOfClass(desc); ok {
			return p.ID
		}
		return ""
	}
	roots := map[string]bool{} // two labels of packages that are the rule's own
	for _, u := range s.Units {
		for i := range u.NumClasses() {
			typ, _, _ := u.Class(i)
			if d := u.Type(typ); a.Rule != "" && ownerOf(d) == a.Rule {
				roots[ownRoot(d)] = true
			}
		}
	}
	mine := func(d string) bool {
		switch w := ownerOf(d); {
		case w != "" && w != a.Rule:
			return false
		case a.Rule == "":
			return true
		case foreign(d, a.Rule) != "":
			return false
		case w != "":
			return true
		}
		return len(roots) == 0 || roots[ownRoot(d)] || obfuscated(d)
	}
	if l.Add(a, s.Units, mine) == 0 || a.Rule == "" {
		return
	}
	// Products that have no artefact of their own are learned where they are
	// carried along, in a version that nobody knows.
	carried := map[string]bool{}
	for i := range m.SDKs {
		if p := &m.SDKs[i]; p.Held && p.Classes >= minCarried && !has[p.SDK.ID] {
			carried[p.SDK.ID] = true
		}
	}
	for _, id := range sortedKeys(carried) {
		other := a
		other.Profile, other.Rule, other.Version = id, id, ""
		if l.Versions(id) < maxStock {
			l.Add(other, s.Units, func(d string) bool { return ownerOf(d) == id })
		}
	}
	// So are the copies of others' libraries below the product's own package.
	copies := map[string]bool{}
	others := map[string]bool{}
	for _, u := range s.Units {
		for i := range u.NumClasses() {
			typ, _, _ := u.Class(i)
			d := u.Type(typ)
			if w := ownerOf(d); w == "" || w == a.Rule {
				if f := foreign(d, a.Rule); f != "" {
					copies[f] = true
				} else if !mine(d) {
					others[root(d, 3)] = true
				}
			}
		}
	}
	for _, f := range sortedKeys(copies) {
		stock := a
		stock.Profile, stock.Rule, stock.Version = profile.CopyOf+f, "", ""
		if rules.Rules().SDK(f) != nil {
			stock.Rule = f
		}
		if l.Versions(stock.Profile) < maxCopies {
			l.Add(stock, s.Units, func(d string) bool {
				w := ownerOf(d)
				return (w == "" || w == a.Rule) && foreign(d, a.Rule) == f
			})
		}
	}
	for pkg := range others {
		if len(pkg) < 5 {
			delete(others, pkg)
		}
	}
	for _, pkg := range sortedKeys(others) {
		stock := a
		stock.Profile, stock.Rule = strings.ReplaceAll(pkg, "/", "."), ""
		stock.Version = a.Profile + " " + a.Version
		if l.Versions(stock.Profile) < maxStock {
			l.Add(stock, s.Units, func(d string) bool {
				return ownerOf(d) == "" && !mine(d) && foreign(d, a.Rule) == "" && root(d, 3) == pkg
			})
		}
	}
}

// minCarried is how many classes a product has that is learned from somebody
// else's artefact.
const minCarried = 12

// maxStock is how many copies of unknown code that artefacts carry are learned.
const maxStock = 2

// maxCopies is the same for libraries that many carry, which differ more.
const maxCopies = 5

// foreign returns the library that a class is a copy of by a label of its
// package: SDKs move the libraries that they carry below their own package.
// A library is not foreign to its own rule.
func foreign(desc, rule string) string {
	labels := strings.Split(strings.TrimPrefix(desc, "L"), "/")
	for _, l := range labels[:len(labels)-1] {
		if lib := libraries(l); lib != "" && lib != rule && !strings.HasSuffix(rule, "-"+lib) {
			return lib
		}
	}
	return ""
}

// libraries returns the library that a label stands for, by the id of its rule
// if it has one.
func libraries(label string) string {
	switch label {
	case "okio", "gson", "shortcutbadger", "protobuf", "zxing", "glide", "retrofit", "thrift", "smack", "netty", "eventbus", "bolts", "filedownloader",
		"imageloader", "nineoldandroids", "guava", "picasso", "rxjava", "jackson", "disklrucache", "lottie", "leakcanary", "ormlite", "greendao", "exoplayer", "okhttp":
		return label
	case "exoplayer2":
		return "exoplayer"
	case "okhttp3":
		return "okhttp"
	case "volley":
		return "google-volley"
	case "fastjson":
		return "alibaba-fastjson"
	case "retrofit2":
		return "retrofit"
	case "greenrobot":
		return "eventbus"
	case "jivesoftware":
		return "smack"
	case "reactivex":
		return "rxjava"
	case "java_websocket", "websocket":
		return "java-websocket"
	case "sketches":
		return "yahoo-sketches"
	}
	return ""
}

func sortedKeys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// root returns the first labels of a class's package.
func root(desc string, n int) string {
	p := strings.TrimPrefix(desc, "L")
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return ""
	}
	labels := strings.Split(p[:i], "/")
	return strings.Join(labels[:min(n, len(labels))], "/")
}

// ownRoot returns the labels of a class's package that say whose it is.
func ownRoot(desc string) string {
	switch r := root(desc, 2); r {
	case "com/google", "com/android", "com/github", "io/github", "org/apache", "com/squareup", "com/facebook", "com/amazon", "com/tencent", "com/alibaba", "com/baidu", "com/huawei":
		return root(desc, 3)
	default:
		return r
	}
}

// obfuscated reports whether the package of a class says nothing.
func obfuscated(desc string) bool {
	for _, l := range strings.Split(root(desc, 3), "/") {
		if len(l) > 2 {
			return false
		}
	}
	return true
}

// profiles returns the profiles that the flags ask for; nil if they ask for
// none.
func (e *env) profiles(c *cli.Context) (*scan.Profiles, error) {
	if c.Bool("no-profiles") {
		if c.IsSet("add-profiles") {
			return nil, usagef("--add-profiles and --no-profiles contradict each other")
		}
		return nil, nil
	}
	p := &scan.Profiles{}
	for _, name := range c.StringSlice("add-profiles") {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, usagef("--add-profiles %s: %s", name, errText(err))
		}
		if _, err := profile.Open(string(data)); err != nil {
			return nil, usagef("--add-profiles %s %v", name, err)
		}
		p.Added = append(p.Added, string(data))
	}
	return p, nil
}

// profilesList lists profiles, one version a line.
func (e *env) profilesList(c *cli.Context) error {
	p, err := e.profiles(c)
	if err != nil {
		return err
	}
	if p == nil {
		return usagef("--profiles and --no-profiles contradict each other")
	}
	all, err := p.Indices()
	if err != nil {
		return &exitError{exitUsage, "the profiles cannot be read: " + err.Error()}
	}
	profiles, versions := 0, 0
	rules := map[string]bool{}
	for _, x := range all {
		origins, err := x.Origins()
		if err != nil {
			return &exitError{exitUsage, "the profiles cannot be read: " + err.Error()}
		}
		profiles += len(x.Profiles())
		versions += len(origins)
		for _, a := range origins {
			if a.Rule != "" {
				rules[a.Rule] = true
			}
			if !c.Bool("summary") {
				fmt.Fprintln(e.stdout, cleanLines(fmt.Sprintf("%-32s %-24s %-14s %s  %s  %s", a.Profile, cmp.Or(a.Rule, "-"), cmp.Or(a.Version, "-"), a.SHA256, a.File, a.Source)))
			}
		}
	}
	if c.Bool("summary") {
		fmt.Fprintf(e.stdout, "profiles %d\nversions %d\nrules    %d\n", profiles, versions, len(rules))
	}
	return nil
}

// nearestTold is how many profiles are told that did not suffice.
const nearestTold = 5

// tellProfiles writes what the profiles of a product found in what no rule knows
// by name, or how near they came.
func tellProfiles(ctx context.Context, w io.Writer, set *fact.Set, rules *signatures.Compiled, p *scan.Profiles, id string) error {
	if p == nil {
		return nil
	}
	all, err := p.Indices()
	if err != nil {
		return err
	}
	line := func(format string, args ...any) {
		fmt.Fprintln(w, "  "+cleanLines(fmt.Sprintf(format, args...)))
	}
	o := scan.ProfileOptions(signatures.MatchWith(ctx, set, rules, signatures.Options{Workers: runtime.GOMAXPROCS(0)}), nil)
	known, told := 0, 0
	for _, x := range all {
		known += len(slices.DeleteFunc(slices.Clone(x.Profiles()), func(p profile.Profile) bool { return p.Rule != id }))
		for _, m := range x.Match(ctx, set, o) {
			switch {
			case m.Profile.Rule != id:
				continue
			case m.Silent:
				line("profile %s holds by code alone, as none of its strings can be read: %d of the %d classes that their code tells", m.Profile.Name, m.Matched, m.Known)
			default:
				line("profile %s holds: %d of %d known strings, %.0f %% of their weight, and %d classes told from all others", m.Profile.Name, m.Strings, m.Known, 100*m.Share, m.Matched)
			}
			told++
		}
		near := x.Nearest(ctx, set, o, id)
		for _, n := range near[:min(len(near), nearestTold)] {
			told++
			if n.Known == 0 {
				line("profile %s does not hold: %s", n.Profile.Name, n.Reason)
				continue
			}
			line("profile %s does not hold: %d of %d known strings, %.1f %% of their weight: %s", n.Profile.Name, n.Strings, n.Known, 100*n.Share, n.Reason)
		}
	}
	switch {
	case known == 0:
		line("no profile knows it: it is not recognised where its names were changed")
	case told == 0:
		line("its profiles do not hold: none of their strings is in code that no rule knows by name")
	}
	return ctx.Err()
}
