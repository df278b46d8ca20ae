# A feature module that asks for the OAID by the alliance's SDK.
.class public Lcom/example/shop/gifts/GiftService;
.super Landroid/app/Service;
.implements Lcom/bun/miitmdid/interfaces/IIdentifierListener;
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Service;-><init>()V
    return-void
.end method
.method public onBind(Landroid/content/Intent;)Landroid/os/IBinder;
    .registers 4
    const/4 v0, 1
    invoke-static {p0, v0, p0}, Lcom/bun/miitmdid/core/MdidSdkHelper;->InitSdk(Landroid/content/Context;ZLcom/bun/miitmdid/interfaces/IIdentifierListener;)I
    const/4 v0, 0
    return-object v0
.end method
.method public OnSupport(ZLcom/bun/miitmdid/interfaces/IdSupplier;)V
    .registers 4
    invoke-interface {p2}, Lcom/bun/miitmdid/interfaces/IdSupplier;->getOAID()Ljava/lang/String;
    return-void
.end method

.class public interface abstract Lcom/bun/miitmdid/interfaces/IIdentifierListener;
.method public abstract OnSupport(ZLcom/bun/miitmdid/interfaces/IdSupplier;)V
.end method

.class public interface abstract Lcom/bun/miitmdid/interfaces/IdSupplier;
.method public abstract getOAID()Ljava/lang/String;
.end method

.class public Lcom/bun/miitmdid/core/MdidSdkHelper;
.method public static InitSdk(Landroid/content/Context;ZLcom/bun/miitmdid/interfaces/IIdentifierListener;)I
    .registers 4
    const/4 v0, 0
    return v0
.end method
