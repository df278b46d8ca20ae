package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"
	"github.com/urfave/cli/v2"

	telltale "github.com/telltale-apk/telltale/cmd/internal/cli"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/fence"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/dataset"
	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/queue"
	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/simulate"
	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/store"
	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/work"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
)

func (p *program) app() *cli.App {
	log := []cli.Flag{
		&cli.StringFlag{Name: "log-level", Value: "info", Usage: "`LEVEL` of log messages: debug, info, warning, error"},
		&cli.StringFlag{Name: "log-format", Value: "json", Usage: "`FORMAT` of log messages: text or json"},
	}
	where := []cli.Flag{
		&cli.StringFlag{Name: "store", Required: true, EnvVars: []string{"TELLTALE_STORE"}, Usage: "folder or bucket `URL` of the manifest and the results (s3://…, gs://…, azblob://…)"},
	}
	inputs := []cli.Flag{
		&cli.StringFlag{Name: "inputs", Required: true, EnvVars: []string{"TELLTALE_INPUTS"}, Usage: "folder or bucket `URL` that the apps lie in"},
	}
	q := []cli.Flag{
		&cli.StringFlag{Name: "nats", EnvVars: []string{"TELLTALE_NATS"}, Usage: "`URL` of the queue's server, such as nats://host:4222 or tls://host:4222"},
		&cli.StringFlag{Name: "embedded", Usage: "be the queue's server oneself, for one machine, and keep the queue in folder `DIR`"},
		&cli.StringFlag{Name: "creds", EnvVars: []string{"TELLTALE_NATS_CREDS"}, Usage: "`FILE` with credentials for the server"},
		&cli.StringFlag{Name: "tls-ca", Usage: "`FILE` of certificates that the server's is checked with"},
		&cli.StringFlag{Name: "tls-cert", Usage: "`FILE` of this client's certificate"},
		&cli.StringFlag{Name: "tls-key", Usage: "`FILE` of this client's key"},
		&cli.StringFlag{Name: "run", Value: "default", Usage: "`NAME` of the run, if the server has several"},
		&cli.DurationFlag{Name: "ack-wait", Value: 30 * time.Second, Usage: "give a worker up that is not heard of for `TIME`"},
	}
	return &cli.App{
		Name: "telltale-worker", Usage: "scans apps on many machines", Writer: p.stdout, ErrWriter: p.stderr,
		ExitErrHandler: func(*cli.Context, error) {}, DisableSliceFlagSeparator: true,
		Before: nil,
		Commands: []*cli.Command{
			{
				Name: "enqueue", Usage: "list the apps, and put those without a result into the queue",
				Description: "The first time it writes the manifest. It may be called again at any time: after the\nqueue was lost, or to go on with a run that was ended.",
				Flags: slices.Concat(where, inputs, q, log, []cli.Flag{
					&cli.StringFlag{Name: "as", Usage: "begin the paths of results with `PATH` instead of that of the inputs"},
					&cli.StringFlag{Name: "locale", Usage: "take labels in `LOCALE` where an app has them"},
					&cli.BoolFlag{Name: "show-keys", Usage: "do not mask app keys"},
					&cli.BoolFlag{Name: "no-search", Usage: "do not search pictures and other files for hidden code: then they need not be fetched from a bucket, and reports say so"},
					&cli.BoolFlag{Name: "manifest-only", Usage: "write the manifest and put nothing into a queue"},
					&cli.BoolFlag{Name: "again", Usage: "list the apps anew, though there is a manifest"},
					&cli.BoolFlag{Name: "retry-dead", Usage: "try those again that were given up"},
				}),
				Before: p.logging, Action: p.enqueue,
			},
			{
				Name: "work", Usage: "analyse apps from the queue",
				Flags: slices.Concat(where, inputs, q, log, []cli.Flag{
					&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Value: runtime.GOMAXPROCS(0), Usage: "analyse `N` apps at the same time"},
					&cli.BoolFlag{Name: "isolate", Usage: "look at each app in a process of its own, which may read that app and nothing else (of a bucket, whole objects are fetched)"},
					&cli.DurationFlag{Name: "max-time", Value: 10 * time.Minute, Usage: "give one app at most `TIME`"},
					&cli.Uint64Flag{Name: "max-attempts", Value: 5, Usage: "give an app up that was handed out `N` times"},
					&cli.BoolFlag{Name: "until-empty", Usage: "end when nothing is left to do"},
					&cli.DurationFlag{Name: "grace", Value: 20 * time.Second, Usage: "give apps that were begun `TIME` to be finished when the worker is told to end"},
					&cli.StringFlag{Name: "metrics", Usage: "offer Prometheus metrics at `HOST:PORT`/metrics"},
				}),
				Before: p.logging, Action: p.work,
			},
			{
				Name: "collect", Usage: "make one report of the results",
				Flags: slices.Concat(where, log, []cli.Flag{
					&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Value: "ndjson", Usage: "`FORMAT` of the report, as those of telltale"},
					&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the report to `FILE`; it appears when it is whole"},
					&cli.StringFlag{Name: "parquet", Usage: "also write tables into this folder or bucket `URL`"},
					&cli.BoolFlag{Name: "partial", Usage: "make a report though items are without results"},
				}),
				Before: p.logging, Action: p.collect,
			},
			{
				Name: "status", Usage: "say how far a run is",
				Flags:  slices.Concat(where, q, log),
				Before: p.logging, Action: p.status,
			},
			{
				Name: "plan", Usage: "play a run through that is too large to try, with recorded times", ArgsUsage: "LOG…",
				Description: "LOG is what 'work' logged as JSON: the seconds that apps took are drawn from it.",
				Flags: slices.Concat(log, []cli.Flag{
					&cli.IntFlag{Name: "items", Value: 1_000_000, Usage: "`N` apps"},
					&cli.IntFlag{Name: "machines", Value: 16, Usage: "on `N` machines"},
					&cli.IntFlag{Name: "slots", Value: 8, Usage: "each of which analyses `N` apps at the same time"},
					&cli.DurationFlag{Name: "overhead", Value: 5 * time.Millisecond, Usage: "queue and store take `TIME` for each app"},
					&cli.Float64Flag{Name: "poison", Value: 0.00001, Usage: "this `PART` of the apps brings its worker down"},
					&cli.DurationFlag{Name: "mtbf", Value: 72 * time.Hour, Usage: "a machine is lost every `TIME`"},
					&cli.Float64Flag{Name: "queue-rate", Value: 2000, Usage: "the queue hands out at most `N` apps a second"},
					&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "of the chance that is played with"},
				}),
				Before: p.logging, Action: p.plan,
			},
			{
				Name: "serve", Usage: "be the queue's server, for one machine or a small net",
				Flags: slices.Concat(log, []cli.Flag{
					&cli.StringFlag{Name: "dir", Required: true, Usage: "keep queues in folder `DIR`"},
					&cli.StringFlag{Name: "listen", Value: "127.0.0.1:4222", Usage: "listen at `HOST:PORT`"},
				}),
				Before: p.logging, Action: p.serve,
			},
		},
	}
}

