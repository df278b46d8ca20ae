package extract

import (
	"github.com/telltale-apk/telltale/signatures/fact"
)

type valuer struct{}

func (u *dexUnit) Args(int, uint32) []fact.Value { return nil }
