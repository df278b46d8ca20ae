package manifest

import (
	"iter"
	"strings"

	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/restype"
)

// element is a start element with its children.
type element struct {
	*axml.Event
	children []*element
	text     []byte // of the text nodes directly inside
}

const (
	// maxText is the longest text of an attribute that is kept, in bytes.
	// Android 14 refuses any above half of it.
	maxText = 1 << 16
	// maxElementText bounds the text of all elements together.
	maxElementText = 1 << 22
)

// tree returns the root element.
func tree(events iter.Seq[*axml.Event]) *element {
	var root *element
	var open []*element
	room := maxElementText
	for e := range events {
		switch e.Kind {
		case axml.StartElement:
			el := &element{Event: e}
			if len(open) > 0 {
				parent := open[len(open)-1]
				parent.children = append(parent.children, el)
			} else if root == nil {
				root = el
			}
			open = append(open, el)
		case axml.EndElement:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case axml.Text:
			if len(open) > 0 {
				el := open[len(open)-1]
				s := e.Value.Str[:min(len(e.Value.Str), room)]
				room -= len(s)
				el.text = append(el.text, s...)
			}
		}
	}
	return root
}

// parser turns elements into a Manifest.
type parser struct {
	res    Resolver
	budget *restype.Budget // bytes of resolved texts
	parts  *restype.Budget // parts of lists
	cache  map[uint32]resolved
	odd    restype.Anomalies
	m      *Manifest
}

type resolved struct {
	value restype.Value
	ok    bool
}

// lookup resolves a reference once for each id.
func (p *parser) lookup(id uint32) (restype.Value, bool) {
	if p.res == nil {
		return restype.Value{}, false
	}
	x, ok := p.cache[id]
	if !ok {
		if p.budget.Spent() || len(p.cache) >= maxLookups {
			return restype.Value{}, false
		}
		x.value, x.ok = p.res.Lookup(id)
		x.value.Str = p.clip(x.value.Str, -1)
		if !p.budget.Spend(int64(len(x.value.Str))) {
			p.odd.Add(restype.Anomaly{
				Name: AnomalyResolved, Lossy: true,
				Detail: "the texts that the manifest refers to are too long; some were not fetched",
			})
			x = resolved{}
		}
		p.cache[id] = x
	}
	return x.value, x.ok
}

// maxLookups bounds the resources that are looked up for one manifest; each
// may stand in thousands of configurations.
const maxLookups = 1 << 14

// value returns the attribute of the framework that has the given name, by
// its id, resolved. ref is the id of the resource that it came from; ok is
// false if the attribute is absent or its resource not at hand.
func (p *parser) value(e *element, name string) (v restype.Value, ref uint32, ok bool) {
	id, known := axml.AttrID(name)
	if !known {
		return v, 0, false
	}
	a, found := e.Attr(id)
	if !found {
		return v, 0, false
	}
	if ref, isRef := a.Value.IsRef(); isRef {
		v, ok = p.lookup(ref)
		return v, ref, ok
	}
	v = a.Value
	if v.Type == restype.TypeNull && a.HasRaw {
		v = restype.Value{Type: restype.TypeString, Str: a.Raw}
	}
	v.Str = p.clip(v.Str, a.Off)
	// "@null" is absent.
	return v, 0, v.Type != restype.TypeReference && v.Type != restype.TypeNull
}

// clip shortens a text that is beyond all reason, and drops NULs at its end:
// some packers pad names with them.
func (p *parser) clip(s string, off int64) string {
	s = strings.TrimRight(s, "\x00")
	if len(s) <= maxText {
		return s
	}
	p.odd.Add(restype.Anomaly{
		Name: AnomalyLongText, Off: off, Lossy: true,
		Detail: "a text of more than 65536 bytes was cut off",
	})
	return strings.ToValidUTF8(s[:maxText], "")
}

func (p *parser) str(e *element, name string) string {
	v, _, ok := p.value(e, name)
	if !ok {
		return ""
	}
	return v.Text()
}

func (p *parser) text(e *element, name string) Text {
	v, ref, ok := p.value(e, name)
	t := Text{Ref: ref}
	if ok {
		t.Value = v.Text()
	}
	return t
}

func (p *parser) boolean(e *element, name string, def bool) bool {
	return p.flag(e, name).Or(def)
}