func (p *program) logging(c *cli.Context) error {
	level, err := logrus.ParseLevel(c.String("log-level"))
	if err != nil {
		return err
	}
	p.log.SetLevel(level)
	switch f := c.String("log-format"); f {
	case "json":
		p.log.SetFormatter(&logrus.JSONFormatter{})
	case "text":
		p.log.SetFormatter(&logrus.TextFormatter{DisableColors: true})
	default:
		return fmt.Errorf("--log-format %q: use text or json", f)
	}
	return nil
}

// connect connects to the queue.
func (p *program) connect(c *cli.Context) (*queue.Queue, func(), error) {
	url, stop := c.String("nats"), func() {}
	if dir := c.String("embedded"); dir != "" {
		if url != "" {
			return nil, nil, errors.New("--nats and --embedded are two queues: use one")
		}
		var err error
		if url, stop, err = queue.Serve(dir, "127.0.0.1:0"); err != nil {
			return nil, nil, err
		}
	}
	if url == "" {
		return nil, nil, errors.New("--nats URL says where the queue is ('telltale-worker serve' runs one, and so does --embedded DIR)")
	}
	q, err := queue.Connect(queue.Config{
		URL: url, Creds: c.String("creds"), CA: c.String("tls-ca"), Cert: c.String("tls-cert"), Key: c.String("tls-key"),
		Name: c.String("run"), AckWait: c.Duration("ack-wait"),
	}, p.log.Warnf)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return q, func() { q.Close(); stop() }, nil
}

