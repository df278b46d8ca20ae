// Package profile recognises an SDK by what renaming cannot touch: the string
// constants that its code loads, and which methods of the framework each of its
// own calls. Facts go in, matches come out; nothing here opens a file.
//
// # Profiles
//
// A profile is learned from an artefact of an SDK by the code that later looks
// at apps: [Learn] and [Index.Match] read the same [fact.Unit], whether it
// stands on class files or on DEX. It holds hashes and the names of classes,
// never a string of somebody's code; what a person is shown as a sample comes
// from the app. A profile without a rule is never told. It explains strings
// away that would otherwise speak for somebody else: most SDKs carry a copy of
// somebody's utilities.
//
// # How an app is matched
//
// Strings of classes that keep a name which a rule knows are set aside. Of the
// others those that profiles hold are weighed by ln((N+1)/df), where df is how
// many of N families and other programs use it; what more than one in twenty
// use is in no profile. A profile is present if a fifth of the weight of one of
// its versions is there. The one with the largest share is accepted, what it
// explains is taken out of all others, and they are weighed again.
//
// Less than that, down to a twenty-fifth, is believed where classes confirm it:
// what a shrinker leaves of a large SDK stands together, in classes that are its
// own.
//
// Of those that are accepted, classes are then told apart by fingerprints of
// their methods and by strings that they alone hold, one to one, which gives
// their names before renaming. Versions are ranked within the family only; a
// string that holds the version in the SDK's own form (okhttp/3.12.0) decides.
//
// Packages that call a lot and say nothing which can be read (strings are
// encrypted, or gone) are searched for by code alone: what each method calls of
// the framework, and the shapes of classes, as far as one family alone has them.
// Eight classes one to one are the least. Nothing is said of the version, and
// [Match.Silent] tells how it was found. Where a package holds others' code as
// well, its classes are searched that load encrypted strings alone, or none.
//
// # Limits
//
// Not used: integers in code (README.md says why), names of anything outside the
// framework, and what compilers put in by themselves (boxing, StringBuilder and
// its successor, assertions, null checks, synthetic members, R and BuildConfig).
// An SDK is not found of which little more than an entry class is left. On a
// ladder of 79 families that thresholds were not set on, 87 of 91 repackaged
// artefacts are found, 64 of 91 shrunk to two entry classes, and 74 and 44 with
// all strings encrypted; README.md has the table. An app that shows lists of SDKs'
// strings as data is told from one that carries them by how the strings are spread
// over classes.
//
// Facts may come from a hostile file, and an index from anywhere: both are read
// with checks, work is linear in the size of the app, lists are bounded. Results
// are sorted and depend on nothing but the arguments. An [Index] is immutable
// and safe for concurrent use.
package profile
