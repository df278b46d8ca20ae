package apk

import (
	"cmp"
	"fmt"
	"slices"
)

// AnomalyKind names one way in which an archive is odd.
type AnomalyKind string

// The closed list of kinds. "Android" stands for libziparchive and androidfw as
// of 2024.
const (
	// Of the archive as a whole.
	AnomalyRecovered     AnomalyKind = "recovered"       // there is no usable central directory; entries were found by their local headers
	AnomalyDirectory     AnomalyKind = "directory-found" // the end record does not lead to the central directory; it was searched for
	AnomalyTrailing      AnomalyKind = "trailing-bytes"  // bytes follow the end record and its comment
	AnomalyCommentLength AnomalyKind = "comment-length"  // the archive comment is declared longer than the file
	AnomalyPrefix        AnomalyKind = "prefix"          // bytes precede the first local header
	AnomalyCount         AnomalyKind = "entry-count"     // the end record counts other entries than there are
	AnomalyDirectorySize AnomalyKind = "directory-size"  // the end record gives another size of the directory than it has
	AnomalyDirectoryBad  AnomalyKind = "directory-bad"   // bytes in the central directory are no record
	AnomalySeveralEnds   AnomalyKind = "several-ends"    // another end record leads to another central directory
	AnomalyEmpty         AnomalyKind = "empty"           // no entries
	AnomalyZIP64         AnomalyKind = "zip64"           // ZIP64 records are used
	AnomalyGap           AnomalyKind = "gap"             // bytes that belong to no entry
	AnomalyLimit         AnomalyKind = "limit"           // a limit of ours was reached; something was not listed

	// Of one entry, from the central directory.
	AnomalyHidden     AnomalyKind = "hidden-entry"    // Android does not see the entry
	AnomalyDuplicate  AnomalyKind = "duplicate-name"  // several entries bear the name
	AnomalyName       AnomalyKind = "bad-name"        // the name is empty, holds NUL or is not UTF-8
	AnomalyTraversal  AnomalyKind = "path-traversal"  // the name would leave the folder it is extracted to
	AnomalyEncryption AnomalyKind = "encryption-flag" // marked as encrypted; Android ignores that, and so do we
	AnomalyMethod     AnomalyKind = "bogus-method"    // neither stored nor deflated
	AnomalyStoredSize AnomalyKind = "stored-size"     // stored, but the two sizes differ
	AnomalyBomb       AnomalyKind = "high-ratio"      // inflates to very much more than its compressed size
	AnomalyOffset     AnomalyKind = "bad-offset"      // the local header is not where the directory says

	// Of one entry, from its local header.
	AnomalyLocalName   AnomalyKind = "local-name"   // name differs from the directory's
	AnomalyLocalSizes  AnomalyKind = "local-sizes"  // sizes or CRC differ from the directory's
	AnomalyLocalMethod AnomalyKind = "local-method" // method differs from the directory's
	AnomalyLocalExtra  AnomalyKind = "local-extra"  // an extra field far longer than alignment needs
	AnomalyExtent      AnomalyKind = "extent"       // the data runs into the directory or out of the file
	AnomalyOverlap     AnomalyKind = "overlap"      // the data overlaps another entry's
	AnomalyDescriptor  AnomalyKind = "descriptor"   // the data descriptor differs from the directory

	// Of one entry, from its content. Known only once the entry was read.
	AnomalyCRC        AnomalyKind = "crc"        // the content has another CRC-32 than declared
	AnomalySize       AnomalyKind = "size"       // the content has another size than declared
	AnomalyCompressed AnomalyKind = "compressed" // the declared compressed size cuts the stream off
	AnomalyDisguised  AnomalyKind = "disguised"  // the method says other than what the bytes are
	AnomalyEncrypted  AnomalyKind = "encrypted"  // the content is really encrypted
	AnomalyCorrupt    AnomalyKind = "corrupt"    // the stream is damaged; what came before the damage was read
)

// Anomaly is one way in which an archive is odd.
type Anomaly struct {
	Kind   AnomalyKind
	Entry  *Entry // nil if it concerns the archive as a whole
	Detail string // for a person: what was found; names in it are printable
	// Rejected is true if, because of it, Android refuses to install the
	// archive or to load the entry.
	Rejected bool
	// Limit is, for AnomalyLimit, the name of the limit that kept entries from
	// being listed.
	Limit string
}

// String renders the anomaly on one line.
func (a Anomaly) String() string {
	s := string(a.Kind)
	if a.Entry != nil {
		s = a.Entry.Name + ": " + s
	}
	if a.Detail != "" {
		s += ": " + a.Detail
	}
	if a.Rejected {
		s += " (Android refuses it)"
	}
	return s
}

// note records an anomaly, once per kind and entry.
func (a *Archive) note(e *Entry, kind AnomalyKind, rejected bool, format string, args ...any) {
	a.record(Anomaly{Kind: kind, Entry: e, Detail: fmt.Sprintf(format, args...), Rejected: rejected})
}

// limited records that a limit kept something from being listed.
func (a *Archive) limited(limit, format string, args ...any) {
	a.record(Anomaly{Kind: AnomalyLimit, Detail: fmt.Sprintf(format, args...), Limit: limit})
}

func (a *Archive) record(x Anomaly) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := anomalyKey{e: x.Entry, kind: x.Kind}
	if x.Entry == nil {
		key.detail = x.Detail
	}
	if a.noted[key] {
		return
	}
	if len(a.anomalies) >= maxAnomalies && x.Kind != AnomalyLimit {
		a.unlisted++
		return
	}
	if a.noted == nil {
		a.noted = map[anomalyKey]bool{}
	}
	a.noted[key] = true
	a.anomalies = append(a.anomalies, x)
}

type anomalyKey struct {
	e      *Entry
	kind   AnomalyKind
	detail string // of archive-wide ones, of which there may be several
}

// maxAnomalies bounds the list: an archive of 200,000 odd entries is told by
// some of them and a count.
const maxAnomalies = 10_000

// Anomalies returns everything odd that is known of the archive, in a stable
// order: the archive as a whole first, then by entry. The first call compares
// all local headers with the directory and looks at the gaps between entries.
// What only content shows (CRC, sizes, damage) is listed once the entry was
// read through Read, Append or to the end of Open's stream.
func (a *Archive) Anomalies() []Anomaly {
	a.audit.Do(a.runAudit)
	a.mu.Lock()
	defer a.mu.Unlock()
	out := slices.Clone(a.anomalies)
	if a.unlisted > 0 {
		out = append(out, Anomaly{Kind: AnomalyLimit, Detail: fmt.Sprintf("%d more anomalies are not listed", a.unlisted)})
	}
	slices.SortStableFunc(out, func(x, y Anomaly) int {
		return cmp.Or(cmp.Compare(x.Entry.order(), y.Entry.order()), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Detail, y.Detail))
	})
	return out
}

func (e *Entry) order() int {
	if e == nil {
		return -1
	}
	return e.index
}
