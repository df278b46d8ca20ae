.class public Lcom/example/shop/ShopApp;
.super Landroid/app/Application;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Application;-><init>()V
    return-void
.end method
.method public onCreate()V
    .registers 5
    invoke-super {p0}, Landroid/app/Application;->onCreate()V
    const/4 v0, 1
    const/4 v1, 0
    invoke-static {p0, v0, v1}, Lcom/umeng/commonsdk/UMConfigure;->init(Landroid/content/Context;ILjava/lang/String;)V
    return-void
.end method

.class public Lcom/example/shop/ShopActivity;
.super Landroid/app/Activity;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method

.class public Lcom/umeng/commonsdk/UMConfigure;
.method public static init(Landroid/content/Context;ILjava/lang/String;)V
    .registers 5
    const-string v0, "https://ulogs.umeng.com/unify_logs"
    new-instance v1, Ljava/net/URL;
    invoke-direct {v1, v0}, Ljava/net/URL;-><init>(Ljava/lang/String;)V
    return-void
.end method
