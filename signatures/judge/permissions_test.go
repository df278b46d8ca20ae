package judge

import (
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
)

func TestNeededPermissionFollowsTheTarget(t *testing.T) {
	const p = "android.permission."
	tests := []struct {
		name     string
		manifest fact.Manifest
		perm     string
		want     string
		declared string // "yes", "no", "unknown"
	}{
		{"named and declared", fact.Manifest{Present: true, TargetSDK: 34, Permissions: []fact.Permission{{Name: p + "BLUETOOTH_CONNECT"}}}, p + "BLUETOOTH_CONNECT", p + "BLUETOOTH_CONNECT", "yes"},
		{"not declared", fact.Manifest{Present: true, TargetSDK: 34}, p + "BLUETOOTH_CONNECT", p + "BLUETOOTH_CONNECT", "no"},
		{"an older one is enough", fact.Manifest{Present: true, TargetSDK: 30, Permissions: []fact.Permission{{Name: p + "BLUETOOTH"}}}, p + "BLUETOOTH_CONNECT", p + "BLUETOOTH", "yes"},
		{"the older one is named when missing", fact.Manifest{Present: true, TargetSDK: 30}, p + "BLUETOOTH_CONNECT", p + "BLUETOOTH", "no"},
		{"phone number by phone state", fact.Manifest{Present: true, TargetSDK: 23, Permissions: []fact.Permission{{Name: p + "READ_PHONE_STATE"}}}, p + "READ_PHONE_NUMBERS", p + "READ_PHONE_STATE", "yes"},
		{"not yet asked for", fact.Manifest{Present: true, TargetSDK: 32}, "com.google.android.gms.permission.AD_ID", "", "unknown"},
		{"coarse is enough", fact.Manifest{Present: true, TargetSDK: 28, Permissions: []fact.Permission{{Name: p + "ACCESS_COARSE_LOCATION"}}}, p + "ACCESS_FINE_LOCATION", p + "ACCESS_COARSE_LOCATION", "yes"},
		{"coarse is not enough", fact.Manifest{Present: true, TargetSDK: 29, Permissions: []fact.Permission{{Name: p + "ACCESS_COARSE_LOCATION"}}}, p + "ACCESS_FINE_LOCATION", p + "ACCESS_FINE_LOCATION", "no"},
		{"no manifest", fact.Manifest{}, p + "READ_SMS", p + "READ_SMS", "unknown"},
		{"the system's user", fact.Manifest{Present: true, TargetSDK: 28, SharedUserID: "android.uid.phone"}, p + "READ_SMS", p + "READ_SMS", "unknown"},
		{"by a service that only the system may bind to", fact.Manifest{Present: true, TargetSDK: 35, Components: []fact.Component{{Kind: fact.Service, Permission: p + "BIND_ACCESSIBILITY_SERVICE"}}}, p + "BIND_ACCESSIBILITY_SERVICE", p + "BIND_ACCESSIBILITY_SERVICE", "yes"},
		{"by another service", fact.Manifest{Present: true, TargetSDK: 35, Components: []fact.Component{{Kind: fact.Service, Permission: p + "BIND_JOB_SERVICE"}}}, p + "BIND_ACCESSIBILITY_SERVICE", p + "BIND_ACCESSIBILITY_SERVICE", "no"},
		{"callers need it, not the app", fact.Manifest{Present: true, TargetSDK: 35, Components: []fact.Component{{Kind: fact.Service, Permission: p + "READ_SMS"}}}, p + "READ_SMS", p + "READ_SMS", "no"},
		{"nothing needed", fact.Manifest{Present: true, TargetSDK: 28}, "", "", "unknown"},
	}
	for _, tt := range tests {
		j := &judge{set: &fact.Set{App: fact.App{Manifest: tt.manifest}}, perms: map[string]fact.Permission{}}
		for _, perm := range tt.manifest.Permissions {
			j.perms[perm.Name] = perm
		}
		got, declared := j.needed(tt.perm)
		state := "unknown"
		if declared != nil {
			state = map[bool]string{true: "yes", false: "no"}[*declared]
		}
		if got != tt.want || state != tt.declared {
			t.Errorf("%s: %s, declared %s; want %s, %s", tt.name, got, state, tt.want, tt.declared)
		}
	}
}
