package arsc

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Config is the configuration that a value is for: ResTable_config. Fields
// that a table does not have are zero. Configs can be compared with ==; the
// zero Config is the default configuration.
type Config struct{ raw [configSize]byte }

// configSize is the size of ResTable_config in Android 14. Longer ones are
// cut off.
const configSize = 64

// config reads a chunk's configuration.
func (c *typeChunk) config(data []byte) Config {
	const at = 20
	return NewConfig(data[c.off+at : c.off+min(max(c.offsets, at), c.size)])
}

// NewConfig returns the configuration of a ResTable_config: b holds it as a
// table does, with its size, which is left out of the result, in the first four
// bytes. Other forms of resources are brought into this one to be compared.
func NewConfig(b []byte) Config {
	var x Config
	if len(b) >= 4 {
		size := min(int64(binary.LittleEndian.Uint32(b)), int64(len(b)), configSize)
		copy(x.raw[4:], b[min(4, size):size])
	}
	return x
}

func (c *Config) u16(off int) uint16 { return binary.LittleEndian.Uint16(c.raw[off:]) }

// IsDefault says whether the configuration has no qualifier.
func (c Config) IsDefault() bool { return c == Config{} }

// MCC returns the mobile country code, 0 for any.
func (c Config) MCC() int { return int(c.u16(4)) }

// MNC returns the mobile network code, 0 for any and 0xffff for network 0.
func (c Config) MNC() int { return int(c.u16(6)) }

// Density returns the screen density in dots per inch, 0 for any, 0xfffe for
// drawables that scale ("anydpi") and 0xffff for "nodpi".
func (c Config) Density() int { return int(c.u16(14)) }

// SDK returns the release from which on the value holds, 0 for all.
func (c Config) SDK() int { return int(c.u16(24)) }

// Language returns the language as an ISO 639 code, "" for any.
func (c Config) Language() string { return unpack(c.raw[8], c.raw[9], 'a') }

// Region returns the region as an ISO 3166 or UN M.49 code, "" for any.
func (c Config) Region() string { return unpack(c.raw[10], c.raw[11], '0') }

// Script returns the script as an ISO 15924 code, "" if not stated.
func (c Config) Script() string {
	if c.raw[52] != 0 { // was computed from language and region, not written
		return ""
	}
	return cstring(c.raw[36:40])
}

// Variant returns the variant of the language, "" if none.
func (c Config) Variant() string { return cstring(c.raw[40:48]) }

// unpack decodes two letters, or three that are packed into 15 bits.
func unpack(a, b, base byte) string {
	switch {
	case a&0x80 != 0:
		return string([]byte{base + b&0x1f, base + (b&0xe0>>5 | a&0x03<<3), base + a&0x7c>>2})
	case a == 0:
		return ""
	}
	return printable([]byte{a, b})
}

func cstring(b []byte) string {
	for i, x := range b {
		if x == 0 {
			b = b[:i]
			break
		}
	}
	return printable(b)
}

// printable replaces what cannot be part of a code.
func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '?'
	}, string(b))
}

// Locale returns the locale as a BCP 47 tag ("zh-Hant-TW"), "" for any.
// Languages that Java knows by old codes (iw, in, ji) get the current ones.
func (c Config) Locale() string {
	tag := currentCode(c.Language())
	if tag == "" && c.Region() != "" {
		tag = "und"
	}
	for _, part := range []string{c.Script(), c.Region(), strings.ToLower(c.Variant())} {
		if part != "" {
			tag += "-" + part
		}
	}
	return tag
}

func currentCode(lang string) string {
	switch lang {
	case "iw":
		return "he"
	case "in":
		return "id"
	case "ji":
		return "yi"
	case "tl":
		return "fil"
	}
	return lang
}

