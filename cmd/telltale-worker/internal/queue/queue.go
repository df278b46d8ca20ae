// Package queue hands items to workers over NATS JetStream: each to one at a
// time, and again if that one is not heard of any more.
//
// The queue is disposable. What is to be done follows from the store, and can
// be enqueued again at any time; an item that comes twice is done once.
package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config says where the queue is.
type Config struct {
	URL     string
	Creds   string // file of credentials, "" for none
	CA      string // file of certificates that the server's is checked with
	Cert    string // files of the client's own certificate and key
	Key     string
	Name    string        // of the run; letters, digits, - and _
	AckWait time.Duration // after which a worker that is not heard of is given up; 0 means 30 s
}

// Queue is a connection to the queue of one run. It is safe for concurrent use.
type Queue struct {
	c      Config
	conn   *nats.Conn
	js     jetstream.JetStream
	mu     sync.Mutex
	worker jetstream.Consumer
}

const consumer = "work"

func (c *Config) stream() string  { return "TELLTALE_" + c.Name }
func (c *Config) subject() string { return "telltale." + c.Name + ".items" }

// Connect connects to the server, and keeps trying when it is away later on.
func Connect(c Config, log func(format string, args ...any)) (*Queue, error) {
	if c.Name == "" || strings.Trim(c.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return nil, fmt.Errorf("run %q: use letters, digits, - and _", c.Name)
	}
	if c.AckWait <= 0 {
		c.AckWait = 30 * time.Second
	}
	opts := []nats.Option{
		nats.Name("telltale-worker"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.RetryOnFailedConnect(true),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log("the queue is away: %v", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log("the queue is back") }),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // told where it matters
	}
	if c.Creds != "" {
		opts = append(opts, nats.UserCredentials(c.Creds))
	}
	if c.CA != "" {
		opts = append(opts, nats.RootCAs(c.CA))
	}
	if c.Cert != "" {
		opts = append(opts, nats.ClientCert(c.Cert, c.Key))
	}
	conn, err := nats.Connect(c.URL, opts...)
	if err != nil {
		return nil, fmt.Errorf("the queue at %s cannot be reached: %w", c.URL, err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(256))
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &Queue{c: c, conn: conn, js: js}, nil
}

// Close ends the connection.
func (q *Queue) Close() { q.conn.Close() }

// ErrNothing says that nothing was enqueued, or that the server lost it.
var ErrNothing = errors.New("the queue holds no such run: telltale-worker enqueue fills it")

// Setup makes the stream and its consumer, or brings them up to date.
func (q *Queue) Setup(ctx context.Context, maxMessage int32) error {
	_, err := q.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: q.c.stream(), Subjects: []string{q.c.subject()},
		Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
		// Within this time an item that is enqueued again is not put in twice.
		Duplicates: 10 * time.Minute, MaxMsgSize: maxMessage,
	})
	if err == nil {
		_, err = q.js.CreateOrUpdateConsumer(ctx, q.c.stream(), jetstream.ConsumerConfig{
			Durable: consumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.c.AckWait,
			MaxAckPending: 16384, MaxDeliver: -1, // who gets an item too often gives it up, with a reason
		})
	}
	if err != nil {
		return fmt.Errorf("the queue cannot be set up: %w", err)
	}
	return nil
}

// Publish puts an item in. It may return before the server has it: Flush waits
// for that.
func (q *Queue) Publish(ctx context.Context, id string, body []byte) error {
	m := &nats.Msg{Subject: q.c.subject(), Data: body, Header: nats.Header{}}
	m.Header.Set(nats.MsgIdHdr, id)
	for {
		_, err := q.js.PublishMsgAsync(m, jetstream.WithRetryAttempts(20), jetstream.WithRetryWait(500*time.Millisecond))
		if !errors.Is(err, jetstream.ErrTooManyStalledMsgs) || ctx.Err() != nil {
			return err
		}
	}
}

// Flush waits until the server has what was published.
func (q *Queue) Flush(ctx context.Context) error {
	select {
	case <-q.js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Delivery is an item that this worker has for now.
type Delivery struct {
	Body    []byte
	Attempt uint64 // how often it was handed out, this time included
	msg     jetstream.Msg
}

// Done says that the item needs nobody any more.
func (d *Delivery) Done() error { return d.msg.Ack() }

// Again gives the item back, to be handed out after a while.
func (d *Delivery) Again(after time.Duration) error { return d.msg.NakWithDelay(after) }

// Alive tells the queue, until ctx ends, that the item is being worked on.
func (q *Queue) Alive(ctx context.Context, d *Delivery) {
	t := time.NewTicker(q.c.AckWait / 3)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			_ = d.msg.InProgress() // if it does not arrive, somebody else gets the item, too
		case <-ctx.Done():
			return
		}
	}
}

// Take gets up to n items, waiting for the first of them for a while. None is
// no error.
func (q *Queue) Take(ctx context.Context, n int) ([]*Delivery, error) {
	c, err := q.consumer(ctx)
	if err != nil {
		return nil, err
	}
	batch, err := c.Fetch(n, jetstream.FetchMaxWait(2*time.Second))
	if err != nil {
		return nil, q.forget(err)
	}
	var out []*Delivery
	for m := range batch.Messages() {
		d := &Delivery{Body: m.Data(), msg: m}
		if meta, err := m.Metadata(); err == nil {
			d.Attempt = meta.NumDelivered
		}
		out = append(out, d)
	}
	if err := batch.Error(); err != nil && len(out) == 0 && !errors.Is(err, nats.ErrTimeout) && !errors.Is(err, context.DeadlineExceeded) {
		return nil, q.forget(err)
	}
	return out, nil
}

func (q *Queue) consumer(ctx context.Context) (jetstream.Consumer, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.worker != nil {
		return q.worker, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := q.js.Consumer(ctx, q.c.stream(), consumer)
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, ErrNothing
	}
	if err != nil {
		return nil, err
	}
	q.worker = c
	return c, nil
}

// forget has the consumer looked up anew: the server may have come back
// without it.
func (q *Queue) forget(err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.worker = nil
	return err
}

// State is how much there is to do.
type State struct {
	Waiting     uint64 // items that nobody has
	Held        int    // items that workers have
	Redelivered int    // of those, the ones that were handed out before
}

// State asks the server.
func (q *Queue) State(ctx context.Context) (State, error) {
	c, err := q.consumer(ctx)
	if err != nil {
		return State{}, err
	}
	i, err := c.Info(ctx)
	if err != nil {
		return State{}, q.forget(err)
	}
	return State{i.NumPending, i.NumAckPending, i.NumRedelivered}, nil
}
