package program_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/dex/program"
	"github.com/telltale-apk/telltale/dex/program/internal/dexunit"
)

// callbacks lists the methods that the framework may run because of m.
func callbacks(p *program.Program, m program.MethodID) (out []string) {
	for e := range p.Callees(m) {
		if e.Kind == program.EdgeCallback {
			out = append(out, text(p, e.To))
		}
	}
	return out
}

func has(descriptor, method string) bool {
	fw := program.Android()
	list := []string{descriptor}
	for i := 0; i < len(list); i++ {
		if fw.Introduces(list[i], method) {
			return true
		}
		c, _ := fw.Class(list[i])
		list = append(list, c.Interfaces...)
		if c.Super != "" {
			list = append(list, c.Super)
		}
	}
	return false
}

// What the rows name must exist; hidden and support classes cannot be checked.
func TestRowsNameRealMembers(t *testing.T) {
	// Of subclasses of the class that the row names.
	missing := map[string]bool{
		"Ljava/util/concurrent/ForkJoinTask;->compute": true, // RecursiveTask, RecursiveAction
		"Landroid/content/Loader;->loadInBackground":   true, // AsyncTaskLoader
		"Landroid/content/Loader;->onLoadInBackground": true,
	}
	for _, r := range program.CallbackRows() {
		if r.ByClass || strings.HasPrefix(r.Class, "Landroidx/") || strings.HasPrefix(r.Class, "Landroid/support/") {
			continue
		}
		for _, n := range append([]string{r.Method}, r.Run...) {
			if !has(r.Class, n) && !missing[r.Class+"->"+n] {
				t.Errorf("%s has no method %s", r.Class, n)
			}
		}
	}
	for _, set := range []map[string]bool{program.CallbackClasses(), program.PlainInterfaces()} {
		for c := range set {
			if _, ok := program.Android().Class(c); !ok {
				t.Errorf("no class %s", c)
			}
		}
	}
	for c := range program.PlainInterfaces() {
		if k, _ := program.Android().Class(c); !k.Interface {
			t.Errorf("%s is no interface", c)
		}
	}
	for c := range program.CallbackClasses() {
		if k, _ := program.Android().Class(c); k.Interface {
			t.Errorf("%s is an interface", c)
		}
	}
	for _, r := range program.ReflectiveRows() {
		if c, ok := program.Android().Class(r[0]); !ok || c.Interface {
			t.Errorf("no class %s", r[0])
		}
	}
}

// Each row: an object of an app class that extends the framework's is made and
// the method is called on it, by the name of the framework's class and by its own.
func TestReceiverRows(t *testing.T) {
	for _, r := range program.CallbackRows() {
		if r.ByClass {
			continue
		}
		var b strings.Builder
		fmt.Fprintf(&b, ".class public Lcom/x/Sub;\n.super %s\n", r.Class)
		var want []string
		for _, n := range r.Run {
			fmt.Fprintf(&b, ".method public %s()V\n    return-void\n.end method\n", n)
			want = append(want, "Lcom/x/Sub;->"+n+"()V")
		}
		b.WriteString(".method public other()V\n    return-void\n.end method\n.class public Lcom/x/User;\n")
		for name, class := range map[string]string{"framework": r.Class, "own": "Lcom/x/Sub;"} {
			fmt.Fprintf(&b, ".method public static %s()V\n    new-instance v0, Lcom/x/Sub;\n    invoke-virtual {v0}, %s->%s()V\n    return-void\n.end method\n",
				name, class, r.Method)
			fmt.Fprintf(&b, ".method public static not_%s()V\n    new-instance v0, Lcom/x/Sub;\n    invoke-virtual {v0}, %s->getClass()Ljava/lang/Class;\n    return-void\n.end method\n",
				name, class)
		}
		p := assemble(t, b.String())
		for _, name := range []string{"framework", "own"} {
			got := callbacks(p, id(t, p, "Lcom/x/User;->"+name+"()V"))
			slices.Sort(got)
			slices.Sort(want)
			equal(t, r.Class+"->"+r.Method+" by the "+name+" name", got, want...)
			equal(t, r.Class+": another call", callbacks(p, id(t, p, "Lcom/x/User;->not_"+name+"()V")))
		}
	}
}

