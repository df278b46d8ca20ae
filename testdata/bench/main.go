// Bench measures whole runs of telltale against its peers: libdeflate (every
// entry inflated, nothing looked at) and dexdump, on the same files, in turn, in
// the same run. It compares CPU time (user and system), takes ratios round by
// round, and prints their medians and how far they spread: what the machine does
// besides hits all of them. See README.md.
//
//	go run ./testdata/bench              ratios
//	go run ./testdata/bench -curves      how the cost grows
package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// packages are the inputs: APKs with more than 4 MB of DEX.
var packages = []string{
	"io.appium.settings@8.0.10", "appium-uiautomator2-server@10.6.6", "appium-espresso-driver@9.3.6", "android-apidemos@5.0.0",
}

const minDEX = 4 << 20

// Ratio is one figure that is compared: how many times the cost of a peer, or
// how much of a bound.
type Ratio struct {
	Median, Min, Max float64
	// Target is what we aim at, at most.
	Target float64
	// Absolute tells that it is a time on this machine behind the scenes: such
	// ones are told, and compared with no baseline.
	Absolute bool `json:",omitempty"`
}

type bench struct {
	bin    string
	dir    string // scratch
	rounds int
	apks   []string
	dex    []string
	bytes  int64 // of DEX
	ratios map[string]Ratio
	order  []string
	lines  bool // for benchstat
}

func main() {
	b := &bench{ratios: map[string]Ratio{}}
	files := flag.String("files", os.Getenv("TELLTALE_TEST_FILES"), "take APKs from `DIR` instead of the npm registry")
	flag.StringVar(&b.bin, "telltale", "", "measure this `PROGRAM` instead of building one")
	flag.IntVar(&b.rounds, "n", 7, "measure in `N` rounds")
	flag.BoolVar(&b.lines, "benchstat", false, "print every round as a benchmark line")
	check := flag.String("check", "", "fail if a ratio is more than -tolerance times that in `FILE`; none if empty")
	tolerance := flag.Float64("tolerance", 1.6, "for -check")
	write := flag.String("write", "", "write the ratios to `FILE`")
	curves := flag.Bool("curves", false, "measure how the cost grows with bytes, apps, rules and jobs")
	flag.Parse()
	if err := b.run(*files, *check, *tolerance, *write, *curves); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(files, check string, tolerance float64, write string, curves bool) (err error) {
	if b.dir, err = os.MkdirTemp("", "telltale-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if files == "" {
		if files, err = fetch(); err != nil {
			return err
		}
	}
	if err := b.inputs(files); err != nil {
		return err
	}
	if b.bin == "" {
		b.bin = filepath.Join(b.dir, "telltale")
		if out, err := exec.Command("go", "build", "-tags", "urfave_cli_no_docs", "-o", b.bin, "./cmd/telltale").CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	fmt.Printf("machine: %s\n", machine())
	fmt.Printf("input: %d APKs, %.1f MB of DEX in %d files\n\n", len(b.apks), float64(b.bytes)/1e6, len(b.dex))
	if curves {
		return b.curves()
	}
	if err := b.peers(); err != nil {
		return err
	}
	if err := b.fixed(); err != nil {
		return err
	}
	fmt.Printf("\n%-52s %8s %18s %8s\n", "ratio", "median", "range", "target")
	for _, name := range b.order {
		r := b.ratios[name]
		fmt.Printf("%-52s %8.3f %8.3f – %7.3f %8.3f %s\n", name, r.Median, r.Min, r.Max, r.Target, verdict(r))
	}
	if write != "" {
		out, err := json.MarshalIndent(b.ratios, "", "\t")
		if err == nil {
			err = os.WriteFile(write, append(out, '\n'), 0o666)
		}
		if err != nil {
			return err
		}
	}
	return b.compare(check, tolerance)
}

func verdict(r Ratio) string {
	if r.Median <= r.Target {
		return "met"
	}
	return "missed"
}

// compare fails if a ratio is much above the baseline's. The best round counts:
// a busy machine makes single rounds worse, a slower program all of them.
func (b *bench) compare(check string, tolerance float64) error {
	if check == "" {
		return nil
	}
	text, err := os.ReadFile(check)
	if err != nil {
		return err
	}
	var base map[string]Ratio
	if err := json.Unmarshal(text, &base); err != nil {
		return err
	}
	var worse []string
	for _, name := range b.order {
		if was, ok := base[name]; ok && !was.Absolute && b.ratios[name].Min > was.Median*tolerance {
			worse = append(worse, fmt.Sprintf("%s: %.3f at best, %.3f in %s", name, b.ratios[name].Min, was.Median, check))
		}
	}
	if len(worse) > 0 {
		return errors.New("slower than the baseline:\n" + strings.Join(worse, "\n"))
	}
	fmt.Printf("\nno ratio is more than %.1f times that of %s\n", tolerance, check)
	return nil
}

// fetch gets the packages from the npm registry, once.
func fetch() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	root := filepath.Join(cache, "telltale-bench")
	for _, p := range packages {
		dir := filepath.Join(root, p)
		if _, err := os.Stat(filepath.Join(dir, "package")); err == nil {
			continue
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return "", err
		}
		cmd := exec.Command("npm", "pack", p, "--silent")
		cmd.Dir = dir
		name, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("npm pack %s: %w (name a folder of APKs with -files)", p, err)
		}
		tgz := strings.TrimSpace(string(name))
		cmd = exec.Command("tar", "-xzf", tgz)
		cmd.Dir = dir
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("tar %s: %w", tgz, err)
		}
		os.Remove(filepath.Join(dir, tgz))
	}
	return root, nil
}

