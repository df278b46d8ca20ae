package manifest

import (
	"fmt"

	"github.com/telltale-apk/telltale/apk/axml"
)

// implied is a permission that Android grants along with another, or to every
// app, if the app targets an old release.
type implied struct {
	by     string // "" for every app
	name   string
	before int // target releases below this one; 0 for all
}

// impliedPermissions follows PackageParser.NEW_PERMISSIONS and the
// split-permission entries of AOSP's platform.xml up to release 34.
var impliedPermissions = [...]implied{
	{"", "android.permission.WRITE_EXTERNAL_STORAGE", 4},
	{"", "android.permission.READ_PHONE_STATE", 4},
	{"android.permission.WRITE_EXTERNAL_STORAGE", "android.permission.READ_EXTERNAL_STORAGE", 0},
	{"android.permission.READ_CONTACTS", "android.permission.READ_CALL_LOG", 16},
	{"android.permission.WRITE_CONTACTS", "android.permission.WRITE_CALL_LOG", 16},
	{"android.permission.ACCESS_FINE_LOCATION", "android.permission.ACCESS_COARSE_LOCATION", 0},
	{"android.permission.ACCESS_FINE_LOCATION", "android.permission.ACCESS_BACKGROUND_LOCATION", 29},
	{"android.permission.ACCESS_COARSE_LOCATION", "android.permission.ACCESS_BACKGROUND_LOCATION", 29},
	{"android.permission.READ_EXTERNAL_STORAGE", "android.permission.ACCESS_MEDIA_LOCATION", 29},
	{"android.permission.READ_EXTERNAL_STORAGE", "android.permission.READ_MEDIA_AUDIO", 33},
	{"android.permission.READ_EXTERNAL_STORAGE", "android.permission.READ_MEDIA_VIDEO", 33},
	{"android.permission.READ_EXTERNAL_STORAGE", "android.permission.READ_MEDIA_IMAGES", 33},
	{"android.permission.BLUETOOTH", "android.permission.BLUETOOTH_SCAN", 31},
	{"android.permission.BLUETOOTH", "android.permission.BLUETOOTH_CONNECT", 31},
	{"android.permission.BLUETOOTH", "android.permission.BLUETOOTH_ADVERTISE", 31},
	{"android.permission.BLUETOOTH_ADMIN", "android.permission.BLUETOOTH_SCAN", 31},
	{"android.permission.BLUETOOTH_ADMIN", "android.permission.BLUETOOTH_CONNECT", 31},
	{"android.permission.BLUETOOTH_ADMIN", "android.permission.BLUETOOTH_ADVERTISE", 31},
	{"android.permission.BODY_SENSORS", "android.permission.BODY_SENSORS_BACKGROUND", 33},
}

// Protection returns the protection level in words ("dangerous",
// "signature|privileged"), or as a number where it has bits without a word.
func (p *Permission) Protection() string {
	if s, ok := axml.SymbolText("protectionLevel", p.Level); ok {
		return s
	}
	return fmt.Sprintf("0x%x", p.Level)
}

// ImpliedPermissions returns the permissions that the manifest does not name
// but Android adds because of those it names and the release it targets.
func (m *Manifest) ImpliedPermissions() []string {
	asked := make(map[string]bool, len(m.Permissions))
	for i := range m.Permissions {
		asked[m.Permissions[i].Name] = true
	}
	var out []string
	for _, x := range impliedPermissions {
		if asked[x.name] || x.by != "" && !asked[x.by] || x.before != 0 && m.TargetSDK >= x.before {
			continue
		}
		asked[x.name] = true
		out = append(out, x.name)
	}
	return out
}