func TestClassRows(t *testing.T) {
	for _, r := range program.CallbackRows() {
		if !r.ByClass {
			continue
		}
		p := assemble(t, fmt.Sprintf(`
.class public Lcom/x/Work;
.super Landroid/app/Service;
.method public constructor <init>()V
    return-void
.end method
.method public onCreate()V
    return-void
.end method
.method public onStartCommand(Landroid/content/Intent;II)I
    const/4 v0, 0
    return v0
.end method
.method public helper()V
    return-void
.end method
.class public Lcom/x/Plain;
.method public onCreate()V
    return-void
.end method
.class public Lcom/x/User;
.method public static f(Landroid/content/Context;)V
    .locals 2
    const-class v1, Lcom/x/Work;
    invoke-direct {v0, p0, v1}, %s->%s(Landroid/content/Context;Ljava/lang/Class;)V
    return-void
.end method
.method public static g(Landroid/content/Context;)V
    .locals 2
    const-class v1, Lcom/x/Plain;
    invoke-direct {v0, p0, v1}, %s->%s(Landroid/content/Context;Ljava/lang/Class;)V
    return-void
.end method
`, r.Class, r.Method, r.Class, r.Method))
		equal(t, r.Class+"->"+r.Method, callbacks(p, id(t, p, "Lcom/x/User;->f(Landroid/content/Context;)V")),
			"Lcom/x/Work;-><init>()V", "Lcom/x/Work;->onCreate()V", "Lcom/x/Work;->onStartCommand(Landroid/content/Intent;II)I")
		equal(t, "a class that the framework does not know", callbacks(p, id(t, p, "Lcom/x/User;->g(Landroid/content/Context;)V")))
	}
}

