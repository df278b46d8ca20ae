# The app's own code, and the SDK that it hands its user's steps to.

.class public Lcom/example/minibrowser/BrowserApp;
.super Landroid/app/Application;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Application;-><init>()V
    return-void
.end method
.method public onCreate()V
    .registers 3
    invoke-super {p0}, Landroid/app/Application;->onCreate()V
    invoke-static {p0}, Lcom/example/minibrowser/Stats;->start(Landroid/content/Context;)V
    return-void
.end method

.class public Lcom/example/minibrowser/MainActivity;
.super Landroid/app/Activity;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method
.method public open(Ljava/lang/String;)V
    .registers 4
    const-string v0, "page_load_event_start"
    const-string v1, "url"
    invoke-static {v0, v1, p1}, Lcom/example/minibrowser/Stats;->event(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;)V
    invoke-static {p1}, Lcom/example/minibrowser/Stats;->loaded(Ljava/lang/String;)V
    return-void
.end method
.method public find(Ljava/lang/String;)V
    .registers 4
    const-string v0, "search"
    const-string v1, "search_word"
    invoke-static {v0, v1, p1}, Lcom/example/minibrowser/Stats;->event(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;)V
    return-void
.end method

.class public Lcom/example/minibrowser/Stats;
.method public static start(Landroid/content/Context;)V
    .registers 5
    new-instance v0, Ljava/lang/StringBuilder;
    invoke-direct {v0}, Ljava/lang/StringBuilder;-><init>()V
    const-string v1, "https://sa.api.intl.miui.com/sa?project=global_browser_mini&r="
    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    const-string v1, "SG"
    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v0}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v1
    invoke-static {p0, v1}, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;->sharedInstance(Landroid/content/Context;Ljava/lang/String;)Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
    move-result-object v2
    invoke-static {p0}, Lcom/xiaomi/mistatistic/sdk/MiStatInterface;->initialize(Landroid/content/Context;)V
    invoke-static {p0}, Lcom/example/device/Ids;->imei(Landroid/content/Context;)Ljava/lang/String;
    move-result-object v1
    invoke-virtual {v2, v1}, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;->identify(Ljava/lang/String;)V
    return-void
.end method
.method public static event(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;)V
    .registers 6
    new-instance v0, Lorg/json/JSONObject;
    invoke-direct {v0}, Lorg/json/JSONObject;-><init>()V
    invoke-virtual {v0, p1, p2}, Lorg/json/JSONObject;->put(Ljava/lang/String;Ljava/lang/Object;)Lorg/json/JSONObject;
    invoke-static {}, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;->sharedInstance()Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
    move-result-object v1
    invoke-virtual {v1, p0, v0}, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;->track(Ljava/lang/String;Lorg/json/JSONObject;)V
    return-void
.end method
.method public static loaded(Ljava/lang/String;)V
    .registers 5
    new-instance v0, Lorg/json/JSONObject;
    invoke-direct {v0}, Lorg/json/JSONObject;-><init>()V
    const-string v1, "url"
    invoke-virtual {v0, v1, p0}, Lorg/json/JSONObject;->put(Ljava/lang/String;Ljava/lang/Object;)Lorg/json/JSONObject;
    invoke-static {}, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;->sharedInstance()Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
    move-result-object v2
    const-string v1, "page_load_event_finish"
    invoke-virtual {v2, v1, v0}, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;->track(Ljava/lang/String;Lorg/json/JSONObject;)V
    return-void
.end method

# A helper that both the app and an SDK call: whose code asks for the IMEI must
# be told by the callers.
.class public Lcom/example/device/Ids;
.method public static imei(Landroid/content/Context;)Ljava/lang/String;
    .registers 3
    const-string v0, "phone"
    invoke-virtual {p0, v0}, Landroid/content/Context;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;
    move-result-object v0
    check-cast v0, Landroid/telephony/TelephonyManager;
    invoke-virtual {v0}, Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method

.class public Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
.field public static final VERSION:Ljava/lang/String; = "4.0.5"
.field private static instance:Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
.method public constructor <init>()V
    invoke-direct {p0}, Ljava/lang/Object;-><init>()V
    return-void
.end method
.method public static sharedInstance()Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
    .registers 1
    sget-object v0, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;->instance:Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
    return-object v0
.end method
.method public static sharedInstance(Landroid/content/Context;Ljava/lang/String;)Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
    .registers 4
    new-instance v0, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
    invoke-direct {v0}, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;-><init>()V
    sput-object v0, Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;->instance:Lcom/sensorsdata/analytics/android/sdk/SensorsDataAPI;
    invoke-static {p0}, Lcom/sensorsdata/analytics/android/sdk/util/SensorsDataUtils;->getAndroidID(Landroid/content/Context;)Ljava/lang/String;
    return-object v0
.end method
.method public identify(Ljava/lang/String;)V
    return-void
.end method
.method public track(Ljava/lang/String;Lorg/json/JSONObject;)V
    .registers 4
    new-instance v0, Lcom/sensorsdata/analytics/android/sdk/AnalyticsMessages;
    invoke-direct {v0, p1}, Lcom/sensorsdata/analytics/android/sdk/AnalyticsMessages;-><init>(Ljava/lang/String;)V
    invoke-virtual {v0}, Lcom/sensorsdata/analytics/android/sdk/AnalyticsMessages;->start()V
    return-void
.end method

.class public Lcom/sensorsdata/analytics/android/sdk/AnalyticsMessages;
.super Ljava/lang/Thread;
.field private event:Ljava/lang/String;
.method public constructor <init>(Ljava/lang/String;)V
    invoke-direct {p0}, Ljava/lang/Thread;-><init>()V
    iput-object p1, p0, Lcom/sensorsdata/analytics/android/sdk/AnalyticsMessages;->event:Ljava/lang/String;
    return-void
.end method
.method public run()V
    .registers 4
    iget-object v0, p0, Lcom/sensorsdata/analytics/android/sdk/AnalyticsMessages;->event:Ljava/lang/String;
    invoke-virtual {v0}, Ljava/lang/String;->getBytes()[B
    move-result-object v0
    const/4 v1, 2
    invoke-static {v0, v1}, Landroid/util/Base64;->encodeToString([BI)Ljava/lang/String;
    move-result-object v0
    new-instance v1, Ljava/net/URL;
    invoke-direct {v1, v0}, Ljava/net/URL;-><init>(Ljava/lang/String;)V
    invoke-virtual {v1}, Ljava/net/URL;->openConnection()Ljava/net/URLConnection;
    return-void
.end method

.class public Lcom/sensorsdata/analytics/android/sdk/data/SensorsDataContentProvider;
.super Landroid/content/ContentProvider;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/content/ContentProvider;-><init>()V
    return-void
.end method
.method public onCreate()Z
    .registers 2
    const/4 v0, 1
    return v0
.end method
