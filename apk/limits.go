package apk

import (
	"math"
	"sync/atomic"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Limits are the named limits that keep hostile archives from taking more than
// their share. A field that is 0 or negative means the default.
type Limits struct {
	// Entries is how many entries of one archive are listed.
	Entries int
	// DirectoryBytes is how much of one central directory is read.
	DirectoryBytes int64
	// EntryBytes is how many bytes one entry may hold when inflated.
	EntryBytes int64
	// TotalBytes is how many bytes may be read through one Budget.
	TotalBytes int64
	// Ratio is how many times its compressed size an entry may inflate to, if
	// it inflates to more than RatioFloor bytes.
	Ratio int64
	// RatioFloor is the inflated size in bytes up to which Ratio is not asked.
	RatioFloor int64
}

// The names of limits, as errors (binread.FormatError.Limit) and anomalies tell
// them.
const (
	LimitEntries        = "Entries"
	LimitDirectoryBytes = "DirectoryBytes"
	LimitEntryBytes     = "EntryBytes"
	LimitTotalBytes     = "TotalBytes"
	LimitRatio          = "Ratio"
)

func tooLarge(limit, format string, args ...any) error {
	err := binread.Errorf(binread.TooLarge, "", -1, format, args...)
	err.Limit = limit
	return err
}

// DefaultLimits returns the limits that hold where none are given. No archive
// seen in the field comes near them.
func DefaultLimits() Limits {
	return Limits{
		Entries:        200_000,
		DirectoryBytes: 128 << 20,
		EntryBytes:     512 << 20,
		TotalBytes:     4 << 30,
		Ratio:          100,
		RatioFloor:     25 << 20,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Entries <= 0 {
		l.Entries = d.Entries
	}
	if l.DirectoryBytes <= 0 {
		l.DirectoryBytes = d.DirectoryBytes
	}
	if l.EntryBytes <= 0 {
		l.EntryBytes = d.EntryBytes
	}
	if l.TotalBytes <= 0 {
		l.TotalBytes = d.TotalBytes
	}
	if l.Ratio <= 0 {
		l.Ratio = d.Ratio
	}
	if l.RatioFloor <= 0 {
		l.RatioFloor = d.RatioFloor
	}
	return l
}

// Budget counts what is read against Limits. One Budget usually serves one
// input with everything nested in it. It is safe for concurrent use. A nil
// *Budget stands for a fresh one with the default limits, so that each call is
// bounded but their sum is not.
type Budget struct {
	limits Limits
	spent  atomic.Int64
}

// NewBudget returns a Budget that nothing was spent of.
func NewBudget(l Limits) *Budget { return &Budget{limits: l.orDefault()} }

// Limits returns the limits that the budget enforces.
func (b *Budget) Limits() Limits { return b.limits }

// Spent returns how many bytes were charged so far.
func (b *Budget) Spent() int64 { return b.spent.Load() }

// Charge takes n bytes from the budget, or nothing and fails with
// binread.TooLarge if fewer remain.
func (b *Budget) Charge(n int64) error {
	for {
		old := b.spent.Load()
		if n < 0 || n > b.limits.TotalBytes-old {
			return tooLarge(LimitTotalBytes,
				"limit TotalBytes (%d): %d used, %d more asked for", b.limits.TotalBytes, old, n)
		}
		if b.spent.CompareAndSwap(old, old+n) {
			return nil
		}
	}
}

// refund gives back what was charged but not produced.
func (b *Budget) refund(n int64) { b.spent.Add(-n) }

// checkSize fails if an entry with compressed bytes may not inflate to size.
func (l *Limits) checkSize(size, compressed int64) error {
	if size > l.EntryBytes {
		return tooLarge(LimitEntryBytes,
			"limit EntryBytes (%d): the entry holds %d or more", l.EntryBytes, size)
	}
	if l.tooDense(size, compressed) {
		return tooLarge(LimitRatio,
			"limit Ratio (%d): %d bytes inflate to %d or more", l.Ratio, compressed, size)
	}
	return nil
}

// tooDense reports whether size bytes out of compressed ones exceed Ratio.
func (l *Limits) tooDense(size, compressed int64) bool {
	if size <= l.RatioFloor {
		return false
	}
	return compressed <= math.MaxInt64/l.Ratio && size > compressed*l.Ratio
}
