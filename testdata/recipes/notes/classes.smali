.class public Lcom/example/notes/NotesActivity;
.super Landroid/app/Activity;
.field private static final XMLNS:Ljava/lang/String; = "http://schemas.android.com/apk/res/android"
.method public constructor <init>()V
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method
.method public save(Ljava/lang/String;)V
    .registers 5
    const-string v0, "notes.txt"
    const/4 v1, 0
    invoke-virtual {p0, v0, v1}, Lcom/example/notes/NotesActivity;->openFileOutput(Ljava/lang/String;I)Ljava/io/FileOutputStream;
    move-result-object v0
    invoke-virtual {p1}, Ljava/lang/String;->getBytes()[B
    move-result-object v1
    invoke-virtual {v0, v1}, Ljava/io/FileOutputStream;->write([B)V
    return-void
.end method
