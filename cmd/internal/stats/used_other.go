//go:build !unix

package stats

import "time"

func used() (user, sys time.Duration, peak int64) { return 0, 0, 0 }
