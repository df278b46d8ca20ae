package judge_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/judge"
)

// TestBinderSides holds both ends of a binder interface apart: who offers it or
// merely declares it reads nothing, who transacts and takes an answer does.
func TestBinderSides(t *testing.T) {
	const (
		desc     = "com.acme.id.IOpenID"
		iface    = "Lcom/acme/id/IOpenID;"
		stub     = "Lcom/acme/id/IOpenID$Stub;"
		proxy    = "Lcom/acme/id/IOpenID$Stub$Proxy;"
		getID    = "->getOaid()Ljava/lang/String;"
		token    = "Landroid/os/Parcel;->writeInterfaceToken(Ljava/lang/String;)V"
		enforce  = "Landroid/os/Parcel;->enforceInterface(Ljava/lang/String;)V"
		attach   = "Landroid/os/Binder;->attachInterface(Landroid/os/IInterface;Ljava/lang/String;)V"
		query    = "Landroid/os/IBinder;->queryLocalInterface(Ljava/lang/String;)Landroid/os/IInterface;"
		transact = "Landroid/os/IBinder;->transact(ILandroid/os/Parcel;Landroid/os/Parcel;I)Z"
		readText = "Landroid/os/Parcel;->readString()Ljava/lang/String;"
		readInt  = "Landroid/os/Parcel;->readInt()I"
	)
	// What the AIDL compiler makes of an interface, whoever uses it.
	stubs := func(c *facttest.Code) {
		c.Class(iface)
		c.Class(stub).Super("Landroid/os/Binder;").Implements(iface)
		c.Method(stub+"-><init>()V").String(desc).Call(fact.RefCallVirtual, attach, unk(), unk(), str(desc))
		c.Method(stub+"->asInterface(Landroid/os/IBinder;)"+iface).String(desc).Call(fact.RefCallInterface, query, unk(), str(desc))
		c.Method(stub+"->onTransact(ILandroid/os/Parcel;Landroid/os/Parcel;I)Z").
			String(desc).Call(fact.RefCallVirtual, enforce, unk(), str(desc)).Call(fact.RefCallInterface, iface+getID, unk())
		c.Class(proxy).Implements(iface)
	}
	ask := func(m *facttest.Method, read string) {
		m.String(desc).Call(fact.RefCallVirtual, token, unk(), str(desc)).
			Call(fact.RefCallInterface, transact, unk(), facttest.Int(1), unk(), unk(), facttest.Int(0)).Call(fact.RefCallVirtual, read, unk())
	}
	reading := []shown{{"oaid", "high", "call", transact, 6, []string{`"com.acme.id.IOpenID"`, "1"}, ""}}
	for _, c := range []struct {
		name  string
		build func(c *facttest.Code)
		want  []shown
	}{
		{"who offers the interface", func(c *facttest.Code) {
			stubs(c)
			c.Class("Lcom/example/app/Server;").Super(stub)
			c.Method("Lcom/example/app/Server;" + getID)
		}, nil},
		{"a proxy that nobody calls", func(c *facttest.Code) {
			stubs(c)
			ask(c.Method(proxy+getID), readText)
		}, nil},
		{"a proxy that the app calls", func(c *facttest.Code) {
			stubs(c)
			ask(c.Method(proxy+getID), readText)
			c.Method(mainMethod).Call(fact.RefCallInterface, iface+getID, unk())
		}, reading},
		{"a call that answers yes or no", func(c *facttest.Code) {
			stubs(c)
			ask(c.Method(proxy+"->isLimited()Z"), readInt)
			c.Method(mainMethod).Call(fact.RefCallInterface, proxy+"->isLimited()Z", unk())
		}, nil},
		{"a transaction in a callback of the framework", func(c *facttest.Code) {
			ask(c.Method("Lcom/example/app/C;->onServiceConnected(Landroid/content/ComponentName;Landroid/os/IBinder;)V"), readText)
		}, reading},
		{"a proxy that leaves the token to the class above", func(c *facttest.Code) {
			c.Class("La/b;").Super("La/base;")
			c.Method("La/b;-><init>(Landroid/os/IBinder;)V").String(desc).Call(fact.RefCallDirect, "La/base;-><init>(Landroid/os/IBinder;Ljava/lang/String;)V", unk(), unk(), str(desc))
			c.Method("La/b;->id()Ljava/lang/String;").Call(fact.RefCallVirtual, "La/base;->ask(I)Landroid/os/Parcel;", unk(), facttest.Int(1)).Call(fact.RefCallVirtual, readText, unk())
			c.Method("La/b;->limited()Z").Call(fact.RefCallVirtual, "La/base;->ask(I)Landroid/os/Parcel;", unk(), facttest.Int(2)).Call(fact.RefCallVirtual, readInt, unk())
			c.Method(mainMethod).Call(fact.RefCallVirtual, "La/b;->id()Ljava/lang/String;", unk()).Call(fact.RefCallVirtual, "La/b;->limited()Z", unk())
		}, []shown{{"oaid", "medium", "call", readText, 3, []string{`"com.acme.id.IOpenID"`}, ""}}},
		{"the same, offering", func(c *facttest.Code) {
			c.Class("La/base;").Super("Landroid/os/Binder;")
			c.Class("La/b;").Super("La/base;")
			c.Method("La/b;-><init>()V").String(desc).Call(fact.RefCallDirect, "La/base;-><init>(Ljava/lang/String;)V", unk(), str(desc))
			c.Method("La/b;->id(Landroid/os/Parcel;)Ljava/lang/String;").Call(fact.RefCallVirtual, readText, unk())
			c.Method(mainMethod).Call(fact.RefCallVirtual, "La/b;->id(Landroid/os/Parcel;)Ljava/lang/String;", unk(), unk())
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := facttest.New("com.example.app")
			c.build(app.Code("classes.dex"))
			f := judged(t, app.Set(), compile(t), judge.Options{})
			if d := cmp.Diff(c.want, reads(f)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
