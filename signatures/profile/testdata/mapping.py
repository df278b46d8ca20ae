#!/usr/bin/env python3
"""Says how many of the classes' old names are right.

    mapping.py DIR scan.ndjson      (DIR: what obfuscate.py made, with its maps)

The report names at most 50 classes of a copy; these are looked up in what
ProGuard wrote of its renaming. A class that another was merged into has either
name.
"""
import collections, json, os, re, sys


def main():
    folder, scan = sys.argv[1:]
    right, wrong = collections.Counter(), collections.Counter()
    for line in open(scan):
        app = json.loads(line).get("app")
        if not app:
            continue
        sha, rung = os.path.basename(app["path"]).split(".")[:2]
        path = os.path.join(folder, "%s.%s.map" % (sha, rung))
        if not os.path.exists(path):
            continue
        was = collections.defaultdict(set)
        for l in open(path):
            m = re.match(r"(\S+) -> (\S+):$", l)
            if m:
                was[m.group(2)].add(m.group(1))
        for s in app["sdks"]:
            for r in s["renamed"]:
                for c in r["classes"]:
                    new, old = (c[k][1:-1].replace("/", ".") for k in ("class", "original"))
                    if not any(old == w for names in was.values() for w in names):
                        continue  # of another copy, or another version
                    if old in was[new]:
                        right[rung] += 1
                    else:
                        wrong[rung] += 1
    for rung in right:
        n = right[rung] + wrong[rung]
        print("%-10s %d of %d old names right (%.1f %%)" % (rung, right[rung], n, 100 * right[rung] / n))


if __name__ == "__main__":
    main()
