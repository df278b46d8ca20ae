// Package rule is the shape of signature files: plain structs that YAML files
// are decoded into, strictly. It holds no behaviour beyond the vocabularies;
// loading, checking and matching stand in package signatures.
//
// A file holds one rule. Its name is the rule's id with ".yaml" behind it (a
// vendor may be in vendor.yaml instead, so that an SDK can have the same id),
// its folder the vendor's id (or "identifiers", "sinks", "noise", "packers" for
// the kinds that have no vendor).
//
// A field without omitempty is required.
package rule

// Kind says what a rule describes.
type Kind string

// The kinds of rule.
const (
	KindSDK        Kind = "sdk"
	KindPacker     Kind = "packer" // same fields as an SDK
	KindVendor     Kind = "vendor"
	KindDomain     Kind = "domain"
	KindIdentifier Kind = "identifier"
	KindSink       Kind = "sink"
	KindNoise      Kind = "noise"
)

// Header is common to all rules.
type Header struct {
	Kind Kind   `yaml:"kind"`
	ID   string `yaml:"id"`   // lower case, digits, "-", "."; unique among rules of its kind
	Name string `yaml:"name"` // for people
	// Status is experimental until the rule matched a real artefact; see
	// Statuses. Empty means stable.
	Status string `yaml:"status,omitempty"`
	Notes  string `yaml:"notes,omitempty"`
	// Evidence tells where the facts of the rule come from.
	Evidence []Evidence `yaml:"evidence,omitempty"`
	// Suppress names lints that do not hold for this file, each with a reason.
	Suppress []Suppression `yaml:"suppress,omitempty"`
}

// The closed list of states of a rule.
const (
	StatusExperimental = "experimental" // not yet seen on a real artefact
	StatusStable       = "stable"
	StatusDeprecated   = "deprecated" // still matched; another rule should take its place
	// StatusDisabled stands in overlays only: the rule of this kind and id is
	// taken out. Such a file needs kind, id and status, and nothing else.
	StatusDisabled = "disabled"
)

// Statuses lists them.
var Statuses = []string{StatusExperimental, StatusStable, StatusDeprecated, StatusDisabled}

// The strengths of a signal.
const (
	Strong  = "strong"  // one makes a match
	Weak    = "weak"    // two of different kinds make a match
	Context = "context" // shown as evidence, never counted
)

// Strengths lists them.
var Strengths = []string{Strong, Weak, Context}

// Evidence is one source of a rule's facts.
type Evidence struct {
	Text   string `yaml:"text"`             // what the source says, in our words
	Source string `yaml:"source"`           // a public source: repository and path, page, artefact
	Date   string `yaml:"date"`             // when it was seen, YYYY-MM-DD
	Origin string `yaml:"origin,omitempty"` // "exodus", "libchecker": lists whose facts were taken over
}

// Suppression switches one lint off for a file.
type Suppression struct {
	Lint   string `yaml:"lint"`
	Reason string `yaml:"reason"`
}

// SDK is a product that is built into apps: a tracker, another library, or (as
// kind packer) something that hides an app's code.
type SDK struct {
	Header   `yaml:",inline"`
	Vendor   string `yaml:"vendor"`   // id of a vendor rule
	Category string `yaml:"category"` // see Categories
	// Tracker is for the few products that do more, or less, than others of
	// their category.
	Tracker *TrackerClaim `yaml:"tracker,omitempty"`
	Website string        `yaml:"website,omitempty"`
	Maven   []string      `yaml:"maven,omitempty"` // group:artifact
	// Aka holds the product's ids in other lists, as text.
	Aka        map[string]string `yaml:"aka,omitempty"`
	Signals    []Signal          `yaml:"signals"`
	When       *When             `yaml:"when,omitempty"`
	Wired      []Wired           `yaml:"wired,omitempty"`
	DisabledBy []Switch          `yaml:"disabled_by,omitempty"`
	Events     []EventCall       `yaml:"events,omitempty"`
	Version    []VersionClue     `yaml:"version,omitempty"`
	AppKeys    []AppKey          `yaml:"app_keys,omitempty"`
	Relations  Relations         `yaml:"relations,omitempty"`
	Verified   []Artefact        `yaml:"verified,omitempty"`
	// FalsePositives says in words where the rule is known to err.
	FalsePositives string `yaml:"false_positives,omitempty"`
	Tests          Tests  `yaml:"tests,omitempty"`
}

