package program

// What the framework runs later, as rows of data. Each row has a test of its
// own in callbacks_test.go.
//
// Most registrations need no row: a call of a framework method that takes an
// object of an interface type (a listener, a Runnable) may run those methods of
// the object that the interface introduces. That is what the framework table is
// for. The rows say what that does not cover.

// receiverRow says that a call runs methods of the object that it is called on.
type receiverRow struct {
	class  string // the framework class that introduces the method
	method string
	run    []string // names of the methods that are run later
}

var receiverRows = []receiverRow{
	{"Ljava/lang/Thread;", "start", []string{"run"}},
	{"Landroid/os/HandlerThread;", "getLooper", []string{"onLooperPrepared"}},
	{"Ljava/util/concurrent/ForkJoinTask;", "fork", []string{"compute", "exec"}},
	{"Ljava/util/concurrent/ForkJoinTask;", "invoke", []string{"compute", "exec"}},
	{"Landroid/os/AsyncTask;", "execute", asyncTask},
	{"Landroid/os/AsyncTask;", "executeOnExecutor", asyncTask},
	{"Landroid/os/AsyncTask;", "cancel", []string{"onCancelled"}},
	{"Landroid/os/AsyncTask;", "publishProgress", []string{"onProgressUpdate"}},
	{"Landroid/os/Handler;", "sendMessage", handler},
	{"Landroid/os/Handler;", "sendMessageDelayed", handler},
	{"Landroid/os/Handler;", "sendMessageAtTime", handler},
	{"Landroid/os/Handler;", "sendMessageAtFrontOfQueue", handler},
	{"Landroid/os/Handler;", "sendEmptyMessage", handler},
	{"Landroid/os/Handler;", "sendEmptyMessageDelayed", handler},
	{"Landroid/os/Handler;", "sendEmptyMessageAtTime", handler},
	{"Landroid/os/Handler;", "obtainMessage", handler}, // for Message.sendToTarget
	{"Landroid/content/Loader;", "startLoading", loader},
	{"Landroid/content/Loader;", "forceLoad", loader},
	{"Landroid/content/AsyncQueryHandler;", "startQuery", []string{"onQueryComplete"}},
	{"Landroid/content/AsyncQueryHandler;", "startInsert", []string{"onInsertComplete"}},
	{"Landroid/content/AsyncQueryHandler;", "startUpdate", []string{"onUpdateComplete"}},
	{"Landroid/content/AsyncQueryHandler;", "startDelete", []string{"onDeleteComplete"}},
	{"Landroid/database/sqlite/SQLiteOpenHelper;", "getWritableDatabase", openHelper},
	{"Landroid/database/sqlite/SQLiteOpenHelper;", "getReadableDatabase", openHelper},
	{"Landroid/os/Binder;", "attachInterface", []string{"onTransact"}},
	{"Landroid/app/Dialog;", "show", []string{"onCreate", "onStart"}},
	{"Landroid/app/DialogFragment;", "show", []string{"onCreate", "onCreateDialog", "onCreateView"}},
}

var (
	asyncTask  = []string{"onPreExecute", "doInBackground", "onProgressUpdate", "onPostExecute", "onCancelled"}
	handler    = []string{"handleMessage", "dispatchMessage"}
	loader     = []string{"onStartLoading", "onForceLoad", "loadInBackground", "onLoadInBackground", "deliverResult"}
	openHelper = []string{"onConfigure", "onCreate", "onUpgrade", "onDowngrade", "onOpen"}
)

