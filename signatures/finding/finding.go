// Package finding is what the judge says of an app. Its JSON form is part of
// the report's contract (telltale.report/v1): keys are added, never changed.
//
// Words matter here. An SDK is carried, a host is named, a method is called;
// that data is sent is nowhere said.
package finding

import "github.com/telltale-apk/telltale/signatures/fact"

// Findings is everything said of one app.
type Findings struct {
	SDKs        []SDK        `json:"sdks"`
	Endpoints   []Endpoint   `json:"endpoints"`
	Identifiers []Identifier `json:"identifiers"`
	Sinks       []Sink       `json:"sinks"`
	Permissions []Permission `json:"permissions"`
	// FlowHints say whose code asks for identifiers and calls the network.
	FlowHints []Hint `json:"flow_hints"`
	// DynamicCode says what code is loaded at run time, by whose code.
	DynamicCode []DynamicCode `json:"dynamic_code"`
	// Unknown is code that is neither the app's own nor that of a product that
	// a rule knows, by package, the most classes first.
	Unknown []UnknownCode `json:"unknown_code,omitempty"`
	// Scope says what static analysis of this app could not see.
	Scope Scope `json:"scope"`
	// Cut says what was left out because there is too much of it. It is told as
	// a problem of the app.
	Cut []string `json:"-"`
}

// UnknownCode is code of somebody no rule knows. Its package is shortened to
// what names a library; code whose names were shortened is not counted.
type UnknownCode struct {
	Package      string `json:"package"` // dotted
	Classes      int    `json:"classes"`
	Instructions int    `json:"instructions"`
	// Reads and Names say which identifiers its code asks for and which hosts
	// it names.
	Reads []Use `json:"reads,omitempty"`
	Names []Use `json:"names,omitempty"`
}

// Location says where something stands.
type Location struct {
	Unit   string `json:"unit"`             // path inside the input
	Class  string `json:"class,omitempty"`  // descriptor
	Method string `json:"method,omitempty"` // name and prototype: "a(I)V"
	// Offset is in 16-bit code units from the method's first instruction, or
	// in bytes from the file's start where there is no method; nil if unknown.
	Offset *int64 `json:"offset,omitempty"`
}

// Evidence is one reason for a statement.
type Evidence struct {
	Kind     string `json:"kind"`            // "class", "service", "string", "endpoint", "filing", …
	Value    string `json:"value"`           // what was seen
	Strength string `json:"strength"`        // "strong", "weak", "context"
	Signal   string `json:"signal"`          // the rule's signal it satisfies: "code: com.foo"
	Count    int    `json:"count,omitempty"` // how often, where more than the one shown
	Location
	DecodedVia []string `json:"decoded_via,omitempty"` // how a hidden string was read: ["base64"]
}

// State is how far an SDK is shown to be active, strongest first. A stub is
// told as such however it is reached.
type State string

// The states. Not shown reachable is not unreachable.
const (
	Reachable  State = "reachable"
	Wired      State = "wired"
	Disabled   State = "disabled"
	Present    State = "present"
	Stub       State = "stub"
	Referenced State = "referenced"
)

// SDK is a product whose code or traces the app carries.
type SDK struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Kind       string `json:"kind"` // "sdk" or "packer"
	Vendor     string `json:"vendor"`
	VendorName string `json:"vendor_name"`
	Category   string `json:"category"`
	// Label says what it is, in words: "push service".
	Label string `json:"label,omitempty"`
	// Tracker tells whether it is made to collect data about people, devices
	// or how apps are used; by its category, or for a TrackerReason.
	Tracker       bool   `json:"tracker"`
	TrackerReason string `json:"tracker_reason,omitempty"`
	// Service tells that it is no tracker, and more than a library: there is
	// somebody's service behind it.
	Service bool `json:"service,omitempty"`
	// Aka holds its ids in the lists of others: exodus is its number in the
	// list of trackers of Exodus Privacy.
	Aka       map[string]string `json:"aka,omitempty"`
	State     State             `json:"state"`
	States    []StateEvidence   `json:"states"`
	AtStartup *StartupPath      `json:"at_startup"`
	// Confidence is "high", "medium" or "low"; Basis says on what it rests.
	Confidence string   `json:"confidence"`
	Basis      string   `json:"basis"`
	Version    *Version `json:"version"`
	Classes    int      `json:"classes"`  // defined classes that its rule owns
	Packages   []string `json:"packages"` // where they stand, dotted
	// Maven holds the coordinates (group:artifact) under which the product is
	// published, as its rule has them. That the app was built with one of
	// them is not shown.
	Maven    []string   `json:"maven,omitempty"`
	Evidence []Evidence `json:"evidence"`
	Events   []Event    `json:"events"`
	AppKeys  []AppKey   `json:"app_keys"`
	// Reads, Names and Calls say which identifiers its code asks for, which
	// hosts it names and which sinks it calls.
	Reads []Use `json:"reads"`
	Names []Use `json:"names"`
	Calls []Use `json:"calls"`
	// Renamed tells of copies whose classes were given other names, and on what
	// that rests; empty if there is none. Then Confidence is lower than a name
	// would give.
	Renamed []Renamed `json:"renamed"`
	// VendorRecords say where the vendor has its seat, on what record.
	VendorRecords []Registration `json:"vendor_records"`
	// Switches are documented ways to turn it off, whether they are used or not.
	Switches []Switch `json:"switches,omitempty"`
}