// Category is what an SDK is made for.
type Category struct {
	// Tracker tells whether SDKs of that category count as trackers. A tracker
	// is made to collect data about a person, a device or how an app is used;
	// Exodus Privacy draws the line there, too, and counts crash reports,
	// analytics, profiling, identification, advertising and location. What is
	// made for something that people see and use (to sign in, to share, to be
	// notified, to pay, to ask for help) or against fraud is told by its own
	// name instead, whatever it collects on the way; SDK.Tracker is for those
	// of which more is documented.
	Tracker bool
	// Label says what such an SDK is: "push service".
	Label string
	// Service tells whether there is somebody's service behind it, which
	// reports show apart from libraries that are code and nothing else.
	Service bool
}

// Categories is the closed list of SDK categories.
var Categories = map[string]Category{
	"ads":            {Tracker: true, Label: "advertising", Service: true},
	"analytics":      {Tracker: true, Label: "analytics", Service: true},
	"attribution":    {Tracker: true, Label: "attribution", Service: true},
	"crash":          {Tracker: true, Label: "crash reports", Service: true},
	"engagement":     {Tracker: true, Label: "customer engagement", Service: true},
	"identification": {Tracker: true, Label: "identification", Service: true},
	"location":       {Tracker: true, Label: "location", Service: true},
	"performance":    {Tracker: true, Label: "performance monitoring", Service: true},

	"feedback":  {Label: "feedback SDK", Service: true},
	"login":     {Label: "login SDK", Service: true},
	"map":       {Label: "map SDK", Service: true},
	"messaging": {Label: "messaging SDK", Service: true},
	"payment":   {Label: "payment SDK", Service: true},
	"push":      {Label: "push service", Service: true},
	"risk":      {Label: "security SDK", Service: true},
	"social":    {Label: "social SDK", Service: true},

	"downloader": {Label: "downloader"},
	"hotfix":     {Label: "hotfix"},
	"packer":     {Label: "packer"},
	"platform":   {Label: "platform"},
	"utility":    {Label: "library"},
}

// TrackerClaim says of one product what its category says otherwise.
type TrackerClaim struct {
	Counts bool   `yaml:"counts"` // as a tracker; the opposite of what the category says
	Text   string `yaml:"text"`   // why, in our words: what is documented of this product
	Source string `yaml:"source"` // who says so: the vendor's documentation
	Date   string `yaml:"date"`   // of the source, or when it was seen, YYYY-MM-DD
}

// IsTracker reports whether the product counts as a tracker: by its category,
// unless the rule says otherwise of this one.
func (s *SDK) IsTracker() bool {
	if s.Tracker != nil {
		return s.Tracker.Counts
	}
	return Categories[s.Category].Tracker
}

// IsService reports whether a product that is no tracker has somebody's
// service behind it.
func (s *SDK) IsService() bool { return !s.IsTracker() && Categories[s.Category].Service }

// Label says what the product is.
func (s *SDK) Label() string {
	c := Categories[s.Category]
	if c.Tracker && !s.IsTracker() {
		return c.Label + ", no tracker"
	}
	return c.Label
}

