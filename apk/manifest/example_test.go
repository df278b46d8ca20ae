package manifest_test

import (
	"fmt"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/manifest"
)

func ExampleOpen() {
	// The two files would come out of an APK; here they are made of recipes.
	resources := arsctest.New("com.example", 0x7f)
	resources.String("app_name", "Example")
	resources.Set("string", "app_name", arsctest.Config{Locale: "zh-CN"}, arsctest.Str("例子"))
	table := arsctest.Encode(arsctest.Options{}, resources)
	xml := axmltest.Compile(`
		<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.example" android:versionCode="7">
			<application android:label="@string/app_name">
				<service android:name=".PushService" android:process=":push" android:exported="true"/>
			</application>
		</manifest>`, resources.Refs(), axmltest.Options{})

	t, err := arsc.Open(table)
	if err != nil {
		fmt.Println(err)
		return
	}
	res := arsc.Join(t)
	m, err := manifest.Open(xml, res.View(arsc.Options{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Package, m.VersionCode, m.Application.Label.Value)
	fmt.Println(m.Application.Label.In(res.View(arsc.Options{Locale: "zh"})))
	for _, c := range m.Application.Components {
		fmt.Println(c.Kind, c.Name, c.Process, c.Exported)
	}
	// Output:
	// com.example 7 Example
	// 例子
	// service com.example.PushService com.example:push true
}
