package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/cache"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
)

// cacheFlags let results be remembered.
func cacheFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "cache", Usage: "keep results in `DIR`, and take from there those of apps that did not change (default: $TELLTALE_CACHE; none if that is not set)"},
		&cli.StringFlag{Name: "cache-limit", Value: formatSize(cache.DefaultLimit), Usage: "let the cache grow to `SIZE`; what was not used for longest goes"},
	}
}

// cache puts a cache before o's Runner if the flags or the environment ask for
// one; nil if none does. Whoever gets one closes it.
func (e *env) cache(c *cli.Context, rules *signatures.Rules, o *scan.Options) (*cache.Cache, error) {
	dir := c.String("cache")
	if !c.IsSet("cache") {
		dir = e.vars["TELLTALE_CACHE"]
	}
	limit, err := parseSize(c.String("cache-limit"), true)
	if err != nil {
		return nil, usagef("--cache-limit %q: %v", c.String("cache-limit"), err)
	}
	if dir == "" {
		return nil, nil
	}
	k, err := cache.Open(dir, limit, engine(), rules.Digest(), fmt.Sprintf("%+v %q %t %s", o.Limits, o.Locale, o.ShowKeys, o.Profiles.Key()))
	if err != nil {
		return nil, usagef("--cache %s: %v", dir, err)
	}
	if o.Runner == nil {
		o.Runner = scan.InProcess(scan.Patience)
	}
	jobs := o.Jobs
	o.Runner = k.Runner(&missing{Runner: o.Runner, grow: func() { e.growHeap(jobs) }})
	e.cached = k.Counts
	return k, nil
}

// missing does what the cache does not have. The heap is made ready for that
// when it is needed, as it is for a large app or many; see largeHeap.
type missing struct {
	scan.Runner
	apps atomic.Int32
	once sync.Once
	grow func()
}

func (m *missing) App(ctx context.Context, src extract.Source, o scan.Options) *event.App {
	size := int64(0)
	for _, p := range src.Parts {
		size += p.Size
	}
	if m.apps.Add(1) > 16 || size > 1<<20 {
		m.once.Do(m.grow)
	}
	return m.Runner.App(ctx, src, o)
}

// engine names this build of the program: its version and the revision that it
// was built from. Where that is not known, or files differed from it, the
// program's file is what tells builds apart.
func engine() string {
	revision, modified := "", "true"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				modified = s.Value
			}
		}
	}
	name := version + " " + cmp.Or(revision, "unknown")
	if revision != "" && modified == "false" {
		return name
	}
	if file, err := os.Executable(); err == nil {
		if st, err := os.Stat(file); err == nil {
			name += fmt.Sprintf(" %d %d", st.Size(), st.ModTime().UnixNano())
		}
	}
	return name
}