// Signal is one thing to look for. Exactly one of the fields from Code to
// AppKey is set.
type Signal struct {
	// Code is a package prefix in dotted form that ends at a label: com.foo
	// holds com.foo.Bar and com.foo.a.B, never com.foobar.C. It matches
	// defined classes, and it owns their code. What another rule claims by a
	// longer prefix, strong and not subject to a when, speaks for that rule
	// alone.
	Code string `yaml:"code,omitempty"`
	// Class is one defined class, dotted, inner classes with "$".
	Class string `yaml:"class,omitempty"`
	// CodeRef is a package prefix that is referenced but need not be defined.
	CodeRef string `yaml:"code-ref,omitempty"`
	// Member is a method or field that is referenced: smali notation, or
	// dotted "com.foo.Bar->name" for every overload.
	Member string `yaml:"member,omitempty"`
	// String is a whole string constant; with a trailing "*" a prefix.
	String string `yaml:"string,omitempty"`
	// Endpoint is a host (or a host and path) named by the app.
	Endpoint *Endpoint `yaml:"endpoint,omitempty"`

	Activity    string `yaml:"activity,omitempty"`
	Service     string `yaml:"service,omitempty"`
	Receiver    string `yaml:"receiver,omitempty"`
	Provider    string `yaml:"provider,omitempty"`
	Authority   string `yaml:"authority,omitempty"` // a leading "*" stands for the application id
	MetaData    string `yaml:"meta-data,omitempty"`
	Permission  string `yaml:"permission,omitempty"`
	Action      string `yaml:"action,omitempty"`
	UsesLibrary string `yaml:"uses-library,omitempty"`

	Native  string `yaml:"native,omitempty"` // file name of a library: libfoo.so; "*" allowed at one end of the stem
	Symbol  string `yaml:"symbol,omitempty"`
	BuildID string `yaml:"build-id,omitempty"`
	File    string `yaml:"file,omitempty"`  // path of an entry; "*" at the end
	Asset   string `yaml:"asset,omitempty"` // path below assets/
	// Resource is the name of a resource: "string/foo".
	Resource      string `yaml:"resource,omitempty"`
	JSModule      string `yaml:"js-module,omitempty"`
	DartPackage   string `yaml:"dart-package,omitempty"`
	UnityAssembly string `yaml:"unity-assembly,omitempty"`
	Maven         string `yaml:"maven,omitempty"` // group:artifact
	AppKey        string `yaml:"app-key,omitempty"`

	// Strength is strong (the default), weak (two of different kinds make a
	// match) or context (shown as evidence, never counted).
	Strength string `yaml:"strength,omitempty"`
	Note     string `yaml:"note,omitempty"`
}

// Endpoint is a host with what may stand behind it. In YAML also a plain
// string: the host.
type Endpoint struct {
	Host  string   `yaml:"host,omitempty"`  // this host and those below it, by label
	Path  string   `yaml:"path,omitempty"`  // prefix of the path, ending at a segment
	Query []string `yaml:"query,omitempty"` // keys that must be there
}

// When overrides "one strong, or two weak of different kinds": a small tree
// over indices of Signals, counted from 1.
type When struct {
	All     []When `yaml:"all,omitempty"`
	Any     []When `yaml:"any,omitempty"`
	None    []When `yaml:"none,omitempty"`
	AtLeast int    `yaml:"at_least,omitempty"` // of the items of Any
	Signal  int    `yaml:"signal,omitempty"`
}

// Wired shows that an SDK is switched on: a call from outside its own code, or
// an enabled component or meta-data.
type Wired struct {
	Call     string `yaml:"call,omitempty"` // dotted class -> method, or smali
	MetaData string `yaml:"meta-data,omitempty"`
	// Component is the class of an activity, service, receiver or provider.
	Component string `yaml:"component,omitempty"`
}

// Switch is a documented way to turn an SDK off.
type Switch struct {
	MetaData string `yaml:"meta-data"`
	Value    string `yaml:"value"`
	Source   string `yaml:"source"`
}

// EventCall is a method that apps hand events to.
type EventCall struct {
	Call string `yaml:"call"` // dotted class -> method, or smali
	// Name is the position of the event's name among the parameters, from 0,
	// the receiver not counted; Keys that of its properties.
	Name int  `yaml:"name"`
	Keys *int `yaml:"keys,omitempty"`
}

// VersionClue says where an SDK's version can be read.
type VersionClue struct {
	Constant string `yaml:"constant,omitempty"` // dotted class -> field: its static value
	Method   string `yaml:"method,omitempty"`   // dotted class -> method that returns it as a constant
	MetaData string `yaml:"meta-data,omitempty"`
	File     string `yaml:"file,omitempty"` // a properties file; Key names the property
	Key      string `yaml:"key,omitempty"`
	Prefix   string `yaml:"prefix,omitempty"` // a string that begins so; the version follows
	// Class is a class that only some versions define: those from Since up to
	// Until, of which one may be open. Where nothing tells the version itself,
	// the classes that are there bound it.
	Class string `yaml:"class,omitempty"`
	Since string `yaml:"since,omitempty"`
	Until string `yaml:"until,omitempty"`
}

// AppKey says where a key stands that names the app towards the vendor.
type AppKey struct {
	MetaData string `yaml:"meta-data,omitempty"`
	Resource string `yaml:"resource,omitempty"` // "string/google_app_id"
}

// Relations ties products together by id.
type Relations struct {
	Contains     []string `yaml:"contains,omitempty"`
	PartOf       string   `yaml:"part_of,omitempty"`
	SupersededBy []string `yaml:"superseded_by,omitempty"`
	Requires     []string `yaml:"requires,omitempty"`
}