// Switch is an entry of the manifest that turns an SDK off.
type Switch struct {
	MetaData string `json:"meta_data"` // name of a meta-data element of the application
	Value    string `json:"value"`
	Source   string `json:"source"` // who says so
}

// Renamed is a copy of a product that was recognised by what renaming cannot
// touch.
type Renamed struct {
	Profile string `json:"profile"` // name of the profile, as 'signatures list --profiles' has it
	// By says what it was recognised by: "strings" and classes, or "code" alone,
	// because none of its strings can be read. Then nothing is known of strings
	// and of its version.
	By string `json:"by"`
	// Strings are how many of the Known strings of a version are in the app's
	// code, Share the part of their weight, which is larger for rare ones.
	Strings int      `json:"strings"`
	Known   int      `json:"known"`
	Share   float64  `json:"share"`
	Samples []string `json:"samples"` // some of the strings, as the app has them
	// Nearest is the known version, or the range "lowest–highest" of equally good
	// ones, that it is most like. Empty if a string in it tells its version. It is
	// no claim: what nobody knows may be more like it.
	Nearest string `json:"nearest_version"`
	// Matched counts classes that were told from all others one to one, Owned
	// all that are taken for its own.
	Matched int `json:"matched"`
	// KnownClasses is how many classes the profile could tell by their code, if By
	// is "code"; else 0.
	KnownClasses int            `json:"known_classes"`
	Owned        int            `json:"owned"`
	Classes      []RenamedClass `json:"classes"` // of those matched, some; descriptors
	Text         string         `json:"text"`    // for people
}

// RenamedClass is a class and the name that it had.
type RenamedClass struct {
	Class    string `json:"class"`
	Original string `json:"original"`
}

// Use is an identifier, a host or a sink that somebody's code asks for, names
// or calls. A host is named once for all URLs that hold it; what says nothing
// is left out.
type Use struct {
	ID    string `json:"id"`    // of the identifier or sink; the host
	Name  string `json:"name"`  // for people
	Group string `json:"group"` // of the identifier or sink; the role of the host
	Count int    `json:"count"` // places in its own code
	// Through counts places in code of unknown libraries that its code calls.
	Through int `json:"through"`
	// Confidence is "high", "medium" or "low"; "" for sinks.
	Confidence string `json:"confidence"`
}

// Hint says what stands side by side in the code of one owner. It shows no flow
// of data: none was looked for.
type Hint struct {
	Owner Owner    `json:"owner"`
	SDK   string   `json:"sdk"`   // Owner.SDK again
	Reads []string `json:"reads"` // identifiers
	Names []string `json:"names"` // hosts
	Calls []string `json:"calls"` // sinks of the network
	Text  string   `json:"text"`  // for people
}

// StateEvidence is one state with its reason.
type StateEvidence struct {
	State    State     `json:"state"`
	Reason   string    `json:"reason"`
	Location *Location `json:"location,omitempty"`
}

// StartupPath shows that an SDK can run at app start.
type StartupPath struct {
	Entry string   `json:"entry"` // "Application.onCreate", in smali notation
	Path  []string `json:"path"`
	// Guarded tells that a condition stands on the path, and that no path
	// without one was found. What it asks was not examined.
	Guarded bool `json:"guarded"`
	// Guards are the calls on the path that a branch leads past.
	Guards []Location `json:"guards"`
}

// Version is what is known of an SDK's version. Value is one version, "1.2 or
// later", "1.2 or earlier", or
// "lowest–highest" where equally good clues differ, as with several copies.
type Version struct {
	Value string `json:"value"`
	Exact bool   `json:"exact"` // Value is one version
	Clue  string `json:"clue"`
	Location
}

// Event is something that is handed to an SDK by name.
type Event struct {
	SDK    string   `json:"sdk"`
	Name   string   `json:"name"`
	Keys   []string `json:"keys"`
	Call   string   `json:"call"`
	Caller string   `json:"caller"` // SDK id, "app" or an unknown package
	Location
}

// AppKey is a key that names the app towards a vendor.
type AppKey struct {
	Name  string `json:"name"`
	Value string `json:"value"` // masked unless asked for
}

// Owner says whose code a place is.
type Owner struct {
	// Kind is "sdk", "app" (the app's own packages), "library" (code of
	// somebody no rule knows) or "none" (no code).
	Kind string `json:"kind"`
	SDK  string `json:"sdk,omitempty"` // id
	Name string `json:"name"`          // for people: the SDK's name, "own code", a package
	// Via holds the callers, nearest first, if the place stands in unknown
	// code that a known one calls.
	Via []string `json:"via,omitempty"`
}

// Registration is one record about where a domain is registered or a company has its seat.
type Registration struct {
	City     string `json:"city"`
	Province string `json:"province"`
	Country  string `json:"country"`
	Grade    string `json:"grade"`
	Evidence string `json:"evidence"`
	Source   string `json:"source"`
	Date     string `json:"date"`
	Of       string `json:"of"` // the domain or company that the record is about
}