// An object of a framework interface or callback class that is handed over.
func TestObjectsHandedOver(t *testing.T) {
	tests := []struct {
		call  string // the registering call, smali
		typ   string // what the object extends or implements
		run   []string
		plain bool // nothing runs
	}{
		{call: "Ljava/lang/Thread;-><init>(Ljava/lang/Runnable;)V", typ: "Ljava/lang/Runnable;", run: []string{"run()V"}},
		{call: "Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z", typ: "Ljava/lang/Runnable;", run: []string{"run()V"}},
		{call: "Landroid/os/Handler;->postDelayed(Ljava/lang/Runnable;J)Z", typ: "Ljava/lang/Runnable;", run: []string{"run()V"}},
		{call: "Landroid/view/View;->post(Ljava/lang/Runnable;)Z", typ: "Ljava/lang/Runnable;", run: []string{"run()V"}},
		{call: "Landroid/app/Activity;->runOnUiThread(Ljava/lang/Runnable;)V", typ: "Ljava/lang/Runnable;", run: []string{"run()V"}},
		{call: "Ljava/util/concurrent/Executor;->execute(Ljava/lang/Runnable;)V", typ: "Ljava/lang/Runnable;", run: []string{"run()V"}},
		{call: "Ljava/util/concurrent/ExecutorService;->submit(Ljava/lang/Runnable;)Ljava/util/concurrent/Future;", typ: "Ljava/lang/Runnable;", run: []string{"run()V"}},
		{call: "Ljava/util/concurrent/ExecutorService;->submit(Ljava/util/concurrent/Callable;)Ljava/util/concurrent/Future;", typ: "Ljava/util/concurrent/Callable;", run: []string{"call()Ljava/lang/Object;"}},
		{call: "Ljava/util/concurrent/ScheduledExecutorService;->schedule(Ljava/lang/Runnable;JLjava/util/concurrent/TimeUnit;)Ljava/util/concurrent/ScheduledFuture;", typ: "Ljava/lang/Runnable;", run: []string{"run()V"}},
		{call: "Ljava/util/concurrent/FutureTask;-><init>(Ljava/util/concurrent/Callable;)V", typ: "Ljava/util/concurrent/Callable;", run: []string{"call()Ljava/lang/Object;"}},
		{call: "Ljava/util/Timer;->schedule(Ljava/util/TimerTask;J)V", typ: "Ljava/util/TimerTask;", run: []string{"run()V"}},
		{call: "Ljava/lang/Runtime;->addShutdownHook(Ljava/lang/Thread;)V", typ: "Ljava/lang/Thread;", run: []string{"run()V"}},
		{call: "Ljava/lang/Thread;->setDefaultUncaughtExceptionHandler(Ljava/lang/Thread$UncaughtExceptionHandler;)V", typ: "Ljava/lang/Thread$UncaughtExceptionHandler;", run: []string{"uncaughtException(Ljava/lang/Thread;Ljava/lang/Throwable;)V"}},
		{call: "Ljava/util/Collections;->sort(Ljava/util/List;Ljava/util/Comparator;)V", typ: "Ljava/util/Comparator;", run: []string{"compare(Ljava/lang/Object;Ljava/lang/Object;)I"}},
		{call: "Landroid/view/View;->setOnClickListener(Landroid/view/View$OnClickListener;)V", typ: "Landroid/view/View$OnClickListener;", run: []string{"onClick(Landroid/view/View;)V"}},
		{call: "Landroid/content/Context;->registerReceiver(Landroid/content/BroadcastReceiver;Landroid/content/IntentFilter;)Landroid/content/Intent;", typ: "Landroid/content/BroadcastReceiver;", run: []string{"onReceive(Landroid/content/Context;Landroid/content/Intent;)V"}},
		{call: "Landroid/content/Context;->bindService(Landroid/content/Intent;Landroid/content/ServiceConnection;I)Z", typ: "Landroid/content/ServiceConnection;", run: []string{"onServiceConnected(Landroid/content/ComponentName;Landroid/os/IBinder;)V", "onServiceDisconnected(Landroid/content/ComponentName;)V"}},
		{call: "Landroid/content/ContentResolver;->registerContentObserver(Landroid/net/Uri;ZLandroid/database/ContentObserver;)V", typ: "Landroid/database/ContentObserver;", run: []string{"onChange(Z)V"}},
		{call: "Landroid/location/LocationManager;->requestLocationUpdates(Ljava/lang/String;JFLandroid/location/LocationListener;)V", typ: "Landroid/location/LocationListener;", run: []string{"onLocationChanged(Landroid/location/Location;)V"}},
		{call: "Landroid/hardware/SensorManager;->registerListener(Landroid/hardware/SensorEventListener;Landroid/hardware/Sensor;I)Z", typ: "Landroid/hardware/SensorEventListener;", run: []string{"onSensorChanged(Landroid/hardware/SensorEvent;)V"}},
		{call: "Landroid/app/Application;->registerActivityLifecycleCallbacks(Landroid/app/Application$ActivityLifecycleCallbacks;)V", typ: "Landroid/app/Application$ActivityLifecycleCallbacks;", run: []string{"onActivityResumed(Landroid/app/Activity;)V"}},
		{call: "Landroid/telephony/TelephonyManager;->listen(Landroid/telephony/PhoneStateListener;I)V", typ: "Landroid/telephony/PhoneStateListener;", run: []string{"onCallStateChanged(ILjava/lang/String;)V"}},
		{call: "Landroid/net/ConnectivityManager;->registerDefaultNetworkCallback(Landroid/net/ConnectivityManager$NetworkCallback;)V", typ: "Landroid/net/ConnectivityManager$NetworkCallback;", run: []string{"onAvailable(Landroid/net/Network;)V"}},
		{call: "Landroid/webkit/WebView;->setWebViewClient(Landroid/webkit/WebViewClient;)V", typ: "Landroid/webkit/WebViewClient;", run: []string{"onPageFinished(Landroid/webkit/WebView;Ljava/lang/String;)V"}},
		{call: "Landroid/app/LoaderManager;->initLoader(ILandroid/os/Bundle;Landroid/app/LoaderManager$LoaderCallbacks;)Landroid/content/Loader;", typ: "Landroid/app/LoaderManager$LoaderCallbacks;", run: []string{"onCreateLoader(ILandroid/os/Bundle;)Landroid/content/Loader;"}},
		{call: "Landroid/os/Messenger;-><init>(Landroid/os/Handler;)V", typ: "Landroid/os/Handler;", run: []string{"handleMessage(Landroid/os/Message;)V"}},
		{call: "Landroid/view/ViewGroup;->addView(Landroid/view/View;)V", typ: "Landroid/view/View;", run: []string{"onDraw(Landroid/graphics/Canvas;)V"}},
		{call: "Ljava/lang/Iterable;->forEach(Ljava/util/function/Consumer;)V", typ: "Ljava/util/function/Consumer;", run: []string{"accept(Ljava/lang/Object;)V"}},
		{call: "Lcom/gone/Sdk;->start(Lcom/gone/Sdk$DoneListener;)V", typ: "Lcom/gone/Sdk$DoneListener;", run: []string{"done()V", "other()V"}}, // nothing is known of it
		{call: "Landroid/content/Intent;->putExtra(Ljava/lang/String;Landroid/os/Parcelable;)Landroid/content/Intent;", typ: "Landroid/os/Parcelable;", run: []string{"writeToParcel(Landroid/os/Parcel;I)V"}, plain: true},
		{call: "Ljava/util/List;->addAll(Ljava/util/Collection;)Z", typ: "Ljava/util/Collection;", run: []string{"size()I"}, plain: true},
	}
	for _, tt := range tests {
		kind := "super"
		if c, ok := program.Android().Class(tt.typ); ok && c.Interface {
			kind = "implements"
		}
		class, rest, _ := strings.Cut(tt.call, "->")
		words := 1
		// One register for each word of each parameter; which one is which does not matter here.
		proto := rest[strings.IndexByte(rest, '(')+1 : strings.IndexByte(rest, ')')]
		for i := 0; i < len(proto); i++ {
			switch proto[i] {
			case 'L':
				i += strings.IndexByte(proto[i:], ';')
				words++
			case 'J', 'D':
				words += 2
			default:
				words++
			}
		}
		var b strings.Builder
		fmt.Fprintf(&b, ".class public Lcom/x/Obj;\n.%s %s\n.method public constructor <init>()V\n    return-void\n.end method\n", kind, tt.typ)
		var want []string
		for _, m := range tt.run {
			fmt.Fprintf(&b, ".method public %s\n    .registers 16\n    const/4 v0, 0\n    throw v0\n.end method\n", m)
			if !tt.plain {
				want = append(want, "Lcom/x/Obj;->"+m)
			}
		}
		if !slices.Contains(tt.run, "other()V") {
			b.WriteString(".method public other()V\n    return-void\n.end method\n")
		}
		fmt.Fprintf(&b, ".class public Lcom/x/User;\n.method public static f()V\n    .registers 8\n    new-instance v7, Lcom/x/Obj;\n    invoke-virtual/range {v0 .. v%d}, %s->%s\n    return-void\n.end method\n",
			words-1, class, rest)
		p := assemble(t, b.String())
		got := callbacks(p, id(t, p, "Lcom/x/User;->f()V"))
		slices.Sort(got)
		slices.Sort(want)
		equal(t, tt.call, got, want...)
	}
}

