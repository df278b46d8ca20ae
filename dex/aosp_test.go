package dex_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
)

// aospFolder returns a checkout of AOSP's art project (test/dexdump and
// libdexfile are enough), or skips: its files are not ours to carry.
func aospFolder(t *testing.T) string {
	t.Helper()
	root := os.Getenv("TELLTALE_AOSP_ART")
	if root == "" {
		t.Skip("TELLTALE_AOSP_ART does not name a checkout of AOSP's art")
	}
	return root
}

// TestSameAsPublishedDumps compares with the texts that AOSP keeps beside its
// dexdump tests, of a dexdump that is newer than Debian's.
func TestSameAsPublishedDumps(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(aospFolder(t), "test/dexdump/*.dex"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	var total counts
	for _, path := range files {
		name := filepath.Base(path)
		want, err := os.ReadFile(strings.TrimSuffix(path, ".dex") + ".txt")
		if err != nil {
			t.Error(err)
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := dex.Open(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := bufio.NewReader(bytes.NewReader(want))
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		d := &lineDiff{want: r}
		total.add(dump(f, name, d, true))
		d.finish()
		for _, s := range d.diffs {
			t.Errorf("%s: %s", name, s)
		}
	}
	t.Logf("%v", total)
}

// aospFixtures returns the files that a test source of libdexfile holds as
// base64, by the name of the constant.
func aospFixtures(t *testing.T, source string) map[string][]byte {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(aospFolder(t), "libdexfile/dex", source))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]byte)
	re := regexp.MustCompile(`(?s)(?:const char|constexpr char)\s*\*?\s*(?:const\s+)?(k\w+)(?:\[\])?\s*=\s*((?:\s*(?://[^\n]*\n)?\s*"[A-Za-z0-9+/=]*"\s*)+);`)
	quoted := regexp.MustCompile(`"([A-Za-z0-9+/=]*)"`)
	for _, m := range re.FindAllStringSubmatch(string(src), -1) {
		var text strings.Builder
		for _, q := range quoted.FindAllStringSubmatch(m[2], -1) {
			text.WriteString(q[1])
		}
		b, err := base64.StdEncoding.DecodeString(text.String())
		if err != nil {
			b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(text.String(), "="))
		}
		if err != nil {
			t.Errorf("%s: %v", m[1], err)
			continue
		}
		out[m[1]] = b
	}
	return out
}

// TestAOSPFixtures holds Open and Verify to what AOSP's own tests expect of
// the files in their sources.
func TestAOSPFixtures(t *testing.T) {
	type want struct {
		version int
		classes []string  // first class of each logical file
		check   dex.Check // "" if ART accepts the file
	}
	seen := 0
	for source, wants := range map[string]map[string]want{
		"dex_file_loader_test.cc": {
			"kRawDex":                       {35, []string{"LNested$Inner;"}, ""},
			"kRawDex38":                     {38, []string{"LMain;"}, ""},
			"kRawDex39":                     {39, []string{"LMain;"}, ""},
			"kRawDex40":                     {40, []string{"LMain;"}, ""},
			"kRawDex41":                     {41, []string{"LMain;"}, ""},
			"kRawContainerDex":              {41, []string{"LMain;", "LSecond;"}, ""},
			"kRawDex42":                     {42, []string{"LMain;"}, dex.CheckVersion},
			"kRawDexDebugInfoLocalNullType": {35, []string{"LA;"}, ""},
			"kRawDexBadMapOffset":           {35, []string{"LA;"}, dex.CheckHeaderSection},
			"kRawDexBadMapOffsets":          {35, []string{"LMain;"}, "any"},
			"kRawDexStringDataOOB":          {35, []string{""}, "any"},
			"kRawDexCodeItemOOB":            {35, nil, "any"},
			"kHiddenAPIClassDataBadOffset":  {35, nil, "any"},
			"kRawBadDebugInfoItem":          {38, nil, "any"},
			"kIncorrectSectionSizeInHeader": {38, nil, "any"},
			"kFileSizeTooSmallInHeader":     {38, nil, "any"},
		},
		"dex_file_verifier_test.cc": {
			"kGoodTestDex":                            {35, nil, ""},
			"kMethodFlagsTestDex":                     {35, nil, ""},
			"kFieldFlagsTestDex":                      {35, nil, dex.CheckFieldFlags},
			"kProtoOrderingTestDex":                   {35, nil, ""},
			"kDebugInfoTestDex":                       {35, nil, ""},
			"kInitWithUnicode":                        {35, nil, ""},
			"kClassExtendsItselfTestDex":              {37, nil, dex.CheckClassOrder},
			"kClassesExtendOneAnotherTestDex":         {37, nil, dex.CheckClassOrder},
			"kCircularClassInheritanceTestDex":        {37, nil, dex.CheckClassOrder},
			"kInterfaceImplementsItselfTestDex":       {37, nil, dex.CheckClassOrder},
			"kInterfacesImplementOneAnotherTestDex":   {37, nil, dex.CheckClassOrder},
			"kCircularInterfaceImplementationTestDex": {37, nil, dex.CheckClassOrder},
		},
	} {
		fixtures := aospFixtures(t, source)
		for name, w := range wants {
			b, ok := fixtures[name]
			if !ok {
				t.Errorf("%s is not in %s", name, source)
				continue
			}
			seen++
			files, err := dex.OpenAll(b)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if w.classes != nil && len(files) != len(w.classes) {
				t.Errorf("%s: %d logical files, want %d", name, len(files), len(w.classes))
				continue
			}
			var vs []dex.Violation
			for i, f := range files {
				if f.Version() != w.version {
					t.Errorf("%s: version %d, want %d", name, f.Version(), w.version)
				}
				if w.classes != nil && f.Type(f.Class(0).Type) != w.classes[i] {
					t.Errorf("%s: class %q, want %q", name, f.Type(f.Class(0).Type), w.classes[i])
				}
				vs = append(vs, dex.Verify(f)...)
			}
			// Some of these files have no right checksum; AOSP's tests do not look at it there.
			vs = slices.DeleteFunc(vs, func(v dex.Violation) bool { return v.Check == dex.CheckChecksum })
			switch {
			case w.check == "" && len(vs) > 0:
				t.Errorf("%s: %v, but ART accepts it", name, vs)
			case w.check != "" && len(vs) == 0:
				t.Errorf("%s: nothing found, want %s", name, w.check)
			case w.check != "" && w.check != "any" && vs[0].Check != w.check:
				t.Errorf("%s: %v, want %s", name, vs[0], w.check)
			}
		}
	}
	t.Logf("%d files", seen)
}

func TestAOSPContainerFacts(t *testing.T) {
	files, err := dex.OpenAll(aospFixtures(t, "dex_file_loader_test.cc")["kRawContainerDex"])
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for i, want := range []struct {
		offset, size uint32
	}{{0, 564}, {564, 904}} {
		h := files[i].Header()
		if h.HeaderOffset != want.offset || h.FileSize != want.size || h.ContainerSize != 1468 || h.StringIDs.Off != 684 || h.StringIDs.Count != 21 {
			t.Errorf("file %d: %+v", i, h)
		}
		if n := files[i].NumStrings(); n != 21 {
			t.Errorf("file %d: %d strings", i, n)
		}
	}
}