// callbackClasses are classes, not interfaces, of which an object that is
// handed to the framework is called back: an app extends them to that end. Other
// classes count if their name ends as callbackSuffixes say. What may run are
// the methods that the class and those above it introduce.
var callbackClasses = map[string]bool{
	"Ljava/lang/Thread;":                            true, // Runtime.addShutdownHook, ThreadFactory
	"Ljava/util/TimerTask;":                         true,
	"Landroid/content/BroadcastReceiver;":           true, // Context.registerReceiver
	"Landroid/content/AbstractThreadedSyncAdapter;": true,
	"Landroid/database/ContentObserver;":            true, // ContentResolver.registerContentObserver
	"Landroid/database/DataSetObserver;":            true,
	"Landroid/os/Handler;":                          true, // Messenger, HandlerThread users
	"Landroid/os/ResultReceiver;":                   true,
	"Landroid/os/Binder;":                           true,
	"Landroid/os/FileObserver;":                     true,
	"Landroid/webkit/WebViewClient;":                true,
	"Landroid/webkit/WebChromeClient;":              true,
	"Ljava/net/Authenticator;":                      true,
	"Ljava/net/ProxySelector;":                      true,
	"Ljava/net/CookieHandler;":                      true,
	"Landroid/app/Instrumentation;":                 true,
	"Lorg/xml/sax/helpers/DefaultHandler;":          true,
	"Landroid/widget/BaseAdapter;":                  true,
	"Landroid/app/Fragment;":                        true, // FragmentTransaction.add
	"Landroid/app/DialogFragment;":                  true,
	"Landroid/media/MediaDataSource;":               true,
	"Landroid/view/View;":                           true, // ViewGroup.addView, Activity.setContentView
	"Landroid/graphics/drawable/Drawable;":          true,
	"Landroid/preference/Preference;":               true,
	"Landroid/view/OrientationEventListener;":       true,
}

var callbackSuffixes = []string{"Callback;", "Callbacks;", "Listener;", "Observer;", "Receiver;", "Adapter;"}

// plainInterfaces are interfaces of objects that are handed around as data;
// handing one over registers nothing.
var plainInterfaces = map[string]bool{
	"Ljava/io/Serializable;": true, "Ljava/lang/Cloneable;": true, "Ljava/lang/CharSequence;": true,
	"Ljava/lang/Comparable;": true, "Ljava/util/Collection;": true, "Ljava/util/List;": true,
	"Ljava/util/Set;": true, "Ljava/util/Map;": true, "Ljava/util/Map$Entry;": true,
	"Ljava/lang/annotation/Annotation;": true, "Ljava/lang/reflect/Type;": true,
	"Landroid/os/Parcelable;": true, "Landroid/os/IBinder;": true, "Landroid/os/IInterface;": true,
	"Landroid/content/ComponentCallbacks;": true, "Landroid/content/DialogInterface;": true,
	"Landroid/content/SharedPreferences;": true, "Landroid/content/SharedPreferences$Editor;": true,
	"Landroid/view/ViewParent;": true, "Landroid/view/ViewManager;": true, "Landroid/view/Menu;": true,
	"Landroid/view/MenuItem;": true, "Landroid/database/Cursor;": true,
	"Landroid/util/AttributeSet;": true, "Lorg/xmlpull/v1/XmlPullParser;": true,
}

// classRow says that a call that is given a class constant makes the framework
// create an object of that class and run its life cycle.
type classRow struct{ class, method string }

// The parameter of type java.lang.Class carries the constant.
var classRows = []classRow{
	{"Landroid/content/Intent;", "<init>"},
	{"Landroid/content/Intent;", "setClass"},
	{"Landroid/content/ComponentName;", "<init>"}, // JobInfo.Builder, Intent.setComponent
	{"Landroidx/work/OneTimeWorkRequest$Builder;", "<init>"},
	{"Landroidx/work/OneTimeWorkRequest;", "from"},
	{"Landroidx/work/PeriodicWorkRequest$Builder;", "<init>"},
	{"Landroidx/startup/AppInitializer;", "initializeComponent"},
	{"Landroidx/core/app/JobIntentService;", "enqueueWork"},
	{"Landroid/support/v4/app/JobIntentService;", "enqueueWork"},
	{"Landroid/accounts/AccountManager;", "newChooseAccountIntent"},
}

// lifeCycle are names, besides those that begin with "on" and a capital, of
// methods through which the framework enters an object that it created itself.
var lifeCycle = map[string]bool{
	"attachBaseContext": true, "doWork": true, "startWork": true, "create": true, "dependencies": true,
	"doInBackground": true, "run": true, "call": true, "handleMessage": true,
	"query": true, "insert": true, "update": true, "delete": true, "getType": true, "bulkInsert": true,
	"openFile": true, "openAssetFile": true, "openTypedAssetFile": true, "attachInfo": true,
	"instantiateActivity": true, "instantiateApplication": true, "instantiateProvider": true,
	"instantiateReceiver": true, "instantiateService": true, "instantiateClassLoader": true,
}

// reflectiveCalls run what [Values.Reflected] names.
var reflectiveCalls = []classRow{
	{"Ljava/lang/reflect/Method;", "invoke"},
	{"Ljava/lang/reflect/Constructor;", "newInstance"},
	{"Ljava/lang/Class;", "newInstance"},
}