func (p *program) enqueue(c *cli.Context) error {
	ctx := c.Context
	s, err := store.Open(ctx, c.String("store"))
	if err != nil {
		return err
	}
	defer s.Close()
	_, _, err = s.Manifest(ctx)
	switch {
	case errors.Is(err, store.ErrNoManifest), err == nil && c.Bool("again"):
		if err := p.list(c, s); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		p.log.Info("the store has a manifest: its items are put into the queue (--again lists them anew)")
	}
	if c.Bool("manifest-only") {
		return nil
	}
	q, disconnect, err := p.connect(c)
	if err != nil {
		return err
	}
	defer disconnect()
	return p.fill(c, s, q)
}

// list writes the manifest.
func (p *program) list(c *cli.Context, s *store.Store) error {
	ctx := c.Context
	rules, err := signatures.Default()
	if err != nil {
		return err
	}
	run := store.Run{Start: telltale.Start(rules), Options: store.Options{Locale: c.String("locale"), ShowKeys: c.Bool("show-keys"), NoSearch: c.Bool("no-search")}, Skipped: map[string]int{}}
	run.Start.Options = asFlags(run.Options)
	where := c.String("inputs")
	var items iter.Seq2[store.Item, error]
	if strings.Contains(where, "://") {
		in, err := store.OpenInputs(ctx, where)
		if err != nil {
			return err
		}
		defer in.Close()
		shown, _, _ := strings.Cut(where, "?")
		if as := c.String("as"); as != "" {
			shown = as
		}
		items = store.Objects(ctx, in, shown)
	} else {
		found, err := scan.Find(ctx, []string{where}, strings.NewReader(""), scan.Options{Jobs: runtime.GOMAXPROCS(0)})
		if err != nil {
			return err
		}
		run.Skipped = found.Skipped()
		items = p.local(ctx, where, c.String("as"), found)
	}
	n, err := s.WriteManifest(ctx, run, items)
	if err != nil {
		return fmt.Errorf("the manifest cannot be written: %w", err)
	}
	p.log.WithField("items", n).Info("manifest written")
	return nil
}

// local makes items of what was found in a folder. Their files are named
// relative to it, so that a worker may have it elsewhere.
func (p *program) local(ctx context.Context, root, as string, found *scan.Found) iter.Seq2[store.Item, error] {
	if st, err := os.Stat(root); err == nil && !st.IsDir() {
		root = filepath.Dir(root)
	}
	clean := filepath.ToSlash(filepath.Clean(root))
	return func(yield func(store.Item, error) bool) {
		for it := range found.Items() {
			digests := make([]string, len(it.Files))
			if as != "" {
				it.Path = as + strings.TrimPrefix(it.Path, clean)
			}
			for i := range it.Files {
				f := &it.Files[i]
				digests[i] = digest(f.File)
				rel, err := filepath.Rel(root, f.File)
				if err != nil {
					yield(store.Item{}, err)
					return
				}
				f.File = filepath.ToSlash(rel)
				if as != "" {
					f.Path = as + strings.TrimPrefix(f.Path, clean)
				}
			}
			item, err := store.NewItem(it, digests)
			if err == nil {
				err = ctx.Err()
			}
			if !yield(item, err) || err != nil {
				return
			}
		}
	}
}

