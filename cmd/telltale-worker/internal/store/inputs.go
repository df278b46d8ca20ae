package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
)

// Inputs is where the files of items lie. Items name them relative to it, and
// nothing outside can be named.
type Inputs interface {
	// Open opens a file to be analysed.
	Open(ctx context.Context, f scan.ItemFile) (*scan.Opened, error)
	// Fetched is how many bytes were read from other machines.
	Fetched() int64
	Close() error
}

// OpenInputs opens a folder, or a bucket by its URL, to be read.
func OpenInputs(ctx context.Context, where string) (Inputs, error) {
	if !strings.Contains(where, "://") {
		root, err := os.OpenRoot(where)
		if err != nil {
			return nil, err
		}
		return &folder{root}, nil
	}
	b, err := Bucket(ctx, where, false)
	if err != nil {
		return nil, fmt.Errorf("the inputs %s cannot be opened: %w", where, err)
	}
	return &bucket{b: b}, nil
}

// folder is inputs in a folder. os.Root keeps names, and links, inside.
type folder struct{ root *os.Root }

func (f *folder) Open(_ context.Context, it scan.ItemFile) (*scan.Opened, error) {
	r, err := f.root.OpenFile(filepath.FromSlash(it.File), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	st, err := r.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return &scan.Opened{R: r, Size: st.Size(), Close: r.Close, Changed: func() bool {
		now, err := r.Stat()
		return err != nil || now.Size() != st.Size() || !now.ModTime().Equal(st.ModTime())
	}}, nil
}

func (f *folder) Fetched() int64 { return 0 }
func (f *folder) Close() error   { return f.root.Close() }

// bucket is inputs in a bucket.
type bucket struct {
	b       *blob.Bucket
	fetched atomic.Int64
}

func (b *bucket) Fetched() int64 { return b.fetched.Load() }
func (b *bucket) Close() error   { return b.b.Close() }

func (b *bucket) Open(ctx context.Context, it scan.ItemFile) (*scan.Opened, error) {
	a, err := b.b.Attributes(ctx, it.File)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	r := &ranged{ctx: ctx, b: b, key: it.File, size: a.Size, blocks: map[int64][]byte{}}
	return &scan.Opened{R: r, Size: a.Size, Close: func() error { return nil }, SHA256: Claimed(it.File, a.Metadata), Changed: func() bool {
		now, err := b.b.Attributes(ctx, it.File)
		return err != nil || now.Size != a.Size || now.ETag != a.ETag || !now.ModTime.Equal(a.ModTime)
	}}, nil
}

// Claimed is the SHA-256 of an object as its bucket tells it: the metadata key
// "sha256", or a name of 64 hexadecimal digits, as collections have it. It is
// "" if neither is there; then all bytes have to be fetched to tell it.
func Claimed(key string, metadata map[string]string) string {
	name, _, _ := strings.Cut(path.Base(key), ".")
	for _, s := range []string{metadata["sha256"], name} {
		if s = strings.ToLower(s); validID(s) {
			return s
		}
	}
	return ""
}

// Objects lists the objects of a bucket that have the name of an app, each an
// item of its own. Split sets are one item when they lie in one container
// (.apks, .xapk, .apkm); loose splits in a bucket are not put together.
func Objects(ctx context.Context, in Inputs, shown string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		b, ok := in.(*bucket)
		if !ok {
			yield(Item{}, errors.New("no bucket"))
			return
		}
		list := b.b.List(nil)
		for {
			o, err := list.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			var it Item
			if err == nil {
				if !namedApp(o.Key) {
					continue
				}
				p := strings.TrimSuffix(shown, "/") + "/" + o.Key
				digest := fmt.Sprintf("md5:%x", o.MD5)
				if sha := Claimed(o.Key, nil); sha != "" {
					digest = "sha256:" + sha
				} else if len(o.MD5) == 0 {
					digest = fmt.Sprintf("size:%d modified:%s", o.Size, o.ModTime.UTC().Format("20060102T150405.000000000Z"))
				}
				it, err = NewItem(scan.Item{Path: p, Files: []scan.ItemFile{{Path: p, File: o.Key, Role: extract.RoleBase, Size: o.Size}}}, []string{digest})
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
	}
}

func namedApp(key string) bool {
	switch strings.ToLower(path.Ext(key)) {
	case ".apk", ".apks", ".xapk", ".apkm", ".aab", ".aar", ".dex":
		return true
	}
	return false
}

// ranged reads an object in blocks, those that are asked for, and keeps the
// last few. It is safe for concurrent use.
type ranged struct {
	ctx  context.Context
	b    *bucket
	key  string
	size int64

	mu     sync.Mutex
	blocks map[int64][]byte
	order  []int64 // of blocks, the oldest first
	next   int64   // the block behind the last that was fetched
	ahead  int64   // how many blocks are fetched at once
}

const (
	blockSize = 128 << 10
	keep      = 128 // blocks: 16 MiB an object
	maxAhead  = 16
)

// ReadAt implements io.ReaderAt.
func (r *ranged) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	n := 0
	for n < len(p) && off+int64(n) < r.size {
		at := off + int64(n)
		b, err := r.block(at/blockSize, (off+int64(len(p))-1)/blockSize)
		if err != nil {
			return n, err
		}
		from := at % blockSize
		if from >= int64(len(b)) {
			return n, io.ErrUnexpectedEOF
		}
		n += copy(p[n:], b[from:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// block returns block i; last is the last one that will be asked for now.
func (r *ranged) block(i, last int64) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b, ok := r.blocks[i]; ok {
		return b, nil
	}
	// Who reads on gets more at a time.
	if i == r.next && i > 0 {
		r.ahead = min(max(2*r.ahead, 1), maxAhead)
	} else {
		r.ahead = 1
	}
	count := min(max(last-i+1, r.ahead), keep/2)
	off := i * blockSize
	length := min(count*blockSize, r.size-off)
	in, err := r.b.b.NewRangeReader(r.ctx, r.key, off, length, nil)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	buf := make([]byte, length)
	n, err := io.ReadFull(in, buf)
	r.b.fetched.Add(int64(n))
	if err != nil {
		return nil, err
	}
	for k := int64(0); k*blockSize < length; k++ {
		if _, ok := r.blocks[i+k]; ok {
			continue
		}
		// A copy: one block that is kept must not keep all that came with it.
		r.blocks[i+k] = append([]byte(nil), buf[k*blockSize:min((k+1)*blockSize, length)]...)
		r.order = append(r.order, i+k)
		r.next = i + k + 1
	}
	for len(r.order) > keep {
		delete(r.blocks, r.order[0])
		r.order = r.order[1:]
	}
	return r.blocks[i], nil
}

// AsFiles wraps inputs so that each opened file is one of the operating
// system, which can be handed to another process. Objects are fetched whole,
// into files without a name.
func AsFiles(in Inputs) Inputs {
	if b, ok := in.(*bucket); ok {
		return &spooled{b}
	}
	return in
}

type spooled struct{ *bucket }

func (s *spooled) Open(ctx context.Context, it scan.ItemFile) (*scan.Opened, error) {
	r, err := s.bucket.Open(ctx, it)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "telltale-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	in, err := s.b.NewReader(ctx, it.File, nil)
	if err != nil {
		f.Close()
		return nil, err
	}
	defer in.Close()
	n, err := io.Copy(f, io.LimitReader(in, r.Size+1))
	s.fetched.Add(n)
	if err == nil && n != r.Size {
		err = errors.New("changed while it was fetched")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r.R, r.Close = f, f.Close
	return r, nil
}
