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

// impliedPermissions follows PackageParser.NEW_PERMISSIONS and the split
// permissions of AOSP's data/etc/platform.xml (Android 14), in their order: a
// permission that was added can add others. Names lack "android.permission.".
var impliedPermissions = [...]implied{
	{"", "WRITE_EXTERNAL_STORAGE", 4},
	{"", "READ_PHONE_STATE", 4},
	{"ACCESS_FINE_LOCATION", "ACCESS_COARSE_LOCATION", 0},
	{"WRITE_EXTERNAL_STORAGE", "READ_EXTERNAL_STORAGE", 0},
	{"READ_CONTACTS", "READ_CALL_LOG", 16},
	{"WRITE_CONTACTS", "WRITE_CALL_LOG", 16},
	{"ACCESS_FINE_LOCATION", "ACCESS_BACKGROUND_LOCATION", 29},
	{"ACCESS_COARSE_LOCATION", "ACCESS_BACKGROUND_LOCATION", 29},
	{"READ_EXTERNAL_STORAGE", "ACCESS_MEDIA_LOCATION", 29},
	{"WRITE_EXTERNAL_STORAGE", "ACCESS_MEDIA_LOCATION", 29},
	{"BLUETOOTH", "BLUETOOTH_SCAN", 31},
	{"BLUETOOTH", "BLUETOOTH_CONNECT", 31},
	{"BLUETOOTH", "BLUETOOTH_ADVERTISE", 31},
	{"BLUETOOTH_ADMIN", "BLUETOOTH_SCAN", 31},
	{"BLUETOOTH_ADMIN", "BLUETOOTH_CONNECT", 31},
	{"BLUETOOTH_ADMIN", "BLUETOOTH_ADVERTISE", 31},
	{"BODY_SENSORS", "BODY_SENSORS_BACKGROUND", 33},
	{"READ_EXTERNAL_STORAGE", "READ_MEDIA_AUDIO", 33},
	{"READ_EXTERNAL_STORAGE", "READ_MEDIA_VIDEO", 33},
	{"READ_EXTERNAL_STORAGE", "READ_MEDIA_IMAGES", 33},
	{"WRITE_EXTERNAL_STORAGE", "READ_MEDIA_AUDIO", 33},
	{"WRITE_EXTERNAL_STORAGE", "READ_MEDIA_VIDEO", 33},
	{"WRITE_EXTERNAL_STORAGE", "READ_MEDIA_IMAGES", 33},
	{"READ_MEDIA_IMAGES", "READ_MEDIA_VISUAL_USER_SELECTED", 0},
	{"READ_MEDIA_VIDEO", "READ_MEDIA_VISUAL_USER_SELECTED", 0},
	{"ACCESS_MEDIA_LOCATION", "READ_MEDIA_VISUAL_USER_SELECTED", 0},
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
	const prefix = "android.permission."
	asked := make(map[string]bool, len(m.Permissions))
	for i := range m.Permissions {
		asked[m.Permissions[i].Name] = true
	}
	var out []string
	for _, x := range impliedPermissions {
		name := prefix + x.name
		if asked[name] || x.by != "" && !asked[prefix+x.by] || x.before != 0 && m.TargetSDK >= x.before {
			continue
		}
		asked[name] = true
		out = append(out, name)
	}
	return out
}