// digest is that of a file's bytes; "" if they can't be read, which the
// worker will tell.
func digest(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// fill puts what has no result into the queue.
func (p *program) fill(c *cli.Context, s *store.Store, q *queue.Queue) error {
	ctx := c.Context
	// A message holds an item and its headers.
	if err := q.Setup(ctx, store.MaxItem+64<<10); err != nil {
		return err
	}
	done, err := s.Done(ctx)
	if err != nil {
		return err
	}
	dead, err := s.DeadIDs(ctx)
	if err != nil {
		return err
	}
	_, items, err := s.Manifest(ctx)
	if err != nil {
		return err
	}
	all, put := 0, 0
	for it, err := range items {
		if err != nil {
			return err
		}
		all++
		k, _ := store.Key(it.ID)
		if done[k] {
			continue
		}
		msgID := it.ID
		if dead[k] {
			if !c.Bool("retry-dead") {
				continue
			}
			if err := s.Forget(ctx, it.ID); err != nil {
				return err
			}
			// Not the message that was given up.
			msgID += time.Now().UTC().Format("-20060102T150405.000")
		}
		b, err := json.Marshal(it)
		if err == nil {
			err = q.Publish(ctx, msgID, b)
		}
		if err != nil {
			return fmt.Errorf("%s cannot be put into the queue: %w", it.Item.Path, err)
		}
		put++
	}
	if err := q.Flush(ctx); err != nil {
		return fmt.Errorf("the queue did not take everything: %w; enqueue again", err)
	}
	p.log.WithFields(logrus.Fields{"items": all, "done": len(done), "dead": len(dead), "enqueued": put}).Info("the queue is filled")
	return nil
}

func (p *program) work(c *cli.Context) error {
	ctx := c.Context
	if c.Int("jobs") < 1 || c.Uint64("max-attempts") < 1 {
		return errors.New("--jobs and --max-attempts are at least 1")
	}
	s, run, _, err := openRun(c)
	if err != nil {
		return err
	}
	defer s.Close()
	rules, err := signatures.Default()
	if err != nil {
		return err
	}
	if start := telltale.Start(rules); start.Tool != run.Start.Tool || start.Signatures.Digest != run.Start.Signatures.Digest {
		return fmt.Errorf("the run was begun by telltale %s with rules %s, and this is %s with %s: use one program for all workers",
			run.Start.Tool.Version, run.Start.Signatures.Digest, start.Tool.Version, start.Signatures.Digest)
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		return err
	}
	in, err := store.OpenInputs(ctx, c.String("inputs"))
	if err != nil {
		return err
	}
	defer in.Close()
	var limits extract.Limits
	for _, l := range extract.AllLimits() {
		l.Set(&limits, l.Default)
	}
	if run.Options.NoSearch {
		limits.Searched = 1
	}
	opt := scan.Options{
		Rules: compiled, Limits: limits, Jobs: 1, MaxTime: c.Duration("max-time"), Fault: p.fault,
		Locale: run.Options.Locale, ShowKeys: run.Options.ShowKeys,
		Profiles: &scan.Profiles{}, // as a plain scan has them
	}
	if c.Bool("isolate") {
		f, err := fence.New(rules, fence.Options{Held: func(what []string) {
			p.log.WithField("fence", strings.Join(what, ", ")).Info("each app is looked at behind a fence")
		}})
		if err != nil {
			return fmt.Errorf("apps cannot be isolated: %w", err)
		}
		defer f.Close()
		opt.Runner = f
		in = store.AsFiles(in)
	}
	registry := prometheus.NewRegistry()
	metrics := work.NewMetrics(registry, in.Fetched)
	if at := c.String("metrics"); at != "" {
		l, err := net.Listen("tcp", at)
		if err != nil {
			return fmt.Errorf("--metrics %s: %w", at, err)
		}
		mux := http.NewServeMux()
		mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
		srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
		defer srv.Close()
		go func() { _ = srv.Serve(l) }() // ends with Close
		p.log.WithField("metrics", l.Addr().String()).Info("metrics are offered")
	}
	q, disconnect, err := p.connect(c)
	if err != nil {
		return err
	}
	defer disconnect()
	w := &work.Worker{
		Queue: q, Store: s, Inputs: in, Scan: opt, Jobs: c.Int("jobs"), MaxAttempts: c.Uint64("max-attempts"),
		UntilEmpty: c.Bool("until-empty"), Grace: c.Duration("grace"), Log: p.log, Metrics: metrics,
	}
	return w.Run(ctx)
}

// asFlags says options of a run as 'telltale scan' calls them.
func asFlags(o store.Options) map[string]string {
	out := map[string]string{}
	if o.Locale != "" {
		out["locale"] = o.Locale
	}
	if o.ShowKeys {
		out["show-keys"] = "true"
	}
	if o.NoSearch {
		out["max-searched"] = "1"
	}
	return out
}

// openRun opens the store of a run that was enqueued.
func openRun(c *cli.Context) (*store.Store, store.Run, iter.Seq2[store.Item, error], error) {
	s, err := store.Open(c.Context, c.String("store"))
	if err != nil {
		return nil, store.Run{}, nil, err
	}
	run, items, err := s.Manifest(c.Context)
	if err != nil {
		s.Close()
		return nil, run, nil, err
	}
	return s, run, items, nil
}

// ahead is how many results are fetched before they are needed.
const ahead = 32

func (p *program) collect(c *cli.Context) error {
	ctx := c.Context
	s, run, items, err := openRun(c)
	if err != nil {
		return err
	}
	defer s.Close()
	var tables *dataset.Writer
	if where := c.String("parquet"); where != "" {
		b, err := store.Bucket(ctx, where, true)
		if err != nil {
			return fmt.Errorf("the tables %s cannot be opened: %w", where, err)
		}
		defer b.Close()
		tables = dataset.New(ctx, b)
		defer tables.Abandon()
	}
	out, finish, err := p.output(c.String("output"))
	if err != nil {
		return err
	}
	defer finish(false)
	h, err := report.New(c.String("format"), out, report.Options{})
	if err != nil {
		return err
	}
	if err := h.Handle(&event.Message{Start: &run.Start}); err != nil {
		return err
	}
	sum := &event.Summary{ByStatus: map[string]int{}, Skipped: run.Skipped, ExitReasons: []event.ExitReason{}}
	missing, dead := 0, 0
	for r := range p.results(ctx, s, items) {
		if r.err != nil {
			return r.err
		}
		app := r.app
		if r.dead != nil {
			dead++
			app = scan.Failed(r.item.Item.Path, errors.New("given up: "+r.dead.Reason), scan.Options{})
			app.Problems[0].Kind = fact.ProblemInternal
		}
		if app == nil {
			missing++
			continue
		}
		if err := h.Handle(&event.Message{App: app}); err != nil {
			return err
		}
		if tables != nil {
			if err := tables.Add(app); err != nil {
				return fmt.Errorf("the tables cannot be written: %w", err)
			}
		}
		scan.Count(sum, app)
	}
	if missing > 0 && !c.Bool("partial") {
		return &incomplete{fmt.Sprintf("%d items are without a result yet: wait for the workers, or see 'telltale-worker status' (--partial makes a report of what there is)", missing)}
	}
	sum.Interrupted = missing > 0
	sum.ExitReasons = append(sum.ExitReasons, telltale.Reasons(sum, false)...)
	if err := h.Handle(&event.Message{Summary: sum}); err != nil {
		return err
	}
	if tables != nil {
		if err := tables.Close(); err != nil {
			return fmt.Errorf("the tables cannot be written: %w", err)
		}
	}
	if err := finish(true); err != nil {
		return err
	}
	p.log.WithFields(logrus.Fields{"apps": sum.Apps, "missing": missing, "dead": dead}).Info("collected")
	if missing > 0 {
		return &incomplete{fmt.Sprintf("%d items are without a result yet", missing)}
	}
	return nil
}

// output opens the report's file, which appears when it is whole.
func (p *program) output(name string) (io.Writer, func(whole bool) error, error) {
	if name == "" {
		return p.stdout, func(bool) error { return nil }, nil
	}
	// Not CreateTemp: the report shall be as readable as the umask has it.
	temp := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s-%x", filepath.Base(name), rand.Uint64()))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, nil, err
	}
	ended := false
	return f, func(whole bool) error {
		if ended {
			return nil
		}
		ended = true
		err := f.Close()
		if err == nil && whole {
			err = os.Rename(f.Name(), name)
		}
		if err != nil || !whole {
			_ = os.Remove(f.Name()) // what is left of it is not the report
		}
		return err
	}, nil
}

