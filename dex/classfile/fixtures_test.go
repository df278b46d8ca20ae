package classfile_test

// fixtures are recipes that cover each kind of constant, member, instruction
// and attribute that is read.
var fixtures = map[string]string{
	"members": `
.class public abstract com/foo/Bar
.version 52 0
.implements java/lang/Runnable
.source "Bar.java"
.annotation Lcom/foo/Note; text="a'b" number=7 of=Lcom/foo/Bar; list=["x","y"]
.field public static final URL Ljava/lang/String; = "https://example.org/a\tb\u00e9\U0001F600"
.field static N I = -5
.field static L J = 1234567890123L
.field static F F = 1.5f
.field static D D = 2.5d
.annotation Lcom/foo/Note; text="field"
.field private volatile plain [[I
.method public <init>()V
    aload_0
    invokespecial java/lang/Object.<init>()V
    return
.end
.method public abstract run()V
.end
.annotation Lcom/foo/Note; text="method"
.method private static native nat(JD[Ljava/lang/String;)Z
.end
`,
	"code": `
.class com/foo/Code
.version 61 0
.super java/util/ArrayList
.method static all(IJLjava/lang/String;)I
.locals 400
.catch start end handler java/io/IOException
.catch start handler handler
start:
    ldc "text"
    pop
    ldc 5
    ldc 1.5f
    ldc2_w 5L
    ldc2_w 1.5d
    ldc class(com/foo/Code)
    ldc class([Lcom/foo/Code;)
    ldc type((I)V)
    ldc handle(static,com/foo/Code.all(IJLjava/lang/String;)I)
    bipush -3
    sipush -300
    getstatic com/foo/Code.f:I
    putstatic com/foo/Code.f:I
    aconst_null
    getfield com/foo/Code.g:Ljava/lang/String;
    invokevirtual java/lang/String.length()I
    invokestatic com/foo/Code.s()V
    aconst_null
    invokeinterface java/util/List.size()I
    new com/foo/Code
    anewarray java/lang/String
    newarray 10
    multianewarray [[I 2
    checkcast java/util/List
    instanceof java/util/Map
    iinc 1 -1
    wide iinc 300 1000
    wide iload 300
    ret 7
end:
    tableswitch -1 start end handler default end
    lookupswitch -5:start 9:handler default start
    goto_w end
    jsr start
    ifnull start
    invokedynamic run()Ljava/lang/Runnable; java/lang/invoke/LambdaMetafactory.metafactory(Ljava/lang/invoke/MethodHandles$Lookup;)V type(()V) handle(static,com/foo/Code.lambda$0()V) type(()V)
    invokedynamic make(I)Ljava/lang/String; java/lang/invoke/StringConcatFactory.makeConcatWithConstants()V "a\u0001b"
handler:
    iconst_0
    ireturn
.end
`,
	"interface": `
.class public interface abstract com/foo/I
.version 45 3
.method public abstract a()V
.end
`,
	"annotation": `
.class public interface abstract annotation com/foo/Note
.implements java/lang/annotation/Annotation
.method public abstract text()Ljava/lang/String;
.end
`,
}