func (p *parser) flag(e *element, name string) Flag {
	v, _, ok := p.value(e, name)
	if !ok || !v.IsInt() && v.Type != restype.TypeString {
		return Flag{}
	}
	return Flag{Set: true, Value: v.Bool(false)}
}

func (p *parser) integer(e *element, name string, def int32) int {
	v, _, ok := p.value(e, name)
	if !ok {
		return int(def)
	}
	return int(v.Int(def))
}

// list splits a text at sep, dropping what is empty. The parts of all lists
// are budgeted, since many attributes may share one long text.
func (p *parser) list(s, sep string) []string {
	if p.parts.Spent() {
		return nil
	}
	var out []string
	for part := range strings.SplitSeq(s, sep) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if !p.parts.Spend(1) {
			p.odd.Add(restype.Anomaly{
				Name: AnomalyResolved, Lossy: true,
				Detail: "the manifest lists too many names; some were left out",
			})
			break
		}
		out = append(out, part)
	}
	return out
}

// plain returns an attribute that Android reads by name.
func (p *parser) plain(e *element, name string) string {
	a, ok := e.Plain(name)
	if !ok {
		return ""
	}
	if id, isRef := a.Value.IsRef(); isRef {
		if v, ok := p.lookup(id); ok {
			return v.Text()
		}
	}
	return p.clip(a.Text(), a.Off)
}

// name returns android:name and whether there is one.
func (p *parser) name(e *element) (string, bool) {
	s := p.str(e, "name")
	if s == "" {
		p.odd.Add(restype.Anomaly{
			Name: AnomalyNoName, Off: e.Off,
			Detail: "an element <" + clip(e.Name) + "> has no name",
		})
	}
	return s, s != ""
}

// class makes a class name a full one. A package name of a length that Android
// refuses is not put before it, lest a thousand names take gigabytes.
func (p *parser) class(s string) string {
	if len(p.m.Package) > maxPackage {
		return s
	}
	return ClassName(p.m.Package, s)
}

const maxPackage = 1024

func (p *parser) manifest(root *element) {
	m := p.m
	m.Package = p.plain(root, "package")
	if m.Package == "" {
		p.odd.Add(restype.Anomaly{Name: AnomalyNoPackage, Off: root.Off, Detail: "the manifest names no package"})
	}
	m.Split = p.plain(root, "split")
	m.ConfigForSplit = p.plain(root, "configForSplit")
	m.CoreApp = p.plain(root, "coreApp") == "true"
	m.PlatformBuildVersionCode = p.plain(root, "platformBuildVersionCode")
	m.PlatformBuildVersionName = p.plain(root, "platformBuildVersionName")
	m.IsFeatureSplit = p.boolean(root, "isFeatureSplit", false)
	m.IsSplitRequired = p.boolean(root, "isSplitRequired", false)
	m.RequiredSplitTypes = p.list(p.str(root, "requiredSplitTypes"), ",")
	m.SplitTypes = p.list(p.str(root, "splitTypes"), ",")
	m.IsolatedSplits = p.boolean(root, "isolatedSplits", false)
	m.VersionCode = int64(p.integer(root, "versionCodeMajor", 0))<<32 | int64(uint32(p.integer(root, "versionCode", 0)))
	m.VersionName = p.text(root, "versionName")
	m.RevisionCode = p.integer(root, "revisionCode", 0)
	m.SharedUserID = p.str(root, "sharedUserId")
	m.SharedUserLabel = p.text(root, "sharedUserLabel")
	m.InstallLocation = p.integer(root, "installLocation", -1)
	m.CompileSDK = p.integer(root, "compileSdkVersion", 0)
	m.CompileSDKCodename = p.str(root, "compileSdkVersionCodename")

	// The target release decides on defaults of components, so it goes first.
	for _, e := range root.children {
		if e.Name == "uses-sdk" {
			p.usesSDK(e)
		}
	}
	for _, e := range root.children {
		p.manifestChild(e)
	}
	p.splitsRequiredByStore()
}

