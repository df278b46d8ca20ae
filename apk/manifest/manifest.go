// Package manifest is a typed view of AndroidManifest.xml, and of network
// security configurations.
//
// It reads a stream of XML events ([axml.Document.Events], or any other source
// of the same events, such as the protobuf XML of app bundles) by the rules of
// Android's own parser (frameworks/base core/java/android/content/pm/PackageParser.java
// and com/android/server/pm/pkg/parsing): attributes by resource id, elements
// by name where Android looks for them, Android's defaults where nothing is
// declared. Unlike Android it never gives up: an element that lacks what it
// needs is left out or kept with what it has, and the rest is read.
//
// # Limits and threat model
//
// Input is hostile. The view is proportional in size to the events; strings
// fetched through references are limited to [MaxResolved] in all. A Manifest
// holds no reference to what it was read from. It is safe for concurrent
// reading.
package manifest

import (
	"iter"
	"strings"

	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/restype"
)

// MaxResolved is the most text, in bytes, that is fetched through a Resolver
// for one manifest; references beyond it stay unresolved.
const MaxResolved = 4 << 20

// maxParts bounds the authorities and other names that stand in lists.
const maxParts = 1 << 18

// The anomalies that this package adds to those of the XML source.
const (
	AnomalyManyApplications = "many-applications" // more than one application element; Android takes the first
	AnomalyManyUsesSDK      = "many-uses-sdk"     // more than one uses-sdk element; Android takes the last
	AnomalyNoPackage        = "no-package"        // the manifest names no package
	AnomalyNoName           = "no-name"           // an element that must have a name has none
	AnomalyResolved         = "resolved-budget"   // MaxResolved was reached, or lists are too long
	AnomalyLongText         = "long-text"         // a text of more than 65536 bytes
)

// Resolver gives the values of resources. arsc.View is one; nil values and
// absent tables are fine too, references then stay unresolved.
type Resolver interface {
	// Lookup returns the value that resource id has, after following
	// references. A file has its path inside the APK as a string.
	Lookup(id uint32) (restype.Value, bool)
	// Name returns the resource's type and entry name: "string/app_name".
	Name(id uint32) (string, bool)
}

// Text is a text that stands in the manifest or in a resource.
type Text struct {
	Value string // resolved; "" if there is none or the resource is not at hand
	Ref   uint32 // the resource id, 0 if the text stands in the manifest
}

// In returns the text that r gives: the label in another language, the icon
// for another density. Where r has none it is t.Value.
func (t Text) In(r Resolver) string {
	if t.Ref != 0 && r != nil {
		if v, ok := r.Lookup(t.Ref); ok {
			return v.Text()
		}
	}
	return t.Value
}

// Flag is a boolean attribute that may be absent.
type Flag struct{ Set, Value bool }

// Or returns the flag's value, or def if it is absent.
func (f Flag) Or(def bool) bool {
	if f.Set {
		return f.Value
	}
	return def
}

// String returns "true", "false" or "".
func (f Flag) String() string {
	switch {
	case !f.Set:
		return ""
	case f.Value:
		return "true"
	}
	return "false"
}

// Manifest is what AndroidManifest.xml says.
type Manifest struct {
	Package         string
	Split           string // name of the split; "" for a base APK
	ConfigForSplit  string // of a configuration split: the split that it serves, "" for the base
	IsFeatureSplit  bool
	IsSplitRequired bool // also if the Play Store's meta-data says so
	// RequiredSplitTypes and SplitTypes are what Android 13 compares.
	RequiredSplitTypes []string
	SplitTypes         []string

	VersionCode     int64 // with versionCodeMajor in the upper half
	VersionName     Text
	RevisionCode    int
	SharedUserID    string
	SharedUserLabel Text
	InstallLocation int // -1 if not declared; 0 auto, 1 internal only, 2 prefer external
	CoreApp         bool
	IsolatedSplits  bool

	CompileSDK               int
	CompileSDKCodename       string
	PlatformBuildVersionCode string
	PlatformBuildVersionName string

	// MinSDK is 1 if not declared, TargetSDK is MinSDK, MaxSDK is 0. For a
	// codename the level is the one that the release got, or [FutureSDK].
	MinSDK, TargetSDK, MaxSDK       int
	MinSDKCodename, TargetCodename  string
	UsesSDK                         []UsesSDK // every uses-sdk element
	Permissions                     []UsesPermission
	DeclaredPermissions             []Permission
	PermissionGroups                []string
	PermissionTrees                 []string
	Features                        []Feature
	Queries                         Queries
	Instrumentations                []Instrumentation
	OriginalPackages, AdoptPackages []string
	ProtectedBroadcasts             []string
	OverlayTarget                   string // package that a resource overlay changes
	Attributions                    []string
	Application                     Application
	Anomalies                       []restype.Anomaly
}