// Artefact is a real file that a rule was checked against.
type Artefact struct {
	Artifact string `yaml:"artifact"`
	SHA256   string `yaml:"sha256"`
	Source   string `yaml:"source,omitempty"`
	Version  string `yaml:"version,omitempty"`
	Date     string `yaml:"date"`
}

// Tests are examples that must and must not match.
type Tests struct {
	Match   []Example `yaml:"match,omitempty"`
	NoMatch []Example `yaml:"no_match,omitempty"`
}

// Example is a tiny app: everything set in it is in the app together.
type Example struct {
	Class   string `yaml:"class,omitempty"` // defined
	CodeRef string `yaml:"code-ref,omitempty"`
	Member  string `yaml:"member,omitempty"` // a call, or an access of a field
	// Args are constant arguments of that call, by position as in Source.
	Args      map[int]string `yaml:"args,omitempty"`
	String    string         `yaml:"string,omitempty"`
	Host      string         `yaml:"host,omitempty"`
	URL       string         `yaml:"url,omitempty"`
	Activity  string         `yaml:"activity,omitempty"`
	Service   string         `yaml:"service,omitempty"`
	Receiver  string         `yaml:"receiver,omitempty"`
	Provider  string         `yaml:"provider,omitempty"`
	Authority string         `yaml:"authority,omitempty"`
	MetaData  string         `yaml:"meta-data,omitempty"`
	// Permission, Action and UsesLibrary are as in Signal.
	Permission  string `yaml:"permission,omitempty"`
	Action      string `yaml:"action,omitempty"`
	UsesLibrary string `yaml:"uses-library,omitempty"`
	Native      string `yaml:"native,omitempty"`
	Symbol      string `yaml:"symbol,omitempty"`
	File        string `yaml:"file,omitempty"`
	Asset       string `yaml:"asset,omitempty"`
	Resource    string `yaml:"resource,omitempty"`
	// The others, too, are as in Signal.
	BuildID       string `yaml:"build-id,omitempty"`
	JSModule      string `yaml:"js-module,omitempty"`
	DartPackage   string `yaml:"dart-package,omitempty"`
	UnityAssembly string `yaml:"unity-assembly,omitempty"`
	Maven         string `yaml:"maven,omitempty"`
	AppKey        string `yaml:"app-key,omitempty"`
	// Manifest is a piece of AndroidManifest.xml as an AAR has it: elements as
	// they stand below manifest or application.
	Manifest string `yaml:"manifest,omitempty"`
	// With holds further things that are in the same app.
	With []Example `yaml:"with,omitempty"`
}

// Grade says how strong a record about a registration is. Only Registrant and
// Filing may be called "registered in".
type Grade string

// The grades, strongest first.
const (
	GradeRegistrant    Grade = "registrant"     // WHOIS or RDAP text for this very domain
	GradeFiling        Grade = "filing"         // an ICP record that names this domain or carries its suffix number
	GradeCompanyFiling Grade = "company-filing" // the owner's record, not this domain's
	GradeCompanySeat   Grade = "company-seat"   // where the owner has its seat
	GradeInferred      Grade = "inferred"       // a guess; not shown unless asked for
)

// Record is one statement about where somebody is or registered something.
type Record struct {
	Grade    Grade  `yaml:"grade"`
	City     string `yaml:"city,omitempty"`
	Province string `yaml:"province,omitempty"`
	Country  string `yaml:"country"` // ISO 3166-1 alpha-2
	Text     string `yaml:"text"`    // what the record says: "京ICP备10046444号-2", "Registrant City: Beijing"
	Source   string `yaml:"source"`
	Date     string `yaml:"date,omitempty"` // of the record or of the look-up; empty if the source does not say
}

// Vendor is a company or project.
type Vendor struct {
	Header    `yaml:",inline"`
	LegalName string   `yaml:"legal_name,omitempty"`
	Website   string   `yaml:"website,omitempty"`
	Parent    string   `yaml:"parent,omitempty"`  // id of another vendor
	Records   []Record `yaml:"records,omitempty"` // of company grades only
}

// Domain is a registrable domain, or a host below a shared one, and its owner.
type Domain struct {
	Header  `yaml:",inline"` // ID is the domain itself
	Vendor  string           `yaml:"vendor"`
	Role    string           `yaml:"role,omitempty"` // of hosts without one of their own; see Roles
	Records []Record         `yaml:"records,omitempty"`
	Hosts   []Host           `yaml:"hosts,omitempty"`
}