func (p *parser) manifestChild(e *element) {
	m := p.m
	switch e.Name {
	case "uses-permission", "uses-permission-sdk-23", "uses-permission-sdk-m":
		p.usesPermission(e)
	case "permission":
		if name, ok := p.name(e); ok {
			m.DeclaredPermissions = append(m.DeclaredPermissions, Permission{
				Name:        name,
				Label:       p.text(e, "label"),
				Description: p.text(e, "description"),
				Group:       p.str(e, "permissionGroup"),
				Level:       uint32(p.integer(e, "protectionLevel", 0)),
			})
		}
	case "permission-group":
		p.addName(&m.PermissionGroups, e)
	case "permission-tree":
		p.addName(&m.PermissionTrees, e)
	case "uses-feature":
		p.feature(e)
	case "feature-group":
		for _, c := range e.children {
			if c.Name == "uses-feature" {
				p.feature(c)
			}
		}
	case "queries":
		p.queries(e)
	case "instrumentation":
		if name, ok := p.name(e); ok {
			m.Instrumentations = append(m.Instrumentations, Instrumentation{
				Name:          p.class(name),
				TargetPackage: p.str(e, "targetPackage"),
				Label:         p.text(e, "label"),
			})
		}
	case "original-package":
		p.addName(&m.OriginalPackages, e)
	case "adopt-permissions":
		p.addName(&m.AdoptPackages, e)
	case "protected-broadcast":
		p.addName(&m.ProtectedBroadcasts, e)
	case "overlay":
		m.OverlayTarget = p.str(e, "targetPackage")
	case "attribution":
		if tag := p.str(e, "tag"); tag != "" {
			m.Attributions = append(m.Attributions, tag)
		}
	case "application":
		if m.Application.Present {
			p.odd.Add(restype.Anomaly{
				Name: AnomalyManyApplications, Off: e.Off,
				Detail: "there is more than one application element; Android takes the first",
			})
			return
		}
		p.application(e)
	}
}

func (p *parser) addName(to *[]string, e *element) {
	if name, ok := p.name(e); ok {
		*to = append(*to, name)
	}
}

func (p *parser) usesPermission(e *element) {
	name, ok := p.name(e)
	if !ok {
		return
	}
	const neverForLocation = 0x10000
	u := UsesPermission{
		Name:             name,
		MinSDK:           p.integer(e, "minSdkVersion", 0),
		MaxSDK:           p.integer(e, "maxSdkVersion", 0),
		NeverForLocation: p.integer(e, "usesPermissionFlags", 0)&neverForLocation != 0,
	}
	if e.Name != "uses-permission" {
		u.MinSDK = max(u.MinSDK, 23)
	}
	p.m.Permissions = append(p.m.Permissions, u)
}

func (p *parser) feature(e *element) {
	f := Feature{
		Name:     p.str(e, "name"),
		Version:  p.integer(e, "version", 0),
		Required: p.boolean(e, "required", true),
	}
	if f.Name == "" {
		f.GLES = uint32(p.integer(e, "glEsVersion", 0))
	}
	if f.Name != "" || f.GLES != 0 {
		p.m.Features = append(p.m.Features, f)
	}
}

func (p *parser) queries(e *element) {
	q := &p.m.Queries
	for _, c := range e.children {
		switch c.Name {
		case "package":
			p.addName(&q.Packages, c)
		case "intent":
			q.Intents = append(q.Intents, p.filter(c))
		case "provider":
			q.Authorities = append(q.Authorities, p.list(p.str(c, "authorities"), ";")...)
		}
	}
}

