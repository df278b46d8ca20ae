package extract

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/art"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// compiled adds the code of an OAT, VDEX or Dalvik ODEX file: of a preinstalled
// app, whose APK may hold none, or of a file on its own.
func (b *builder) compiled(data []byte, kind apk.Kind, unit string) error {
	var c *art.Container
	var err error
	switch kind {
	case apk.KindVDEX:
		c, err = art.OpenVDEX(data)
	case apk.KindODEX:
		c, err = art.OpenODEX(data)
	default:
		if c, err = art.OpenOAT(data); errors.Is(err, binread.BadMagic) {
			return fmt.Errorf("%w: a native library alone, without an app", ErrUnsupported)
		}
	}
	if err != nil {
		return err
	}
	for i, a := range c.Anomalies {
		if i == 3 {
			break
		}
		b.problem(unit, problemKind(a), a, true)
	}
	b.elsewhere += c.Elsewhere
	for i, code := range c.Codes {
		name := unit + "!" + dexName(i+1)
		if !b.taken.addTables(code.File) {
			continue
		}
		u := b.unit(code.File, name, code.File.Bytes(), true)
		if code.Unresolved > 0 {
			u.info.Unresolved = code.Unresolved
			text := "%d calls and field accesses were optimised by Android %s and no longer say what they reach; what they do was not seen"
			if code.Unresolved == 1 {
				text = "%d call or field access was optimised by Android %s and no longer says what it reaches; what it does was not seen"
			}
			b.note(name, fact.ProblemUnresolved, true, text, code.Unresolved, releases(c))
		}
	}
	return nil
}

// releases says which releases wrote such files.
func releases(c *art.Container) string {
	if c.Format == "odex" {
		return "4 or before"
	}
	return "5 to 7"
}

// compact adds a compact DEX file that stands alone, as tools carve it from VDEX
// files, with its data behind it.
func (b *builder) compact(data []byte, unit string) error {
	const dataOff = 108 // of data_off in the header
	if len(data) < dataOff+4 {
		return binread.Errorf(binread.Truncated, "cdex header", 0, "%d bytes", len(data))
	}
	off := int64(binary.LittleEndian.Uint32(data[dataOff:]))
	if off > int64(len(data)) {
		return binread.Errorf(binread.OutOfRange, "cdex header", dataOff, "its data lie at 0x%x, behind the end of the file: it is in the VDEX file that this was taken from", off)
	}
	f, err := dex.OpenCompact(data, data[off:])
	if err != nil {
		return err
	}
	b.unit(f, unit, data, true)
	return nil
}