// inputs finds the APKs and lays their DEX files down for dexdump.
func (b *bench) inputs(root string) error {
	seen := map[int64]bool{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(p) != ".apk" {
			return err
		}
		z, err := zip.OpenReader(p)
		if err != nil {
			return nil
		}
		defer z.Close()
		size, entries := int64(0), []*zip.File{}
		for _, e := range z.File {
			if strings.HasPrefix(e.Name, "classes") && strings.HasSuffix(e.Name, ".dex") {
				size += int64(e.UncompressedSize64)
				entries = append(entries, e)
			}
		}
		if size < minDEX || seen[size] || len(b.apks) == 8 {
			return nil
		}
		seen[size] = true
		b.apks = append(b.apks, p)
		b.bytes += size
		for _, e := range entries {
			name := filepath.Join(b.dir, fmt.Sprintf("%d-%s", len(b.apks), e.Name))
			if err := extract(e, name); err != nil {
				return err
			}
			b.dex = append(b.dex, name)
		}
		return nil
	})
	if err == nil && len(b.apks) == 0 {
		err = fmt.Errorf("%s: no APK with %d MB of DEX or more", root, minDEX>>20)
	}
	return err
}

func extract(e *zip.File, name string) error {
	r, err := e.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// cost is what a process took.
type cost struct {
	cpu, wall time.Duration
	peak      int64 // bytes
	err       []byte
}

// command is something that is measured.
type command struct {
	name string
	args []string
	env  []string
	out  io.Writer // nil: nobody wants it
	ok   []int
}

func (c command) run() (cost, error) {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	cmd.Stdout = c.out
	start := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains(c.ok, exit.ExitCode()) {
		err = nil
	}
	if err != nil {
		text := errs.Bytes()
		return cost{}, fmt.Errorf("%s: %w\n%s", c.name, err, text[:min(len(text), 2000)])
	}
	k := cost{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: time.Since(start), err: errs.Bytes()}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		k.peak = r.Maxrss * 1024
	}
	return k, nil
}

// ours is a scan on one core.
func (b *bench) ours(name string, args ...string) command {
	return command{
		name: name, args: append([]string{b.bin, "scan", "--quiet", "--jobs", "1", "--format", "json"}, args...),
		env: []string{"GOMAXPROCS=1", "TELLTALE_CACHE="}, ok: []int{3},
	}
}

// turns runs commands in turn and returns their costs by name and round. The
// first round warms caches and does not count.
func (b *bench) turns(cmds ...command) (map[string][]cost, error) {
	all := map[string][]cost{}
	for i := range b.rounds + 1 {
		for _, c := range cmds {
			k, err := c.run()
			if err != nil {
				return nil, err
			}
			if i > 0 {
				all[c.name] = append(all[c.name], k)
				if b.lines {
					fmt.Printf("Benchmark%s 1 %d cpu-ns/op %d B/peak\n", strings.ReplaceAll(c.name, " ", ""), k.cpu.Nanoseconds(), k.peak)
				}
			}
		}
	}
	return all, nil
}