func (p *parser) application(e *element) {
	m := p.m
	app := &m.Application
	*app = Application{
		Present:             true,
		Name:                p.class(p.str(e, "name")),
		Label:               p.text(e, "label"),
		Icon:                p.text(e, "icon"),
		RoundIcon:           p.text(e, "roundIcon"),
		Logo:                p.text(e, "logo"),
		Banner:              p.text(e, "banner"),
		Description:         p.text(e, "description"),
		AppComponentFactory: p.class(p.str(e, "appComponentFactory")),
		BackupAgent:         p.class(p.str(e, "backupAgent")),
		ZygotePreload:       p.class(p.str(e, "zygotePreloadName")),
		ManageSpace:         p.class(p.str(e, "manageSpaceActivity")),
		Permission:          p.str(e, "permission"),
		TaskAffinity:        p.str(e, "taskAffinity"),
		Enabled:             p.boolean(e, "enabled", true),
		HasCode:             p.boolean(e, "hasCode", true),
		Debuggable:          p.boolean(e, "debuggable", false),
		TestOnly:            p.boolean(e, "testOnly", false),
		Persistent:          p.boolean(e, "persistent", false),
		LargeHeap:           p.boolean(e, "largeHeap", false),
		DirectBootAware:     p.boolean(e, "directBootAware", false),
		AllowBackup:         p.flag(e, "allowBackup"),
		ExtractNativeLibs:   p.flag(e, "extractNativeLibs"),
		RequestLegacyStore:  p.flag(e, "requestLegacyExternalStorage"),

		UsesCleartextTraffic:  p.flag(e, "usesCleartextTraffic"),
		NetworkSecurityConfig: p.text(e, "networkSecurityConfig"),
		FullBackupContent:     p.text(e, "fullBackupContent"),
		DataExtractionRules:   p.text(e, "dataExtractionRules"),
	}
	app.Process = p.process(p.str(e, "process"))
	if app.Process == m.Package {
		app.Process = ""
	}
	for _, c := range e.children {
		switch c.Name {
		case "activity", "activity-alias", "service", "receiver", "provider":
			p.component(c)
		case "meta-data":
			p.metaData(&app.MetaData, c)
		case "property":
			p.metaData(&app.Properties, c)
		case "uses-library", "uses-native-library", "uses-static-library", "uses-sdk-library":
			p.usesLibrary(c)
		case "library":
			p.addName(&app.Libraries, c)
		case "static-library":
			app.StaticLibrary = Library{p.str(c, "name"), p.version(c)}
		case "sdk-library":
			app.SDKLibrary = Library{p.str(c, "name"), int64(p.integer(c, "versionMajor", 0))}
		case "profileable":
			app.ProfileableByShell = p.boolean(c, "shell", false)
		}
	}
	p.aliases()
}

func (p *parser) version(e *element) int64 {
	return int64(p.integer(e, "versionMajor", 0))<<32 | int64(uint32(p.integer(e, "version", 0)))
}

func (p *parser) usesLibrary(e *element) {
	name, ok := p.name(e)
	if !ok {
		return
	}
	u := UsesLibrary{Kind: LibraryKind(e.Name), Name: name, Required: true}
	switch u.Kind {
	case JavaLibrary, NativeLibrary:
		u.Required = p.boolean(e, "required", true)
	case StaticLibrary:
		u.Version = p.version(e)
	case SDKLibrary:
		u.Version = int64(p.integer(e, "versionMajor", 0))
	}
	if d := p.str(e, "certDigest"); d != "" {
		u.CertDigest = append(u.CertDigest, d)
	}
	for _, c := range e.children {
		if d := p.str(c, "certDigest"); c.Name == "additional-certificate" && d != "" {
			u.CertDigest = append(u.CertDigest, d)
		}
	}
	p.m.Application.UsesLibraries = append(p.m.Application.UsesLibraries, u)
}

// process makes a process name a full one.
func (p *parser) process(s string) string {
	if strings.HasPrefix(s, ":") && len(p.m.Package) <= maxPackage {
		return p.m.Package + s
	}
	return s
}

func (p *parser) component(e *element) {
	name, ok := p.name(e)
	if !ok {
		return
	}
	app := &p.m.Application
	c := Component{
		Kind:            ComponentKind(e.Name),
		Name:            p.class(name),
		Label:           p.text(e, "label"),
		Icon:            p.text(e, "icon"),
		Line:            int(int32(e.Line)),
		Enabled:         p.boolean(e, "enabled", true),
		Process:         p.process(p.str(e, "process")),
		DirectBootAware: p.boolean(e, "directBootAware", false),
		SplitName:       p.str(e, "splitName"),
		TaskAffinity:    p.str(e, "taskAffinity"),
	}
	for _, child := range e.children {
		switch child.Name {
		case "intent-filter":
			c.IntentFilters = append(c.IntentFilters, p.filter(child))
		case "meta-data":
			p.metaData(&c.MetaData, child)
		case "property":
			p.metaData(&c.Properties, child)
		}
	}
	switch c.Kind {
	case ActivityAlias:
		c.Target = p.class(p.str(e, "targetActivity"))
	case Service:
		c.IsolatedProcess = p.boolean(e, "isolatedProcess", false)
		c.ForegroundType = uint32(p.integer(e, "foregroundServiceType", 0))
	case Provider:
		c.Authorities = p.list(p.str(e, "authorities"), ";")
		c.InitOrder = p.integer(e, "initOrder", 0)
		c.GrantURI = p.boolean(e, "grantUriPermissions", false)
		c.Permission = p.permission(e, "readPermission", "permission")
		c.WritePermission = p.permission(e, "writePermission", "permission")
	}
	switch c.Kind {
	case Provider:
	case ActivityAlias: // open to all unless it says otherwise
		c.Permission = p.str(e, "permission")
	default:
		c.Permission = p.permission(e, "permission")
	}
	exported := p.flag(e, "exported")
	c.ExportedDeclared = exported.Set
	if c.Kind == Provider {
		c.Exported = exported.Or(p.m.TargetSDK < 17)
	} else {
		c.Exported = exported.Or(len(c.IntentFilters) > 0)
	}
	if c.Process == app.Process || c.Process == p.m.Package && app.Process == "" {
		c.Process = ""
	}
	app.Components = append(app.Components, c)
}

