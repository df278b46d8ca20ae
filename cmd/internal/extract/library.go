package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/dex/classfile"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// library is what an archive holds as a Java or Android library: class files,
// and in an AAR a manifest and resources as they were written.
//
// Of an AAR (developer.android.com, "Anatomy of an AAR file") what goes into an
// app is read: classes.jar and libs/*.jar, the manifest, resources, assets,
// native libraries. lint.jar and annotations.zip are for tools, api.jar repeats
// classes.jar, R.txt and the rules for shrinkers hold names only.
type library struct {
	aar     bool
	built   bool // its class files are built into the apps that use it
	classes []*apk.Entry
}

// newLibrary tells what an archive is by what lies in it.
func (b *builder) newLibrary(ar *apk.Archive, pl place) *library {
	l := &library{built: pl.built}
	switch e := ar.Lookup(manifestName); {
	case len(loadedDex(ar)) > 0:
	case e == nil:
		l.built = l.built || pl.depth == 0 && slices.ContainsFunc(ar.Entries(), b.isClass)
	default:
		if head, err := e.Head(sourceHead, b.budget); err == nil && isSource(head) {
			l.aar, l.built = true, pl.depth == 0 || pl.built
			b.library = b.library || pl.base
		}
	}
	return l
}

// isClass reports whether an entry is a class file, by its content.
func (b *builder) isClass(e *apk.Entry) bool {
	kind, err := e.Sniff(b.budget)
	return err == nil && kind == apk.KindClassFile
}

// take looks at an entry of an archive that may be a library. It reports
// whether nothing else is to be done about it.
func (l *library) take(b *builder, e *apk.Entry, kind apk.Kind, unit string) bool {
	if kind == apk.KindClassFile {
		// The same classes again, for newer virtual machines (JEP 238).
		if !strings.HasPrefix(e.RawName, "META-INF/versions/") {
			l.classes = append(l.classes, e)
		}
		return true
	}
	if !l.aar {
		return false
	}
	switch name := e.RawName; {
	case name == "lint.jar", name == "api.jar", name == "annotations.zip", name == "R.txt", name == "public.txt",
		name == "proguard.txt", strings.HasPrefix(name, "META-INF/proguard/"), strings.HasPrefix(name, "META-INF/com.android.tools/"):
		return true
	case path.Ext(name) == ".xml" && kind != apk.KindAXML && (name == manifestName || strings.HasPrefix(name, "res/")):
		b.texts = append(b.texts, textSource{unit: unit, kind: kind, e: e, source: true})
		return true
	}
	return false
}

// holdsCode reports whether a nested archive is a part of the library's code.
func (l *library) holdsCode(name string) bool {
	return l.aar && l.built && (name == "classes.jar" || path.Dir(name) == "libs" && path.Ext(name) == ".jar")
}

// forApps reports whether the archive is built into apps, and does not reach
// Android as it is.
func (l *library) forApps() bool { return l != nil && l.built }

// finish makes one unit of the class files.
func (l *library) finish(b *builder, pl place) {
	if len(l.classes) == 0 {
		return
	}
	name := strings.TrimSuffix(pl.prefix, "!")
	if name == "" {
		name = path.Base(b.set.App.Path)
	}
	var files []*classfile.File
	all := sha256.New()
	for _, e := range l.classes {
		if b.ctx.Err() != nil {
			return
		}
		data, err := e.Read(b.budget)
		if err != nil {
			b.problem(pl.prefix+e.Name, problemKind(err), err, true)
			if isSpent(err) {
				break
			}
		}
		f, err := classfile.Open(data)
		if err != nil {
			b.problem(pl.prefix+e.Name, problemKind(err), err, true)
			continue
		}
		if f.Flags&classfile.AccModule != 0 {
			continue // names of packages, no class
		}
		one := sha256.Sum256(data)
		all.Write(one[:])
		files = append(files, f)
	}
	// Equal class files in several places count once.
	if sum := all.Sum(nil); len(files) > 0 && b.taken.add(sum) {
		sha := hex.EncodeToString(sum)
		b.classes(files, name, sha, l.built)
	}
}

// classes adds a unit of class files.
func (b *builder) classes(files []*classfile.File, name, sha string, built bool) {
	u := newClassUnit(files, name, sha, built)
	u.sweep.Do(u.walk)
	partial := func(kind fact.ProblemKind, format string, args ...any) {
		u.info.Status = fact.Partial
		b.note(name, kind, true, format, args...)
	}
	if u.cut {
		partial(fact.ProblemBudget, "call sites name far more than the class files are long; what else they name was not read")
	}
	if u.broken > 0 {
		partial(fact.ProblemMalformed, "the code of %d of its methods could not be read to its end", u.broken)
	}
	told := 0
	for _, f := range files {
		for _, a := range f.Anomalies() {
			u.info.Status = fact.Partial
			if told++; told > 3 {
				b.note(name, fact.ProblemMalformed, true, "and more oddities of this kind")
				break
			}
			class := strings.TrimSuffix(strings.TrimPrefix(f.Class(f.This), "L"), ";")
			if class == "" {
				class = "a class file"
			}
			b.note(name, fact.ProblemMalformed, true, "%s: %v", class, a)
		}
		if told > 3 {
			break
		}
	}
	b.set.Units = append(b.set.Units, u)
}

// classFile reads a class file that lies on its own.
func (b *builder) classFile(data []byte, name string) error {
	f, err := classfile.Open(data)
	if err != nil {
		return err
	}
	b.classes([]*classfile.File{f}, name, hexDigest(data), true)
	return nil
}

// holdsClasses reports whether an archive is a library: by the first entry
// whose name says that it is a class file.
func holdsClasses(ar *apk.Archive, budget *apk.Budget) bool {
	for _, e := range ar.Entries() {
		if strings.HasSuffix(e.RawName, ".class") {
			kind, err := e.Sniff(budget)
			return err == nil && kind == apk.KindClassFile
		}
	}
	return false
}
