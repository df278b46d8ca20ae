// Package fence runs the analysis of each app in a process of its own, so that
// what no program survives in itself (memory that runs out, a stack without
// end, a loop that cannot be stopped, a fault of the Go runtime) ends that
// process and nothing else: the app is told as failed, and the next one is not
// affected.
//
// # Limits and threat model
//
// A worker is the same program with a hidden command. It is handed the app's
// files as open descriptors and a request on its standard input; it answers
// with messages, one a line of JSON, on its standard output. Before it looks
// at any byte of the files it gives up what it does not need, as far as the
// system has means for that:
//
//   - rlimits: memory (address space), no core dumps, no file it could write;
//   - no new privileges;
//   - Landlock: no file or folder can be opened, no TCP port used, no process
//     outside signalled;
//   - a seccomp filter: no sockets, no opening or changing of files, no
//     programs, no tracing, no mounts, keys, modules or namespaces.
//
// So code that an attacker brought to run there reads the app it came with,
// and answers. The answer is taken for what it is: a result of that one app,
// bounded in size, decoded by encoding/json. Its text is escaped like all text
// from files. On systems other than Linux only the process boundary holds. The
// worker says what held; who runs it may log that.
//
// What looks at files before the fence: the operating system, and the first
// 512 bytes of each file, by which its kind is told.
package fence

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
)

// Command is the name of the hidden command that runs Work.
const Command = "worker"

// DefaultMemory is how much memory a worker gets, in bytes. The largest apps
// seen need less than 1 GiB.
const DefaultMemory = 4 << 30

// patience is how long a worker may go on when its time is over.
const patience = 5 * time.Second

// maxReply bounds what is read of a worker's answer, in bytes.
const maxReply = 512 << 20

// request is what a worker is asked. Descriptor 3 and following are the rules,
// if HasRules, the added profiles, if there are Added, and the parts.
type request struct {
	Op       string         `json:"op"` // "app", "peek" or "holds"
	Parts    []requestPart  `json:"parts"`
	Kind     apk.Kind       `json:"kind,omitempty"`
	Rules    string         `json:"rules,omitempty"` // their digest
	HasRules bool           `json:"has_rules,omitempty"`
	Memory   int64          `json:"memory"`
	MaxTime  time.Duration  `json:"max_time"`
	Limits   extract.Limits `json:"limits"`
	Locale   string         `json:"locale,omitempty"`
	ShowKeys bool           `json:"show_keys,omitempty"`
	Profiles bool           `json:"profiles,omitempty"`
	Added    []int64        `json:"added,omitempty"` // sizes of added indices, one behind the other in a file
}

type requestPart struct {
	Path  string       `json:"path"`
	Role  extract.Role `json:"role"`
	Split string       `json:"split,omitempty"`
	Size  int64        `json:"size"`
}

// reply is one line of an answer.
type reply struct {
	Held  []string        `json:"held,omitempty"` // comes first
	App   *event.App      `json:"app,omitempty"`
	Peek  *extract.Peeked `json:"peek,omitempty"`
	Holds bool            `json:"holds,omitempty"`
	Done  bool            `json:"done,omitempty"` // comes last
}

// Options steer a Fence.
type Options struct {
	Memory int64    // bytes a worker may use; 0 means DefaultMemory
	Env    []string // of workers; they need none
	// Profiles is the data of indices that are added to the bundled one.
	Profiles []string
	// Held, if set, is told once what holds workers back.
	Held func(what []string)
}

// Fence is a scan.Runner that uses a process for each call.
type Fence struct {
	o     Options
	exe   string
	rules *os.File // nil if the bundled rules are used
	added *os.File // nil if there are no added profiles
	sum   string
	once  sync.Once
}

