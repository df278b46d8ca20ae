// Package store keeps what is true of a distributed run: the manifest, which
// lists the items, a result for each that is done, and a note for each that
// was given up. Queues come and go; what is in the store stays.
//
// A store is a folder or a bucket:
//
//	manifest.ndjson      the run, then one item a line
//	results/ab/ID.ndjson the result of an item, one line
//	dead/ID.json         why an item was given up
//
// Everything is written under another name and appears when it is whole. The
// same result written twice is the same file.
package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob" // gs://
	_ "gocloud.dev/blob/memblob" // mem://, for tests
	_ "gocloud.dev/blob/s3blob"  // s3://
	"gocloud.dev/gcerrors"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
)

// MaxItem bounds the size of an item that is written down, in bytes: it has to
// fit into a message of the queue.
const MaxItem = 512 << 10

// maxResult bounds the size of a result that is read, in bytes.
const maxResult = 512 << 20

// Run is the head of a manifest: what every worker has to agree on.
type Run struct {
	Start   event.Start    `json:"start"`
	Options Options        `json:"options"`
	Skipped map[string]int `json:"skipped"` // files that are no apps, by kind
}

// Options are those of a scan that its results depend on.
type Options struct {
	Locale   string `json:"locale,omitempty"`
	ShowKeys bool   `json:"show_keys,omitempty"`
	NoSearch bool   `json:"no_search,omitempty"` // for hidden code in files of other kinds
}

// Item is a line of a manifest, and a message of the queue.
type Item struct {
	ID   string    `json:"id"` // 64 hexadecimal digits
	Item scan.Item `json:"item"`
	// Digests are of the files, "sha256:…" of their bytes or what else the
	// bucket knows them apart by.
	Digests []string `json:"digests"`
}

// NewItem gives an item its id, a digest of its files, their names and roles.
func NewItem(it scan.Item, digests []string) (Item, error) {
	b, err := json.Marshal(struct {
		Item    scan.Item
		Digests []string
	}{it, digests})
	if err != nil {
		return Item{}, err
	}
	if len(b) > MaxItem {
		return Item{}, fmt.Errorf("%s: %d files are too many for one item", it.Path, len(it.Files))
	}
	sum := sha256.Sum256(b)
	return Item{hex.EncodeToString(sum[:]), it, digests}, nil
}

// Dead says why an item was given up.
type Dead struct {
	Item     Item   `json:"item"`
	Attempts uint64 `json:"attempts"`
	Reason   string `json:"reason"`
}

// Store is safe for concurrent use.
type Store struct{ b *blob.Bucket }

