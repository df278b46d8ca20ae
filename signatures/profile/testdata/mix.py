#!/usr/bin/env python3
"""Moves two SDKs into one package, as a shrinker does with all of an app.

    mix.py --encrypted DIR --plain DIR --out DIR

Of each SHA256.repackage.jar in the first folder (what encrypt.py made) and the next
one in the second (what obfuscate.py made) OUT gets one file under the name of the
first: classes q/... of both, those of the second as q/_....
"""
import argparse, os, re, struct, zipfile
from encrypt import Pool


def move(data):
    """Renames the classes of package q in a class file."""
    pool, out, at, i = Pool(data), bytearray(data[:10]), 10, 1
    while i < pool.n:
        t = data[at]
        if t == 1:
            text = re.sub(rb"(^|[L;\[<(])q/", rb"\1q/_", pool.value[i])
            out += struct.pack(">BH", 1, len(text)) + text
            at += 3 + len(pool.value[i])
        else:
            size = {5: 9, 6: 9, 7: 3, 8: 3, 16: 3, 19: 3, 20: 3, 15: 4}.get(t, 5)
            out += data[at:at + size]
            at += size
            i += t in (5, 6)
        i += 1
    return bytes(out) + data[at:]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for a in "encrypted", "plain", "out":
        p.add_argument("--" + a, required=True)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    names = sorted(f for f in os.listdir(a.encrypted) if f.endswith(".repackage.jar"))
    for n, f in enumerate(names):
        with zipfile.ZipFile(os.path.join(a.out, f), "w", zipfile.ZIP_DEFLATED) as out:
            with zipfile.ZipFile(os.path.join(a.encrypted, f)) as z:
                for c in z.namelist():
                    if c.endswith(".class"):
                        out.writestr(c, z.read(c))
            with zipfile.ZipFile(os.path.join(a.plain, names[(n + 1) % len(names)])) as z:
                for c in z.namelist():
                    if c.endswith(".class"):
                        out.writestr(re.sub("^q/", "q/_", c), move(z.read(c)))
    print("%d files" % len(names))


if __name__ == "__main__":
    main()
