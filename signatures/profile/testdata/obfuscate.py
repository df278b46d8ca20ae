#!/usr/bin/env python3
"""Makes the ladder: SDK artefacts as obfuscators leave them.

    obfuscate.py --in DIR --out DIR [--platform android.jar] LIST

LIST is a list of artefacts as 'telltale signatures learn --profile' takes it, DIR
holds them under their SHA-256. For each, OUT gets SHA256.RUNG.jar:

    rename     every class, method and field has another name
    repackage  and all classes stand in one package
    shrink     only what two entry classes need is left, renamed and repackaged
    optimise   everything is there, but inlined, merged and simplified, twice
    all        shrink and optimise together

and beside it SHA256.RUNG.map, which says what ProGuard renamed to what.

Debian's proguard-cli (6.2.2) does the work; what it cannot read is told and
left out. --platform is an android.jar that also holds java.*: platform.py makes
one of an SDK's and a JDK's. Without it ProGuard knows the hierarchy of Android's
classes, but none of their methods, so that it renames overrides of these, too:
harsher than in a build. Classes that neither an artefact nor the platform has
(its dependencies) are stood in for by empty ones. Files are kept: a second run
goes on where the first one ended.
"""
import argparse, concurrent.futures, glob, io, os, re, struct, subprocess, sys, tempfile, zipfile

RUNGS = {
    "rename": "-dontshrink -dontoptimize",
    "repackage": "-dontshrink -dontoptimize -repackageclasses q -allowaccessmodification",
    "shrink": "-dontoptimize -repackageclasses q -allowaccessmodification",
    "optimise": "-dontshrink -optimizationpasses 2 -repackageclasses q -allowaccessmodification -mergeinterfacesaggressively",
    "all": "-optimizationpasses 2 -repackageclasses q -allowaccessmodification -mergeinterfacesaggressively",
}


def classes(data):
    """The class files of a JAR, or of the JARs in an AAR."""
    out = {}
    z = zipfile.ZipFile(io.BytesIO(data))
    for n in z.namelist():
        if n.endswith(".class") and not n.startswith("META-INF") and "module-info" not in n:
            out[n] = z.read(n)
        elif n == "classes.jar" or re.match(r"libs/[^/]*\.jar$", n):
            out.update(classes(z.read(n)))
    return out


def pool(data):
    """The texts and the names of classes in a class file's constant pool, by index, and where it ends."""
    n, = struct.unpack(">H", data[8:10])
    at, i, text, names = 10, 1, {}, {}
    while i < n:
        t = data[at]
        if t == 1:
            k, = struct.unpack(">H", data[at + 1:at + 3])
            text[i] = data[at + 3:at + 3 + k]
            at += 3 + k
        elif t == 7:
            names[i], = struct.unpack(">H", data[at + 1:at + 3])
            at += 3
        elif t in (3, 4, 9, 10, 11, 12, 17, 18):
            at += 5
        elif t in (5, 6):
            at, i = at + 9, i + 1
        elif t == 15:
            at += 4
        else:
            at += 3
        i += 1
    return text, names, at


def access(data):
    """The access flags of a class file."""
    at = pool(data)[2]
    return struct.unpack(">H", data[at:at + 2])[0]


def parents(data):
    """The superclass and the interfaces of a class file."""
    text, names, at = pool(data)
    x = struct.unpack(">HHHH", data[at:at + 8])
    name = lambda c: text[names[c]].decode("latin-1") if c else None
    return name(x[2]), [name(c) for c in struct.unpack(">%dH" % x[3], data[at + 8:at + 8 + 2 * x[3]])]


def empty(name, interface):
    """A class file that stands for a class of which only the name is known."""
    def text(s):
        b = s.encode("latin-1")
        return struct.pack(">BH", 1, len(b)) + b
    constants = text(name) + struct.pack(">BH", 7, 1) + text("java/lang/Object") + struct.pack(">BH", 7, 3)
    return struct.pack(">IHHH", 0xcafebabe, 0, 52, 5) + constants + struct.pack(">HHHHHHH", 0x601 if interface else 0x21, 2, 4, 0, 0, 0, 0)


def missing(found, platform):
    """What the classes name and nobody has, as empty classes."""
    interfaces, names = set(), set()
    for data in found.values():
        names |= references(data)
        interfaces |= set(parents(data)[1])
    have = {n[:-6] for n in found} | platform
    return {n: empty(n, n in interfaces) for n in sorted(names - have) if re.fullmatch(r"[^\[;]+", n) and n not in "BCDFIJSZV"}


