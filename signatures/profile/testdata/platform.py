#!/usr/bin/env python3
"""Makes an android.jar that ProGuard 6 can take for a whole platform.

    platform.py --android android.jar --jmods DIR --out platform.jar

Of the JDK (DIR holds its java.base.jmod and so on) come java.* and javax.*, as far
as Android has them, with the version of their class files set to that of Java 8:
ProGuard 6 asks for no more of a library than its hierarchy and members.
"""
import argparse, os, struct, subprocess, tempfile, zipfile

KEPT = tuple(p + "/" for p in """java/lang java/io java/util java/net java/nio java/math java/security java/text java/time java/sql java/beans
javax/crypto javax/net javax/security javax/sql javax/xml org/w3c/dom org/xml/sax""".split())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--android", required=True)
    p.add_argument("--jmods", required=True)
    p.add_argument("--out", required=True)
    a = p.parse_args()
    seen = set()
    with zipfile.ZipFile(a.out, "w", zipfile.ZIP_DEFLATED) as out, zipfile.ZipFile(a.android) as android:
        for n in android.namelist():
            if n.endswith(".class") and n not in seen:
                seen.add(n)
                out.writestr(n, android.read(n))
        for module in ["java.base", "java.logging", "java.sql", "java.xml", "java.desktop"]:
            with tempfile.TemporaryDirectory() as tmp:
                subprocess.run(["jmod", "extract", "--dir", tmp, os.path.join(a.jmods, module + ".jmod")], check=True)
                root = os.path.join(tmp, "classes")
                for folder, _, files in sorted(os.walk(root)):
                    for f in sorted(files):
                        path = os.path.join(folder, f)
                        n = os.path.relpath(path, root)
                        if not f.endswith(".class") or not n.startswith(KEPT) or n in seen or module == "java.desktop" and not n.startswith("java/beans/"):
                            continue
                        seen.add(n)
                        data = bytearray(open(path, "rb").read())
                        data[4:8] = struct.pack(">HH", 0, 52)
                        out.writestr(n, bytes(data))
    print("%d classes" % len(seen))


if __name__ == "__main__":
    main()