// FutureSDK stands for a release that is known by its codename only.
const FutureSDK = 10000

// UsesSDK is a uses-sdk element, as written: levels or codenames, "" if absent.
type UsesSDK struct{ Min, Target, Max string }

// UsesPermission is a permission that the app asks for.
type UsesPermission struct {
	Name   string
	MinSDK int // asked for from this release on: 23 for uses-permission-sdk-23; 0 if always
	MaxSDK int // asked for up to this release; 0 if always
	// NeverForLocation is the app's promise not to derive a location from
	// what the permission opens.
	NeverForLocation bool
}

// Permission is a permission that the app declares.
type Permission struct {
	Name        string
	Label       Text
	Description Text
	Group       string
	Level       uint32 // protectionLevel as stored
}

// Feature is a uses-feature element: a name or a version of OpenGL ES.
type Feature struct {
	Name     string
	GLES     uint32 // major version in the upper half; 0 if the element has a name
	Version  int
	Required bool
}

// Queries says which other apps the app wants to see (Android 11).
type Queries struct {
	Packages    []string
	Intents     []IntentFilter
	Authorities []string
}

// Instrumentation is a test harness for a package.
type Instrumentation struct {
	Name          string // class, fully qualified
	TargetPackage string
	Label         Text
}

// Application is the application element.
type Application struct {
	Present             bool
	Name                string // class, fully qualified; "" if none
	Label               Text
	Icon                Text // path of the icon
	RoundIcon           Text
	Logo                Text
	Banner              Text
	Description         Text
	AppComponentFactory string
	BackupAgent         string
	ZygotePreload       string
	ManageSpace         string
	Process             string // "" for the package's own
	Permission          string
	TaskAffinity        string
	Enabled             bool
	HasCode             bool
	Debuggable          bool
	TestOnly            bool
	Persistent          bool
	LargeHeap           bool
	DirectBootAware     bool
	AllowBackup         Flag
	ExtractNativeLibs   Flag
	RequestLegacyStore  Flag // requestLegacyExternalStorage

	UsesCleartextTraffic  Flag
	NetworkSecurityConfig Text // path of the file
	FullBackupContent     Text
	DataExtractionRules   Text

	Components         []Component // in the order of the manifest
	MetaData           []MetaData
	Properties         []MetaData
	UsesLibraries      []UsesLibrary // Kind tells which sort
	Libraries          []string      // shared libraries that the app offers
	StaticLibrary      Library       // that the app is
	SDKLibrary         Library       // for the SDK runtime, that the app is
	ProfileableByShell bool
}

// CleartextPermitted returns what usesCleartextTraffic means for an app that
// targets release target: absent, it is true up to 27. A network security
// configuration overrides it from Android 7 on.
func (a *Application) CleartextPermitted(target int) bool {
	return a.UsesCleartextTraffic.Or(target < 28)
}

// LibraryKind says how a library is used.
type LibraryKind string

// The kinds of library.
const (
	JavaLibrary   LibraryKind = "uses-library"
	NativeLibrary LibraryKind = "uses-native-library"
	StaticLibrary LibraryKind = "uses-static-library"
	SDKLibrary    LibraryKind = "uses-sdk-library"
)

// UsesLibrary is a library that the app links to.
type UsesLibrary struct {
	Kind       LibraryKind
	Name       string
	Required   bool
	Version    int64    // static and SDK libraries
	CertDigest []string // static and SDK libraries: SHA-256 of the signer's certificate, hex as written
}

// Library is a library that the app is.
type Library struct {
	Name    string
	Version int64
}

// ComponentKind is the element that declares a component.
type ComponentKind string

// The kinds of component.
const (
	Activity      ComponentKind = "activity"
	ActivityAlias ComponentKind = "activity-alias"
	Service       ComponentKind = "service"
	Receiver      ComponentKind = "receiver"
	Provider      ComponentKind = "provider"
)