// Endpoint is a URL, host or IP address that the app names.
type Endpoint struct {
	Value             string `json:"value"` // normalised URL or host
	Kind              string `json:"kind"`  // "url", "host", "ip"
	Host              string `json:"host"`
	RegistrableDomain string `json:"registrable_domain"`
	Owner             string `json:"owner"` // vendor id; "" if unknown
	OwnerName         string `json:"owner_name"`
	Role              string `json:"role"`
	Region            string `json:"region"`    // market that the host serves
	Noise             string `json:"noise"`     // reason; "" if it is none
	Cleartext         bool   `json:"cleartext"` // http:, ws:
	// Doubtful is true where every place may well show a piece of a longer
	// name, or the name of something else.
	Doubtful bool `json:"doubtful"`
	// RegisteredIn is the strongest record of grade registrant or filing.
	RegisteredIn *Registration  `json:"registered_in"`
	Records      []Registration `json:"records"`
	SDK          string         `json:"sdk"`      // SDK whose code names it, if all places agree
	HostSDK      string         `json:"host_sdk"` // SDK that the host belongs to, by rule
	HostSDKName  string         `json:"host_sdk_name,omitempty"`
	Locations    []Site         `json:"locations"`
	Total        int            `json:"total"` // places in all; Locations may hold fewer
}

// Site is one place with its owner.
type Site struct {
	Location
	Ref        string   `json:"ref,omitempty"` // member in smali notation, or what was read
	How        string   `json:"how,omitempty"` // "call", "field", "string", "resource", "native", "asset", "reflection"
	Owner      Owner    `json:"owner"`
	SDK        string   `json:"sdk"` // Owner.SDK again, for simple queries
	Args       []string `json:"args,omitempty"`
	DecodedVia []string `json:"decoded_via,omitempty"`
	// Permission is what this very call needs, where it differs.
	Permission string `json:"permission,omitempty"`
}

// Identifier is an identifier whose reading the code shows.
type Identifier struct {
	ID                 string `json:"id"`
	Name               string `json:"name"`
	Group              string `json:"group"`
	Glossary           string `json:"glossary"`
	Reset              string `json:"reset"`
	Permission         string `json:"permission"`
	PermissionDeclared *bool  `json:"permission_declared"` // nil if none is needed
	RestrictedFrom     int    `json:"restricted_from"`
	Restriction        string `json:"restriction"`
	Confidence         string `json:"confidence"`
	Sites              []Site `json:"sites"`
	Total              int    `json:"total"` // places in all; Sites may hold fewer
}

// Sink is a way out of the code, and where it is called.
type Sink struct {
	ID                 string `json:"id"`
	Name               string `json:"name"`
	Group              string `json:"group"`
	Permission         string `json:"permission"`
	PermissionDeclared *bool  `json:"permission_declared"`
	Sites              []Site `json:"sites"`
	Total              int    `json:"total"` // places in all; Sites may hold fewer
}

// DynamicCode is what the code of one owner loads at run time in one way.
type DynamicCode struct {
	// Kind is "classes" (a class loader opens a file or memory), "package" (the
	// code of another installed app), "hotfix" (a framework that adds or
	// replaces code; Sites are the calls that set it going), "native-file" (a
	// native library by its path), "native-library" (by its name) or "multidex"
	// (further DEX files of the app itself).
	Kind  string `json:"kind"`
	Owner Owner  `json:"owner"`
	SDK   string `json:"sdk"`   // Owner.SDK again
	Sites []Site `json:"sites"` // with the constant arguments
	Total int    `json:"total"` // places in all; Sites may hold fewer
	// Libraries are those that calls of kind "native-library" name.
	Libraries []Library `json:"libraries"`
	// Near are constants of the same classes, or of the same owner's code,
	// that look like where the code comes from.
	Near []Near `json:"near"`
}

// Library is a native library that is loaded by its name.
type Library struct {
	Name string `json:"name"` // as code names it, "foo" for libfoo.so; "" if unknown
	File string `json:"file"` // a file of the app; "" if none has the name
}

// Near is a constant that stands near a place.
type Near struct {
	Value string `json:"value"`
	Kind  string `json:"kind"` // "url", "host", "ip" or "file"
	Location
}

// Permission is one that the app declares.
type Permission struct {
	fact.Permission
}

// Scope says what was out of sight.
type Scope struct {
	// DynamicLoading counts calls that load classes which Android does not load
	// by itself: the kinds "classes" and "package" of DynamicCode.
	DynamicLoading int `json:"dynamic_loading"`
	// NativeLoading counts calls that load a native library by a path, or by a
	// name that is not known or not that of one in the app's files.
	NativeLoading int    `json:"native_loading"`
	NativeMethods int    `json:"native_methods"` // methods implemented in native code
	NativeLibs    int    `json:"native_libs"`
	Unresolved    int    `json:"unresolved"` // calls whose target optimised code no longer holds
	Note          string `json:"note"`
}
