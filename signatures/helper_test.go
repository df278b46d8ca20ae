package signatures

import (
	"crypto/sha256"
	"slices"
)

func sha(v any) [sha256.Size]byte { return sha256.Sum256(canonical(v)) }

func sortEntries(r *Rules) { slices.SortFunc(r.entries, compareEntries) }
