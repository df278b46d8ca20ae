#!/usr/bin/env python3
"""Says how many of the ladder's files are recognised.

    telltale scan -f ndjson -o scan.ndjson DIR     (DIR: what obfuscate.py made)
    ladder.py LIST scan.ndjson [--half tune|held] [--originals scan-of-artefacts.ndjson]

For each rung: files whose SDK was found without its name, those whose version
is right or in the range that is told, those that are likened to a known
version (and to the right one), and what else was found in them that is
not in the artefact by name. A file
whose SDK is still known by name (one that has been obfuscated by its vendor
keeps nothing; one whose names are kept by something else does) is set apart.
Halves are of families, by a hash of the rule's id: thresholds were set on one,
figures are told of the other.
"""
import argparse, collections, hashlib, json, os, re


def half(rule):
    return "tune" if hashlib.sha256(rule.encode()).digest()[0] % 2 else "held"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("list")
    p.add_argument("scan")
    p.add_argument("--half", choices=["tune", "held"])
    p.add_argument("--originals")
    p.add_argument("--missed", action="store_true")
    p.add_argument("--families", action="store_true")
    a = p.parse_args()
    known = {}
    for line in open(a.list):
        c = line.rstrip("\n").split("\t")
        if len(c) == 6 and not line.startswith("#"):
            known[c[3]] = c
    carried = collections.defaultdict(set)
    for line in open(a.originals) if a.originals else []:
        app = json.loads(line).get("app")
        if app:
            carried[app["sha256"]] = {s["id"] for s in app["sdks"]}
    count = collections.defaultdict(collections.Counter)
    wrong, missed = collections.Counter(), []
    families = collections.defaultdict(dict)
    for line in open(a.scan):
        app = json.loads(line).get("app")
        if not app:
            continue
        sha, rung = os.path.basename(app["path"]).split(".")[:2]
        if sha not in known:
            continue
        profile, rule, version = known[sha][:3]
        if a.half and half(rule) != a.half:
            continue
        n = count[rung]
        n["files"] += 1
        hit = [s for s in app["sdks"] if s["id"] == rule and s["renamed"]]
        named = [s for s in app["sdks"] if s["id"] == rule and not s["renamed"] and s["classes"]]
        told = families[rule].setdefault(rung, [0, 0, 0])
        told[0] += 1
        told[1] += bool(hit)
        told[2] += bool(named and not hit)
        if named and not hit:
            n["by name"] += 1
        elif hit:
            n["found"] += 1
            near = [r["nearest_version"] for r in hit[0]["renamed"] if r["nearest_version"]]
            if version and near and not hit[0]["version"]:
                n["likened"] += 1
                if version in near:
                    n["to it"] += 1
                elif any("–" in r and key(r.split("–")[0]) <= key(version) <= key(r.split("–")[1]) for r in near):
                    n["to a range"] += 1
            v = hit[0]["version"]
            if version and v:
                n["told"] += 1
                if v["value"] == version:
                    n["exact"] += 1
                elif version in [str(x) for x in v["value"].split("–")]:
                    n["in range"] += 1
                elif not v["exact"]:
                    lo, hi = v["value"].split("–")
                    n["in range" if key(lo) <= key(version) <= key(hi) else "wrong"] += 1
                else:
                    n["wrong"] += 1
        else:
            missed.append((rung, profile, version, sha[:12]))
        for s in app["sdks"]:
            if s["renamed"] and s["id"] != rule and s["id"] not in carried[sha]:
                n["others"] += 1
                wrong[(rule, s["id"], rung)] += 1
    keys = ["files", "by name", "found", "told", "exact", "in range", "wrong", "likened", "to it", "to a range", "others"]
    print("%-10s" % "rung" + "".join("%12s" % k for k in keys))
    for rung in ["rename", "repackage", "shrink", "optimise", "all"]:
        print("%-10s" % rung + "".join("%12d" % count[rung][k] for k in keys))
    for (rule, other, rung), n in sorted(wrong.items()):
        print("  in %s (%s): %s" % (rule, rung, other))
    if a.missed:
        for m in sorted(missed):
            print("  missed", *m)
    if a.families:
        rungs = ["rename", "repackage", "optimise", "shrink", "all"]
        print("%-28s" % "family" + "".join("%10s" % r for r in rungs) + "   found/files; +n: known by name")
        for f, r in sorted(families.items()):
            mark = lambda n, found, named: "%d/%d" % (found, n) + ("+%dn" % named if named else "")
            print("%-28s" % f + "".join("%10s" % (mark(*r[k]) if k in r else "-") for k in rungs))


def key(v):
    return [int(x) for x in re.findall(r"\d+", v)]


if __name__ == "__main__":
    main()
