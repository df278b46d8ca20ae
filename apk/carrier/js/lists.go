package js

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/telltale-apk/telltale/apk/binread"
)

// maxList is how many bytes a list of plug-ins may have. Lists are a few
// thousand bytes long.
const maxList = 8 << 20

func checkList(data []byte, what string) error {
	if len(data) > maxList {
		return binread.Errorf(binread.TooLarge, what, -1, "%d bytes; the limit is %d", len(data), maxList)
	}
	return nil
}

func malformed(what string, err error) error {
	return binread.Errorf(binread.Malformed, what, -1, "%v", err)
}

// CordovaPlugins reads assets/www/cordova_plugins.js: a list of the scripts of
// plug-ins, and behind "metadata" the versions of plug-ins.
func CordovaPlugins(data []byte) ([]Module, error) {
	if err := checkList(data, "cordova_plugins.js"); err != nil {
		return nil, err
	}
	s := set{}
	meta := bytes.LastIndex(data, []byte(".metadata"))
	last := ""
	for l := range Literals(data) {
		switch {
		case last == "pluginId":
			s.add(l.Value, "")
		case meta >= 0 && int(l.Off) > meta && isVersion(l.Value):
			s.add(last, l.Value)
		}
		last = l.Value
	}
	return s.list(), nil
}

// CapacitorPlugins reads assets/capacitor.plugins.json, which names the package
// and the class of each plug-in.
func CapacitorPlugins(data []byte) ([]Module, error) {
	const what = "capacitor.plugins.json"
	if err := checkList(data, what); err != nil {
		return nil, err
	}
	var list []struct {
		Pkg string `json:"pkg"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, malformed(what, err)
	}
	s := set{}
	for _, p := range list {
		s.add(p.Pkg, "")
	}
	return s.list(), nil
}

// Package reads a package.json.
func Package(data []byte) ([]Module, error) {
	const what = "package.json"
	if err := checkList(data, what); err != nil {
		return nil, err
	}
	var p struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, malformed(what, err)
	}
	s := set{}
	s.add(p.Name, p.Version)
	return s.list(), nil
}

// ExpoConfig reads assets/app.config of apps built with Expo: its plug-ins are
// names of packages, alone or with options.
func ExpoConfig(data []byte) ([]Module, error) {
	const what = "Expo's app.config"
	if err := checkList(data, what); err != nil {
		return nil, err
	}
	type config struct {
		Plugins []json.RawMessage `json:"plugins"`
	}
	var c struct {
		config
		Expo config `json:"expo"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, malformed(what, err)
	}
	s := set{}
	for _, p := range append(c.Plugins, c.Expo.Plugins...) {
		var name string
		var pair []json.RawMessage
		if json.Unmarshal(p, &pair) == nil && len(pair) > 0 {
			p = pair[0]
		}
		if json.Unmarshal(p, &name) == nil && !strings.HasPrefix(name, ".") {
			s.add(name, "")
		}
	}
	return s.list(), nil
}

// UniPlugins reads assets/dcloud_uniplugins.json of uni-app, which names the
// native modules of plug-ins from its market.
func UniPlugins(data []byte) ([]Module, error) {
	const what = "dcloud_uniplugins.json"
	if err := checkList(data, what); err != nil {
		return nil, err
	}
	var list struct {
		NativePlugins []struct {
			Plugins []struct {
				Name string `json:"name"`
			} `json:"plugins"`
		} `json:"nativePlugins"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, malformed(what, err)
	}
	s := set{}
	for _, n := range list.NativePlugins {
		for _, p := range n.Plugins {
			s.add(p.Name, "")
		}
	}
	return s.list(), nil
}

// UniManifest reads manifest.json of uni-app (assets/apps/<id>/www/). Native
// plug-ins are named as they are; modules of the platform that the app asks for
// as "dcloud/Push"; vendors chosen for a service as "dcloud/push/unipush".
func UniManifest(data []byte) ([]Module, error) {
	const what = "manifest.json of uni-app"
	if err := checkList(data, what); err != nil {
		return nil, err
	}
	type object = map[string]json.RawMessage
	var m object
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, malformed(what, err)
	}
	if m["plus"] == nil && m["app-plus"] == nil {
		return nil, malformed(what, errors.New("it is of another kind"))
	}
	sub := func(o object, key string) (out object) {
		if json.Unmarshal(o[key], &out) != nil {
			return nil
		}
		return out
	}
	s := set{}
	uni := uniNames{s}
	for name := range sub(m, "permissions") {
		uni.add(name)
	}
	for _, key := range []string{"plus", "app-plus"} {
		plus := sub(m, key)
		for name := range sub(plus, "modules") {
			uni.add(name)
		}
		for _, o := range []object{m, plus} {
			for name := range sub(o, "nativePlugins") {
				s.add(name, "")
			}
		}
		for _, o := range []object{plus, sub(plus, "distribute")} {
			for service, vendors := range sub(o, "sdkConfigs") {
				var list object
				if json.Unmarshal(vendors, &list) == nil {
					for vendor := range list {
						uni.add(service + "/" + vendor)
					}
				}
			}
		}
	}
	return s.list(), nil
}

// uniNames adds names of the platform's own modules, which are no packages of
// npm.
type uniNames struct{ s set }

func (u uniNames) add(name string) {
	for part := range strings.SplitSeq(name, "/") {
		if !isLabel(part) {
			return
		}
	}
	u.s["dcloud/"+name] = ""
}

// DCloudProperties reads assets/data/dcloud_properties.xml: the features that an
// app of uni-app or HTML5+ was packed with, as "dcloud/Push", and the vendors
// behind them, as "dcloud/Push/igexin". Templates name features whose code an
// app need not have.
func DCloudProperties(data []byte) ([]Module, error) {
	const what = "dcloud_properties.xml"
	if err := checkList(data, what); err != nil {
		return nil, err
	}
	s := set{}
	uni := uniNames{s}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = false
	feature := ""
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return s.list(), nil
		}
		if err != nil {
			return s.list(), malformed(what, err)
		}
		e, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		name := ""
		for _, a := range e.Attr {
			if a.Name.Local == "name" {
				name = a.Value
			}
		}
		switch e.Name.Local {
		case "feature":
			feature = name
			uni.add(name)
		case "module":
			uni.add(feature + "/" + name)
		}
	}
}
