package scan

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// Item is an app that was found, in a form that can be written down: what one
// machine finds another may analyse.
type Item struct {
	Path     string         `json:"path"`  // of its result
	Files    []ItemFile     `json:"files"` // the base first; at least one
	Problems []fact.Problem `json:"problems,omitempty"`
}

// ItemFile is a file of an item.
type ItemFile struct {
	Path  string       `json:"path"` // as the result names it
	File  string       `json:"file"` // as who opens it does
	Role  extract.Role `json:"role"`
	Split string       `json:"split,omitempty"`
	Size  int64        `json:"size"`
	// Unreadable says why the file could not be looked at when it was found.
	Unreadable string `json:"unreadable,omitempty"`
}

// Items are the apps that were found, in the order of their results.
func (f *Found) Items() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for _, in := range f.inputs {
			it := Item{Path: in.Parts[0].Path, Problems: in.Problems}
			for _, p := range in.Parts {
				file := ItemFile{Path: p.Path, File: p.File, Role: p.Role, Split: p.Split, Size: p.Size}
				if p.Err != nil {
					file.Unreadable = p.Err.Error()
				}
				it.Files = append(it.Files, file)
			}
			if !yield(it) {
				return
			}
		}
	}
}

// Skipped counts the files that are no apps, by kind.
func (f *Found) Skipped() map[string]int { return maps.Clone(f.skipped) }

// Opened is a file of an item that can be read.
type Opened struct {
	R    io.ReaderAt
	Size int64
	// SHA256 is the digest of all bytes in hexadecimal, if it is known; "" has
	// it computed.
	SHA256 string
	// Changed reports, when the analysis is over, whether the file is still
	// the one that was opened; nil for what cannot change.
	Changed func() bool
	Close   func() error
}

// Analyse gives the result that a scan gives for the item. The files are what
// open returns for them; they are closed. It returns nil if ctx was cancelled.
func Analyse(ctx context.Context, it Item, open func(context.Context, ItemFile) (*Opened, error), o Options) *event.App {
	if o.Runner == nil {
		o.Runner = newInProcess()
	}
	if len(it.Files) == 0 {
		return unreadable(it.Path, errors.New("no file is named"))
	}
	var src extract.Source
	var files []*Opened
	defer func() {
		for _, f := range files {
			_ = f.Close() // it was only read
		}
	}()
	for _, f := range it.Files {
		if f.Unreadable != "" {
			return unreadable(it.Path, errors.New(f.Unreadable))
		}
		r, err := open(ctx, f)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return unreadable(it.Path, reason(err))
		}
		files = append(files, r)
		src.Parts = append(src.Parts, extract.Part{Path: f.Path, Role: f.Role, Split: f.Split, Size: r.Size, R: r.R, SHA256: r.SHA256})
	}
	app := o.Runner.App(ctx, src, o)
	if app == nil {
		return nil
	}
	problems := it.Problems
	for i, f := range files {
		if f.Changed != nil && f.Changed() {
			problems = append(problems[:len(problems):len(problems)], changed(src.Parts[i].Path))
		}
	}
	return withProblems(app, problems)
}

// changed is the problem of a file that is not what it was when it was opened.
func changed(path string) fact.Problem {
	return fact.Problem{
		Kind: fact.ProblemUnreadable, Lossy: true,
		Detail: path + " changed while it was read: scan it again",
	}
}
