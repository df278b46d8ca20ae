package bundle

import (
	"encoding/json"
	"strings"

	"github.com/telltale-apk/telltale/apk"
)

// text is what the files beside the APKs say.
type text struct {
	form  Form
	label string
}

// labels reads the files by which the makers of containers tell theirs. They
// decide nothing but how a container is called.
func labels(ar *apk.Archive, b *apk.Budget) text {
	root := commonFolder(ar)
	t := text{form: Set}
	take := func(form Form, label string) {
		if t.form == Set {
			t.form = form
		}
		if t.label == "" {
			t.label = label
		}
	}
	if m := object(ar, root+"manifest.json", b); m != nil {
		if _, ok := m["package_name"]; ok {
			take(XAPK, str(m, "name"))
		}
	}
	if m := object(ar, root+"info.json", b); m != nil {
		if _, ok := m["apkm_version"]; ok {
			take(APKM, first(str(m, "apk_title"), str(m, "app_name")))
		} else if _, ok := m["package_name"]; ok { // AppManager
			take(APKS, str(m, "display_name"))
		}
	}
	for _, name := range []string{"meta.sai_v2.json", "meta.sai_v1.json"} {
		if m := object(ar, root+name, b); m != nil {
			take(APKS, str(m, "label"))
		}
	}
	for _, name := range []string{"toc.pb", "toc.json"} {
		if ar.Lookup(root+name) != nil {
			take(APKS, "")
		}
	}
	return t
}

// object reads a JSON object; nil if there is none.
func object(ar *apk.Archive, name string, b *apk.Budget) map[string]json.RawMessage {
	e := ar.Lookup(name)
	if e == nil || e.Size > MaxJSON || e.CompressedSize > MaxJSON {
		return nil
	}
	data, err := e.Read(b)
	if err != nil || len(data) > MaxJSON {
		return nil
	}
	var m map[string]json.RawMessage
	if json.Unmarshal([]byte(strings.TrimPrefix(string(data), "\ufeff")), &m) != nil {
		return nil
	}
	return m
}

func str(m map[string]json.RawMessage, key string) string {
	var s string
	if json.Unmarshal(m[key], &s) != nil {
		return ""
	}
	return s
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
