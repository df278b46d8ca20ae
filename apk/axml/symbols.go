package axml

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// symbolTable holds the enums and flags of the attributes that manifests use,
// as they are in the frameworks' resource tables up to release 36 (two of
// protectionLevel, wellbeing and documenter, up to 29).
var symbolTable = [...]struct {
	attr    string
	flags   bool // values are sums of symbols
	symbols string
}{
	{"appCategory", false, `game=0 audio=1 video=2 image=3 social=4 news=5 maps=6 productivity=7 accessibility=8`},
	{"colorMode", false, `default=0 wideColorGamut=1 hdr=2`},
	{"configChanges", true, `mcc=1 mnc=2 locale=4 touchscreen=8 keyboard=0x10 keyboardHidden=0x20 navigation=0x40
		orientation=0x80 screenLayout=0x100 uiMode=0x200 screenSize=0x400 smallestScreenSize=0x800
		density=0x1000 layoutDirection=0x2000 colorMode=0x4000 grammaticalGender=0x8000
		resourcesUnused=0x8000000 fontWeightAdjustment=0x10000000 fontScale=0x40000000
		assetsPaths=0x80000000`},
	{"documentLaunchMode", false, `none=0 intoExisting=1 always=2 never=3`},
	{"foregroundServiceType", true, `dataSync=1 mediaPlayback=2 phoneCall=4 location=8 connectedDevice=0x10 mediaProjection=0x20
		camera=0x40 microphone=0x80 health=0x100 remoteMessaging=0x200 systemExempted=0x400
		shortService=0x800 mediaProcessing=0x2000 specialUse=0x40000000`},
	{"installLocation", false, `auto=0 internalOnly=1 preferExternal=2`},
	{"launchMode", false, `standard=0 singleTop=1 singleTask=2 singleInstance=3 singleInstancePerTask=4`},
	{"lockTaskMode", false, `normal=0 never=1 always=2 if_whitelisted=3`},
	{"permissionFlags", true, `costsMoney=1 removed=2 hardRestricted=4 softRestricted=8 immutablyRestricted=0x10
		installerExemptIgnored=0x20`},
	{"persistableMode", false, `persistRootOnly=0 persistNever=1 persistAcrossReboots=2`},
	{"protectionLevel", true, `normal=0 dangerous=1 signature=2 signatureOrSystem=3 internal=4 privileged=0x10 development=0x20
		appop=0x40 pre23=0x80 installer=0x100 verifier=0x200 preinstalled=0x400 setup=0x800 instant=0x1000
		runtime=0x2000 oem=0x4000 vendorPrivileged=0x8000 textClassifier=0x10000 wellbeing=0x20000
		documenter=0x40000 configurator=0x80000 incidentReportApprover=0x100000 appPredictor=0x200000
		module=0x400000 companion=0x800000 retailDemo=0x1000000 recents=0x2000000 role=0x4000000
		knownSigner=0x8000000`},
	{"recreateOnConfigChanges", true, `mcc=1 mnc=2`},
	{"screenOrientation", false, `landscape=0 portrait=1 user=2 behind=3 sensor=4 nosensor=5 sensorLandscape=6 sensorPortrait=7
		reverseLandscape=8 reversePortrait=9 fullSensor=0xa userLandscape=0xb userPortrait=0xc fullUser=0xd
		locked=0xe unspecified=0xffffffff`},
	{"uiOptions", true, `none=0 splitActionBarWhenNarrow=1`},
	{"usesPermissionFlags", true, `neverForLocation=0x10000`},
	{"windowSoftInputMode", true, `adjustUnspecified=0 stateUnspecified=0 stateUnchanged=1 stateHidden=2 stateAlwaysHidden=3
		stateVisible=4 stateAlwaysVisible=5 adjustResize=0x10 adjustPan=0x20 adjustNothing=0x30`},
	{"gwpAsanMode", false, `never=0 always=1 default=0xffffffff`},
	{"memtagMode", false, `off=0 async=1 sync=2 default=0xffffffff`},
	{"rollbackDataPolicy", false, `restore=0 wipe=1 retain=2`},
	{"autoRevokePermissions", false, `allowed=0 discouraged=1 disallowed=2`},
}

type symbol struct {
	name  string
	value uint32
}

type symbolSet struct {
	flags bool
	list  []symbol // by value
}

var symbols = sync.OnceValue(func() map[string]symbolSet {
	m := make(map[string]symbolSet)
	for _, row := range symbolTable {
		set := symbolSet{flags: row.flags}
		for _, s := range strings.Fields(row.symbols) {
			name, value, _ := strings.Cut(s, "=")
			n, _ := strconv.ParseUint(value, 0, 32)
			set.list = append(set.list, symbol{name, uint32(n)})
		}
		m[row.attr] = set
	}
	return m
})

// SymbolText writes the value of an enum or flag attribute of the framework in
// words: "singleTask", "signature|privileged". ok is false if the attribute is
// no such, or the value has a part without a word.
func SymbolText(attr string, value uint32) (text string, ok bool) {
	set, ok := symbols()[attr]
	if !ok {
		return "", false
	}
	var words []string
	for _, s := range slices.Backward(set.list) {
		switch {
		case s.value == value:
			// What is left, or all of an enum. Zero is a word only alone.
			if value != 0 || len(words) == 0 {
				words = append(words, s.name)
			}
			slices.Reverse(words)
			return strings.Join(words, "|"), true
		case set.flags && s.value != 0 && s.value&value == s.value:
			words = append(words, s.name)
			value &^= s.value
		}
	}
	if value != 0 || len(words) == 0 {
		return "", false
	}
	slices.Reverse(words)
	return strings.Join(words, "|"), true
}

// SymbolValue is the inverse of [SymbolText]. flags says whether the attribute
// is made of flags.
func SymbolValue(attr, text string) (value uint32, flags, ok bool) {
	set, ok := symbols()[attr]
	if !ok {
		return 0, false, false
	}
	for word := range strings.SplitSeq(text, "|") {
		i := slices.IndexFunc(set.list, func(s symbol) bool { return s.name == word })
		if i < 0 {
			return 0, set.flags, false
		}
		value |= set.list[i].value
	}
	return value, set.flags, true
}