func cpu(k cost) float64  { return k.cpu.Seconds() }
func wall(k cost) float64 { return k.wall.Seconds() }

// ratio notes how the costs of a relate to those of b, round by round.
func (b *bench) ratio(name string, x, y []cost, of func(cost) float64, target float64) {
	var l []float64
	for i := range x {
		l = append(l, of(x[i])/of(y[i]))
	}
	b.note(name, l, target)
}

func (b *bench) note(name string, l []float64, target float64) {
	slices.Sort(l)
	b.ratios[name] = Ratio{Median: l[len(l)/2], Min: l[0], Max: l[len(l)-1], Target: target}
	b.order = append(b.order, name)
}

func (b *bench) absolute(name string, l []float64, target float64) {
	b.note(name, l, target)
	r := b.ratios[name]
	r.Absolute = true
	b.ratios[name] = r
}

func median(ks []cost, of func(cost) float64) float64 {
	var l []float64
	for _, k := range ks {
		l = append(l, of(k))
	}
	slices.Sort(l)
	return l[len(l)/2]
}

// peers compares one process that scans all APKs with peers on the same files.
func (b *bench) peers() error {
	scan := b.ours("telltale", b.apks...)
	cmds := []command{scan}
	if helper, err := b.inflater(); err == nil {
		cmds = append(cmds, command{name: "libdeflate", args: append([]string{helper}, b.apks...)})
	} else {
		fmt.Println("without libdeflate:", err)
	}
	dexdump, err := exec.LookPath("dexdump")
	if err == nil {
		cmds = append(cmds, command{name: "dexdump", args: append([]string{dexdump}, b.dex...)},
			command{name: "dexdump -d", args: append([]string{dexdump, "-d"}, b.dex...)})
		if err := b.sameWork(scan, dexdump); err != nil {
			return err
		}
	} else {
		fmt.Println("without dexdump:", err)
	}
	all, err := b.turns(cmds...)
	if err != nil {
		return err
	}
	for _, c := range cmds {
		fmt.Printf("%-12s CPU median %.3f s, peak memory %.0f MB\n", c.name, median(all[c.name], cpu), median(all[c.name], func(k cost) float64 { return float64(k.peak) / 1e6 }))
	}
	us := all["telltale"]
	if l := all["libdeflate"]; l != nil {
		b.ratio("full scan / libdeflate over every entry", us, l, cpu, 3.5)
	}
	if d := all["dexdump"]; d != nil {
		b.ratio("full scan / dexdump", us, d, cpu, 1./2)
		b.ratio("full scan / dexdump -d", us, all["dexdump -d"], cpu, 1./6)
	}
	// Exodus's cost is not measured here but computed: 0.45 s an app and 0.17 to
	// 0.29 s for each MB of DEX were measured once (class regexes over dexdump's text).
	var l []float64
	for _, k := range us {
		l = append(l, cpu(k)/(0.45*float64(len(b.apks))+0.17*float64(b.bytes)/1e6))
	}
	b.absolute("full scan / Exodus, by a model of its cost", l, 1./50)
	l = nil
	for _, a := range b.apks {
		k, err := b.ours("memory", a).run()
		if err != nil {
			return err
		}
		size, err := dexBytes(a)
		if err != nil {
			return err
		}
		l = append(l, float64(k.peak)/float64(size+60<<20))
	}
	b.note("peak memory of one APK / (its DEX + 60 MiB)", l, 1)
	return nil
}

func dexBytes(apk string) (n int64, err error) {
	z, err := zip.OpenReader(apk)
	if err != nil {
		return 0, err
	}
	defer z.Close()
	for _, e := range z.File {
		if strings.HasSuffix(e.Name, ".dex") {
			n += int64(e.UncompressedSize64)
		}
	}
	return n, nil
}

