# The other half of the SDK: what one DEX file calls, another defines.

.class public Lcom/sensorsdata/analytics/android/sdk/util/SensorsDataUtils;
.method public static getAndroidID(Landroid/content/Context;)Ljava/lang/String;
    .registers 3
    invoke-virtual {p0}, Landroid/content/Context;->getContentResolver()Landroid/content/ContentResolver;
    move-result-object v0
    const-string v1, "android_id"
    invoke-static {v0, v1}, Landroid/provider/Settings$Secure;->getString(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method
.method public static serial()Ljava/lang/String;
    .registers 5
    const-string v0, "android.os.SystemProperties"
    invoke-static {v0}, Ljava/lang/Class;->forName(Ljava/lang/String;)Ljava/lang/Class;
    move-result-object v0
    const/4 v1, 1
    new-array v1, v1, [Ljava/lang/Class;
    const/4 v2, 0
    const-class v3, Ljava/lang/String;
    aput-object v3, v1, v2
    const-string v3, "get"
    invoke-virtual {v0, v3, v1}, Ljava/lang/Class;->getMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;
    move-result-object v1
    const/4 v3, 1
    new-array v3, v3, [Ljava/lang/Object;
    const-string v4, "ro.serialno"
    aput-object v4, v3, v2
    invoke-virtual {v1, v0, v3}, Ljava/lang/reflect/Method;->invoke(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;
    move-result-object v0
    check-cast v0, Ljava/lang/String;
    return-object v0
.end method

# An inner class belongs to whom its outer belongs.
.class public Lcom/sensorsdata/analytics/android/sdk/util/SensorsDataUtils$Mac;
.method public static read(Landroid/net/wifi/WifiManager;)Ljava/lang/String;
    .registers 2
    invoke-virtual {p0}, Landroid/net/wifi/WifiManager;->getConnectionInfo()Landroid/net/wifi/WifiInfo;
    move-result-object v0
    invoke-virtual {v0}, Landroid/net/wifi/WifiInfo;->getMacAddress()Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method

.class public Lcom/xiaomi/mistatistic/sdk/MiStatInterface;
.method public static initialize(Landroid/content/Context;)V
    .registers 3
    const-string v0, "https://data.mistat.intl.xiaomi.com/mistats/v2"
    invoke-static {v0}, Lcom/xiaomi/mistatistic/sdk/MiStatInterface;->post(Ljava/lang/String;)V
    invoke-static {p0}, Lcom/example/device/Ids;->imei(Landroid/content/Context;)Ljava/lang/String;
    return-void
.end method
.method private static post(Ljava/lang/String;)V
    .registers 2
    new-instance v0, Ljava/net/URL;
    invoke-direct {v0, p0}, Ljava/net/URL;-><init>(Ljava/lang/String;)V
    return-void
.end method

# A second copy under a name of its own: no rule may claim it by a part of its name.
.class public Lcom/example/vendored/sensorsdata/analytics/android/sdk/Copy;
.method public static id(Landroid/telephony/TelephonyManager;)Ljava/lang/String;
    .registers 2
    invoke-virtual {p0}, Landroid/telephony/TelephonyManager;->getSubscriberId()Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method