// result is what the store has of an item.
type result struct {
	item store.Item
	app  *event.App
	dead *store.Dead
	err  error
}

// results reads the items' results, some ahead, in the order of the manifest.
func (p *program) results(ctx context.Context, s *store.Store, items iter.Seq2[store.Item, error]) iter.Seq[result] {
	return func(yield func(result) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		slots := make(chan chan result, ahead)
		go func() {
			defer close(slots)
			for it, err := range items {
				slot := make(chan result, 1)
				select {
				case slots <- slot:
				case <-ctx.Done():
					return
				}
				if err != nil {
					slot <- result{err: err}
					return
				}
				go func() {
					r := result{item: it}
					if r.app, r.err = s.Result(ctx, it.ID); r.err == nil && r.app == nil {
						r.dead, r.err = s.Dead(ctx, it.ID)
					}
					slot <- r
				}()
			}
		}()
		for slot := range slots {
			r := <-slot
			if !yield(r) || r.err != nil {
				return
			}
		}
	}
}

func (p *program) status(c *cli.Context) error {
	ctx := c.Context
	s, _, items, err := openRun(c)
	if err != nil {
		return err
	}
	defer s.Close()
	done, err := s.Done(ctx)
	if err != nil {
		return err
	}
	dead, err := s.DeadIDs(ctx)
	if err != nil {
		return err
	}
	all, finished, given := 0, 0, 0
	var lost []store.Item
	for it, err := range items {
		if err != nil {
			return err
		}
		all++
		k, _ := store.Key(it.ID)
		switch {
		case done[k]:
			finished++
		case dead[k]:
			if given++; len(lost) < 20 {
				lost = append(lost, it)
			}
		}
	}
	fmt.Fprintf(p.stdout, "%d items: %d done, %d given up, %d to do\n", all, finished, given, all-finished-given)
	for _, it := range lost {
		if d, err := s.Dead(ctx, it.ID); err == nil && d != nil {
			fmt.Fprintf(p.stdout, "  given up: %s: %s\n", report.Clean(it.Item.Path), report.Clean(d.Reason))
		}
	}
	if c.String("nats") == "" && c.String("embedded") == "" {
		return nil
	}
	q, disconnect, err := p.connect(c)
	if err != nil {
		return err
	}
	defer disconnect()
	st, err := q.State(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "queue: %d waiting, %d with workers (%d of them again)\n", st.Waiting, st.Held, st.Redelivered)
	return nil
}

