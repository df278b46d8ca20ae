// Package work takes items from a queue, analyses them and keeps the results
// in a store.
package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/queue"
	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/store"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// Worker is what a process does until it is told to stop.
type Worker struct {
	Queue  *queue.Queue
	Store  *store.Store
	Inputs store.Inputs
	Scan   scan.Options
	Jobs   int
	// MaxAttempts is how often an item may be handed out before it is given up.
	MaxAttempts uint64
	// UntilEmpty ends the work when no item is left, also none that another
	// worker has.
	UntilEmpty bool
	// Grace is how long items that were begun may go on when the work is to end.
	Grace   time.Duration
	Log     *logrus.Logger
	Metrics *Metrics

	done, failed atomic.Int64 // items

	// alone is held to write by an item that comes again: if it brings the
	// worker down, it shall be known that it was this one, and take no other
	// with it once more.
	alone sync.RWMutex
}

// Metrics are what can be seen from outside.
type Metrics struct {
	items    *prometheus.CounterVec
	seconds  prometheus.Histogram
	busy     prometheus.Gauge
	repeated prometheus.Counter
	dead     prometheus.Counter
	faults   *prometheus.CounterVec
	failures *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer, fetched func() int64) *Metrics {
	m := &Metrics{
		items:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "telltale_items_total", Help: "Items with a result, by its status."}, []string{"status"}),
		seconds:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "telltale_item_seconds", Help: "Time an item took.", Buckets: prometheus.ExponentialBuckets(0.002, 2, 17)}),
		busy:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "telltale_items_busy", Help: "Items being analysed."}),
		repeated: prometheus.NewCounter(prometheus.CounterOpts{Name: "telltale_items_repeated_total", Help: "Items that had been handed out before."}),
		dead:     prometheus.NewCounter(prometheus.CounterOpts{Name: "telltale_items_dead_total", Help: "Items that were given up."}),
		faults:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "telltale_faults_total", Help: "What went wrong around items, by what was to be done."}, []string{"doing"}),
	}
	m.failures = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "telltale_failures_total", Help: "Problems of items that could not be analysed, by kind."}, []string{"kind"})
	r.MustRegister(m.failures, m.items, m.seconds, m.busy, m.repeated, m.dead, m.faults,
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "telltale_fetched_bytes_total", Help: "Bytes of inputs fetched from a bucket."}, func() float64 { return float64(fetched()) }))
	return m
}

// every is how often the log tells how far the run is.
const every = 10 * time.Second

// tell logs, until ctx ends, how far the run is: what this worker did, at what
// rate, and for how long all workers will be busy if the queue goes on
// shrinking as it did.
func (w *Worker) tell(ctx context.Context) {
	t := time.NewTicker(every)
	defer t.Stop()
	begin, before := time.Now(), queue.State{}
	first := true
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		log := w.Log.WithFields(logrus.Fields{"done": w.done.Load(), "rate": float64(w.done.Load()) / time.Since(begin).Seconds(), "failed": w.failed.Load()})
		if s, err := w.Queue.State(ctx); err == nil {
			left := s.Waiting + uint64(s.Held)
			log = log.WithFields(logrus.Fields{"waiting": s.Waiting, "held": s.Held})
			if was := before.Waiting + uint64(before.Held); !first && was > left {
				log = log.WithField("remaining", time.Duration(float64(left)/float64(was-left)*float64(every)).Round(time.Second).String())
			}
			before, first = s, false
		}
		log.Info("progress")
	}
}

// Run works until ctx ends, or no item is left. Then what was begun is
// finished, within the grace; what is not goes back into the queue.
func (w *Worker) Run(ctx context.Context) error {
	// Items outlive ctx by the grace.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	free := make(chan struct{}, w.Jobs)
	for range w.Jobs {
		free <- struct{}{}
	}
	go w.tell(inner)
	var wg sync.WaitGroup
	defer func() {
		timer := time.AfterFunc(w.Grace, cancel)
		wg.Wait()
		timer.Stop()
	}()
	wait := time.Duration(0)
	for ctx.Err() == nil {
		// As many as there are hands for, at least one: an item that waits here
		// could be done elsewhere.
		n := 0
		select {
		case <-free:
			n = 1
		case <-ctx.Done():
			return nil
		}
		for more := true; more && n < w.Jobs; {
			select {
			case <-free:
				n++
			default:
				more = false
			}
		}
		batch, err := w.Queue.Take(ctx, n)
		for range n - len(batch) {
			free <- struct{}{}
		}
		if errors.Is(err, queue.ErrNothing) && w.UntilEmpty {
			return err
		}
		if err != nil && ctx.Err() == nil {
			wait = min(max(2*wait, 200*time.Millisecond), 5*time.Second)
			w.fault("take", err, w.Log.WithField("wait", wait))
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
			continue
		}
		wait = 0
		for _, d := range batch {
			wg.Go(func() {
				defer func() { free <- struct{}{} }()
				w.item(inner, d)
			})
		}
		if len(batch) == 0 && w.UntilEmpty {
			if s, err := w.Queue.State(ctx); err == nil && s.Waiting == 0 && s.Held == 0 {
				return nil
			}
		}
	}
	return nil
}

