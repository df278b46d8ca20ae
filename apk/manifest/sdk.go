package manifest

import (
	"strconv"

	"github.com/telltale-apk/telltale/apk/restype"
)

// usesSDK reads a uses-sdk element. Each one replaces all of the one before.
func (p *parser) usesSDK(e *element) {
	m := p.m
	if len(m.UsesSDK) > 0 {
		p.odd.Add(restype.Anomaly{
			Name: AnomalyManyUsesSDK, Off: e.Off,
			Detail: "there is more than one uses-sdk element; Android takes the last",
		})
	}
	m.MinSDK, m.TargetSDK, m.MaxSDK, m.MinSDKCodename, m.TargetCodename = 1, 0, 0, "", ""
	written := UsesSDK{p.str(e, "minSdkVersion"), p.str(e, "targetSdkVersion"), p.str(e, "maxSdkVersion")}
	m.UsesSDK = append(m.UsesSDK, written)
	if v, _, ok := p.value(e, "minSdkVersion"); ok {
		m.MinSDK, m.MinSDKCodename = level(v)
	}
	m.TargetSDK, m.TargetCodename = m.MinSDK, m.MinSDKCodename
	if v, _, ok := p.value(e, "targetSdkVersion"); ok {
		m.TargetSDK, m.TargetCodename = level(v)
	}
	m.MaxSDK = p.integer(e, "maxSdkVersion", 0)
}

// level returns the release that a value names, and its codename if it is one.
// A number that is written as a string is taken as a number.
func level(v restype.Value) (int, string) {
	if v.Type != restype.TypeString {
		return int(v.Int(1)), ""
	}
	if n, err := strconv.ParseUint(v.Str, 0, 31); err == nil {
		return int(n), ""
	}
	return codename(v.Str), v.Str
}

// codename returns the release that a codename became.
func codename(s string) int {
	switch s {
	case "L":
		return 21
	case "M", "MNC":
		return 23
	case "N":
		return 24
	case "O":
		return 26
	case "OMR1":
		return 27
	case "P":
		return 28
	case "Q":
		return 29
	case "R":
		return 30
	case "S":
		return 31
	case "Sv2":
		return 32
	case "Tiramisu":
		return 33
	case "UpsideDownCake":
		return 34
	case "VanillaIceCream":
		return 35
	case "Baklava":
		return 36
	}
	return FutureSDK
}
