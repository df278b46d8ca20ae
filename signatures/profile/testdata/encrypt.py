#!/usr/bin/env python3
"""Encrypts the strings of class files, as obfuscators that are sold do.

    encrypt.py --mode native|code --in DIR --out DIR [--rungs rename,optimise]

Of each SHA256.RUNG.jar that obfuscate.py made, OUT gets a copy in which code no
longer loads a string, but an encrypted one, and hands that to a method that
makes it readable:

    native  Base64 of what a native method decrypts: nobody can know the strings
            who does not run the app
    code    characters that a method in bytecode decrypts: package emu can

Every ldc of a string becomes two instructions, so code is laid out again. Stack
maps and debug information are left out, and values of string constants. A method
whose branches become too long for their form is left as it is, and counted;
strings of more than 40,000 bytes stay.
"""
import argparse, base64, hashlib, os, struct, zipfile

OWNER = "zz/z"

# Lengths of instructions by opcode; 0: see below.
LENGTH = [1] * 16 + [2, 3, 2, 3, 3] + [2] * 5 + [1] * 28 + [2] * 5 + [1] * 73 + [3] + [1] * 20 + [3] * 16 + [2, 0, 0] + [1] * 6 + [3] * 7 + [5, 5, 3, 2, 3, 1, 1, 3, 3, 1, 1, 0, 4, 3, 3, 5, 5]
assert len(LENGTH) == 202


class Pool:
    def __init__(self, data):
        self.n, = struct.unpack(">H", data[8:10])
        self.tag, self.value = {}, {}
        at, i = 10, 1
        while i < self.n:
            t = data[at]
            self.tag[i] = t
            if t == 1:
                k, = struct.unpack(">H", data[at + 1:at + 3])
                self.value[i] = data[at + 3:at + 3 + k]
                at += 3 + k
            elif t in (5, 6):
                at, i = at + 9, i + 1
            elif t in (3, 4, 9, 10, 11, 12, 17, 18):
                at += 5
            elif t == 15:
                at += 4
            else:
                self.value[i], = struct.unpack(">H", data[at + 1:at + 3])
                at += 3
            i += 1
        self.old, self.end, self.more, self.known = data[10:at], at, b"", {}

    def add(self, data):
        if data not in self.known:
            if self.n > 65000:
                raise OverflowError
            self.known[data], self.n, self.more = self.n, self.n + 1, self.more + data
        return self.known[data]

    def utf8(self, b):
        return self.add(struct.pack(">BH", 1, len(b)) + b)

    def method(self, owner, name, desc):
        c = self.add(struct.pack(">BH", 7, self.utf8(owner)))
        n = self.add(struct.pack(">BHH", 12, self.utf8(name), self.utf8(desc)))
        return self.add(struct.pack(">BHH", 10, c, n))


def units(b):
    """The UTF-16 units of modified UTF-8."""
    out, i = [], 0
    while i < len(b):
        if b[i] < 0x80:
            out.append(b[i])
            i += 1
        elif b[i] < 0xe0:
            out.append((b[i] & 31) << 6 | b[i + 1] & 63)
            i += 2
        else:
            out.append((b[i] & 15) << 12 | (b[i + 1] & 63) << 6 | b[i + 2] & 63)
            i += 3
    return out


def modified(u):
    out = bytearray()
    for c in u:
        if 0 < c < 0x80:
            out.append(c)
        elif c < 0x800:
            out += bytes([0xc0 | c >> 6, 0x80 | c & 63])
        else:
            out += bytes([0xe0 | c >> 12, 0x80 | c >> 6 & 63, 0x80 | c & 63])
    return bytes(out)


def cipher(b, mode):
    if mode == "code":
        return modified([c ^ (0x5b + i & 0xffff) for i, c in enumerate(units(b))])
    key, i = b"", 0
    while len(key) < len(b):
        key, i = key + hashlib.sha256(b"key %d %d" % (i, len(b))).digest(), i + 1
    return base64.b64encode(bytes(x ^ y for x, y in zip(b, key)))