// String renders the configuration as the qualifiers of a resource folder
// ("en-rUS-xxhdpi-v21"), in the words of ResTable_config::toString; "" for the
// default configuration.
func (c Config) String() string {
	var q []string
	add := func(format string, args ...any) { q = append(q, fmt.Sprintf(format, args...)) }
	pick := func(value byte, unknown string, names ...string) {
		switch {
		case value == 0:
		case int(value) < len(names) && names[value] != "":
			q = append(q, names[value])
		default:
			add("%s=%d", unknown, value)
		}
	}
	if n := c.MCC(); n != 0 {
		add("mcc%d", n)
	}
	if n := c.MNC(); n == 0xffff {
		add("mnc00")
	} else if n != 0 {
		add("mnc%d", n)
	}
	if s := c.dirLocale(); s != "" {
		q = append(q, s)
	}
	layout, ui := c.raw[28], c.raw[29]
	pick(c.raw[19]&3, "grammaticalGender", "", "neuter", "feminine", "masculine")
	pick(layout>>6, "layoutDir", "", "ldltr", "ldrtl")
	for _, size := range []struct {
		off    int
		format string
	}{{30, "sw%ddp"}, {32, "w%ddp"}, {34, "h%ddp"}} {
		if n := c.u16(size.off); n != 0 {
			add(size.format, n)
		}
	}
	pick(layout&15, "screenLayoutSize", "", "small", "normal", "large", "xlarge")
	pick(layout>>4&3, "screenLayoutLong", "", "notlong", "long")
	pick(c.raw[48]&3, "screenRound", "", "notround", "round")
	pick(c.raw[49]&3, "wideColorGamut", "", "nowidecg", "widecg")
	pick(c.raw[49]>>2&3, "hdr", "", "lowdr", "highdr")
	pick(c.raw[12], "orientation", "", "port", "land", "square")
	pick(ui&15, "uiModeType", "", "", "desk", "car", "television", "appliance", "watch", "vrheadset")
	pick(ui>>4&3, "uiModeNight", "", "notnight", "night")
	switch n := c.Density(); n {
	case 0:
	case 120:
		add("ldpi")
	case 160:
		add("mdpi")
	case 213:
		add("tvdpi")
	case 240:
		add("hdpi")
	case 320:
		add("xhdpi")
	case 480:
		add("xxhdpi")
	case 640:
		add("xxxhdpi")
	case 0xfffe:
		add("anydpi")
	case 0xffff:
		add("nodpi")
	default:
		add("%ddpi", n)
	}
	pick(c.raw[13], "touchscreen", "", "notouch", "stylus", "finger")
	pick(c.raw[18]&3, "keysHidden", "", "keysexposed", "keyshidden", "keyssoft")
	pick(c.raw[16], "keyboard", "", "nokeys", "qwerty", "12key")
	pick(c.raw[18]>>2&3, "navHidden", "", "navexposed", "navhidden")
	pick(c.raw[17], "navigation", "", "nonav", "dpad", "trackball", "wheel")
	if w, h := c.u16(20), c.u16(22); w|h != 0 {
		add("%dx%d", w, h)
	}
	if sdk, minor := c.u16(24), c.u16(26); sdk|minor != 0 {
		if minor != 0 {
			add("v%d.%d", sdk, minor)
		} else {
			add("v%d", sdk)
		}
	}
	return strings.Join(q, "-")
}

// dirLocale renders the locale as in the name of a resource folder.
func (c Config) dirLocale() string {
	lang, region := c.Language(), c.Region()
	if lang == "" && region == "" {
		return ""
	}
	if c.Script() == "" && c.Variant() == "" {
		if region == "" {
			return lang
		}
		return strings.TrimPrefix(lang+"-r"+region, "-")
	}
	s := "b+" + lang
	for _, part := range []string{c.Script(), region, c.Variant()} {
		if part != "" {
			s += "+" + part
		}
	}
	return s
}

// special counts the qualifiers that an ordinary phone held upright with no
// network's card in it may not match: all but language, density and release.
func (c Config) special() int {
	n := 0
	for _, off := range []int{4, 6, 20, 22, 30, 32, 34} {
		if c.u16(off) != 0 {
			n++
		}
	}
	for _, off := range []int{12, 13, 16, 17, 18, 19, 28, 29, 48, 49} {
		if c.raw[off] != 0 {
			n++
		}
	}
	return n
}