// permission returns the first of the named attributes that is there, else the
// application's permission. An empty one means that none is needed.
func (p *parser) permission(e *element, names ...string) string {
	for _, name := range names {
		if v, _, ok := p.value(e, name); ok {
			return v.Text()
		}
	}
	return p.m.Application.Permission
}

// aliases gives aliases the process of their activity.
func (p *parser) aliases() {
	components := p.m.Application.Components
	process := make(map[string]string)
	for i := range components {
		if c := &components[i]; c.Kind == Activity && c.Process != "" {
			process[c.Name] = c.Process
		}
	}
	for i := range components {
		if c := &components[i]; c.Kind == ActivityAlias {
			c.Process = process[c.Target]
		}
	}
}

func (p *parser) filter(e *element) IntentFilter {
	f := IntentFilter{
		AutoVerify: p.boolean(e, "autoVerify", false),
		Priority:   p.integer(e, "priority", 0),
	}
	for _, c := range e.children {
		switch c.Name {
		case "action":
			p.addName(&f.Actions, c)
		case "category":
			p.addName(&f.Categories, c)
		case "data":
			f.Data = append(f.Data, Data{
				Scheme: p.str(c, "scheme"), Host: p.str(c, "host"), Port: p.str(c, "port"),
				Path: p.str(c, "path"), PathPrefix: p.str(c, "pathPrefix"), PathPattern: p.str(c, "pathPattern"),
				PathSuffix: p.str(c, "pathSuffix"), PathAdvancedPattern: p.str(c, "pathAdvancedPattern"),
				MimeType: p.str(c, "mimeType"), MimeGroup: p.str(c, "mimeGroup"),
				SSP: p.str(c, "ssp"), SSPPrefix: p.str(c, "sspPrefix"), SSPPattern: p.str(c, "sspPattern"),
			})
		}
	}
	return f
}

func (p *parser) metaData(to *[]MetaData, e *element) {
	name, ok := p.name(e)
	if !ok {
		return
	}
	d := MetaData{Name: name}
	// Android takes android:resource if it is there and refers to anything.
	if id, known := axml.AttrID("resource"); known {
		if a, found := e.Attr(id); found {
			if ref, isRef := a.Value.IsRef(); isRef {
				d.Resource, d.Ref, d.Type = true, ref, a.Value.Type
				d.Value = p.describe(ref, a.Value)
				*to = append(*to, d)
				return
			}
		}
	}
	v, ref, ok := p.value(e, "value")
	d.Ref = ref
	switch {
	case ok:
		d.Value, d.Type = v.Text(), v.Type
	case ref != 0:
		v := restype.Value{Type: restype.TypeReference, Data: ref}
		d.Type, d.Value = v.Type, p.describe(ref, v)
	}
	*to = append(*to, d)
}

// describe says what a resource is: the path of a file, the value of anything
// else, its name, or the bare reference.
func (p *parser) describe(ref uint32, v restype.Value) string {
	if v, ok := p.lookup(ref); ok && v.Type != restype.TypeNull {
		return v.Text()
	}
	if p.res != nil {
		if name, ok := p.res.Name(ref); ok {
			return "@" + name
		}
	}
	return v.Text()
}

// splitsRequiredByStore reads the Play Store's way to say that the base alone
// is not the app.
func (p *parser) splitsRequiredByStore() {
	for _, d := range p.m.Application.MetaData {
		if d.Name == "com.android.vending.splits.required" && d.Value == "true" {
			p.m.IsSplitRequired = true
		}
	}
}
