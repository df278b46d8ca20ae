// Package dextest makes DEX files from a readable text, for fixtures, sample
// apps and fuzz seeds. It is a test tool, but may be imported outside tests.
//
// [Assemble] turns a recipe into the bytes of a file that ART's verifier
// accepts: tables sorted and without duplicates, map, checksum and SHA-1. What
// is to be broken is broken on purpose, by name. The same recipe always gives
// the same bytes.
//
// # Recipe
//
// A recipe is a subset of smali, with several classes in one text, defaults for
// what is tedious, and directives of its own for what smali cannot say. One
// statement stands on a line; what is in braces may span lines; # begins a
// comment.
//
//	.dex 039                                  # version 035 if left out; begins a logical file
//	.class public final Lcom/foo/Bar;         # begins a class, up to the next .class or .dex
//	.super Lcom/foo/Base;                     # Ljava/lang/Object; if left out; none: no superclass
//	.implements Ljava/lang/Runnable;
//	.source "Bar.java"
//	.annotation runtime Lcom/foo/Tag;         # build, runtime or system
//	    value = "text"
//	    list = { 1, 2L, 'c', 1.5f, 2.5, true, null, Lcom/foo/Type;, .enum Lcom/foo/E;->A:Lcom/foo/E; }
//	    inner = .subannotation Lcom/foo/Other;
//	        n = 1
//	    .end subannotation
//	.end annotation
//
//	.field public static final URL:Ljava/lang/String; = "https://example.com/"
//	.field private count:I                    # annotations may follow, up to .end field
//	.end field
//
//	.method public static main([Ljava/lang/String;)V
//	    .registers 3                          # or .locals 2; counted if left out
//	    .param p0, "args"                     # annotations may follow, up to .end param
//	    .line 7
//	    const-string v0, "hi\n\u00e9\ud800"   # a lone surrogate is allowed
//	  :again
//	    invoke-static {v0}, Lcom/foo/Bar;->log(Ljava/lang/String;)V
//	    if-eqz v0, :again
//	    packed-switch v1, :table
//	    return-void
//	  :table
//	    .packed-switch 0x10
//	        :again
//	    .end packed-switch
//	    .catch Ljava/lang/Exception; {:again .. :table} :again
//	    .catchall {:again .. :table} :again
//	.end method
//
// Flags are smali's words (public, static, constructor, declared-synchronized …) or one
// number, which is taken as it is. With words, <init> and <clinit> get the
// constructor flag by themselves. Registers are v0… or, for parameters, p0….
// Methods that are native or abstract have no code.
//
// Further statements in methods: .sparse-switch with lines "0x5 -> :label",
// .array-data WIDTH with numbers, .local v0, "name":Type[, "signature"], .end
// local v0, .restart local v0, .prologue, .epilogue, and .units 0x00e3, 0x1234 for
// code units as they are. A payload is aligned by a nop, as it must be.
//
// The instructions are those of package dex, all 256, with operands as in smali:
//
//	invoke-polymorphic {v0, v1}, Ljava/lang/invoke/MethodHandle;->invoke([Ljava/lang/Object;)Ljava/lang/Object;, (I)V
//	invoke-custom {v0}, site("run", (I)V, 42, invoke-static@Lcom/foo/Bar;->impl(I)V)@Lcom/foo/Bar;->bootstrap()V
//	const-method-handle v0, static-get@Lcom/foo/Bar;->URL:Ljava/lang/String;
//	const-method-type v0, (I)V
//
// In place of what an instruction refers to, its number can stand: string@5,
// type@0xffff, field@1, method@1, proto@1, call_site@1, method_handle@1.
//
// # Several files, other forms
//
// A second .dex begins another logical file: for 041 all become one
// container, else they follow each other. [AssembleCompact] writes compact DEX from the same text.
// From .dialect dalvik on, up to .dialect art, the optimised opcodes are those of Dalvik.
//
// # Things that nothing refers to
//
//	.string "~~R8{…}"
//	.type Lcom/foo/Unused;
//	.proto (I)V
//	.fieldref Lcom/foo/Bar;->x:I
//	.methodref Lcom/foo/Bar;->m()V
//
// # Breaking a file on purpose
//
// Each .patch writes a number over a field of the format, by the names that
// the format's documentation uses. Items are counted from 0 or named by what they hold:
//
//	.patch header.endian_tag = 0x78563412
//	.patch type_ids[3].descriptor_idx = 0xffffff
//	.patch class_defs[Lcom/foo/Bar;].class_data_off = &class_data[0]
//	.patch code_item[Lcom/foo/Bar;->main([Ljava/lang/String;)V].registers_size = 0
//	.patch string_data["hi"]+1 = u8 0xc0      # at a distance from the item; u8, u16 or u32
//	.patch @0x70 = u16 1                      # at an offset
//	.patch header.checksum = 1
//
// & gives the offset of an item. Checksum and SHA-1 are computed after all
// patches but those of header.checksum and header.signature. Then
//
//	.truncate 0x200
//	.append 0x00, 0x01, "dex\n"
//
// change the end of the bytes.
package dextest
