package cli

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/cmd/internal/stats"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// outputFlags are those of every command that writes reports.
func outputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "format", Aliases: []string{"f"}, Usage: "`FORMAT` of the report: text, json, ndjson, markdown, csv, sarif, junit, cyclonedx or html (may be repeated)"},
		&cli.StringSliceFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the report to `FILE`, or one format to FORMAT=FILE; the file appears when it is whole"},
		dbFlag(),
		&cli.BoolFlag{Name: "all", Usage: "text: show what is usually folded away"},
		&cli.StringFlag{Name: "color", Value: "auto", Usage: "text: `WHEN` to colour: auto, always or never"},
	}
}

// scanFlags are those of every command that looks at apps.
func scanFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, DefaultText: "the number of processors", Usage: "look at `N` apps at the same time"},
		&cli.StringFlag{Name: "locale", Usage: "take labels in `LOCALE` where an app has them (for example zh-CN)"},
		&cli.BoolFlag{Name: "show-keys", Usage: "do not mask app keys"},
	}
}

// limitFlags are those of every command that reads apps' files.
func limitFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.DurationFlag{Name: "max-time", Value: defaultMaxTime, Usage: "give one app at most `TIME` (0: no limit)"},
	}
	for _, l := range extract.AllLimits() {
		value := strconv.FormatInt(l.Default, 10)
		if l.Bytes {
			value = formatSize(l.Default)
		}
		flags = append(flags, &cli.StringFlag{Name: l.Flag, Value: value, Usage: l.Usage})
	}
	return flags
}

const defaultMaxTime = 10 * time.Minute

// limits reads the flags that limit what one app may cost.
func limits(c *cli.Context) (extract.Limits, time.Duration, error) {
	var out extract.Limits
	for _, l := range extract.AllLimits() {
		text := c.String(l.Flag)
		n, err := parseSize(text, l.Bytes)
		if err != nil {
			return out, 0, usagef("--%s %q: %v", l.Flag, text, err)
		}
		l.Set(&out, n)
	}
	t := c.Duration("max-time")
	if t < 0 {
		return out, 0, usagef("--max-time %v: use a time such as 10m, or 0", t)
	}
	return out, t, nil
}

