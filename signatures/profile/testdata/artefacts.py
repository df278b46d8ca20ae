#!/usr/bin/env python3
"""Takes the artefacts that a list names out of clones of their repositories.

    artefacts.py --clones DIR --out DIR LIST

Sources are github:OWNER/NAME:PATH. DIR/OWNER+NAME is a clone, bare or not, with
its history (git clone --mirror https://github.com/OWNER/NAME DIR/OWNER+NAME):
older versions stand in it alone. A "!" in a path goes on inside a Unity package
or ZIP file. Whatever has the SHA-256 that is asked for is written as SHA256.jar
or SHA256.aar. npm:NAME-VERSION:PATH and debian:PACKAGE are told, to be fetched
with 'npm pack' and 'apt-get download'.
"""
import argparse, collections, hashlib, io, os, subprocess, sys, tarfile, zipfile


def inner(data, name):
    """The files of a Unity package or ZIP file."""
    if name.endswith(".unitypackage"):
        with tarfile.open(fileobj=io.BytesIO(data)) as t:
            for m in t:
                if m.isfile() and m.name.endswith("/asset"):
                    yield t.extractfile(m).read()
    else:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            for n in z.namelist():
                if n.endswith((".jar", ".aar")):
                    yield z.read(n)
                elif n.endswith(".unitypackage"):
                    yield from inner(z.read(n), n)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--clones", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("list")
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    want = collections.defaultdict(dict)  # repository -> SHA-256 -> extension
    paths = collections.defaultdict(set)
    for line in open(a.list):
        c = line.rstrip("\n").split("\t")
        if line.startswith("#") or len(c) != 6:
            continue
        ext = ".aar" if c[4].endswith(".aar") else ".jar"
        if os.path.exists(os.path.join(a.out, c[3] + ext)):
            continue
        kind, _, rest = c[5].partition(":")
        if kind != "github":
            print("fetch yourself:", c[3] + ext, c[5])
            continue
        repo, _, path = rest.partition(":")
        want[repo][c[3]] = ext
        paths[repo].add(path.split("!")[0])
    missing = 0
    for repo, shas in sorted(want.items()):
        git = os.path.join(a.clones, repo.replace("/", "+"))
        if not os.path.isdir(git):
            print("no clone of", repo, "for", len(shas), "artefacts", file=sys.stderr)
            missing += len(shas)
            continue
        out = subprocess.run(["git", "-C", git, "rev-list", "--all", "--objects"], capture_output=True, text=True).stdout
        for line in out.splitlines():
            oid, _, path = line.partition(" ")
            if path not in paths[repo] or not shas:
                continue
            data = subprocess.run(["git", "-C", git, "cat-file", "blob", oid], capture_output=True).stdout
            found = inner(data, path) if path.endswith((".unitypackage", ".zip")) else [data]
            for d in found:
                h = hashlib.sha256(d).hexdigest()
                if h in shas:
                    with open(os.path.join(a.out, h + shas.pop(h)), "wb") as f:
                        f.write(d)
        for h in shas:
            print("not in", repo + ":", h, file=sys.stderr)
        missing += len(shas)
    print("%d artefacts are missing" % missing)


if __name__ == "__main__":
    main()