// sameWork checks that both look at every instruction: their numbers are equal.
func (b *bench) sameWork(scan command, dexdump string) error {
	var out bytes.Buffer
	scan.out = &out
	if _, err := scan.run(); err != nil {
		return err
	}
	var r struct {
		Apps []struct {
			Status string
			Code   []struct {
				Unit         string
				Instructions int
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return err
	}
	var ours int
	for _, a := range r.Apps {
		if a.Status == "failed" {
			return errors.New("an app could not be scanned")
		}
		for _, c := range a.Code {
			// dexdump does not see code inside other files.
			if strings.HasPrefix(c.Unit, "classes") {
				ours += c.Instructions
			}
		}
	}
	var theirs instructions
	if _, err := (command{name: "dexdump -d", args: append([]string{dexdump, "-d"}, b.dex...), out: &theirs}).run(); err != nil {
		return err
	}
	if ours != theirs.n {
		return fmt.Errorf("not the same work: %d instructions, dexdump -d shows %d", ours, theirs.n)
	}
	fmt.Printf("both looked at %d instructions\n", ours)
	return nil
}

// instructions counts those that dexdump -d writes. Nothing is kept: what this
// process holds when it starts another one counts as that one's peak memory.
type instructions struct {
	line []byte
	n    int
}

func (c *instructions) Write(b []byte) (int, error) {
	for _, x := range b {
		if x != '\n' {
			if len(c.line) < 64 {
				c.line = append(c.line, x)
			}
			continue
		}
		// "000174: 6f10 0100 0000   |0000: invoke-super …"; a method's name stands in brackets.
		if i := bytes.IndexByte(c.line, '|'); i > 0 && i+5 < len(c.line) && c.line[6] == ':' && c.line[i+5] == ':' && c.line[i+1] != '[' {
			c.n++
		}
		c.line = c.line[:0]
	}
	return len(b), nil
}

// inflater compiles the peer that inflates.
func (b *bench) inflater() (string, error) {
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	bin := filepath.Join(b.dir, "inflate")
	if out, err := exec.Command(cc, "-O2", "-o", bin, "testdata/bench/peer/inflate.c", "-ldeflate").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w (Debian: apt-get install gcc libdeflate-dev)\n%s", cc, err, out)
	}
	return bin, nil
}

// fixed measures what a run costs besides apps, and what the cache saves. The
// bounds are times; they are told as a part of the bound.
func (b *bench) fixed() error {
	tiny := "testdata/apks/notes.apk"
	overlay := filepath.Join(b.dir, "overlay")
	if err := rules(overlay, 600); err != nil {
		return err
	}
	kept := filepath.Join(b.dir, "cache")
	all, err := b.turns(b.ours("tiny app", tiny), b.ours("600 rule files", "--signatures", overlay, tiny))
	if err != nil {
		return err
	}
	const ms = 1e-3
	bound := func(name string, ks []cost, limit float64, less float64) {
		var l []float64
		for _, k := range ks {
			l = append(l, (cpu(k)-less)/limit)
		}
		b.absolute(name, l, 1)
	}
	bound("one tiny app, start included / 15 ms", all["tiny app"], 15*ms, 0)
	bound("600 rule files / 300 ms", all["600 rule files"], 300*ms, median(all["tiny app"], cpu))
	first, err := b.turns(b.ours("first", b.apks...))
	if err != nil {
		return err
	}
	args := append([]string{"--cache", kept}, b.apks...)
	if _, err := b.ours("fill", args...).run(); err != nil {
		return err
	}
	again, err := b.turns(b.ours("again", args...))
	if err != nil {
		return err
	}
	b.ratio("a second time with --cache / the first", again["again"], first["first"], cpu, 0.05)
	return nil
}

// rules writes n rules that match nothing here, a file each.
func rules(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	vendor := "kind: vendor\nid: bench-vendor\nname: Bench\n"
	if err := os.WriteFile(filepath.Join(dir, "bench-vendor.yaml"), []byte(vendor), 0o666); err != nil {
		return err
	}
	for i := range n {
		text := fmt.Sprintf(`kind: sdk
id: bench-%[1]d
name: Bench %[1]d
vendor: bench-vendor
category: analytics
signals:
  - code: com.bench.vendor%[1]d.sdk
  - member: Lcom/bench/vendor%[1]d/Agent;->start()V
  - service: com.bench.vendor%[1]d.Service
  - endpoint: {host: api.vendor%[1]d.example}
`, i)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("bench-%d.yaml", i)), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// curves shows how the cost grows.
func (b *bench) curves() error {
	fmt.Println("APKs as they are, one core. CPU is of the whole run; what is not DEX costs, too")
	fmt.Printf("%8s %8s %8s\n", "MB DEX", "CPU s", "ms/MB")
	for _, a := range b.apks {
		if err := b.curve(a, filepath.Base(a)); err != nil {
			return err
		}
	}

	most, err := b.mostDEX()
	if err != nil {
		return err
	}
	fmt.Printf("\nDEX bytes: the smallest DEX files of %s, one core\n", filepath.Base(most))
	fmt.Printf("%8s %8s %8s\n", "MB DEX", "CPU s", "ms/MB")
	last := int64(0)
	for n := 1; ; n++ {
		name := filepath.Join(b.dir, fmt.Sprintf("smallest-%d.apk", n))
		size, all, err := smallestDEX(name, n, most)
		if err != nil {
			return err
		}
		if n < all && size < 3*last {
			continue // too near to the one before
		}
		if last = size; size > 1<<19 {
			if err := b.curve(name, fmt.Sprintf("%d of %d", n, all)); err != nil {
				return err
			}
		}
		if n == all {
			break
		}
	}

	fmt.Println("\nrules that match nothing here, all APKs, one core. match and judge are measured without")
	fmt.Println("collections of garbage, which go over the rules, too; CPU is of the whole run with them")
	fmt.Printf("%8s %10s %10s %10s %8s\n", "added", "match ms", "judge ms", "rules ms", "CPU s")
	for _, n := range []int{0, 100, 1000, 10000} {
		dir := filepath.Join(b.dir, fmt.Sprintf("rules-%d", n))
		if err := rules(dir, n); err != nil {
			return err
		}
		args := append([]string{"--stats"}, b.apks...)
		if n > 0 {
			args = append([]string{"--signatures", dir}, args...)
		}
		with, without := b.ours("with", args...), b.ours("without", args...)
		without.env = append(without.env, "GOGC=off")
		all, err := b.turns(with, without)
		if err != nil {
			return err
		}
		stage := func(name, stage string) float64 {
			return median(all[name], func(k cost) float64 { return stageMS(k.err, stage) })
		}
		fmt.Printf("%8d %10.1f %10.1f %10.1f %8.3f\n", n, stage("without", "match"), stage("without", "judge"), stage("with", "rules"), median(all["with"], cpu))
	}

	fmt.Println("\njobs, all APKs. gain is the best wall time of one job by that of so many")
	if err := b.cores(b.apks, true); err != nil {
		return err
	}
	merged := filepath.Join(b.dir, "merged.apk")
	size, n, err := smallestDEX(merged, math.MaxInt, b.apks...)
	if err != nil {
		return err
	}
	fmt.Printf("\nprocessors, one job: one APK of all %d DEX files, %.1f MB\n", n, float64(size)/1e6)
	if err := b.cores([]string{merged}, false); err != nil {
		return err
	}

	fmt.Println("\napps, small ones, no two alike, one core")
	fmt.Printf("%8s %8s %8s %8s\n", "apps", "CPU s", "ms each", "peak MB")
	small, err := os.ReadFile("testdata/apks/notes.apk")
	if err != nil {
		return err
	}
	for _, n := range []int{100, 1000, 10000} {
		dir := filepath.Join(b.dir, fmt.Sprintf("apps-%d", n))
		if err := copies(dir, small, n); err != nil {
			return err
		}
		c := b.ours("apps", dir)
		c.args[slices.Index(c.args, "json")] = "ndjson"
		k, err := c.run()
		if err != nil {
			return err
		}
		fmt.Printf("%8d %8.3f %8.2f %8.0f\n", n, cpu(k), 1e3*cpu(k)/float64(n), float64(k.peak)/1e6)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// curve prints what one APK costs.
func (b *bench) curve(apk, name string) error {
	all, err := b.turns(b.ours("one", apk))
	if err != nil {
		return err
	}
	size, err := dexBytes(apk)
	if err != nil {
		return err
	}
	mb, t := float64(size)/1e6, median(all["one"], cpu)
	fmt.Printf("%8.1f %8.3f %8.2f  %s\n", mb, t, 1e3*t/mb, name)
	return nil
}

// cores prints what more processors gain, with as many jobs or with one. The
// rounds of all go in turn, so that a busy machine hits all.
func (b *bench) cores(apks []string, jobs bool) error {
	var cmds []command
	for n := 1; n <= runtime.NumCPU(); n++ {
		j := 1
		if jobs {
			j = n
		}
		c := b.ours(strconv.Itoa(n), append([]string{"--jobs", strconv.Itoa(j)}, apks...)...)
		c.env = []string{"TELLTALE_CACHE=", "GOMAXPROCS=" + strconv.Itoa(n)}
		cmds = append(cmds, c)
	}
	all, err := b.turns(cmds...)
	if err != nil {
		return err
	}
	best := func(name string) float64 {
		least := wall(all[name][0])
		for _, k := range all[name] {
			least = min(least, wall(k))
		}
		return least
	}
	fmt.Printf("%8s %8s %8s %8s %8s %8s\n", "number", "wall s", "best s", "gain", "CPU s", "peak MB")
	for _, c := range cmds {
		fmt.Printf("%8s %8.3f %8.3f %8.2f %8.3f %8.0f\n", c.name, median(all[c.name], wall), best(c.name), best("1")/best(c.name),
			median(all[c.name], cpu), median(all[c.name], func(k cost) float64 { return float64(k.peak) / 1e6 }))
	}
	return nil
}

// mostDEX returns the APK with most bytes of DEX.
func (b *bench) mostDEX() (name string, err error) {
	most := int64(-1)
	for _, a := range b.apks {
		n, err := dexBytes(a)
		if err != nil {
			return "", err
		}
		if n > most {
			name, most = a, n
		}
	}
	return name, nil
}

// smallestDEX writes an archive of the first one's manifest and the n smallest
// DEX files of all, as they are deflated there. It returns their size, and how many
// DEX files there are.
func smallestDEX(to string, n int, from ...string) (size int64, all int, err error) {
	f, err := os.Create(to)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	out := zip.NewWriter(f)
	var dex []*zip.File
	for i, name := range from {
		in, err := zip.OpenReader(name)
		if err != nil {
			return 0, 0, err
		}
		defer in.Close()
		for _, e := range in.File {
			switch {
			case strings.HasPrefix(e.Name, "classes") && strings.HasSuffix(e.Name, ".dex"):
				dex = append(dex, e)
			case i == 0 && e.Name == "AndroidManifest.xml":
				if err := out.Copy(e); err != nil {
					return 0, 0, err
				}
			}
		}
	}
	slices.SortStableFunc(dex, func(x, y *zip.File) int { return cmp.Compare(x.UncompressedSize64, y.UncompressedSize64) })
	for i, e := range dex[:min(n, len(dex))] {
		if e.Name = "classes.dex"; i > 0 {
			e.Name = fmt.Sprintf("classes%d.dex", i+1)
		}
		if err := out.Copy(e); err != nil {
			return 0, 0, err
		}
		size += int64(e.UncompressedSize64)
	}
	return size, len(dex), errors.Join(out.Close(), f.Close())
}

// copies writes n archives that differ in their comment.
func copies(dir string, apk []byte, n int) error {
	end := bytes.LastIndex(apk, []byte("PK\x05\x06"))
	if end < 0 || end+22 != len(apk) {
		return errors.New("the sample has a comment")
	}
	for i := range n {
		sub := filepath.Join(dir, strconv.Itoa(i/1000))
		if err := os.MkdirAll(sub, 0o777); err != nil {
			return err
		}
		comment := fmt.Sprintf("copy %06d", i)
		c := append(bytes.Clone(apk), comment...)
		c[end+20] = byte(len(comment))
		if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("app%d.apk", i)), c, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// stageMS finds the milliseconds of a stage in what --stats wrote.
func stageMS(text []byte, stage string) float64 {
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == stage {
			ms, _ := strconv.ParseFloat(f[2], 64)
			return ms
		}
	}
	return 0
}

// machine says where this ran, and how busy that was.
func machine() string {
	model := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	load := ""
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = ", load " + strings.Join(strings.Fields(string(text))[:3], " ")
	}
	return fmt.Sprintf("%s, %d cores%s, %s", model, runtime.NumCPU(), load, runtime.Version())
}