func (w *Worker) fault(doing string, err error, log *logrus.Entry) {
	w.Metrics.faults.WithLabelValues(doing).Inc()
	log.WithField("doing", doing).Warn(err)
}

// item sees to one delivery. Whatever happens, the queue learns of it: at
// once, or by not hearing of this worker any more.
func (w *Worker) item(ctx context.Context, d *queue.Delivery) {
	var it store.Item
	if err := json.Unmarshal(d.Body, &it); err != nil || it.ID == "" {
		// Not ours, and no better the next time.
		w.fault("understand", fmt.Errorf("a message that is no item was dropped: %w", err), logrus.NewEntry(w.Log))
		w.settle(d.Done, logrus.NewEntry(w.Log))
		return
	}
	log := w.Log.WithFields(logrus.Fields{"item": it.ID, "path": it.Item.Path, "attempt": d.Attempt})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go w.Queue.Alive(ctx, d)
	if d.Attempt > 1 {
		w.Metrics.repeated.Inc()
	}
	done, err := w.Store.HasResult(ctx, it.ID)
	if err != nil {
		w.again(ctx, d, "look up", err, log)
		return
	}
	if done {
		w.settle(d.Done, log)
		return
	}
	if d.Attempt > w.MaxAttempts {
		reason := fmt.Sprintf("handed out %d times and never finished: the worker that had it ended each time, or could not keep the result", d.Attempt-1)
		if err := w.Store.PutDead(ctx, store.Dead{Item: it, Attempts: d.Attempt - 1, Reason: reason}); err != nil {
			w.again(ctx, d, "give up", err, log)
			return
		}
		w.Metrics.dead.Inc()
		log.Error("given up: " + reason)
		w.settle(d.Done, log)
		return
	}
	if d.Attempt > 1 {
		w.alone.Lock()
		defer w.alone.Unlock()
	} else {
		w.alone.RLock()
		defer w.alone.RUnlock()
	}
	begin := time.Now()
	w.Metrics.busy.Inc()
	app := scan.Analyse(ctx, it.Item, w.Inputs.Open, w.Scan)
	w.Metrics.busy.Dec()
	if app == nil { // the work is to end
		w.settle(func() error { return d.Again(0) }, log)
		return
	}
	if away(app) && d.Attempt < w.MaxAttempts {
		// A bucket may be back in a while.
		w.again(ctx, d, "read", errors.New(app.Problems[0].Detail), log)
		return
	}
	if err := w.Store.PutResult(ctx, it.ID, app); err != nil {
		w.again(ctx, d, "keep", err, log)
		return
	}
	took := time.Since(begin)
	w.Metrics.seconds.Observe(took.Seconds())
	w.Metrics.items.WithLabelValues(string(app.Status)).Inc()
	w.done.Add(1)
	if app.Status == fact.Failed {
		w.failed.Add(1)
		for _, p := range app.Problems {
			w.Metrics.failures.WithLabelValues(string(p.Kind)).Inc()
		}
	}
	log.WithFields(logrus.Fields{"status": app.Status, "seconds": took.Seconds()}).Info("done")
	w.settle(d.Done, log)
}

// away reports whether an app could not be read for a reason that may pass.
func away(app *event.App) bool {
	return app.Status == fact.Failed && len(app.Problems) == 1 && app.Problems[0].Kind == fact.ProblemUnreadable
}

func (w *Worker) again(ctx context.Context, d *queue.Delivery, doing string, err error, log *logrus.Entry) {
	if ctx.Err() == nil {
		w.fault(doing, err, log)
	}
	w.settle(func() error { return d.Again(time.Second << min(d.Attempt, 6)) }, log)
}

func (w *Worker) settle(tell func() error, log *logrus.Entry) {
	if err := tell(); err != nil {
		// The queue will hand the item out again, and then it is done already.
		w.fault("settle", err, log)
	}
}
