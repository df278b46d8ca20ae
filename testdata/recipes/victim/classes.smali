.class public Lcom/example/victim/App;
.super Landroid/app/Application;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Application;-><init>()V
    return-void
.end method
.method public onCreate()V
    invoke-super {p0}, Landroid/app/Application;->onCreate()V
    invoke-static {p0}, Lcom/umeng/commonsdk/UMConfigure;->init(Landroid/content/Context;)V
    return-void
.end method

.class public Lcom/example/victim/Main;
.super Landroid/app/Activity;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method

.class public Lcom/umeng/commonsdk/UMConfigure;
.method public static init(Landroid/content/Context;)V
    .registers 3
    const-string v0, "https://ulogs.umeng.com/unify_logs"
    const-string v1, "phone"
    invoke-virtual {p0, v1}, Landroid/content/Context;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;
    move-result-object v1
    check-cast v1, Landroid/telephony/TelephonyManager;
    invoke-virtual {v1}, Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;
    move-result-object v1
    invoke-virtual {v0, v1}, Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;
    return-void
.end method