const runnables = `
.class public Lcom/x/R1;
.implements Ljava/lang/Runnable;
.method public run()V
    return-void
.end method
.class public Lcom/x/R2;
.implements Ljava/lang/Runnable;
.method public run()V
    return-void
.end method
.class public Lcom/x/R3;
.implements Ljava/lang/Runnable;
.method public run()V
    return-void
.end method
.class public Lcom/x/R4;
.implements Ljava/lang/Runnable;
.method public run()V
    return-void
.end method
.class public Lcom/x/R5;
.implements Ljava/lang/Runnable;
.method public run()V
    return-void
.end method
`

// Where the object comes from if it is not made on the spot.
func TestObjectsFromAfar(t *testing.T) {
	p := assemble(t, runnables+`
.class public Lcom/x/User;
.field public r1:Lcom/x/R1;
.field public any:Ljava/lang/Runnable;
.method public field(Landroid/os/Handler;)V
    .locals 1
    iget-object v0, p0, Lcom/x/User;->r1:Lcom/x/R1;
    invoke-virtual {p1, v0}, Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z
    return-void
.end method
.method public result(Landroid/os/Handler;)V
    .locals 1
    invoke-virtual {p0}, Lcom/x/User;->make()Lcom/x/R2;
    move-result-object v0
    invoke-virtual {p1, v0}, Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z
    return-void
.end method
.method public make()Lcom/x/R2;
    const/4 v0, 0
    return-object v0
.end method
.method public wrapped()V
    .locals 1
    new-instance v0, Lcom/x/R3;
    invoke-static {v0}, Lcom/x/User;->wrapper(Ljava/lang/Runnable;)V
    return-void
.end method
.method public static wrapper(Ljava/lang/Runnable;)V
    .locals 1
    invoke-static {p0}, Lcom/x/User;->inner(Ljava/lang/Runnable;)V
    return-void
.end method
.method public static inner(Ljava/lang/Runnable;)V
    .locals 1
    invoke-virtual {v0, p0}, Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z
    return-void
.end method
.method public constructor <init>()V
    .locals 1
    new-instance v0, Lcom/x/R4;
    iput-object v0, p0, Lcom/x/User;->any:Ljava/lang/Runnable;
    return-void
.end method
.method public class(Landroid/os/Handler;)V
    .locals 1
    iget-object v0, p0, Lcom/x/User;->any:Ljava/lang/Runnable;
    invoke-virtual {p1, v0}, Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z
    return-void
.end method
.class public Lcom/x/Own;
.implements Ljava/lang/Runnable;
.method public run()V
    return-void
.end method
.method public self(Landroid/os/Handler;)V
    invoke-virtual {p1, p0}, Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z
    return-void
.end method
.class public Lcom/x/Lost;
.field public any:Ljava/lang/Runnable;
.method public lost(Landroid/os/Handler;)V
    .locals 1
    iget-object v0, p0, Lcom/x/Lost;->any:Ljava/lang/Runnable;
    invoke-virtual {p1, v0}, Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z
    return-void
.end method
`)
	for m, want := range map[string][]string{
		"Lcom/x/User;->field(Landroid/os/Handler;)V":  {"Lcom/x/R1;->run()V"},
		"Lcom/x/User;->result(Landroid/os/Handler;)V": {"Lcom/x/R2;->run()V"},
		"Lcom/x/User;->wrapped()V":                    {"Lcom/x/R3;->run()V"},
		"Lcom/x/User;->inner(Ljava/lang/Runnable;)V":  nil,
		"Lcom/x/User;->class(Landroid/os/Handler;)V":  {"Lcom/x/R4;->run()V", "Lcom/x/R3;->run()V"}, // all that the class makes
		"Lcom/x/Own;->self(Landroid/os/Handler;)V":    {"Lcom/x/Own;->run()V"},
		"Lcom/x/Lost;->lost(Landroid/os/Handler;)V":   nil, // too many to guess
	} {
		got := callbacks(p, id(t, p, m))
		slices.Sort(got)
		slices.Sort(want)
		equal(t, m, got, want...)
	}
}

