package main

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	classes, err := parse(strings.NewReader(`declare module android {
	export module os {
		export class Build extends java.lang.Object {
			public static class: java.lang.Class<android.os.Build>;
			/** @since 26 */
			public static getSerial(): string;
			public static MODEL: string;
		}
		export module Build {
			export abstract class VERSION extends android.os.Build implements java.lang.Comparable<any> {
				public constructor();
				public static SDK_INT: number;
			}
		}
	}
	export class R$id extends java.lang.Object {
		public static x: number;
	}
}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := "android.os.Build  MODEL getSerial\nandroid.os.Build$VERSION android.os.Build,java.lang.Comparable SDK_INT\n"
	if got := render(classes); got != want {
		t.Errorf("have %q\nwant %q", got, want)
	}
	if _, err := parse(strings.NewReader("}\n")); err == nil {
		t.Error("an unbalanced brace was taken")
	}
}