// New makes a fence for scans with rules. Close it when done.
func New(rules *signatures.Rules, o Options) (*Fence, error) {
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	f := &Fence{o: o, exe: exe, sum: rules.Digest()}
	if len(o.Profiles) > 0 {
		if f.added, err = unnamed([]byte(strings.Join(o.Profiles, ""))); err != nil {
			return nil, err
		}
	}
	if d, err := signatures.Default(); err == nil && d.Digest() == f.sum {
		return f, nil
	}
	b, err := signatures.EncodeBundle(rules)
	if err == nil {
		f.rules, err = unnamed(b)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// unnamed returns a file without a name that holds b: its descriptor is all
// that workers need.
func unnamed(b []byte) (*os.File, error) {
	f, err := os.CreateTemp("", "telltale-rules-*")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name())
	if _, err := f.Write(b); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close gives up what the fence holds.
func (f *Fence) Close() error {
	var errs [2]error
	if f.rules != nil {
		errs[0] = f.rules.Close()
	}
	if f.added != nil {
		errs[1] = f.added.Close()
	}
	return errors.Join(errs[:]...)
}

// Peek implements scan.Runner.
func (f *Fence) Peek(ctx context.Context, p extract.Part, o scan.Options) (*extract.Peeked, error) {
	r, err := f.call(ctx, request{Op: "peek"}, []extract.Part{p}, o)
	return r.Peek, err
}

// HoldsCode implements scan.Runner.
func (f *Fence) HoldsCode(ctx context.Context, p extract.Part, kind apk.Kind, o scan.Options) (bool, error) {
	r, err := f.call(ctx, request{Op: "holds", Kind: kind}, []extract.Part{p}, o)
	return r.Holds, err
}

// App implements scan.Runner.
func (f *Fence) App(ctx context.Context, src extract.Source, o scan.Options) *event.App {
	r, err := f.call(ctx, request{Op: "app", Rules: f.sum, HasRules: f.rules != nil}, src.Parts, o)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return scan.Failed(src.Parts[0].Path, err, o)
	}
	return r.App
}

// call runs a worker. The error says what became of it.
func (f *Fence) call(ctx context.Context, req request, parts []extract.Part, o scan.Options) (reply, error) {
	req.Memory, req.MaxTime, req.Limits, req.Locale, req.ShowKeys = f.o.Memory, o.MaxTime, o.Limits, o.Locale, o.ShowKeys
	var files []*os.File
	if req.HasRules {
		files = append(files, f.rules)
	}
	if req.Profiles = req.Op == "app" && o.Profiles != nil; req.Profiles && f.added != nil {
		files = append(files, f.added)
		for _, p := range f.o.Profiles {
			req.Added = append(req.Added, int64(len(p)))
		}
	}
	for _, p := range parts {
		file, ok := p.R.(*os.File)
		if !ok {
			return reply{}, fmt.Errorf("%s is no file of the operating system: it cannot be handed to a worker", p.Path)
		}
		files = append(files, file)
		req.Parts = append(req.Parts, requestPart{p.Path, p.Role, p.Split, p.Size})
	}
	limited := ctx
	if o.MaxTime > 0 {
		var cancel func()
		limited, cancel = context.WithTimeoutCause(ctx, o.MaxTime+patience, scan.TimeOver())
		defer cancel()
	}
	running, stop := context.WithCancel(limited)
	defer stop()
	cmd := exec.CommandContext(running, f.exe, Command)
	cmd.Args[0] = "telltale"
	// A trace of the goroutine at fault is all that a digest needs.
	cmd.Env = append([]string{"GOTRACEBACK=single"}, f.o.Env...)
	cmd.Dir = string(os.PathSeparator)
	cmd.ExtraFiles = files
	cmd.WaitDelay = patience
	alone(cmd)
	var trace head
	cmd.Stderr = &trace
	// The pipe stays open until the worker has ended: its closing is how a
	// worker learns that nobody waits for it any more.
	in, err := cmd.StdinPipe()
	if err != nil {
		return reply{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return reply{}, err
	}
	if err := cmd.Start(); err != nil {
		return reply{}, &scan.Fault{What: fmt.Sprintf("no worker process can be started: %v", err)}
	}
	b, err := json.Marshal(req)
	if err == nil {
		_, err = in.Write(append(b, '\n'))
	}
	var r reply
	if err == nil {
		r, err = f.read(out)
	}
	switch {
	case err != nil:
		stop()
	case !r.Done: // it is about to end; how, will say more
		defer time.AfterFunc(patience, stop).Stop()
	}
	waitErr := cmd.Wait()
	switch {
	case limited.Err() != nil:
		return reply{}, context.Cause(limited)
	case err != nil:
		return reply{}, &scan.Fault{What: "its worker process cannot be understood: " + err.Error()}
	case !r.Done || waitErr != nil:
		return reply{}, crash(cmd.ProcessState, trace.b.String(), f.o.Memory)
	}
	return r, nil
}

// read reads a worker's answer up to its end.
func (f *Fence) read(out io.Reader) (reply, error) {
	bounded := &io.LimitedReader{R: out, N: maxReply}
	dec := json.NewDecoder(bufio.NewReaderSize(bounded, 64<<10))
	var all reply
	for {
		var r reply
		if err := dec.Decode(&r); err != nil {
			switch {
			case bounded.N <= 0:
				return all, fmt.Errorf("its answer is longer than %d MiB", maxReply>>20)
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, os.ErrClosed):
				return all, nil
			}
			return all, err
		}
		switch {
		case r.Held != nil:
			f.once.Do(func() {
				if f.o.Held != nil {
					f.o.Held(r.Held)
				}
			})
		case r.Done:
			all.Done = true
			return all, nil
		default:
			all = r
		}
	}
}

// head keeps the beginning of what is written to it: a trace of a stack that
// grew without end is long, and its beginning tells.
type head struct{ b bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	const most = 64 << 10
	h.b.Write(p[:min(len(p), max(0, most-h.b.Len()))])
	return len(p), nil
}
