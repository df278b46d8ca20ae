package fact

// Manifest is what rules may ask of AndroidManifest.xml (of all parts of an
// app together).
type Manifest struct {
	Present               bool // a manifest was read
	Package               string
	Split                 string
	VersionName           string
	VersionCode           int64 // with versionCodeMajor in the upper half
	MinSDK                int   // 1 if not declared
	TargetSDK             int   // MinSDK if not declared
	SharedUserID          string
	HasCode               bool
	Debuggable            bool
	UsesCleartextTraffic  string // "true", "false" or "" if not declared
	NetworkSecurityConfig string // path of the resource
	Application           string // class, fully qualified; "" if none
	AppComponentFactory   string
	Permissions           []Permission // used
	DeclaredPermissions   []string
	Components            []Component
	MetaData              []MetaData // of the application; components have theirs
	UsesLibraries         []string
	QueriesPackages       []string
	QueriesActions        []string
	QueriesAuthorities    []string
	RequiredSplits        bool
	StaticLibraries       []string
}

// Permission is one that the app asks for.
type Permission struct {
	Name   string `json:"name"`
	MaxSDK int    `json:"max_sdk,omitempty"` // asked for up to this release; 0 if always
}

// ComponentKind is activity, service, receiver or provider.
type ComponentKind string

// The kinds of component.
const (
	Activity      ComponentKind = "activity"
	ActivityAlias ComponentKind = "activity-alias"
	Service       ComponentKind = "service"
	Receiver      ComponentKind = "receiver"
	Provider      ComponentKind = "provider"
)

// Component is one declared in the manifest.
type Component struct {
	Kind        ComponentKind
	Name        string // class, fully qualified, dotted
	Target      string // of an alias
	Exported    bool   // declared, or Android's default for this manifest
	Enabled     bool
	Permission  string
	Process     string
	Authorities []string
	Launcher    bool // has a MAIN/LAUNCHER filter
	Actions     []string
	Categories  []string
	Schemes     []string // of intent filters' data
	Hosts       []string
	MetaData    []MetaData
	Unit        string // the manifest that declares it, if not the base's
}

// MetaData is a meta-data or property element.
type MetaData struct {
	Name  string
	Value string // resolved through resources where it is a reference
}
