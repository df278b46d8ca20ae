#!/usr/bin/env python3
"""Says what integer constants would add to profiles.

    go run ./signatures/profile/testdata/literals ARTEFACT... > artefacts.ndjson
    go run ./signatures/profile/testdata/literals LADDER... > ladder.ndjson
    literals.py LIST artefacts.ndjson ladder.ndjson scan-of-ladder.ndjson

A constant counts if it is larger than 65,535, no mask or power of two, no
resource and no round number of milliseconds, and if no more than one family in
twenty has it.
"""
import collections, json, math, os, re, statistics, sys


def distinctive(s):
    v, w = int(s[1:]), 64 if s[0] == "l" else 32
    u = v & (1 << w) - 1
    if abs(v) <= 0xffff or abs(v) % 1000 == 0 or s[0] == "i" and u >> 24 == 0x7f:
        return False
    for x in (u, ~u & (1 << w) - 1):  # a run of bits
        while x and not x & 1:
            x >>= 1
        if not x & x + 1:
            return False
    return True


def main():
    rows = {}
    for line in open(sys.argv[1]):
        c = line.rstrip("\n").split("\t")
        if len(c) == 6 and not line.startswith("#"):
            rows[c[3]] = c
    family = lambda sha: rows[sha][1] or rows[sha][0]
    art, df, sdf = {}, collections.defaultdict(set), collections.defaultdict(set)
    for line in open(sys.argv[2]):
        o = json.loads(line)
        sha = os.path.basename(o["path"]).split(".")[0]
        if sha in rows:
            art[sha] = ({x for x in o["numbers"] or [] if distinctive(x)}, set(o["strings"] or []))
            for x in art[sha][0]:
                df[x].add(family(sha))
            for x in art[sha][1]:
                sdf[x].add(family(sha))
    n = len({family(s) for s in art})
    common = max(2, n // 20)
    rare = {s: {x for x in l if len(df[x]) <= common} for s, (l, _) in art.items()}
    count = [len(r) for r in rare.values()]
    print("%d artefacts of %d families: a median of %d such constants and %d rare strings; %d have none, %d have 12" % (
        len(art), n, statistics.median(count), statistics.median(len([x for x in s if len(sdf[x]) <= common]) for _, s in art.values()),
        count.count(0), sum(c >= 12 for c in count)))

    weight = lambda x: math.log((n + 1) / len(df[x]))
    known = collections.defaultdict(list)
    for s, r in rare.items():
        if r:
            known[family(s)].append((r, sum(map(weight, r))))

    def present(found, least, most):
        out = set()
        for f, versions in known.items():
            for r, all_ in versions:
                h = r & found
                w = sum(map(weight, h))
                if len(h) >= least and w >= most and w >= 0.2 * all_:
                    out.add(f)
        return out

    told = {}
    for line in open(sys.argv[4]):
        app = json.loads(line).get("app")
        if app:
            told[tuple(os.path.basename(app["path"]).split(".")[:2])] = {s["id"] for s in app["sdks"]}
    for least, most in (12, 60), (8, 40), (5, 20):
        c = collections.Counter()
        for line in open(sys.argv[3]):
            o = json.loads(line)
            k = tuple(os.path.basename(o["path"]).split(".")[:2])
            if k[0] not in rows or k not in told:
                continue
            f, got = family(k[0]), present(set(o["numbers"] or []), least, most)
            c["files"] += 1
            c["found"] += f in got
            c["others"] += len(got - {f})
            c["missed"] += f not in told[k]
            c["added"] += f in got and f not in told[k]
        print("at %d constants and a weight of %d: %d of %d files by constants alone, %d other families; of %d that are missed without them %d are found" % (
            least, most, c["found"], c["files"], c["others"], c["missed"], c["added"]))

    profiles = collections.defaultdict(list)
    for s in art:
        profiles[rows[s][0]].append(s)
    versions = tied = apart = 0
    for p, l in profiles.items():
        groups = collections.defaultdict(list)
        for s in l:
            groups[frozenset(x for x in art[s][1] if len(sdf[x]) <= common)].append(s)
        if len(l) < 2 or not rows[l[0]][1]:
            continue
        versions += len(l)
        for g in groups.values():
            if len(g) > 1:
                tied += len(g)
                same = collections.Counter(frozenset(art[s][0]) for s in g)
                apart += sum(same[frozenset(art[s][0])] == 1 for s in g)
    print("of %d versions %d have the strings of another; constants tell %d of these apart" % (versions, tied, apart))


if __name__ == "__main__":
    main()
