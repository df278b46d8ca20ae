package scan

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/dex/classfile/classtest"
	"github.com/telltale-apk/telltale/signatures"
)

// umeng has the names of a real SDK and none of its code.
const umeng = `
.class public com/umeng/analytics/MobclickAgent
.method public static onEvent(Landroid/content/Context;)V
    aload_0
    invokevirtual android/content/Context.getContentResolver()Landroid/content/ContentResolver;
    ldc "android_id"
    invokestatic android/provider/Settings$Secure.getString(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;
    pop
    ldc "https://ulogs.umeng.com/unify_logs"
    pop
    return
.end
`

// TestLibraries scans SDKs before they are built into an app: what is in them
// is named with its place. Jars without code are no input.
func TestLibraries(t *testing.T) {
	classes := classtest.Jar(umeng)
	root := tree(t, map[string][]byte{
		"sdk/common.aar": archive(t, map[string][]byte{
			"AndroidManifest.xml": []byte(`<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.umeng.commonsdk"/>`),
			"classes.jar":         classes, "R.txt": nil,
		}),
		"sdk/plain.jar":     classes,
		"sdk/sources.jar":   archive(t, map[string][]byte{"com/umeng/A.java": []byte("package com.umeng;")}),
		"sdk/loose/A.class": classtest.One(".class A"),
	})
	rules, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*event.App{}
	sum, err := Paths(context.Background(), []string{root}, strings.NewReader(""), Options{Rules: compiled, Jobs: 2}, func(a *event.App) error {
		found[strings.TrimPrefix(a.Path, filepath.ToSlash(root)+"/")] = a
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || sum.Skipped["class"] != 1 || sum.Skipped["zip"] != 1 {
		t.Errorf("%d inputs, skipped %v", len(found), sum.Skipped)
	}
	for path, unit := range map[string]string{"sdk/common.aar": "classes.jar", "sdk/plain.jar": "plain.jar"} {
		a := found[path]
		if a == nil {
			t.Errorf("%s is missing", path)
			continue
		}
		if a.Status != "complete" || len(a.Code) != 1 || a.Code[0].Unit != unit || a.Code[0].Format != "class" || a.Code[0].Version != "52" {
			t.Errorf("%s: %s, %+v", path, a.Status, a.Code)
		}
		if want := map[bool]string{true: "com.umeng.commonsdk"}[path == "sdk/common.aar"]; a.Package != want {
			t.Errorf("%s: package %q", path, a.Package)
		}
		sdk := false
		for _, s := range a.SDKs {
			sdk = sdk || s.ID == "umeng-analytics" && s.Classes == 1 && s.Evidence[0].Unit == unit
		}
		endpoint := false
		for _, e := range a.Endpoints {
			endpoint = endpoint || e.Host == "ulogs.umeng.com" && e.SDK == "umeng-analytics" && e.Locations[0].Unit == unit && *e.Locations[0].Offset == 10
		}
		id := false
		for _, i := range a.Identifiers {
			for _, s := range i.Sites {
				id = id || i.ID == "android-id" && s.How == "call" && s.Unit == unit && s.Class == "Lcom/umeng/analytics/MobclickAgent;" && *s.Offset == 6
			}
		}
		if !sdk || !endpoint || !id {
			t.Errorf("%s: SDK %v, endpoint %v, identifier %v", path, sdk, endpoint, id)
		}
	}
}
