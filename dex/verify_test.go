package dex_test

import (
	"encoding/binary"
	"hash/adler32"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

func TestVerifyFixturesClean(t *testing.T) {
	for _, f := range dextest.Fixtures() {
		files, err := dex.OpenAll(dextest.Must(f.Text))
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		for _, d := range files {
			for _, v := range dex.Verify(d) {
				t.Errorf("%s: %v", f.Name, v)
			}
			for _, a := range d.Anomalies() {
				t.Errorf("%s: anomaly %v", f.Name, a)
			}
		}
	}
}

// base is what the recipes below break.
const base = `
.class public LA;
.super LBase;
.implements Ljava/lang/Runnable;
.implements Ljava/io/Closeable;
.annotation runtime LTag;
    a = 1
    b = "two"
.end annotation
.annotation runtime LTag2;
.end annotation
.field public static s:I = 5
.field public static t:Ljava/lang/String; = "x"
.field public f:I
.field public g:I
    .annotation runtime LTag;
    .end annotation
.end field
.method public constructor <init>()V
    .line 1
    return-void
.end method
.method public static m(ILjava/lang/String;)V
    .registers 4
    .local v0, "v":I
  :a
    nop
  :b
    nop
    return-void
  :h
    return-void
    .catch Ljava/lang/Exception; {:a .. :b} :h
.end method
.method public run()V
    return-void
.end method
.class public LBase;
.method public n(II)I
    return p1
.end method
.dialect art
`

// TestVerifyNamesTheCheck breaks one thing at a time.
func TestVerifyNamesTheCheck(t *testing.T) {
	for _, tt := range []struct {
		name, recipe string
		want         dex.Check // the first violation
		section      string
	}{
		{"version 036", ".dex 036\n" + base, dex.CheckVersion, "header"},
		{"version 042", ".dex 042\n" + base, dex.CheckVersion, "header"},
		{"small file_size", base + ".patch header.file_size = 0x20", dex.CheckFileSize, "header"},
		{"tables behind file_size", base + ".patch header.file_size = 0x80", dex.CheckHeaderSection, "header"},
		{"big file_size", base + ".patch header.file_size = 0x100000", dex.CheckFileSize, "header"},
		{"header_size", base + ".patch header.header_size = 0x74", dex.CheckHeaderSize, "header"},
		{"endian", base + ".patch header.endian_tag = 1", dex.CheckEndianTag, "header"},
		{"checksum", base + ".patch header.checksum = 1", dex.CheckChecksum, "header"},
		{"container too small", ".dex 041\n" + base + ".patch header.container_size = 0x20", dex.CheckContainer, "header"},
		{"container too big", ".dex 041\n" + base + ".patch header.container_size = 0x2000000", dex.CheckContainer, "header"},
		{"header elsewhere", ".dex 041\n" + base + ".patch header.header_offset = 0x10", dex.CheckContainer, "header"},
		{"link without size", base + ".patch header.link_off = 4", dex.CheckHeaderSection, "header"},
		{"unaligned table", base + ".patch header.type_ids_off = 0x75", dex.CheckHeaderSection, "header"},
		{"table outside", base + ".patch header.method_ids_off = 0x10000000", dex.CheckHeaderSection, "header"},
		{"table too long", base + ".patch header.field_ids_size = 0x10000000", dex.CheckHeaderSection, "header"},
		{"map order", base + ".patch map_item[2].offset = 0x70", dex.CheckMapOrder, "map_list"},
		{"map unknown", base + ".patch map_item[3].type = 0x77", dex.CheckMapEntry, "map_list"},
		{"map twice", base + ".patch map_item[3].type = 1", dex.CheckMapEntry, "map_list"},
		{"map count", base + ".patch map_item[8].size = 0x100000", dex.CheckMapCount, "map_list"},
		{"map size", base + ".patch map_list.size = 0x100000", dex.CheckBounds, "map_list"},
		{"header count", base + ".patch map_item[0].size = 2", dex.CheckSection, "header"},
		{"map and header", base + ".patch map_item[1].size = 3", dex.CheckSection, "string_ids"},
		{"type index", base + ".patch type_ids[1].descriptor_idx = 0x7777", dex.CheckIndex, "type_ids"},
		{"return type", base + ".patch proto_ids[0].return_type_idx = 0x777", dex.CheckIndex, "proto_ids"},
		{"shorty index", base + ".patch proto_ids[0].shorty_idx = 0x777", dex.CheckIndex, "proto_ids"},
		{"field class", base + ".patch field_ids[0].class_idx = 0x777", dex.CheckIndex, "field_ids"},
		{"method proto", base + ".patch method_ids[0].proto_idx = 0x777", dex.CheckIndex, "method_ids"},
		{"method name", base + ".patch method_ids[0].name_idx = 0x777", dex.CheckIndex, "method_ids"},
		{"class index", base + ".patch class_defs[0].class_idx = 0x777", dex.CheckIndex, "class_defs"},
		{"superclass index", base + ".patch class_defs[0].superclass_idx = 0x777", dex.CheckIndex, "class_defs"},
		{"class twice", ".class LA;\n.class LA;\n", dex.CheckDuplicateClass, "class_defs"},
		{"type list index", base + ".patch type_list[0]+4 = u16 0x777", dex.CheckIndex, "type_list"},
		{"type list length", base + ".patch type_list[0].size = 0x7777777", dex.CheckBounds, "type_list"},
		{"wrong list of fields", ".class LA;\n.field static f:I\n.patch class_data[0]+5 = u8 0", dex.CheckClassData, "class_data"},
		{"field index", ".class LA;\n.field static f:I\n.patch class_data[0]+4 = u8 9", dex.CheckIndex, "class_data"},
		{"ins", base + ".patch code_item[LA;->run()V].ins_size = 9", dex.CheckCodeItem, "code_item"},
		{"outs", base + ".patch code_item[LA;->run()V].outs_size = 99", dex.CheckCodeItem, "code_item"},
		{"insns size", base + ".patch code_item[LA;->run()V].insns_size = 0x7fffffff", dex.CheckBounds, "code_item"},
		{"try start", base + ".patch code_item[LA;->m(ILjava/lang/String;)V]+24 = u32 99", dex.CheckCodeItem, "code_item"},
		{"try handler", base + ".patch code_item[LA;->m(ILjava/lang/String;)V]+30 = u16 7", dex.CheckCodeItem, "code_item"},
		{"string length", base + `.patch string_data["two"] = u8 2`, dex.CheckStringData, "string_data"},
		{"string shorter", base + `.patch string_data["two"] = u8 9`, dex.CheckStringData, "string_data"},
		{"string start byte", base + `.patch string_data["two"]+1 = u8 0x80`, dex.CheckStringData, "string_data"},
		{"string continuation", base + `.patch string_data["two"]+1 = u8 0xe1`, dex.CheckStringData, "string_data"},
		{"string encoded long", ".string \"é\"\n.patch string_data[\"é\"]+1 = u8 0xc1", dex.CheckStringData, "string_data"},
		{"debug parameters", base + ".patch debug_info[LA;->m(ILjava/lang/String;)V]+2 = u8 0x7f", dex.CheckIndex, "debug_info"},
		{"annotation visibility", base + ".patch annotation[0] = u8 3", dex.CheckAnnotation, "annotation"},
		{"annotation type", base + ".patch annotation[0]+1 = u8 0x7f", dex.CheckIndex, "annotation"},
		{"value kind", base + ".patch annotation[0]+4 = u8 0x05", dex.CheckEncodedValue, "annotation"},
		{"value size", base + ".patch encoded_array[LA;]+1 = u8 0xe4", dex.CheckEncodedValue, "encoded_array"},
		{"value index", base + ".patch encoded_array[LA;]+4 = u8 0x7f", dex.CheckIndex, "encoded_array"},
		{"string offset", base + ".patch string_ids[2].string_data_off = 0x71", dex.CheckOffset, "string_ids"},
		{"string order", base + ".patch string_ids[2].string_data_off = &string_data[1]", dex.CheckStringOrder, "string_ids"},
		{"type order", base + ".patch type_ids[LTag2;].descriptor_idx = 0", dex.CheckDescriptor, "type_ids"},
		{"type bad", ".type \"L;\"", dex.CheckDescriptor, "type_ids"},
		{"type bad name", ".type \"La.b;\"", dex.CheckDescriptor, "type_ids"},
		{"array of void", ".type \"[V\"", dex.CheckDescriptor, "type_ids"},
		{"proto shorty", base + ".patch proto_ids[(II)I].shorty_idx = 0", dex.CheckShorty, "proto_ids"},
		{"proto order", base + ".patch proto_ids[()V].parameters_off = &type_list[0]", dex.CheckShorty, "proto_ids"},
		{"field of void", ".fieldref LA;->f:V", dex.CheckDescriptor, "field_ids"},
		{"field name", ".fieldref LA;->a/b:I", dex.CheckMemberName, "field_ids"},
		{"field order", base + ".patch field_ids[LA;->g:I].name_idx = 0", dex.CheckFieldOrder, "field_ids"},
		{"field twice", ".fieldref LA;->a:I\n.fieldref LA;->b:I\n.patch field_ids[1].name_idx = 2", dex.CheckFieldOrder, "field_ids"},
		{"method of int", ".methodref I->m()V", dex.CheckDescriptor, "method_ids"},
		{"method order", ".methodref LA;->a()V\n.methodref LA;->b()V\n.patch method_ids[1].name_idx = 2", dex.CheckMethodOrder, "method_ids"},
		{"class is array", ".class [LA;\n", dex.CheckDescriptor, "class_defs"},
		{"class flags", ".class 0x10000 LA;\n", dex.CheckClassDef, "class_defs"},
		{"interfaces offset", base + ".patch class_defs[LA;].interfaces_off = 0x71", dex.CheckOffset, "class_defs"},
		{"own super", ".dex 037\n.class LA;\n.super LA;\n", dex.CheckClassOrder, "class_defs"},
		{"super after sub", ".dex 037\n.class LA;\n.super LB;\n.class LB;\n.super LA;\n", dex.CheckClassOrder, "class_defs"},
		{"own interface", ".dex 037\n.class LA;\n.implements LA;\n", dex.CheckClassOrder, "class_defs"},
		{"super is array", ".class LA;\n.super [I\n", dex.CheckDescriptor, "class_defs"},
		{"interface twice", ".class LA;\n.implements LI;\n.implements LI;\n", dex.CheckInterface, "class_defs"},
		{"members of another", base + ".patch class_defs[LBase;].class_data_off = &class_data[LA;]", dex.CheckClassDef, "class_defs"},
		{"annotations of another", base + ".patch class_defs[LBase;].annotations_off = &annotations_directory[LA;]", dex.CheckClassDef, "class_defs"},
		{"no code", ".class LA;\n.method public abstract f()V\n.end method\n.patch class_data[0]+6 = u8 0", dex.CheckMethodFlags, "class_data"},
		{"field visibility", ".class LA;\n.field public private f:I\n", dex.CheckFieldFlags, "class_data"},
		{"volatile final", ".class LA;\n.field volatile final f:I\n", dex.CheckFieldFlags, "class_data"},
		{"interface field", ".dex 037\n.class interface abstract LA;\n.field static f:I\n", dex.CheckFieldFlags, "class_data"},
		{"method visibility", ".class LA;\n.method public private f()V\nreturn-void\n.end method", dex.CheckMethodFlags, "class_data"},
		{"constructor by flag", ".class LA;\n.method constructor f()V\nreturn-void\n.end method", dex.CheckMethodFlags, "class_data"},
		{"native with code", ".class LA;\n.method native f()V\nreturn-void\n.end method", dex.CheckMethodFlags, "class_data"},
		{"abstract final", ".class LA;\n.method abstract final f()V\n.end method", dex.CheckMethodFlags, "class_data"},
		{"synchronized constructor", ".class LA;\n.method synchronized <init>()V\nreturn-void\n.end method", dex.CheckMethodFlags, "class_data"},
		{"angle name", ".class LA;\n.method public <other>()V\nreturn-void\n.end method", dex.CheckMemberName, "class_data"},
		{"constructor returns", ".class LA;\n.method public <init>()I\nreturn p0\n.end method", dex.CheckConstructor, "class_data"},
		{"clinit with argument", ".class LA;\n.method static <clinit>(I)V\nreturn-void\n.end method", dex.CheckConstructor, "class_data"},
		{"static value type", ".class LA;\n.field static f:I = \"text\"\n", dex.CheckStaticValue, "class_data"},
		{"too many values", ".class LA;\n.field static f:I = 1\n.field static g:I = 1\n.patch class_data[0] = u8 1\n.patch class_data[0]+1 = u8 1\n.patch class_data[0]+7 = u8 0", dex.CheckStaticValue, "class_data"},
		{"call site", ".dex 038\n.class LA;\n.method static f()V\ninvoke-custom {}, s(\"a\")@LA;->f()V\nreturn-void\n.end method", dex.CheckCallSite, "call_site_ids"},
		{"handle kind", ".dex 038\n.class LA;\n.method static f()V\nconst-method-handle v0, invoke-static@LA;->f()V\nreturn-void\n.end method\n.patch method_handles[0].method_handle_type = 9", dex.CheckMethodHandle, "method_handles"},
		{"handle index", ".dex 038\n.class LA;\n.method static f()V\nconst-method-handle v0, invoke-static@LA;->f()V\nreturn-void\n.end method\n.patch method_handles[0].field_or_method_id = 9", dex.CheckIndex, "method_handles"},
		{"annotation sets", base + ".patch annotation_set[0]+4 = u32 0x71", dex.CheckOffset, "annotation_set"},
		{"annotation set order", base + ".patch annotation_set[0]+4 = u32 &annotation[0]", dex.CheckAnnotation, "annotation_set"},
		{"directory members", base + ".patch annotations_directory[LA;]+16 = u32 0x777", dex.CheckIndex, "annotations_directory"},
		{"directory set", base + ".patch annotations_directory[LA;].class_annotations_off = 0x71", dex.CheckOffset, "annotations_directory"},
	} {
		b, err := dextest.Assemble(tt.recipe)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		f, err := dex.Open(b)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		vs := dex.Verify(f)
		if len(vs) == 0 {
			t.Errorf("%s: nothing found, want %s in %s", tt.name, tt.want, tt.section)
			continue
		}
		if vs[0].Check != tt.want || vs[0].Section != tt.section {
			t.Errorf("%s: %v, want %s in %s", tt.name, vs[0], tt.want, tt.section)
		}
	}
}

// TestVerdictsAgreeWithDexdump breaks fixtures at random and compares the
// verdict with that of dexdump, which runs ART's verifier (of Android 11).
// TELLTALE_MUTANTS sets how many, TELLTALE_SEED which.
func TestVerdictsAgreeWithDexdump(t *testing.T) {
	dexdump, err := exec.LookPath("dexdump")
	if err != nil {
		t.Skip("dexdump is not installed")
	}
	n, seed := 100, int64(1)
	if v, err := strconv.Atoi(os.Getenv("TELLTALE_MUTANTS")); err == nil {
		n = v
	}
	if v, err := strconv.ParseInt(os.Getenv("TELLTALE_SEED"), 10, 64); err == nil {
		seed = v
	}
	r := rand.New(rand.NewSource(seed))
	var files [][]byte
	for _, f := range dextest.Fixtures() {
		b := dextest.Must(f.Text)
		if fs, _ := dex.OpenAll(b); len(fs) == 1 {
			files = append(files, b)
		}
	}
	path := filepath.Join(t.TempDir(), "m.dex")
	rejected, crashed, compared := 0, 0, 0
	for range n {
		b := append([]byte(nil), files[r.Intn(len(files))]...)
		at := mutate(r, b)
		binary.LittleEndian.PutUint32(b[8:], adler32.Checksum(b[12:]))
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(dexdump, "-f", path).CombinedOutput()
		theirs := strings.Contains(string(out), "Failure to verify") || strings.Contains(string(out), "version number")
		if err != nil && !theirs {
			crashed++ // it accepted the file and died of it
			continue
		}
		f, err := dex.Open(b)
		var vs []dex.Violation
		if err == nil {
			vs = dex.Verify(f)
		}
		if !theirs && len(vs) > 0 && vs[0].Check == dex.CheckHeaderSection {
			continue // sizes of link and data are looked at by later releases only
		}
		compared++
		if theirs {
			rejected++
		}
		if ours := err != nil || len(vs) > 0; ours != theirs {
			msg := string(out)
			if i := strings.Index(msg, "Failure"); i >= 0 {
				msg = msg[i:]
			}
			t.Errorf("mutant at 0x%x of %d bytes: dexdump rejects %t, we %t: %v %v\n%.300s", at, len(b), theirs, ours, err, vs, msg)
		}
	}
	t.Logf("%d verdicts compared, %d of them rejections; dexdump crashed on %d files that it had accepted", compared, rejected, crashed)
	if rejected == 0 || rejected == compared {
		t.Error("the mutants are no test: all verdicts are the same")
	}
}

// mutate changes b a little, past the magic, and tells where.
func mutate(r *rand.Rand, b []byte) int {
	at := 32 + r.Intn(len(b)-36)
	switch r.Intn(6) {
	case 0:
		b[at] ^= 1 << r.Intn(8)
	case 1:
		b[at] = byte(r.Intn(256))
	case 2:
		b[at]++
	case 3:
		b[at]--
	case 4: // a number of the file in place of another
		at &^= 3
		copy(b[at:at+4], b[r.Intn(len(b)-4)&^3:][:4])
	case 5:
		at &^= 1
		copy(b[at:at+2], b[r.Intn(len(b)-4)&^1:][:2])
	}
	return at
}