// valued is a unit that knows values.
type valued struct {
	program.Unit
	class     string
	reflected []string
}

func (v valued) ArgClass(body int, pc uint32, arg int) string {
	if arg != 1 {
		return ""
	}
	if pc == 0 {
		return "Lcom/x/R1;"
	}
	return v.class
}

func (v valued) Reflected(body int, pc uint32) []string { return v.reflected }

func TestValuesMakeItPrecise(t *testing.T) {
	b := dextest.Must(runnables + `
.class public Lcom/x/User;
.method public f(Landroid/os/Handler;)V
    .locals 2
    new-instance v0, Lcom/x/R1;
    new-instance v1, Lcom/x/R2;
    invoke-virtual {p1, v1}, Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z
    return-void
.end method
.method public other(Landroid/os/Handler;Lcom/x/R1;)V
    invoke-virtual {p1, p2}, Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z
    return-void
.end method
.method public g(Ljava/lang/reflect/Method;)V
    .locals 2
    invoke-virtual {p1, v0, v1}, Ljava/lang/reflect/Method;->invoke(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;
    return-void
.end method
.method public h(I)V
    return-void
.end method
.method public h()V
    return-void
.end method
`)
	units, err := dexunit.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	p := program.New(program.Android(), units[0])
	// R1 is posted elsewhere; without that its making would have to explain its run.
	equal(t, "without values", callbacks(p, id(t, p, "Lcom/x/User;->f(Landroid/os/Handler;)V")), "Lcom/x/R1;->run()V", "Lcom/x/R2;->run()V")
	p = program.New(program.Android(), valued{units[0], "Lcom/x/R2;", []string{
		"Lcom/x/User;->h", "Landroid/telephony/TelephonyManager;->getDeviceId", "Lcom/x/User;->h(I)V", "nonsense",
	}})
	equal(t, "with values", callbacks(p, id(t, p, "Lcom/x/User;->f(Landroid/os/Handler;)V")), "Lcom/x/R2;->run()V")
	g := id(t, p, "Lcom/x/User;->g(Ljava/lang/reflect/Method;)V")
	got := callees(p, g)
	slices.Sort(got)
	equal(t, "reflection", got, "reflective Landroid/telephony/TelephonyManager;->getDeviceId",
		"reflective Lcom/x/User;->h()V", "reflective Lcom/x/User;->h(I)V",
		"unresolved Ljava/lang/reflect/Method;->invoke(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;")
	m, ok := p.Lookup("Landroid/telephony/TelephonyManager;", "getDeviceId", "")
	if !ok {
		t.Fatal("a method that only reflection names has no number")
	}
	equal(t, "callers", callers(p, m), "reflective Lcom/x/User;->g(Ljava/lang/reflect/Method;)V")
	r := p.Reachable([]program.MethodID{g})
	if path := r.Path(m); len(path) != 1 || path[0].Kind != program.EdgeReflective {
		t.Errorf("path %v", path)
	}
	if r := p.Reachable([]program.MethodID{g}, program.EdgeDirect, program.EdgeUnresolved); r.Has(m) {
		t.Error("reflection was followed")
	}
}

