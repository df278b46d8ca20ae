package signatures

import "github.com/telltale-apk/telltale/signatures/internal/crew"

// Crew is a number of workers that several matches, and those who look at apps
// besides, share. Whoever has nothing to do helps whoever has.
type Crew = crew.Crew

// NewCrew returns a crew of so many workers. Whoever works on its own account
// joins it meanwhile.
func NewCrew(workers int) *Crew { return crew.New(workers) }