def layout(code, handlers, strings, call):
    """Writes code anew, with a call behind each load that strings has another for."""
    at, insns = 0, []  # (pc, op, size)
    while at < len(code):
        op = code[at]
        if op in (0xaa, 0xab):
            p = (at + 4) & ~3
            if op == 0xaa:
                lo, hi = struct.unpack(">ii", code[p + 4:p + 12])
                size = p + 12 + 4 * (hi - lo + 1) - at
            else:
                n, = struct.unpack(">i", code[p + 4:p + 8])
                size = p + 8 + 8 * n - at
        elif op == 0xc4:
            size = 6 if code[at + 1] == 0x84 else 4
        else:
            size = LENGTH[op]
        insns.append((at, op, size))
        at += size
    moved, pc, changed = {}, 0, False
    for at, op, size in insns:
        moved[at] = pc
        x = code[at + 1] if op == 0x12 else struct.unpack(">H", code[at + 1:at + 3])[0] if op == 0x13 else None
        if x in strings:
            pc, changed = pc + 6, True
        elif op in (0xaa, 0xab):
            pc += size - ((-(at + 1)) % 4) + (-(pc + 1)) % 4
        else:
            pc += size
    moved[len(code)] = pc
    if not changed:
        return None
    out = bytearray()
    for at, op, size in insns:
        here = moved[at]
        to = lambda d: moved[at + d] - here
        x = code[at + 1] if op == 0x12 else struct.unpack(">H", code[at + 1:at + 3])[0] if op == 0x13 else None
        if x in strings:
            out += struct.pack(">BHBH", 0x13, strings[x], 0xb8, call)
        elif 0x99 <= op <= 0xa8 or op in (0xc6, 0xc7):
            d, = struct.unpack(">h", code[at + 1:at + 3])
            out += struct.pack(">Bh", op, to(d))
        elif op in (0xc8, 0xc9):
            d, = struct.unpack(">i", code[at + 1:at + 5])
            out += struct.pack(">Bi", op, to(d))
        elif op in (0xaa, 0xab):
            p = (at + 4) & ~3
            out += bytes([op]) + bytes((-(here + 1)) % 4)
            d, = struct.unpack(">i", code[p:p + 4])
            out += struct.pack(">i", to(d))
            if op == 0xaa:
                lo, hi = struct.unpack(">ii", code[p + 4:p + 12])
                out += code[p + 4:p + 12]
                for d in struct.unpack(">%di" % (hi - lo + 1), code[p + 12:p + 12 + 4 * (hi - lo + 1)]):
                    out += struct.pack(">i", to(d))
            else:
                n, = struct.unpack(">i", code[p + 4:p + 8])
                out += code[p + 4:p + 8]
                for k in range(n):
                    key, d = struct.unpack(">ii", code[p + 8 + 8 * k:p + 16 + 8 * k])
                    out += struct.pack(">ii", key, to(d))
        else:
            out += code[at:at + size]
    if len(out) > 65535:
        raise OverflowError
    table = b"".join(struct.pack(">HHHH", moved[s], moved[e], moved[h], t) for s, e, h, t in handlers)
    return bytes(out), table