// An object of which no registration is known: what makes it runs what it
// overrides of the framework's, unless the app calls that itself.
func TestUnexplainedObjects(t *testing.T) {
	const recipe = `
.class public Lcom/x/Frag;
.super Landroid/app/Fragment;
.method public onResume()V
    return-void
.end method
.method public helper()V
    return-void
.end method
.method public toString()Ljava/lang/String;
    const/4 v0, 0
    return-object v0
.end method
.class public Lcom/x/Job;
.implements Ljava/lang/Runnable;
.method public run()V
    return-void
.end method
.class public Lcom/x/Called;
.implements Ljava/util/concurrent/Callable;
.method public call()Ljava/lang/Object;
    const/4 v0, 0
    return-object v0
.end method
.class public Lcom/x/User;
.method public static frag()V
    nop
    new-instance v0, Lcom/x/Frag;
    return-void
.end method
.method public static job()V
    new-instance v0, Lcom/x/Job;
    return-void
.end method
.method public static called()V
    new-instance v0, Lcom/x/Called;
    return-void
.end method
.method public static caller(Ljava/util/concurrent/Callable;)V
    invoke-interface {p0}, Ljava/util/concurrent/Callable;->call()Ljava/lang/Object;
    return-void
.end method
`
	p := assemble(t, recipe)
	equal(t, "fragment", callbacks(p, id(t, p, "Lcom/x/User;->frag()V")), "Lcom/x/Frag;->onResume()V")
	for e := range p.Callees(id(t, p, "Lcom/x/User;->frag()V")) {
		if e.PC != 1 {
			t.Errorf("edge at %d", e.PC)
		}
	}
	equal(t, "job", callbacks(p, id(t, p, "Lcom/x/User;->job()V")), "Lcom/x/Job;->run()V")
	equal(t, "called by the app", callbacks(p, id(t, p, "Lcom/x/User;->called()V")))
	equal(t, "caller", callees(p, id(t, p, "Lcom/x/User;->caller(Ljava/util/concurrent/Callable;)V")),
		"unresolved Ljava/util/concurrent/Callable;->call()Ljava/lang/Object;", "virtual Lcom/x/Called;->call()Ljava/lang/Object;")
}
