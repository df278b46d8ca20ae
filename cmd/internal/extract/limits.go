package extract

import (
	"errors"
	"time"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex/emu"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// Limits bound the work spent on one app. Zero fields mean the default. What a
// limit stops is a problem of kind budget that names it and says how to raise
// it; everything else of the app is read.
type Limits struct {
	Inflated int64 // bytes inflated from all entries together
	Entry    int64 // bytes inflated from one entry
	Entries  int   // entries of one archive
	Ratio    int64 // inflated to compressed, for entries over 25 MiB
	Texts    int   // strings taken from outside code
	Depth    int   // archives inside archives
	Searched int64 // bytes of media and other files searched for hidden code

	// Of code that is run to read the strings that it hides.
	Emulated       int64 // instructions, all runs together
	EmulatedInit   int64 // instructions of one class initialiser
	EmulatedCall   int64 // instructions of one call
	EmulatedMemory int64 // bytes that one run makes
	EmulatedDepth  int   // calls inside calls
	EmulatedTime   int64 // seconds, all runs together
}

// DefaultLimits returns limits that are generous for real apps: the largest seen inflate to less
// than 1 GiB.
func DefaultLimits() Limits {
	e := emu.DefaultLimits()
	return Limits{
		Inflated: 4 << 30,
		Entry:    1 << 30,
		Entries:  200_000,
		Ratio:    1000,
		Texts:    4_000_000,
		Depth:    4,
		Searched: 1 << 30,

		Emulated:       e.Total,
		EmulatedInit:   e.Init,
		EmulatedCall:   e.Call,
		EmulatedMemory: e.Memory,
		EmulatedDepth:  e.Depth,
		EmulatedTime:   int64(e.Time / time.Second),
	}
}

// Limit is one of the Limits, for those who let people change it.
type Limit struct {
	Name    string // as problems call it
	Flag    string // the command line's name for it
	Usage   string
	Bytes   bool // it counts bytes
	Default int64
	Set     func(l *Limits, n int64)
}

// AllLimits lists the limits in the order of help texts.
func AllLimits() []Limit {
	d := DefaultLimits()
	return []Limit{
		{"inflated", "max-inflated", "inflate at most `SIZE` of one app, all entries together", true, d.Inflated, func(l *Limits, n int64) { l.Inflated = n }},
		{"entry", "max-entry", "inflate at most `SIZE` of one entry", true, d.Entry, func(l *Limits, n int64) { l.Entry = n }},
		{"entries", "max-entries", "list at most `N` entries of one archive", false, int64(d.Entries), func(l *Limits, n int64) { l.Entries = int(n) }},
		{"ratio", "max-ratio", "inflate an entry to at most `N` times its size, if that is over 25 MiB", false, d.Ratio, func(l *Limits, n int64) { l.Ratio = n }},
		{"texts", "max-texts", "take at most `N` strings from outside code", false, int64(d.Texts), func(l *Limits, n int64) { l.Texts = int(n) }},
		{"depth", "max-depth", "open archives inside archives at most `N` deep", false, int64(d.Depth), func(l *Limits, n int64) { l.Depth = int(n) }},
		{"searched", "max-searched", "search at most `SIZE` of one app's pictures and other files for hidden code", true, d.Searched, func(l *Limits, n int64) { l.Searched = n }},
		{"emulated", "max-emulated", "run at most `N` instructions of an app's code, to read the strings that it hides", false, d.Emulated, func(l *Limits, n int64) { l.Emulated = n }},
		{"emulated-init", "max-emulated-init", "run at most `N` of them for one class initialiser", false, d.EmulatedInit, func(l *Limits, n int64) { l.EmulatedInit = n }},
		{"emulated-call", "max-emulated-call", "run at most `N` of them for one call, and 100 more for each character that it is handed", false, d.EmulatedCall, func(l *Limits, n int64) { l.EmulatedCall = n }},
		{"emulated-memory", "max-emulated-memory", "let one of these runs make at most `SIZE`", true, d.EmulatedMemory, func(l *Limits, n int64) { l.EmulatedMemory = n }},
		{"emulated-depth", "max-emulated-depth", "let calls be at most `N` deep in them", false, int64(d.EmulatedDepth), func(l *Limits, n int64) { l.EmulatedDepth = int(min(n, 2000)) }},
		{"emulated-time", "max-emulated-time", "end them after `N` seconds, all together", false, d.EmulatedTime, func(l *Limits, n int64) { l.EmulatedTime = n }},
	}
}

// nameOf maps the names of apk's limits to ours.
func nameOf(limit string) string {
	switch limit {
	case apk.LimitTotalBytes:
		return "inflated"
	case apk.LimitEntryBytes:
		return "entry"
	case apk.LimitEntries:
		return "entries"
	case apk.LimitRatio:
		return "ratio"
	}
	return ""
}

// raise says how to raise a limit, "" if nobody can.
func raise(name string) string {
	for _, l := range AllLimits() {
		if l.Name == name {
			return "; raise it with --" + l.Flag
		}
	}
	return ""
}

// overBudget turns the error of a limit into a problem of part.
func overBudget(part string, fe *binread.FormatError) fact.Problem {
	p := fact.Problem{Part: part, Kind: fact.ProblemBudget, Lossy: true, Detail: fe.Error()}
	name := nameOf(fe.Limit)
	if name == "" {
		return p
	}
	p.Detail = fe.Detail + raise(name)
	if fe.Limit == apk.LimitTotalBytes {
		// It stops everything that comes later: one problem says it for all.
		p.Part = ""
		p.Detail = "the limit on inflated bytes was reached; what comes after " + part + " was not read" + raise(name)
	}
	return p
}

// asFormat returns the FormatError in err, or nil.
func asFormat(err error) *binread.FormatError {
	var fe *binread.FormatError
	errors.As(err, &fe)
	return fe
}

// archive returns the limits that concern archives.
func (l Limits) archive() apk.Limits {
	d := DefaultLimits()
	return apk.Limits{
		Entries:    orDefault(l.Entries, d.Entries),
		EntryBytes: orDefault(l.Entry, d.Entry),
		TotalBytes: orDefault(l.Inflated, d.Inflated),
		Ratio:      orDefault(l.Ratio, d.Ratio),
	}
}

func orDefault[T int | int64](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}