// Bucket opens a folder (which is made, if need be) or a bucket by its URL:
// s3://, gs://, azblob://, file://. "?prefix=NAME/" keeps to what is below
// NAME.
func Bucket(ctx context.Context, where string, create bool) (*blob.Bucket, error) {
	if u, err := url.Parse(where); err == nil && u.Scheme != "" && len(u.Scheme) > 1 {
		return blob.OpenBucket(ctx, where)
	}
	dir, err := filepath.Abs(where)
	if err != nil {
		return nil, err
	}
	if create {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	// Unfinished files lie beside the finished: a rename does not cross disks.
	return fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
}

// Open opens the store at a folder or URL.
func Open(ctx context.Context, where string) (*Store, error) {
	b, err := Bucket(ctx, where, true)
	if err != nil {
		return nil, fmt.Errorf("the store %s cannot be opened: %w", where, err)
	}
	return &Store{b}, nil
}

// Close releases what Open took.
func (s *Store) Close() error { return s.b.Close() }

// ErrNoManifest says that nothing was enqueued into this store.
var ErrNoManifest = errors.New("there is no manifest: telltale-worker enqueue writes it")

const manifest = "manifest.ndjson"

// WriteManifest writes the run and its items. It appears when it is whole.
func (s *Store) WriteManifest(ctx context.Context, run Run, items iter.Seq2[Item, error]) (n int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before Close, this abandons what was written
	w, err := s.b.NewWriter(ctx, manifest, nil)
	if err != nil {
		return 0, err
	}
	put := func(v any) error {
		b, err := json.Marshal(v)
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
		return err
	}
	err = put(run)
	for it, e := range items {
		if err != nil {
			break
		}
		if err = e; err == nil {
			err = put(it)
			n++
		}
	}
	if err != nil {
		cancel()
		w.Close()
		return 0, err
	}
	return n, w.Close()
}

// Manifest returns the run and its items, in the order of the report.
func (s *Store) Manifest(ctx context.Context) (Run, iter.Seq2[Item, error], error) {
	var run Run
	open := func() (*blob.Reader, *bufio.Reader, error) {
		r, err := s.b.NewReader(ctx, manifest, nil)
		if gcerrors.Code(err) == gcerrors.NotFound {
			err = ErrNoManifest
		}
		if err != nil {
			return nil, nil, err
		}
		lines := bufio.NewReaderSize(r, 2*MaxItem)
		first, err := lines.ReadSlice('\n')
		if err == nil {
			err = json.Unmarshal(first, &run)
		}
		if err == nil && run.Start.Schema != event.Schema {
			err = fmt.Errorf("it is of schema %q, this program writes %q", run.Start.Schema, event.Schema)
		}
		if err != nil {
			r.Close()
			return nil, nil, fmt.Errorf("the manifest cannot be read: %w", err)
		}
		return r, lines, nil
	}
	r, _, err := open()
	if err != nil {
		return run, nil, err
	}
	r.Close()
	return run, func(yield func(Item, error) bool) {
		r, lines, err := open()
		if err != nil {
			yield(Item{}, err)
			return
		}
		defer r.Close()
		for n := 2; ; n++ {
			line, err := lines.ReadSlice('\n')
			if errors.Is(err, io.EOF) && len(line) == 0 {
				return
			}
			var it Item
			if err == nil {
				err = json.Unmarshal(line, &it)
			}
			if err == nil && !validID(it.ID) {
				err = fmt.Errorf("%q is no id", it.ID)
			}
			if err != nil {
				yield(it, fmt.Errorf("line %d of the manifest cannot be read: %w", n, err))
				return
			}
			if !yield(it, nil) {
				return
			}
		}
	}, nil
}

// validID reports whether an id can be part of a key: nothing else comes from
// messages into keys.
func validID(id string) bool {
	return len(id) == 64 && strings.Trim(id, "0123456789abcdef") == ""
}

func resultKey(id string) string { return "results/" + id[:2] + "/" + id + ".ndjson" }

// PutResult writes an item's result.
func (s *Store) PutResult(ctx context.Context, id string, app *event.App) error {
	if !validID(id) {
		return fmt.Errorf("%q is no id", id)
	}
	b, err := json.Marshal(app)
	if err != nil {
		return err
	}
	return s.b.WriteAll(ctx, resultKey(id), append(b, '\n'), &blob.WriterOptions{ContentType: "application/x-ndjson"})
}

// HasResult reports whether an item is done.
func (s *Store) HasResult(ctx context.Context, id string) (bool, error) {
	if !validID(id) {
		return false, fmt.Errorf("%q is no id", id)
	}
	return s.b.Exists(ctx, resultKey(id))
}

// Result returns an item's result; nil if there is none.
func (s *Store) Result(ctx context.Context, id string) (*event.App, error) {
	if !validID(id) {
		return nil, fmt.Errorf("%q is no id", id)
	}
	r, err := s.b.NewReader(ctx, resultKey(id), nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if r.Size() > maxResult {
		return nil, fmt.Errorf("result %s has %d bytes, which is too much", id, r.Size())
	}
	var app event.App
	if err := json.NewDecoder(r).Decode(&app); err != nil {
		return nil, fmt.Errorf("result %s cannot be read: %w", id, err)
	}
	return &app, nil
}

// Done returns the ids of the items that have a result.
func (s *Store) Done(ctx context.Context) (map[[32]byte]bool, error) {
	return s.ids(ctx, "results/")
}

// DeadIDs returns the ids of the items that were given up.
func (s *Store) DeadIDs(ctx context.Context) (map[[32]byte]bool, error) {
	return s.ids(ctx, "dead/")
}

func (s *Store) ids(ctx context.Context, prefix string) (map[[32]byte]bool, error) {
	out := map[[32]byte]bool{}
	list := s.b.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(o.Key[strings.LastIndexByte(o.Key, '/')+1:], ".")
		if k, ok := Key(name); ok {
			out[k] = true
		}
	}
}

// Key is an id as the key of a map.
func Key(id string) (k [32]byte, ok bool) {
	if !validID(id) {
		return k, false
	}
	_, err := hex.Decode(k[:], []byte(id))
	return k, err == nil
}

// PutDead notes that an item was given up.
func (s *Store) PutDead(ctx context.Context, d Dead) error {
	if !validID(d.Item.ID) {
		return fmt.Errorf("%q is no id", d.Item.ID)
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return s.b.WriteAll(ctx, "dead/"+d.Item.ID+".json", append(b, '\n'), &blob.WriterOptions{ContentType: "application/json"})
}

// Dead returns the note of an item that was given up; nil if there is none.
func (s *Store) Dead(ctx context.Context, id string) (*Dead, error) {
	if !validID(id) {
		return nil, fmt.Errorf("%q is no id", id)
	}
	b, err := s.b.ReadAll(ctx, "dead/"+id+".json")
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, nil
	}
	var d Dead
	if err == nil {
		err = json.Unmarshal(bytes.TrimSpace(b), &d)
	}
	if err != nil {
		return nil, fmt.Errorf("the note on %s cannot be read: %w", id, err)
	}
	return &d, nil
}

// Forget removes the note of an item that was given up, so that it is tried
// again.
func (s *Store) Forget(ctx context.Context, id string) error {
	if !validID(id) {
		return fmt.Errorf("%q is no id", id)
	}
	err := s.b.Delete(ctx, "dead/"+id+".json")
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return err
}
