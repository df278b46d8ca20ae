package manifest_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/manifest"
	"github.com/telltale-apk/telltale/apk/restype"
)

// recipe makes a manifest's text of its attributes and content.
func recipe(attrs, inside string) string {
	return `<manifest xmlns:android="http://schemas.android.com/apk/res/android" ` + attrs + `>` + inside + `</manifest>`
}

func view(t testing.TB, table *arsctest.Table, opts arsc.Options) *arsc.View {
	t.Helper()
	r, err := arsc.Open(arsctest.Encode(arsctest.Options{}, table))
	if err != nil {
		t.Fatal(err)
	}
	return arsc.Join(r).View(opts)
}

// parse reads a recipe; table may be nil.
func parse(t testing.TB, attrs, inside string, table *arsctest.Table) *manifest.Manifest {
	t.Helper()
	var res manifest.Resolver
	var refs map[string]uint32
	if table != nil {
		res, refs = view(t, table, arsc.Options{}), table.Refs()
	}
	m, err := manifest.Open(axmltest.Compile(recipe(attrs, inside), refs, axmltest.Options{}), res)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWholeManifest(t *testing.T) {
	table := arsctest.New("com.example", 0x7f)
	label := table.String("app_name", "Example")
	icon := table.File("mipmap", "icon", "res/icon.png")
	netsec := table.File("xml", "network", "res/xml/network.xml")
	key := table.String("key", "abc123")
	yes := table.Bool("yes", true)
	array := table.Array("list", "a", "b")
	_ = yes
	m := parse(t, `package="com.example" android:versionCode="7" android:versionCodeMajor="1" android:versionName="1.2"
		android:sharedUserId="com.example.uid" android:installLocation="preferExternal" android:compileSdkVersion="34"
		android:compileSdkVersionCodename="14" platformBuildVersionCode="34" platformBuildVersionName="14"
		android:isSplitRequired="true" android:requiredSplitTypes="base__abi,base__density" android:splitTypes=""`, `
		<uses-sdk android:minSdkVersion="21" android:targetSdkVersion="30" android:maxSdkVersion="40"/>
		<uses-permission android:name="android.permission.INTERNET"/>
		<uses-permission android:name="android.permission.BLUETOOTH" android:maxSdkVersion="30"/>
		<uses-permission-sdk-23 android:name="android.permission.CAMERA"/>
		<uses-permission android:name="android.permission.BLUETOOTH_SCAN" android:usesPermissionFlags="neverForLocation"/>
		<permission android:name="com.example.P" android:protectionLevel="signature|privileged" android:permissionGroup="g"
			android:label="@string/app_name"/>
		<permission-group android:name="g"/>
		<permission-tree android:name="tree"/>
		<uses-feature android:name="android.hardware.camera" android:required="false"/>
		<uses-feature android:glEsVersion="0x00030001"/>
		<queries>
			<package android:name="com.other"/>
			<intent><action android:name="android.intent.action.VIEW"/><data android:scheme="https"/></intent>
			<provider android:authorities="a.b;c.d"/>
		</queries>
		<instrumentation android:name=".Test" android:targetPackage="com.example"/>
		<original-package android:name="com.old"/>
		<protected-broadcast android:name="com.example.B"/>
		<attribution android:tag="t" android:label="@string/app_name"/>
		<application android:name=".App" android:label="@string/app_name" android:icon="@mipmap/icon" android:debuggable="@bool/yes"
			android:allowBackup="false" android:usesCleartextTraffic="false" android:networkSecurityConfig="@xml/network"
			android:appComponentFactory="androidx.core.app.CoreComponentFactory" android:permission="com.example.CALL"
			android:process=":main" android:extractNativeLibs="true">
			<activity android:name=".Main" android:label="@string/app_name" android:permission="com.example.OPEN">
				<intent-filter>
					<action android:name="android.intent.action.MAIN"/>
					<category android:name="android.intent.category.LAUNCHER"/>
				</intent-filter>
				<intent-filter android:autoVerify="true" android:priority="10">
					<action android:name="android.intent.action.VIEW"/>
					<data android:scheme="https" android:host="example.com" android:port="8443" android:pathPrefix="/a"/>
					<data android:mimeType="text/plain"/>
				</intent-filter>
				<meta-data android:name="k" android:value="v"/>
			</activity>
			<activity-alias android:name="Alias" android:targetActivity=".Main" android:enabled="false"/>
			<service android:name="com.sdk.PushService" android:process=":push" android:exported="true"
				android:foregroundServiceType="location|dataSync" android:isolatedProcess="true"/>
			<receiver android:name=".R" android:enabled="false" android:directBootAware="true"/>
			<provider android:name=".P" android:authorities="com.example.p;com.example.q" android:readPermission="com.example.READ"
				android:grantUriPermissions="true" android:initOrder="100" android:process="com.example:main"/>
			<meta-data android:name="KEY" android:value="@string/key"/>
			<meta-data android:name="INT" android:value="42"/>
			<meta-data android:name="RES" android:resource="@xml/network"/>
			<meta-data android:name="ARRAY" android:resource="@array/list"/>
			<property android:name="prop" android:value="true"/>
			<uses-library android:name="org.apache.http.legacy" android:required="false"/>
			<uses-native-library android:name="libx.so"/>
			<uses-static-library android:name="sl" android:version="3" android:certDigest="ab"/>
			<uses-sdk-library android:name="sdk" android:versionMajor="2" android:certDigest="cd"/>
			<static-library android:name="me" android:version="5"/>
			<library android:name="shared"/>
			<profileable android:shell="true"/>
		</application>`, table)
	want := &manifest.Manifest{
		Package: "com.example", VersionCode: 1<<32 | 7, VersionName: manifest.Text{Value: "1.2"}, SharedUserID: "com.example.uid",
		InstallLocation: 2, CompileSDK: 34, CompileSDKCodename: "14", PlatformBuildVersionCode: "34", PlatformBuildVersionName: "14",
		IsSplitRequired: true, RequiredSplitTypes: []string{"base__abi", "base__density"},
		MinSDK: 21, TargetSDK: 30, MaxSDK: 40, UsesSDK: []manifest.UsesSDK{{Min: "21", Target: "30", Max: "40"}},
		Permissions: []manifest.UsesPermission{
			{Name: "android.permission.INTERNET"},
			{Name: "android.permission.BLUETOOTH", MaxSDK: 30},
			{Name: "android.permission.CAMERA", MinSDK: 23},
			{Name: "android.permission.BLUETOOTH_SCAN", NeverForLocation: true},
		},
		DeclaredPermissions: []manifest.Permission{
			{Name: "com.example.P", Label: manifest.Text{Value: "Example", Ref: label}, Group: "g", Level: 0x12},
		},
		PermissionGroups: []string{"g"}, PermissionTrees: []string{"tree"},
		Features: []manifest.Feature{{Name: "android.hardware.camera"}, {GLES: 0x30001, Required: true}},
		Queries: manifest.Queries{
			Packages: []string{"com.other"}, Authorities: []string{"a.b", "c.d"},
			Intents: []manifest.IntentFilter{{Actions: []string{"android.intent.action.VIEW"}, Data: []manifest.Data{{Scheme: "https"}}}},
		},
		Instrumentations: []manifest.Instrumentation{{Name: "com.example.Test", TargetPackage: "com.example"}},
		OriginalPackages: []string{"com.old"}, ProtectedBroadcasts: []string{"com.example.B"}, Attributions: []string{"t"},
		Application: manifest.Application{
			Present: true, Name: "com.example.App", Label: manifest.Text{Value: "Example", Ref: label},
			Icon: manifest.Text{Value: "res/icon.png", Ref: icon}, AppComponentFactory: "androidx.core.app.CoreComponentFactory",
			Process: "com.example:main", Permission: "com.example.CALL", Enabled: true, HasCode: true, Debuggable: true,
			AllowBackup: manifest.Flag{Set: true}, UsesCleartextTraffic: manifest.Flag{Set: true},
			ExtractNativeLibs:     manifest.Flag{Set: true, Value: true},
			NetworkSecurityConfig: manifest.Text{Value: "res/xml/network.xml", Ref: netsec},
			Components: []manifest.Component{
				{
					Kind: manifest.Activity, Name: "com.example.Main", Label: manifest.Text{Value: "Example", Ref: label}, Line: 29,
					Enabled: true, Exported: true, Permission: "com.example.OPEN",
					IntentFilters: []manifest.IntentFilter{
						{Actions: []string{"android.intent.action.MAIN"}, Categories: []string{"android.intent.category.LAUNCHER"}},
						{
							Actions: []string{"android.intent.action.VIEW"}, AutoVerify: true, Priority: 10,
							Data: []manifest.Data{{Scheme: "https", Host: "example.com", Port: "8443", PathPrefix: "/a"}, {MimeType: "text/plain"}},
						},
					},
					MetaData: []manifest.MetaData{{Name: "k", Value: "v", Type: restype.TypeString}},
				},
				{Kind: manifest.ActivityAlias, Name: "com.example.Alias", Target: "com.example.Main", Line: 41},
				{
					Kind: manifest.Service, Name: "com.sdk.PushService", Line: 42, Enabled: true, Exported: true, ExportedDeclared: true,
					Permission: "com.example.CALL", Process: "com.example:push", IsolatedProcess: true, ForegroundType: 9,
				},
				{Kind: manifest.Receiver, Name: "com.example.R", Line: 44, Permission: "com.example.CALL", DirectBootAware: true},
				{
					Kind: manifest.Provider, Name: "com.example.P", Line: 45, Enabled: true, Permission: "com.example.READ",
					WritePermission: "com.example.CALL", Authorities: []string{"com.example.p", "com.example.q"}, InitOrder: 100, GrantURI: true,
				},
			},
			MetaData: []manifest.MetaData{
				{Name: "KEY", Value: "abc123", Type: restype.TypeString, Ref: key},
				{Name: "INT", Value: "42", Type: restype.TypeIntDec},
				{Name: "RES", Value: "res/xml/network.xml", Type: restype.TypeReference, Ref: netsec, Resource: true},
				{Name: "ARRAY", Value: "@array/list", Type: restype.TypeReference, Ref: array, Resource: true},
			},
			Properties: []manifest.MetaData{{Name: "prop", Value: "true", Type: restype.TypeIntBool}},
			UsesLibraries: []manifest.UsesLibrary{
				{Kind: manifest.JavaLibrary, Name: "org.apache.http.legacy"},
				{Kind: manifest.NativeLibrary, Name: "libx.so", Required: true},
				{Kind: manifest.StaticLibrary, Name: "sl", Required: true, Version: 3, CertDigest: []string{"ab"}},
				{Kind: manifest.SDKLibrary, Name: "sdk", Required: true, Version: 2, CertDigest: []string{"cd"}},
			},
			Libraries: []string{"shared"}, StaticLibrary: manifest.Library{Name: "me", Version: 5}, ProfileableByShell: true,
		},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := m.MainActivity(); got != "com.example.Main" {
		t.Errorf("main activity %q", got)
	}
	n := 0
	for c := range m.ComponentsOf(manifest.Provider) {
		n++
		if c.Kind != manifest.Provider {
			t.Errorf("%s is no provider", c.Name)
		}
	}
	if n != 1 {
		t.Errorf("%d providers", n)
	}
}

func TestDefaults(t *testing.T) {
	m := parse(t, `package="com.example"`, `<application/>`, nil)
	want := &manifest.Manifest{
		Package: "com.example", MinSDK: 1, TargetSDK: 1, InstallLocation: -1,
		Application: manifest.Application{Present: true, Enabled: true, HasCode: true},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	m = parse(t, `package="com.example" split="config.en" configForSplit=""`, ``, nil)
	if m.Split != "config.en" || m.Application.Present || m.Application.HasCode {
		t.Errorf("%+v", m)
	}
	m = parse(t, `package="com.example" split="feature" android:isFeatureSplit="true"`, `<application android:hasCode="false"/>`, nil)
	if m.Split != "feature" || !m.IsFeatureSplit || m.Application.HasCode {
		t.Errorf("%+v", m)
	}
}

func TestSplitsRequiredByMetaData(t *testing.T) {
	m := parse(t, `package="p.q"`, `<application><meta-data android:name="com.android.vending.splits.required" android:value="true"/></application>`, nil)
	if !m.IsSplitRequired {
		t.Error("splits are not required")
	}
}

func TestSDK(t *testing.T) {
	for _, tt := range []struct {
		elements         string
		min, target, max int
		minCode, tgtCode string
	}{
		{``, 1, 1, 0, "", ""},
		{`<uses-sdk/>`, 1, 1, 0, "", ""},
		{`<uses-sdk android:minSdkVersion="14"/>`, 14, 14, 0, "", ""},
		{`<uses-sdk android:targetSdkVersion="33" android:maxSdkVersion="34"/>`, 1, 33, 34, "", ""},
		{`<uses-sdk android:minSdkVersion="Tiramisu" android:targetSdkVersion="UpsideDownCake"/>`, 33, 34, 0, "Tiramisu", "UpsideDownCake"},
		{`<uses-sdk android:minSdkVersion="S"/>`, 31, 31, 0, "S", "S"},
		{`<uses-sdk android:minSdkVersion="21" android:targetSdkVersion="Zabaglione"/>`, 21, manifest.FutureSDK, 0, "", "Zabaglione"},
		{`<uses-sdk android:minSdkVersion="14"/><uses-sdk android:targetSdkVersion="20"/>`, 1, 20, 0, "", ""},
		{`<uses-sdk android:minSdkVersion="@integer/min" android:targetSdkVersion="@string/target"/>`, 16, 22, 0, "", ""},
	} {
		table := arsctest.New("x", 0x7f)
		table.Int("min", 16)
		table.String("target", "22")
		m := parse(t, `package="p.q"`, tt.elements, table)
		if m.MinSDK != tt.min || m.TargetSDK != tt.target || m.MaxSDK != tt.max || m.MinSDKCodename != tt.minCode || m.TargetCodename != tt.tgtCode {
			t.Errorf("%s: min %d %q, target %d %q, max %d", tt.elements, m.MinSDK, m.MinSDKCodename, m.TargetSDK, m.TargetCodename, m.MaxSDK)
		}
	}
}

func TestExported(t *testing.T) {
	const filter = `<intent-filter><action android:name="a"/></intent-filter>`
	for _, tt := range []struct {
		target   int
		element  string
		exported bool
		declared bool
	}{
		{30, `<activity android:name=".A"/>`, false, false},
		{30, `<activity android:name=".A">` + filter + `</activity>`, true, false},
		{33, `<activity android:name=".A">` + filter + `</activity>`, true, false},
		{30, `<activity android:name=".A" android:exported="false">` + filter + `</activity>`, false, true},
		{30, `<service android:name=".A" android:exported="true"/>`, true, true},
		{30, `<receiver android:name=".A"/>`, false, false},
		{30, `<receiver android:name=".A">` + filter + `</receiver>`, true, false},
		{30, `<activity-alias android:name=".A" android:targetActivity=".B">` + filter + `</activity-alias>`, true, false},
		{16, `<provider android:name=".A" android:authorities="a"/>`, true, false},
		{17, `<provider android:name=".A" android:authorities="a"/>`, false, false},
		{17, `<provider android:name=".A" android:authorities="a" android:exported="@bool/yes"/>`, true, true},
		{17, `<provider android:name=".A" android:authorities="a" android:exported="@0x7f09ffff"/>`, false, false},
	} {
		table := arsctest.New("x", 0x7f)
		table.Bool("yes", true)
		// The application stands before uses-sdk, which must not matter.
		m := parse(t, `package="p.q"`, fmt.Sprintf(`<application>%s</application><uses-sdk android:targetSdkVersion="%d"/>`, tt.element, tt.target), table)
		c := m.Application.Components[0]
		if c.Exported != tt.exported || c.ExportedDeclared != tt.declared {
			t.Errorf("target %d, %s: exported %v, declared %v", tt.target, tt.element, c.Exported, c.ExportedDeclared)
		}
	}
}

func TestPermissionOfComponents(t *testing.T) {
	m := parse(t, `package="p.q"`, `<application android:permission="app">
		<activity android:name=".A"/>
		<activity android:name=".B" android:permission="own"/>
		<activity android:name=".C" android:permission=""/>
		<activity-alias android:name=".D" android:targetActivity=".B"/>
		<provider android:name=".E" android:authorities="e"/>
		<provider android:name=".F" android:authorities="f" android:permission="both"/>
		<provider android:name=".G" android:authorities="g" android:permission="both" android:writePermission="write"/>
	</application>`, nil)
	want := [][2]string{{"app", ""}, {"own", ""}, {"", ""}, {"", ""}, {"app", "app"}, {"both", "both"}, {"both", "write"}}
	var got [][2]string
	for _, c := range m.Application.Components {
		got = append(got, [2]string{c.Permission, c.WritePermission})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClassName(t *testing.T) {
	for _, tt := range []struct{ pkg, name, want string }{
		{"a.b", ".C", "a.b.C"},
		{"a.b", "C", "a.b.C"},
		{"a.b", "x.C", "x.C"},
		{"a.b", ".d.C", "a.b.d.C"},
		{"a.b", "", ""},
	} {
		if got := manifest.ClassName(tt.pkg, tt.name); got != tt.want {
			t.Errorf("ClassName(%q, %q) = %q, want %q", tt.pkg, tt.name, got, tt.want)
		}
	}
}

func TestTextIn(t *testing.T) {
	table := arsctest.New("x", 0x7f)
	table.String("app_name", "Example")
	table.Set("string", "app_name", arsctest.Config{Locale: "zh-CN"}, arsctest.Str("例子"))
	m := parse(t, `package="p.q"`, `<application android:label="@string/app_name"/>`, table)
	if got := m.Application.Label.In(view(t, table, arsc.Options{Locale: "zh"})); got != "例子" {
		t.Errorf("in Chinese: %q", got)
	}
	if got := m.Application.Label.In(nil); got != "Example" {
		t.Errorf("without resources: %q", got)
	}
	if got := (manifest.Text{Value: "x"}).In(view(t, table, arsc.Options{})); got != "x" {
		t.Errorf("a text that is no reference: %q", got)
	}
	// A label whose resource is gone.
	m = parse(t, `package="p.q"`, `<application android:label="@0x7f120000"/>`, table)
	if diff := cmp.Diff(manifest.Text{Ref: 0x7f120000}, m.Application.Label); diff != "" {
		t.Error(diff)
	}
}

// TestPlacesThatDoNotCount: Android reads elements where they belong only.
func TestPlacesThatDoNotCount(t *testing.T) {
	m := parse(t, `package="p.q"`, `
		<activity android:name=".Outside"/>
		<something><application><activity android:name=".Nested"/></application></something>
		<application android:label="first"><service android:name=".S"><activity android:name=".InService"/></service>
			<uses-permission android:name="in.application"/></application>
		<application android:label="second"><activity android:name=".Second"/></application>`, nil)
	if len(m.Application.Components) != 1 || m.Application.Components[0].Name != "p.q.S" || m.Application.Label.Value != "first" || len(m.Permissions) != 0 {
		t.Errorf("%+v", m)
	}
	if len(m.Anomalies) != 1 || m.Anomalies[0].Name != manifest.AnomalyManyApplications {
		t.Errorf("anomalies: %v", m.Anomalies)
	}
}

// TestIDsWin: an attribute is what its id says, whatever it is called.
func TestIDsWin(t *testing.T) {
	id := func(name string) uint32 {
		x, ok := axml.AttrID(name)
		if !ok {
			t.Fatal(name)
		}
		return x
	}
	const ns = axml.AndroidNamespace
	root := axmltest.E("manifest",
		// Android looks for the package by its name, even if it has an id.
		axmltest.Attr{ID: id("value"), Name: "package", Value: axmltest.Str("p.q")},
		axmltest.E("application",
			// Called "debuggable" but is hasCode; called nothing but is debuggable.
			axmltest.Attr{ID: id("hasCode"), Namespace: ns, Name: "debuggable", Value: axmltest.Bool(true)},
			axmltest.Attr{ID: id("debuggable"), Name: "", Value: axmltest.Bool(true)},
			// In the android namespace but without an id: Android does not see it.
			axmltest.Attr{Namespace: ns, Name: "testOnly", Value: axmltest.Bool(true)},
			axmltest.E("activity", axmltest.Attr{ID: id("name"), Namespace: "x", Name: "\n", Value: axmltest.Str(".A")},
				axmltest.Plain("name", ".Decoy")),
		))
	m, err := manifest.Open(axmltest.Encode(root, axmltest.Options{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := m.Application
	if m.Package != "p.q" || !a.HasCode || !a.Debuggable || a.TestOnly || len(a.Components) != 1 || a.Components[0].Name != "p.q.A" {
		t.Errorf("%+v", a)
	}
}

func TestValuesOfOddTypes(t *testing.T) {
	table := arsctest.New("x", 0x7f)
	table.Bool("no", false)
	table.Ref("bool", "alias", table.Bool("no", false))
	table.String("name", "com.sdk.Service")
	m := parse(t, `package="p.q" android:versionName="@string/name"`, `
		<application android:debuggable="1" android:hasCode="@bool/alias" android:enabled="yes" android:testOnly="TRUE">
			<service android:name="@string/name" android:enabled="@bool/no"/>
			<service android:name="@string/name" android:process="@null"/>
			<meta-data android:name="float" android:value="3.10"/>
			<meta-data android:name="nothing"/>
			<meta-data android:name="gone" android:value="@0x7f550000"/>
			<meta-data android:name="null" android:value="@null"/>
			<meta-data/>
		</application>`, table)
	a := m.Application
	if !a.Debuggable || a.HasCode || a.Enabled || !a.TestOnly {
		t.Errorf("debuggable %v, hasCode %v, enabled %v, testOnly %v", a.Debuggable, a.HasCode, a.Enabled, a.TestOnly)
	}
	if m.VersionName.Value != "com.sdk.Service" || a.Components[0].Name != "com.sdk.Service" || a.Components[0].Enabled || a.Components[1].Process != "" {
		t.Errorf("%+v", m)
	}
	want := []manifest.MetaData{
		{Name: "float", Value: "3.1", Type: restype.TypeFloat},
		{Name: "nothing"},
		{Name: "gone", Value: "@0x7f550000", Type: restype.TypeReference, Ref: 0x7f550000},
		{Name: "null"},
	}
	if diff := cmp.Diff(want, a.MetaData); diff != "" {
		t.Error(diff)
	}
}

func TestNamesPaddedWithNUL(t *testing.T) {
	root := axmltest.E("manifest", axmltest.Plain("package", "p.q\x00\x00"), axmltest.A("versionName", axmltest.Str("1.0\x00")))
	m, err := manifest.Open(axmltest.Encode(root, axmltest.Options{}), nil)
	if err != nil || m.Package != "p.q" || m.VersionName.Value != "1.0" {
		t.Errorf("%q %q %v", m.Package, m.VersionName.Value, err)
	}
}

func TestProtection(t *testing.T) {
	for level, want := range map[uint32]string{0: "normal", 1: "dangerous", 0x12: "signature|privileged", 0x40000001: "0x40000001"} {
		if got := (&manifest.Permission{Level: level}).Protection(); got != want {
			t.Errorf("level %#x is %q, want %q", level, got, want)
		}
	}
}

func TestImpliedPermissions(t *testing.T) {
	for _, tt := range []struct {
		target int
		asked  string
		want   []string
	}{
		{30, "INTERNET", nil},
		{3, "INTERNET", []string{"WRITE_EXTERNAL_STORAGE", "READ_PHONE_STATE", "READ_EXTERNAL_STORAGE", "ACCESS_MEDIA_LOCATION", "READ_MEDIA_AUDIO", "READ_MEDIA_VIDEO", "READ_MEDIA_IMAGES", "READ_MEDIA_VISUAL_USER_SELECTED"}},
		{15, "READ_CONTACTS", []string{"READ_CALL_LOG"}},
		{16, "READ_CONTACTS", nil},
		{33, "WRITE_EXTERNAL_STORAGE", []string{"READ_EXTERNAL_STORAGE"}},
		{28, "ACCESS_FINE_LOCATION", []string{"ACCESS_COARSE_LOCATION", "ACCESS_BACKGROUND_LOCATION"}},
	} {
		m := parse(t, `package="p.q"`, fmt.Sprintf(`<uses-sdk android:targetSdkVersion="%d"/><uses-permission android:name="android.permission.%s"/>`, tt.target, tt.asked), nil)
		var want []string
		for _, s := range tt.want {
			want = append(want, "android.permission."+s)
		}
		if diff := cmp.Diff(want, m.ImpliedPermissions()); diff != "" {
			t.Errorf("target %d, %s (-want +got):\n%s", tt.target, tt.asked, diff)
		}
	}
}

func TestCleartext(t *testing.T) {
	for _, tt := range []struct {
		attr   string
		target int
		want   bool
	}{{"", 27, true}, {"", 28, false}, {`android:usesCleartextTraffic="true"`, 33, true}, {`android:usesCleartextTraffic="false"`, 20, false}} {
		m := parse(t, `package="p.q"`, `<application `+tt.attr+`/>`, nil)
		if got := m.Application.CleartextPermitted(tt.target); got != tt.want {
			t.Errorf("%q for %d: %v", tt.attr, tt.target, got)
		}
	}
}

func TestOpenFails(t *testing.T) {
	if _, err := manifest.Open([]byte("no XML at all"), nil); !errors.Is(err, binread.BadMagic) {
		t.Errorf("%v", err)
	}
	if _, err := manifest.Open(axmltest.Encode(axmltest.E("resources"), axmltest.Options{}), nil); !errors.Is(err, binread.Malformed) {
		t.Errorf("%v", err)
	}
}

// TestHostileTexts: what is long is cut off, what is shared is not copied.
func TestHostileTexts(t *testing.T) {
	long := strings.Repeat("a.", 50_000)
	app := axmltest.E("application")
	for range 1000 {
		app.Children = append(app.Children, axmltest.E("provider", axmltest.A("name", axmltest.Str(".P")),
			axmltest.A("authorities", axmltest.Str(strings.Repeat("x;", 30_000)))))
	}
	m, err := manifest.Open(axmltest.Encode(axmltest.E("manifest", axmltest.Plain("package", long), app), axmltest.Options{UTF8: true}), nil)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, c := range m.Application.Components {
		total += len(c.Authorities)
		if c.Name != ".P" {
			t.Fatalf("name of %d bytes", len(c.Name))
		}
	}
	if len(m.Package) > 1<<16 || total > 1<<18 {
		t.Errorf("package of %d bytes, %d authorities", len(m.Package), total)
	}
	var names []string
	for _, a := range m.Anomalies {
		names = append(names, a.Name)
	}
	if got := strings.Join(names, " "); got != "resolved-budget long-text" {
		t.Errorf("anomalies: %v", m.Anomalies)
	}
}

// TestAttributeNamesAreKnown: the parser asks for attributes by the framework's
// name; a name that is misspelt would find nothing.
func TestAttributeNamesAreKnown(t *testing.T) {
	n := 0
	for _, file := range []string{"parse.go", "sdk.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch sel.Sel.Name {
			case "value", "str", "text", "boolean", "flag", "integer", "permission":
			default:
				return true
			}
			for _, arg := range call.Args[1:] {
				lit, ok := arg.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					continue
				}
				name, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				n++
				if _, ok := axml.AttrID(name); !ok {
					t.Errorf("%s: the framework has no attribute %q", file, name)
				}
			}
			return true
		})
	}
	if n < 90 {
		t.Errorf("only %d attributes found in the source", n)
	}
}

func TestNetworkSecurity(t *testing.T) {
	table := arsctest.New("x", 0x7f)
	ca := table.File("raw", "ca", "res/raw/ca.pem")
	_ = ca
	data := axmltest.Compile(`
		<network-security-config>
			<base-config cleartextTrafficPermitted="false">
				<trust-anchors><certificates src="system"/><certificates src="@raw/ca" overridePins="true"/></trust-anchors>
			</base-config>
			<domain-config cleartextTrafficPermitted="true">
				<domain includeSubdomains="true"> Example.COM
				</domain>
				<domain>10.0.2.2</domain>
				<pin-set expiration="2030-01-01"><pin digest="SHA-256">7HIpactkIAq2Y49orFOOQKurWxmmSFZhBCoQYcRhJ3Y=</pin></pin-set>
				<domain-config><domain>inner.example.com</domain></domain-config>
			</domain-config>
			<debug-overrides><trust-anchors><certificates src="user"/></trust-anchors></debug-overrides>
		</network-security-config>`, table.Refs(), axmltest.Options{})
	got, err := manifest.OpenNetworkSecurity(data, view(t, table, arsc.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	want := &manifest.NetworkSecurity{
		Base: &manifest.NetworkRules{
			Cleartext: manifest.Flag{Set: true},
			Anchors:   []manifest.TrustAnchor{{Source: "system"}, {Source: "res/raw/ca.pem", OverridePins: true}},
		},
		Debug: &manifest.NetworkRules{Anchors: []manifest.TrustAnchor{{Source: "user"}}},
		Domains: []manifest.DomainConfig{
			{
				Parent:  -1,
				Domains: []manifest.Domain{{Name: "example.com", IncludeSubdomains: true}, {Name: "10.0.2.2"}},
				NetworkRules: manifest.NetworkRules{
					Cleartext: manifest.Flag{Set: true, Value: true}, PinExpiry: "2030-01-01",
					Pins: []manifest.Pin{{Digest: "SHA-256", Value: "7HIpactkIAq2Y49orFOOQKurWxmmSFZhBCoQYcRhJ3Y="}},
				},
			},
			{Parent: 0, Domains: []manifest.Domain{{Name: "inner.example.com"}}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := manifest.OpenNetworkSecurity(axmltest.Encode(axmltest.E("x"), axmltest.Options{}), nil); !errors.Is(err, binread.Malformed) {
		t.Errorf("%v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(axmltest.Compile(recipe(`package="com.example" android:versionCode="7"`, `
		<uses-sdk android:minSdkVersion="S"/><uses-permission android:name="p" android:maxSdkVersion="30"/>
		<queries><provider android:authorities="a;b"/></queries>
		<application android:label="@0x7f010000"><activity android:name=".A"><intent-filter><data android:scheme="https"/></intent-filter></activity>
		<provider android:name="P" android:authorities=";;a;"/><meta-data android:name="n" android:value="1.5"/></application>`), nil, axmltest.Options{}))
	f.Add(axmltest.Compile(`<network-security-config><domain-config><domain includeSubdomains="true">a</domain><pin-set><pin>x</pin></pin-set>
		<domain-config/></domain-config></network-security-config>`, nil, axmltest.Options{UTF8: true}))
	table := arsctest.New("x", 0x7f)
	table.String("s", "text")
	res := view(f, table, arsc.Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := manifest.Open(data, res); err == nil {
			m.MainActivity()
			m.ImpliedPermissions()
			m.Application.Label.In(res)
		}
		_, _ = manifest.OpenNetworkSecurity(data, res)
	})
}