// Component is an activity, alias, service, receiver or provider.
type Component struct {
	Kind   ComponentKind
	Name   string // class, fully qualified
	Target string // of an alias: the activity, fully qualified
	Label  Text
	Icon   Text
	Line   int // in the manifest's source

	Enabled bool // on its own; see also [Application.Enabled]
	// Exported is as declared, else Android's default: true for those with an
	// intent filter, and for providers of apps that target a release before 17.
	Exported         bool
	ExportedDeclared bool
	// Permission is the one that callers need, the application's if the
	// component has none; for providers that to read.
	Permission      string
	WritePermission string // providers
	// Process is the name of the process, "" if it is the application's. A
	// private one has the package's name before its colon.
	Process         string
	IsolatedProcess bool // services
	DirectBootAware bool
	SplitName       string
	TaskAffinity    string
	ForegroundType  uint32   // services: foregroundServiceType
	Authorities     []string // providers
	InitOrder       int      // providers: higher ones are started first
	GrantURI        bool     // providers: grantUriPermissions
	IntentFilters   []IntentFilter
	MetaData        []MetaData
	Properties      []MetaData
}

// IntentFilter is an intent-filter element.
type IntentFilter struct {
	Actions    []string
	Categories []string
	Data       []Data
	AutoVerify bool // app links
	Priority   int
}

// Data is a data element of an intent filter. Android combines the schemes,
// hosts and paths of all data elements of a filter with each other.
type Data struct {
	Scheme, Host, Port              string
	Path, PathPrefix, PathPattern   string
	PathSuffix, PathAdvancedPattern string
	MimeType, MimeGroup             string
	SSP, SSPPrefix, SSPPattern      string
}

// MetaData is a meta-data or property element.
type MetaData struct {
	Name string
	// Value is the value as text, resolved; of android:resource the path or
	// name of the resource.
	Value string
	Type  restype.ValueType // of the value; of a reference, what it leads to
	Ref   uint32            // the resource id, if the value is one or refers to one
	// Resource is true if the element has android:resource, so that the app
	// gets the resource's id and not its value.
	Resource bool
}

// Component returns the components of one kind.
func (m *Manifest) ComponentsOf(kind ComponentKind) iter.Seq[*Component] {
	return func(yield func(*Component) bool) {
		for i := range m.Application.Components {
			if c := &m.Application.Components[i]; c.Kind == kind && !yield(c) {
				return
			}
		}
	}
}

// MainActivity returns the name of the first enabled activity or alias that a
// launcher shows, "" if there is none. For an alias it is the activity behind it.
func (m *Manifest) MainActivity() string {
	for i := range m.Application.Components {
		c := &m.Application.Components[i]
		if !c.Launcher() || !c.Enabled {
			continue
		}
		if c.Target != "" {
			return c.Target
		}
		return c.Name
	}
	return ""
}

// Launcher says whether a launcher shows the component: an activity or alias
// with a filter for MAIN and LAUNCHER (or LEANBACK_LAUNCHER, on television).
func (c *Component) Launcher() bool {
	if c.Kind != Activity && c.Kind != ActivityAlias {
		return false
	}
	for _, f := range c.IntentFilters {
		if has(f.Actions, "android.intent.action.MAIN") &&
			(has(f.Categories, "android.intent.category.LAUNCHER") || has(f.Categories, "android.intent.category.LEANBACK_LAUNCHER")) {
			return true
		}
	}
	return false
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// ClassName makes a class name as written in a manifest a full one: ".A" and
// "A" stand in the package, all else is absolute.
func ClassName(pkg, name string) string {
	switch {
	case name == "":
		return ""
	case name[0] == '.':
		return pkg + name
	case !strings.Contains(name, "."):
		return pkg + "." + name
	}
	return name
}

// Open reads a binary manifest. The error is of the binary XML, or says that
// there is no manifest element; a manifest is returned whenever there is one.
func Open(data []byte, r Resolver) (*Manifest, error) {
	doc, err := axml.Open(data)
	if err != nil {
		return nil, err
	}
	m, err := Parse(doc.Events(), r)
	if m != nil {
		m.Anomalies = append(doc.Anomalies(), m.Anomalies...)
	}
	return m, err
}

// Parse reads a manifest from events. r may be nil.
func Parse(events iter.Seq[*axml.Event], r Resolver) (*Manifest, error) {
	root := tree(events)
	if root == nil {
		return nil, binread.Errorf(binread.Malformed, "manifest", -1, "there is no element")
	}
	if root.Name != "manifest" {
		return nil, binread.Errorf(binread.Malformed, "manifest", root.Off, "the root element is %q, not manifest", clip(root.Name))
	}
	p := &parser{
		res:    r,
		budget: restype.NewBudget(MaxResolved),
		parts:  restype.NewBudget(maxParts),
		cache:  make(map[uint32]resolved),
		m:      &Manifest{MinSDK: 1, TargetSDK: 1, InstallLocation: -1},
	}
	p.manifest(root)
	p.m.Anomalies = p.odd.List()
	return p.m, nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