def entries(found):
    """Two classes that an app might begin with: public ones, near the root, large."""
    def order(n):
        return (n.count("/"), -len(found[n]), n)
    public = [n for n in found if "$" not in n and not re.search(r"(^|/)(R|BuildConfig)\.class$", n) and access(found[n]) & 0x601 == 1]
    return [n[:-6].replace("/", ".") for n in sorted(public or found, key=order)[:2]]


def references(data):
    """The classes that a class file names."""
    text, names, _ = pool(data)
    return {text[x].decode("latin-1").lstrip("[L").rstrip(";") for x in names.values() if x in text}


def stubs(path, program, sources):
    """A JAR of what artefacts name of Android, made by stubs/main.go."""
    names = set()
    for src in sources:
        try:
            for data in classes(open(src, "rb").read()).values():
                names |= references(data)
        except (zipfile.BadZipFile, struct.error, IndexError):
            pass
    subprocess.run(program.split() + [path], input="\n".join(sorted(names)), text=True, check=True)


def make(job):
    a, sha, src, rung = job
    dst = os.path.join(a.out, "%s.%s.jar" % (sha, rung))
    if os.path.exists(dst):
        return None
    try:
        found = classes(open(src, "rb").read())
    except zipfile.BadZipFile as e:
        return "%s: %s" % (src, e)
    with tempfile.TemporaryDirectory() as tmp:
        jar = os.path.join(tmp, "in.jar")
        with zipfile.ZipFile(jar, "w") as z:
            for n in sorted(found):
                z.writestr(n, found[n])
        others = os.path.join(tmp, "others.jar")
        with zipfile.ZipFile(others, "w") as z:
            for n, data in missing(found, a.has).items():
                z.writestr(n + ".class", data)
        out = os.path.join(tmp, "out.jar")
        conf = ["-injars " + jar, "-outjars " + out, "-libraryjars " + a.platform, "-libraryjars " + others,
                "-dontnote", "-dontwarn", "-ignorewarnings", "-forceprocessing", "-printmapping " + dst[:-4] + ".map", "-dontusemixedcaseclassnames", RUNGS[rung]]
        if "-dontshrink" not in RUNGS[rung]:
            conf += ["-keep,allowobfuscation class %s { public *; }" % e for e in entries(found)]
        else:
            conf += ["-keep,allowobfuscation class ** { *; }"] if rung != "optimise" else ["-keep,allowobfuscation,allowoptimization class ** { *; }"]
        open(os.path.join(tmp, "conf"), "w").write("\n".join(conf))
        try:
            p = subprocess.run(a.proguard.split() + ["@" + os.path.join(tmp, "conf")], capture_output=True, text=True, timeout=180)
        except subprocess.TimeoutExpired:
            return "%s %s: takes too long" % (src, rung)
        if p.returncode or not os.path.exists(out):
            return "%s %s: %s" % (src, rung, (p.stdout + p.stderr).strip().splitlines()[-1:])
        os.replace(out, dst + ".part") if os.stat(out).st_dev == os.stat(a.out).st_dev else subprocess.run(["mv", out, dst + ".part"], check=True)
        os.rename(dst + ".part", dst)
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--proguard", default="proguard")
    p.add_argument("--platform")
    p.add_argument("--stubs", default="go run ./signatures/profile/testdata/stubs")
    p.add_argument("--in", dest="input", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("list")
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    a.out = os.path.abspath(a.out)
    if a.platform:
        a.platform = os.path.abspath(a.platform)
    else:
        a.platform = os.path.join(a.out, "platform.jar")
        if not os.path.exists(a.platform):
            stubs(a.platform, a.stubs, glob.glob(os.path.join(a.input, "*")))
    a.has = {n[:-6] for n in zipfile.ZipFile(a.platform).namelist() if n.endswith(".class")}
    jobs = []
    for line in open(a.list):
        c = line.rstrip("\n").split("\t")
        if len(c) == 6 and not line.startswith("#"):
            src = glob.glob(os.path.join(a.input, c[3] + ".*"))
            if src:
                jobs += [(a, c[3], src[0], r) for r in RUNGS]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as ex:
        for i, why in enumerate(ex.map(make, jobs)):
            if why:
                bad += 1
                print(why, file=sys.stderr)
    print("%d files, %d could not be made" % (len(jobs) - bad, bad))


if __name__ == "__main__":
    main()
