package art

import (
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex"
)

// OpenODEX reads an optimised DEX file of Dalvik (Android 4.4 and before):
// magic "dey\n036" and a DEX file whose optimised instructions are Dalvik's own.
// Those that name a vtable slot or an offset cannot be restored and are counted.
func OpenODEX(data []byte) (*Container, error) {
	if len(data) < 40 || string(data[:4]) != "dey\n" {
		return nil, binread.Errorf(binread.BadMagic, "odex header", 0, "no optimised DEX file")
	}
	c := &Container{Format: "odex", Version: string(data[4:7])}
	cur := binread.New(data, 0, "odex header")
	cur.SeekTo(8)
	off, size := int64(cur.U32()), int64(cur.U32())
	if off+0x70 > int64(len(data)) {
		return nil, binread.Errorf(binread.OutOfRange, "odex header", 8, "DEX file at 0x%x", off)
	}
	if off+size > int64(len(data)) {
		c.odd(binread.Truncated, "odex header", 12, "the DEX file ends at 0x%x, the file at 0x%x", off+size, len(data))
		size = int64(len(data)) - off
	}
	f, err := dex.OpenDialect(data[off:off+size:off+size], dex.Dalvik)
	if err != nil {
		return nil, err
	}
	code := Code{File: f}
	code.eachCode(func(_ uint32, item *dex.Code) {
		for _, in := range item.Instructions() {
			if op := in.Op(); op.IndexKind() == dex.IndexFieldOffset || op.IndexKind() == dex.IndexVtable || op.IndexKind() == dex.IndexInline {
				code.Unresolved++
			}
		}
	})
	c.Codes = []Code{code}
	return c, nil
}
