package dex_test

import (
	"fmt"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

// Who calls what, without decoding more than needed.
func ExampleCode_References() {
	f, err := dex.Open(dextest.Must(`
.class public LMain;
.method public static main([Ljava/lang/String;)V
    const-string v0, "hi"
    invoke-static {v0}, LLog;->print(Ljava/lang/String;)V
    return-void
.end method
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	f.EachCode(func(class int, m dex.MethodDef, c dex.Code) bool {
		c.References(func(pc uint32, op dex.Opcode, kind dex.IndexKind, index uint32) {
			switch kind {
			case dex.IndexString:
				fmt.Printf("%d %s %q\n", pc, op, f.String(index))
			case dex.IndexMethod:
				fmt.Printf("%d %s %s\n", pc, op, f.MethodString(index))
			}
		})
		return true
	})
	// Output:
	// 0 const-string "hi"
	// 2 invoke-static LLog;->print(Ljava/lang/String;)V
}

func ExampleVerify() {
	f, err := dex.Open(dextest.Must(`
.class public LMain;
.patch class_defs[LMain;].superclass_idx = 0x99
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range dex.Verify(f) {
		fmt.Println(v)
	}
	// Output:
	// class_defs at 0x80: index: superclass 153 of 2
}
