// Package protoxml reads the protobuf forms that aapt2 gives to binary XML and
// resource tables in app bundles: [Document] is an XML file, [Table] a
// resources.pb.
//
// Both give what packages axml and arsc give of an APK: events that
// manifest.Parse understands, and a view that resolves references. bundletool
// turns the one form into the other when it builds APKs.
//
// The schemas are frameworks/base tools/aapt2 Resources.proto and
// Configuration.proto. Two older habits are understood: ids that are plain
// numbers instead of messages, with values in field 4, and primitives as a
// pair of type and data.
//
// # Limits and threat model
//
// All bytes are hostile. Nested messages cannot overlap, so a walk takes time
// proportional to the bytes; what it makes of them is bounded by [MaxNodes]
// and [MaxEntries]. Elements may be nested [MaxDepth] deep. Where a message is
// damaged, what stands before the damage and beside it is read, and Anomalies
// tells. A Document and a Table borrow their bytes, never write to them, and
// are safe for concurrent use.
package protoxml

const (
	// MaxNodes is how many elements, texts and attributes one walk over a
	// document gives. The largest manifests have some 20,000.
	MaxNodes = 1 << 19
	// MaxDepth is how deep elements may be nested. protobuf's own parsers give
	// up at 100 messages, which are 50 elements.
	MaxDepth = 256
	// MaxEntries is how many resources of one table are kept. The largest
	// apps have some 200,000.
	MaxEntries = 1 << 20
	// MaxHops is the number of references that are followed, as in Android.
	MaxHops = 20
)

// The anomalies that this package reports.
const (
	AnomalyDamaged = "damaged" // a message ends within a field or has none that is valid
	AnomalyDepth   = "depth"   // MaxDepth was exceeded
	AnomalyBudget  = "budget"  // MaxNodes or MaxEntries was exceeded
)
