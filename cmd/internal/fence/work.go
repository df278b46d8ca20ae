package fence

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
)

// firstFile is the descriptor of the first file that a worker is handed.
const firstFile = 3

// maxRequest bounds a request, in bytes.
const maxRequest = 64 << 20

// maxStack bounds the stack of a goroutine, in bytes. The deepest that real
// apps need is some kilobytes.
const maxStack = 256 << 20

// Work is the whole of a worker process: it reads one request from in, gives
// up what it does not need, and writes the answer to out. fault is for tests.
// It ends the process if in is closed before it is done.
func Work(in io.Reader, out io.Writer, fault func(path string)) error {
	r := bufio.NewReader(io.LimitReader(in, maxRequest))
	line, err := r.ReadBytes('\n')
	if err != nil {
		return errors.New("this command is for telltale's own use: 'telltale scan --isolate' runs it")
	}
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		return fmt.Errorf("the request cannot be read: %w", err)
	}
	go func() {
		io.Copy(io.Discard, in)
		os.Exit(1) // nobody waits for an answer any more
	}()
	var files []*os.File
	n := len(req.Parts)
	if req.HasRules {
		n++
	}
	if len(req.Added) > 0 {
		n++
	}
	for i := range n {
		f := os.NewFile(uintptr(firstFile+i), fmt.Sprint("file ", i))
		if f == nil {
			return fmt.Errorf("descriptor %d is missing", firstFile+i)
		}
		files = append(files, f)
	}
	debug.SetMaxStack(maxStack)
	debug.SetMemoryLimit(req.Memory / 10 * 9)
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	say := func(r reply) error {
		if err := enc.Encode(r); err != nil {
			return err
		}
		return w.Flush()
	}
	if err := say(reply{Held: seal(req.Memory)}); err != nil {
		return err
	}
	answer, err := answer(&req, files, fault)
	if err == nil {
		err = say(answer)
	}
	if err == nil {
		err = say(reply{Done: true})
	}
	return err
}

func answer(req *request, files []*os.File, fault func(string)) (reply, error) {
	o := scan.Options{Limits: req.Limits, Locale: req.Locale, ShowKeys: req.ShowKeys, MaxTime: req.MaxTime, Fault: fault}
	var err error
	if req.Rules != "" {
		if o.Rules, err = rules(req, files); err != nil {
			return reply{}, err
		}
		if req.HasRules {
			files = files[1:]
		}
	}
	if req.Profiles {
		o.Profiles = &scan.Profiles{}
		at := int64(0)
		for _, size := range req.Added {
			b, err := io.ReadAll(io.NewSectionReader(files[0], at, size))
			if err != nil {
				return reply{}, err
			}
			o.Profiles.Added = append(o.Profiles.Added, string(b))
			at += size
		}
		if len(req.Added) > 0 {
			files = files[1:]
		}
	}
	var src extract.Source
	for i, p := range req.Parts {
		src.Parts = append(src.Parts, extract.Part{Path: p.Path, Role: p.Role, Split: p.Split, Size: p.Size, R: files[i]})
	}
	if len(src.Parts) == 0 {
		return reply{}, errors.New("no file was handed over")
	}
	// A panic, or an app that cannot be stopped, ends the process: whoever
	// started it sees to that.
	run := scan.InProcess(time.Hour)
	ctx := context.Background()
	var r reply
	switch req.Op {
	case "app":
		r.App = run.App(ctx, src, o)
	case "peek":
		r.Peek, err = run.Peek(ctx, src.Parts[0], o)
	case "holds":
		r.Holds, err = run.HoldsCode(ctx, src.Parts[0], req.Kind, o)
	default:
		err = fmt.Errorf("%q is not among the requests", req.Op)
	}
	return r, err
}

// rules returns the rules that the request asks for.
func rules(req *request, files []*os.File) (*signatures.Compiled, error) {
	r, err := signatures.Default()
	if req.HasRules {
		var b []byte
		st, err2 := files[0].Stat()
		if err2 != nil {
			return nil, err2
		}
		if b, err2 = io.ReadAll(io.NewSectionReader(files[0], 0, st.Size())); err2 != nil {
			return nil, err2
		}
		r, err = signatures.DecodeBundle(string(b))
	}
	if err != nil {
		return nil, err
	}
	if r.Digest() != req.Rules {
		return nil, fmt.Errorf("the rules have the digest %s, not %s", r.Digest(), req.Rules)
	}
	return signatures.Compile(r)
}
