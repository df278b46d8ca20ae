package judge

import "strconv"

// Everything that is told in words is here, so that a test can hold it to what
// the package doc promises.
const (
	msgCut            = "more than %d endpoints are named, and the others are not told"
	msgEntered        = "the system enters its code itself: %s"
	msgReachable      = "%s can lead to %s in %s"
	msgStub           = "its code, %s, calls nothing but its own constructors"
	msgPresent        = "%s of its own"
	msgAside          = "%s of its own, in %s, which Android does not load by itself"
	msgTraces         = "found by %s; its classes were not found under their names"
	msgDisabled       = "meta-data %s is %q, a switch that the vendor documents to keep it off; that code turns it on again was not looked for"
	msgReferenced     = "code names %s of it, but none is there"
	msgElsewhere      = "found by %s; the classes are told with another product"
	msgUnread         = "found by %s; its classes were not found in what was read, and not all code was"
	msgShared         = "the manifest asks for the shared library %s, which holds it; no class of it is in the app"
	msgBuild          = "only what the build noted names it: no class of it was found under its name, and all code was read"
	msgBuildUnread    = "only what the build noted names it: no class of it was found, and not all code was read"
	msgNamed          = "manifest and code name it, but no class of it is in the code, all of which was read"
	msgDeclared       = "only the manifest names it: no class of it is in the code, all of which was read"
	msgWiredCall      = "%s calls %s"
	msgWiredComponent = "the manifest declares %s, enabled"
	msgWiredMeta      = "the manifest has meta-data %s"

	msgHint = "asks for %s, names %s, calls %s: all in the code of %s. A transfer was not shown."
	// The product may have a host all the same, which other code hands to it.
	msgHintNoHost = "asks for %s, calls %s: all in the code of %s, which names no host itself. A transfer was not shown."

	msgProfileStrings  = "%d of %d known strings"
	msgProfileSample   = ", for instance %q"
	msgProfileSilent   = "none of its strings can be read; %d of the %d classes that their code tells matched"
	msgProfileLiteral  = "version from the string %s"
	msgProfileVersion  = "of the versions that are known, its strings are most like those of %s"
	msgProfileVersions = "of the versions that are known, its strings are most like those of %s to %s"
	msgProfileNearest  = "its version cannot be told; of those known %s is the nearest"
	msgProfileAlone    = "its strings are there; which classes are its own could not be told"
	basisRenamed       = "recognised under other names, which is less certain than by name: "

	basisReferenced   = "its classes are named, none is there"
	basisNoClass      = "no class of it was found"
	basisExperimental = "the rule was not yet seen to match a real copy"

	noteStatic = "Static analysis: what code names and calls. What it does when it runs, and code that is fetched at run time, is not seen."
)

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
