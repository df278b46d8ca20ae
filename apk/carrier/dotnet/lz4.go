package dotnet

import "github.com/telltale-apk/telltale/apk/binread"

// lz4Ratio is more than an LZ4 block can expand a byte to: a match of 255 bytes
// for each byte of its length.
const lz4Ratio = 256

// unpackLZ4 expands a block of LZ4 that expands to size bytes. Damaged, it
// returns what came out before.
func unpackLZ4(src []byte, size int) ([]byte, *binread.FormatError) {
	bad := func(i int, what string) *binread.FormatError {
		return binread.Errorf(binread.Malformed, "LZ4 block", int64(i), "%s", what)
	}
	out := make([]byte, 0, min(size, lz4Ratio*len(src)))
	// long adds the further bytes of a length.
	long := func(n, i int) (int, int) {
		for i < len(src) {
			c := src[i]
			i++
			if n += int(c); c != 255 {
				break
			}
		}
		return n, i
	}
	for i := 0; i < len(src); {
		at := i
		token := src[i]
		i++
		n := int(token >> 4)
		if n == 15 {
			n, i = long(n, i)
		}
		if n > len(src)-i || n > size-len(out) {
			return out, bad(at, "more literals than there are bytes")
		}
		out = append(out, src[i:i+n]...)
		i += n
		if i == len(src) {
			break // the last sequence has no match
		}
		if len(src)-i < 2 {
			return out, bad(at, "it ends within a match")
		}
		back := int(src[i]) | int(src[i+1])<<8
		i += 2
		n = int(token & 15)
		if n == 15 {
			n, i = long(n, i)
		}
		n += 4
		if back == 0 || back > len(out) {
			return out, bad(at, "a match begins before the data")
		}
		if n > size-len(out) {
			return out, bad(at, "a match is longer than the data")
		}
		// The match may overlap what it makes.
		for from := len(out) - back; n > 0; {
			k := min(n, len(out)-from)
			out = append(out, out[from:from+k]...)
			n -= k
		}
	}
	if len(out) != size {
		return out, bad(len(src), "less came out than was declared")
	}
	return out, nil
}
