package judge

import (
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// older is a permission that came with a release and what an app that targets
// an earlier one needs in its place.
type older struct {
	target int      // the release from which on the permission is asked for
	before []string // any of these is enough below; none: nothing is needed
}

// olderPermissions follows Android's behaviour changes for apps that target 10
// (29), 11 (30), 12 (31) and 13 (33), developer.android.com/about/versions.
func olderPermissions(perm string) (older, bool) {
	const p = "android.permission."
	o, ok := map[string]older{
		p + "ACCESS_FINE_LOCATION":                {29, []string{p + "ACCESS_FINE_LOCATION", p + "ACCESS_COARSE_LOCATION"}},
		p + "QUERY_ALL_PACKAGES":                  {30, nil},
		p + "READ_PHONE_NUMBERS":                  {30, []string{p + "READ_PHONE_STATE", p + "READ_PHONE_NUMBERS", p + "READ_SMS"}},
		p + "BLUETOOTH_CONNECT":                   {31, []string{p + "BLUETOOTH"}},
		p + "BLUETOOTH_SCAN":                      {31, []string{p + "BLUETOOTH", p + "BLUETOOTH_ADMIN"}},
		p + "BLUETOOTH_ADVERTISE":                 {31, []string{p + "BLUETOOTH_ADMIN"}},
		p + "NEARBY_WIFI_DEVICES":                 {33, []string{p + "ACCESS_FINE_LOCATION", p + "ACCESS_COARSE_LOCATION"}},
		p + "READ_MEDIA_IMAGES":                   {33, []string{p + "READ_EXTERNAL_STORAGE"}},
		p + "READ_MEDIA_VIDEO":                    {33, []string{p + "READ_EXTERNAL_STORAGE"}},
		p + "READ_MEDIA_AUDIO":                    {33, []string{p + "READ_EXTERNAL_STORAGE"}},
		"com.google.android.gms.permission.AD_ID": {33, nil},
	}[perm]
	return o, ok
}

// needed returns the permission that an app of this target release needs where
// a rule names perm, and whether the app declares it. The permission is "" if
// none is needed. declared is nil if nobody can tell: there is no manifest, or
// the app shares its user with the system and so has permissions that others
// declare.
func (j *judge) needed(perm string) (effective string, declared *bool) {
	m := &j.set.App.Manifest
	if perm == "" || !m.Present {
		return perm, nil
	}
	enough := []string{perm}
	if o, ok := olderPermissions(perm); ok && m.TargetSDK < o.target {
		if len(o.before) == 0 {
			return "", nil
		}
		enough = o.before
	}
	yes := false
	effective = enough[0]
	for _, p := range enough {
		if _, ok := j.perms[p]; ok {
			effective, yes = p, true
			break
		}
	}
	// The BIND permissions are the system's. An app has what they stand for by
	// a service that asks callers for one.
	if !yes && strings.HasPrefix(perm, "android.permission.BIND_") {
		yes = slices.ContainsFunc(m.Components, func(c fact.Component) bool { return c.Kind == fact.Service && c.Permission == perm })
	}
	if !yes && strings.HasPrefix(m.SharedUserID, "android.uid.") {
		return effective, nil
	}
	return effective, &yes
}