func (p *program) serve(c *cli.Context) error {
	url, stop, err := queue.Serve(c.String("dir"), c.String("listen"))
	if err != nil {
		return err
	}
	p.log.WithField("url", url).Info("the queue is served")
	<-c.Context.Done()
	stop()
	return nil
}

func (p *program) plan(c *cli.Context) error {
	if !c.Args().Present() {
		return errors.New("plan needs a LOG that 'telltale-worker work' wrote as JSON")
	}
	var times []time.Duration
	for _, name := range c.Args().Slice() {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		dec := json.NewDecoder(f)
		for err == nil {
			var line struct {
				Msg     string
				Seconds float64
			}
			if err = dec.Decode(&line); err == nil && line.Msg == "done" && line.Seconds > 0 {
				times = append(times, time.Duration(line.Seconds*float64(time.Second)))
			}
		}
		f.Close()
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s is no log of JSON lines: %w", name, err)
		}
	}
	if len(times) == 0 {
		return errors.New("the log has no app that was done")
	}
	slices.Sort(times)
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	at := func(q float64) time.Duration { return times[int(q*float64(len(times)-1))].Round(time.Millisecond) }
	fmt.Fprintf(p.stdout, "%d recorded times: mean %v, median %v, 99 %% under %v, longest %v\n",
		len(times), (sum / time.Duration(len(times))).Round(time.Millisecond), at(0.5), at(0.99), at(1))
	out, err := simulate.Run(simulate.Plan{
		Items: c.Int("items"), Machines: c.Int("machines"), Slots: c.Int("slots"), Times: times, Overhead: c.Duration("overhead"),
		Poison: c.Float64("poison"), Attempts: 5, AckWait: 30 * time.Second, Restart: 10 * time.Second,
		MTBF: c.Duration("mtbf"), Replace: 5 * time.Minute, Queue: c.Float64("queue-rate"), Seed: c.Uint64("seed"),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%d apps on %d machines with %d slots each: %v, of which the last %v with half the slots idle or more; slots busy %.0f %%\n",
		c.Int("items"), c.Int("machines"), c.Int("slots"), out.Took.Round(time.Second), out.Tail.Round(time.Second), 100*out.Busy)
	fmt.Fprintf(p.stdout, "%.0f apps a second; %d handed out again, %d given up, %d machines lost, %v of work for nothing\n",
		float64(c.Int("items"))/out.Took.Seconds(), out.Redelivered, out.Dead, out.Lost, out.Wasted.Round(time.Second))
	return nil
}