def encrypt(data, mode, count):
    pool = Pool(data)
    strings = {i: None for i, t in pool.tag.items() if t == 8 and 0 < len(pool.value[pool.value[i]]) < 40000}
    if not strings:
        return data
    at = pool.end
    call = pool.method(OWNER.encode(), b"a", b"(Ljava/lang/String;)Ljava/lang/String;")
    for i in strings:
        strings[i] = pool.add(struct.pack(">BH", 8, pool.utf8(cipher(pool.value[pool.value[i]], mode))))
    head = data[at:at + 6]
    at += 6
    n, = struct.unpack(">H", data[at:at + 2])
    head += data[at:at + 2 + 2 * n]
    at += 2 + 2 * n
    body = bytearray()
    for kind in ("field", "method"):
        n, = struct.unpack(">H", data[at:at + 2])
        body += data[at:at + 2]
        at += 2
        for _ in range(n):
            member, attrs = data[at:at + 6], []
            k, = struct.unpack(">H", data[at + 6:at + 8])
            at += 8
            for _ in range(k):
                name, size = struct.unpack(">HI", data[at:at + 6])
                value = data[at + 6:at + 6 + size]
                at += 6 + size
                what = pool.value.get(name)
                if kind == "field" and what == b"ConstantValue" and struct.unpack(">H", value)[0] in strings:
                    continue
                if kind == "method" and what == b"Code":
                    stack, locals_, size = struct.unpack(">HHI", value[:8])
                    code = value[8:8 + size]
                    m, = struct.unpack(">H", value[8 + size:10 + size])
                    handlers = [struct.unpack(">HHHH", value[10 + size + 8 * x:18 + size + 8 * x]) for x in range(m)]
                    try:
                        new = layout(code, handlers, strings, call)
                    except (OverflowError, struct.error):
                        new, count["left"] = None, count["left"] + 1
                    if new:
                        count["methods"] += 1
                        value = struct.pack(">HHI", stack, locals_, len(new[0])) + new[0] + struct.pack(">H", m) + new[1] + b"\0\0"
                attrs.append(struct.pack(">HI", name, len(value)) + value)
            body += member + struct.pack(">H", len(attrs)) + b"".join(attrs)
    body += data[at:]
    return data[:8] + struct.pack(">H", pool.n) + pool.old + pool.more + head + bytes(body)


def decryptor(mode):
    """The class that makes strings readable."""
    pool = Pool(struct.pack(">IHHH", 0xcafebabe, 0, 52, 1))
    this = pool.add(struct.pack(">BH", 7, pool.utf8(OWNER.encode())))
    base = pool.add(struct.pack(">BH", 7, pool.utf8(b"java/lang/Object")))
    name, desc = pool.utf8(b"a"), pool.utf8(b"(Ljava/lang/String;)Ljava/lang/String;")
    if mode == "native":
        method = struct.pack(">HHHH", 0x109, name, desc, 0)
    else:
        chars = pool.method(b"java/lang/String", b"toCharArray", b"()[C")
        init = pool.method(b"java/lang/String", b"<init>", b"([C)V")
        string = pool.add(struct.pack(">BH", 7, pool.utf8(b"java/lang/String")))
        code = (b"\x2a\xb6" + struct.pack(">H", chars) + b"\x4c\x03\x3d"  # c = s.toCharArray(); i = 0
                b"\x1c\x2b\xbe\xa2\x00\x15\x2b\x1c\x2b\x1c\x34\x10\x5b\x1c\x60\x82\x92\x55\x84\x02\x01\xa7\xff\xeb"
                b"\xbb" + struct.pack(">H", string) + b"\x59\x2b\xb7" + struct.pack(">H", init) + b"\xb0")
        value = struct.pack(">HHI", 5, 3, len(code)) + code + b"\0\0\0\0"
        method = struct.pack(">HHHH", 9, name, desc, 1) + struct.pack(">HI", pool.utf8(b"Code"), len(value)) + value
    return struct.pack(">IHHH", 0xcafebabe, 0, 52, pool.n) + pool.more + struct.pack(">HHHHHH", 0x21, this, base, 0, 0, 1) + method + b"\0\0"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mode", choices=["native", "code"], required=True)
    p.add_argument("--in", dest="input", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--rungs", default="rename,repackage,shrink,optimise,all")
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    count = {"files": 0, "methods": 0, "left": 0}
    for f in sorted(os.listdir(a.input)):
        parts = f.split(".")
        if len(parts) != 3 or parts[1] not in a.rungs.split(",") or parts[2] != "jar":
            continue
        count["files"] += 1
        with zipfile.ZipFile(os.path.join(a.input, f)) as src, zipfile.ZipFile(os.path.join(a.out, f), "w", zipfile.ZIP_DEFLATED) as dst:
            for n in src.namelist():
                if n.endswith(".class"):
                    data = src.read(n)
                    try:
                        data = encrypt(data, a.mode, count)
                    except OverflowError:
                        count["left"] += 1
                    dst.writestr(n, data)
            dst.writestr(OWNER + ".class", decryptor(a.mode))
    print("%(files)d files, %(methods)d methods changed, %(left)d left as they were" % count)


if __name__ == "__main__":
    main()