// Roles is the closed list of what a host is for.
var Roles = []string{
	"analytics", "ads", "attribution", "push", "crash", "performance",
	"location", "identification", "config", "update", "login", "payment", "content", "cdn", "website", "other",
}

// Host is a host below a domain.
type Host struct {
	Host string `yaml:"host"`
	Role string `yaml:"role,omitempty"`
	SDK  string `yaml:"sdk,omitempty"` // id of the product that it belongs to
	// Region is the market it serves, as an upper-case country code or "intl";
	// it says nothing about who registered the domain.
	Region string `yaml:"region,omitempty"`
	// Paths are request paths known at this host.
	Paths  []string `yaml:"paths,omitempty"`
	Source string   `yaml:"source,omitempty"`
}

// Resets is the closed list of ways to be rid of an identifier, the hardest
// first: "never" with the hardware, "device" by factory reset, "account" with
// the account, "user" in settings, "app" by clearing the app's data, "n/a" for
// data that names a person or place but is no number.
var Resets = []string{"never", "device", "account", "user", "app", "n/a"}

// Identifier is something that tells a device, person or place apart.
type Identifier struct {
	Header   `yaml:",inline"`
	Group    string `yaml:"group"`    // see Groups
	Glossary string `yaml:"glossary"` // one line for people who never heard of it
	Reset    string `yaml:"reset"`    // see Resets
	// Permission is needed unless a source has one of its own ("none" for a
	// source that needs none).
	Permission     string   `yaml:"permission,omitempty"`
	RestrictedFrom int      `yaml:"restricted_from,omitempty"` // API level from which ordinary apps cannot read it
	Restriction    string   `yaml:"restriction,omitempty"`     // in words
	Sources        []Source `yaml:"sources"`
	Tests          Tests    `yaml:"tests,omitempty"`
}

// Groups is the closed list of identifier groups, in the order of reports.
var Groups = []string{"telephony", "device", "advertising", "network", "location", "apps", "account", "content", "sensor", "software"}

// Source is one way to read an identifier. Exactly one of the fields from
// Member to Action is set.
type Source struct {
	Member   string `yaml:"member,omitempty"`   // smali notation; a field or method of the framework or of an SDK
	Setting  string `yaml:"setting,omitempty"`  // key for Settings.Secure, System or Global
	Property string `yaml:"property,omitempty"` // system property, read by SystemProperties or getprop
	URI      string `yaml:"uri,omitempty"`      // content URI, as a prefix
	File     string `yaml:"file,omitempty"`     // path in the file system
	Shell    string `yaml:"shell,omitempty"`    // command handed to a shell, as a prefix
	Service  string `yaml:"service,omitempty"`  // descriptor of a binder interface
	Action   string `yaml:"action,omitempty"`   // intent action that binds to it

	Permission string `yaml:"permission,omitempty"`
	// Strength of a match: strong (default) or weak, for members that many
	// use for other ends (Build.MODEL).
	Strength string `yaml:"strength,omitempty"`
	// Args restricts a member to calls whose argument at the position (from 0,
	// receiver not counted) is this constant.
	Args map[int]string `yaml:"args,omitempty"`
	// Checked says against what the reference was checked; "no" if it was not.
	Checked string `yaml:"checked"`
	Origin  string `yaml:"origin,omitempty"` // where the fact comes from
	Note    string `yaml:"note,omitempty"`
}

// Sink is a place through which data can leave the code that holds it.
type Sink struct {
	Header  `yaml:",inline"`
	Group   string   `yaml:"group"` // see SinkGroups
	Members []string `yaml:"members"`
	// Permission is needed to use it, if any.
	Permission string `yaml:"permission,omitempty"`
	Tests      Tests  `yaml:"tests,omitempty"`
}

// SinkGroups is the closed list of sink groups.
var SinkGroups = []string{"network", "webview", "tracking", "ipc", "file", "log", "encoding", "crypto", "dynamic-code", "reflection", "shell", "sms"}

// Noise names strings that look like endpoints and say nothing.
type Noise struct {
	Header `yaml:",inline"`
	Reason string   `yaml:"reason"`          // shown in reports: "XML namespace"
	Hosts  []string `yaml:"hosts,omitempty"` // these and those below them, by label
	URLs   []string `yaml:"urls,omitempty"`  // prefixes
	Tests  Tests    `yaml:"tests,omitempty"`
}