var sizeUnits = []struct {
	name string
	n    int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

func formatSize(n int64) string {
	for _, u := range sizeUnits {
		if n%u.n == 0 {
			return strconv.FormatInt(n/u.n, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// parseSize reads a positive number, of bytes also with a unit: 512MiB, 512M, 4g.
func parseSize(s string, bytes bool) (int64, error) {
	unit := int64(1)
	digits := strings.TrimRight(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz")
	if suffix := strings.ToLower(s[len(digits):]); suffix != "" {
		i := slices.IndexFunc(sizeUnits, func(u struct {
			name string
			n    int64
		},
		) bool {
			name := strings.ToLower(u.name)
			return suffix == name || suffix == name[:1]
		})
		switch {
		case !bytes:
			return 0, errors.New("use a number greater than 0")
		case i < 0:
			return 0, errors.New("use a size such as 512MiB or 4GiB")
		}
		unit = sizeUnits[i].n
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/unit {
		if bytes {
			return 0, errors.New("use a size such as 512MiB or 4GiB")
		}
		return 0, errors.New("use a number greater than 0")
	}
	return n * unit, nil
}

func (e *env) scanCommand() *cli.Command {
	return &cli.Command{
		Name:      "scan",
		Usage:     "say what apps carry, name and ask for",
		ArgsUsage: "PATH…",
		Description: "PATH is an APK, a folder (searched through), frozen facts, @LIST (a file that names\n" +
			"one path a line) or - (such a list on standard input).\n\n" +
			"A tracker is code made to collect data about people, their devices or how they use an\n" +
			"app. What else has a service behind it (push, login, payment …) is told by its name.\n\n" +
			"Exit codes: 0 everything was analysed; 1 something was found that is forbidden;\n" +
			"2 usage, configuration or signature error; 3 something was analysed only in part or\n" +
			"not at all (unless --allow-incomplete); 4 nothing to scan; 130, 143 interrupted.",
		Flags: slices.Concat(outputFlags(), scanFlags(), limitFlags(), isolateFlags(), signatureFlags(), judgeFlags(), cacheFlags(), costFlags(), []cli.Flag{
			&cli.StringFlag{Name: "resume", Usage: "write results to `FILE` as NDJSON as they come, and go on with what it holds of an earlier run"},
			shardFlag(),
			&cli.BoolFlag{Name: "unknown", Usage: "list the code that no rule knows, of each app and over all of them"},
			&cli.BoolFlag{Name: "allow-incomplete", Usage: "exit with 0 also when something was not or only partly analysed"},
		}),
		Action: e.counted(e.scan),
	}
}

func (e *env) scan(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("scan needs a PATH: an APK, a folder, @LIST or -")
	}
	opt, rules, err := e.scanOptions(c)
	if err != nil {
		return err
	}
	judged, err := e.demands(c, rules)
	if err != nil {
		return err
	}
	endFence, err := e.isolate(c, rules, &opt)
	if err != nil {
		return err
	}
	defer endFence()
	kept, err := e.cache(c, rules, &opt)
	if err != nil {
		return err
	}
	if kept != nil {
		defer kept.Close()
	}
	ropt, err := e.reportOptions(c)
	if err != nil {
		return err
	}
	out, err := e.openReport(c, c.StringSlice("format"), ropt)
	if err != nil {
		return err
	}
	out.stats = e.stats
	start := Start(rules)
	start.Policy, start.Options = judged.info, resultOptions(c, opt)
	start.Signatures.Profiles = opt.Profiles.Digest()
	stopBar := e.progress(c, &opt)
	sum, err := e.scanTo(c, out, start, judged, opt)
	stopBar()
	if err == nil {
		err = out.close()
	} else {
		out.abandon()
	}
	if err != nil {
		return e.writeFailed(err)
	}
	if len(sum.ExitReasons) > 0 {
		return &exitError{code: sum.ExitReasons[0].Code}
	}
	return nil
}

// scanTo scans and tells out. The error is about the arguments or about what
// could not be written.
func (e *env) scanTo(c *cli.Context, out *outputs, start event.Start, judged *demands, opt scan.Options) (*event.Summary, error) {
	part, err := e.shard(c)
	if err != nil {
		return nil, err
	}
	span := e.stats.Begin(stats.Find)
	found, err := scan.Find(c.Context, c.Args().Slice(), e.stdin, opt)
	span.End(0)
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	if found.Largest() > 1<<20 || found.Len() > 16 {
		e.largeHeap(opt.Jobs)
	}
	if part.n > 0 {
		found.Keep(func(in *scan.Input) bool { return part.holds(in.Path) })
	}
	var unknown scan.Unknown
	var before event.Summary
	before.ByStatus = map[string]int{}
	var results *ledger
	if name := c.String("resume"); name != "" {
		for _, o := range c.StringSlice("output") {
			if _, path, ok := strings.Cut(o, "="); filepath.Clean(o) == filepath.Clean(name) || ok && filepath.Clean(path) == filepath.Clean(name) {
				return nil, usagef("--resume %s and --output %s are one file: the report would replace the results to go on with", name, o)
			}
		}
		if results, err = openLedger(name, start); err != nil {
			return nil, err
		}
		defer results.Close()
		if err := results.plan(found); err != nil {
			return nil, err
		}
	}
	if err := out.handle(&event.Message{Start: &start}); err != nil {
		return nil, err
	}
	if results != nil {
		err := results.replay(func(a *event.App) error {
			scan.Count(&before, a)
			unknown.Add(a)
			return out.handle(&event.Message{App: judged.judge(a)})
		})
		if err != nil {
			return nil, err
		}
		if n := len(results.held); n > 0 {
			e.log.WithField("held", n).Info("goes on with " + results.name)
		}
		stream, err := report.New("ndjson", results, report.Options{})
		if err != nil {
			return nil, err
		}
		if results.end == 0 {
			if err := stream.Handle(&event.Message{Start: &start}); err != nil {
				return nil, err
			}
		}
		out.handlers = append(out.handlers, stream)
	}
	sum, err := found.Scan(c.Context, opt, func(a *event.App) error {
		unknown.Add(a)
		return out.handle(&event.Message{App: judged.judge(a)})
	})
	if err != nil {
		return nil, err
	}
	if c.Bool("unknown") {
		sum.UnknownCode = unknown.Clusters()
	}
	sum.Apps += before.Apps
	sum.WithTracker += before.WithTracker
	for status, n := range before.ByStatus {
		sum.ByStatus[status] += n
	}
	if part.i > 0 {
		// Every part sees all files; the first tells of those that are no apps.
		clear(sum.Skipped)
	}
	sum.ExitReasons = append(sum.ExitReasons, judged.end(e.log.Warnf)...)
	for _, r := range reasons(sum, c.Bool("allow-incomplete")) {
		// A part without apps is as good as another.
		if r.Code != exitNothing || part.n < 2 {
			sum.ExitReasons = append(sum.ExitReasons, r)
		}
	}
	return sum, out.handle(&event.Message{Summary: sum})
}

// resultOptions names the flags that make results other than they would be
// without them. What was said in another way is the same: 1GiB and 1024MiB.
func resultOptions(c *cli.Context, opt scan.Options) map[string]string {
	o := map[string]string{}
	for _, l := range extract.AllLimits() {
		if n, err := parseSize(c.String(l.Flag), l.Bytes); err == nil && n != l.Default {
			o[l.Flag] = strconv.FormatInt(n, 10)
			if l.Bytes {
				o[l.Flag] = formatSize(n)
			}
		}
	}
	if opt.MaxTime != defaultMaxTime {
		o["max-time"] = opt.MaxTime.String()
	}
	if opt.Locale != "" {
		o["locale"] = opt.Locale
	}
	if opt.ShowKeys {
		o["show-keys"] = "true"
	}
	switch {
	case c.Bool("no-profiles"):
		o["no-profiles"] = "true"
	case len(c.StringSlice("add-profiles")) > 0:
		o["add-profiles"] = opt.Profiles.Key()
	}
	return o
}

// writeFailed is the end of a command whose report could not be written.
func (e *env) writeFailed(err error) error {
	var ee *exitError
	switch {
	case errors.As(err, &ee):
		return err
	case noReader(err):
		// Who reads it has seen enough.
		return &exitError{code: exitPipe}
	}
	return &exitError{exitUsage, "the report cannot be written: " + err.Error()}
}

// reasons lists why a run does not end with 0, in order of precedence.
func reasons(s *event.Summary, allowIncomplete bool) []event.ExitReason {
	var out []event.ExitReason
	if !allowIncomplete {
		for _, st := range []struct {
			status fact.Status
			text   string
		}{
			{fact.Failed, "could not be read"},
			{fact.NoCode, "without their code"},
			{fact.Partial, "read only in part"},
		} {
			if n := s.ByStatus[string(st.status)]; n > 0 {
				out = append(out, event.ExitReason{Code: exitIncomplete, Reason: fmt.Sprintf("%d of %d apps %s", n, s.Apps, st.text)})
			}
		}
	}
	if s.Apps == 0 && !s.Interrupted {
		out = append(out, event.ExitReason{Code: exitNothing, Reason: "there was no app to scan"})
	}
	return out
}

// scanOptions turns flags into options of a scan.
func (e *env) scanOptions(c *cli.Context) (scan.Options, *signatures.Rules, error) {
	if j := c.Int("jobs"); j < 0 {
		return scan.Options{}, nil, usagef("--jobs %d: use a positive number", j)
	}
	limits, maxTime, err := limits(c)
	if err != nil {
		return scan.Options{}, nil, err
	}
	span := e.stats.Begin(stats.Rules)
	r, err := e.rules(c)
	if err != nil {
		return scan.Options{}, nil, err
	}
	compiled, err := signatures.Compile(r)
	if err != nil {
		return scan.Options{}, nil, err
	}
	span.End(0)
	profiles, err := e.profiles(c)
	if err != nil {
		return scan.Options{}, nil, err
	}
	return scan.Options{
		Rules:    compiled,
		Profiles: profiles,
		Limits:   limits,
		MaxTime:  maxTime,
		Room:     room(),
		Fault:    e.program.Fault,
		Stats:    e.stats,
		Jobs:     cmp.Or(c.Int("jobs"), runtime.GOMAXPROCS(0)),
		Locale:   c.String("locale"),
		ShowKeys: c.Bool("show-keys"),
	}, r, nil
}

// reportOptions tells whether and how wide a terminal is.
func (e *env) reportOptions(c *cli.Context) (report.Options, error) {
	o := report.Options{Unknown: c.Bool("unknown"), All: c.Bool("all")}
	f, ok := e.stdout.file()
	tty := ok && term.IsTerminal(int(f.Fd()))
	if tty {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			o.Width = w
		}
	}
	switch v := c.String("color"); v {
	case "always":
		o.Color = true
	case "never":
	case "auto":
		o.Color = tty && e.vars["NO_COLOR"] == "" && e.vars["TERM"] != "dumb"
	default:
		return o, usagef("--color %q: use auto, always or never", v)
	}
	return o, nil
}

// progress shows a bar on a terminal and plain lines in the log off it. The
// returned function ends it.
func (e *env) progress(c *cli.Context, o *scan.Options) func() {
	f, ok := e.stderr.(*os.File)
	if c.Bool("quiet") {
		return func() {}
	}
	if !ok || !term.IsTerminal(int(f.Fd())) {
		o.Progress = func(done, total int, path string) {
			e.log.WithField("done", done).WithField("of", total).Info("scanned " + path)
		}
		return func() {}
	}
	p := mpb.New(mpb.WithOutput(f), mpb.WithWidth(40))
	var bar *mpb.Bar
	o.Progress = func(done, total int, _ string) {
		if bar == nil {
			bar = p.AddBar(int64(total), mpb.BarRemoveOnComplete(),
				mpb.PrependDecorators(decor.Name("scanning "), decor.CountersNoUnit("%d of %d ")),
				mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO)))
		}
		bar.SetCurrent(int64(done))
	}
	return func() {
		if bar != nil {
			bar.Abort(true)
		}
		p.Wait()
	}
}
