.class public Lcom/example/analytics/UploadService;
.super Landroid/app/Service;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Service;-><init>()V
    return-void
.end method
.method public onCreate()V
    .registers 3
    invoke-super {p0}, Landroid/app/Service;->onCreate()V
    const-string v0, "https://tracking.miui.com/track/v1"
    invoke-static {v0}, Lcom/xiaomi/analytics/Analytics;->start(Ljava/lang/String;)V
    return-void
.end method

.class public Lcom/xiaomi/analytics/Analytics;
.method public static start(Ljava/lang/String;)V
    .registers 3
    const-string v0, "http://sdkconfig.ad.xiaomi.com/api/checkupdate/lastusefulversion2?"
    new-instance v1, Ljava/net/URL;
    invoke-direct {v1, v0}, Ljava/net/URL;-><init>(Ljava/lang/String;)V
    return-void
.end method
.method public static imei(Landroid/telephony/TelephonyManager;)Ljava/lang/String;
    .registers 2
    invoke-virtual {p0}, Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method
