package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// failOn is one condition of --fail-on.
type failOn struct{ what, value string }

// failOnHelp lists the conditions for people.
const failOnHelp = "tracker, sdk:ID, category:NAME, vendor:ID, registered:CITY or COUNTRY, identifier:ID, host:NAME, permission:NAME"

// parseFailOn checks conditions before any scan begins: a misspelt one must
// not pass silently.
func parseFailOn(specs []string) ([]failOn, error) {
	var out []failOn
	for _, s := range specs {
		what, value, ok := strings.Cut(s, ":")
		switch {
		case what == "tracker" && !ok:
		case slices.Contains([]string{"sdk", "category", "vendor", "registered", "identifier", "host", "permission"}, what) && value != "":
		default:
			return nil, usagef("--fail-on %q: use one of %s", s, failOnHelp)
		}
		out = append(out, failOn{what, value})
	}
	return out, nil
}

// check says what of an app the condition forbids, or nil.
func (f failOn) check(a *event.App) *event.ExitReason {
	hit := func(format string, args ...any) *event.ExitReason {
		condition := "--fail-on " + strings.TrimSuffix(f.what+":"+f.value, ":")
		return &event.ExitReason{
			Code: exitForbidden, Reason: fmt.Sprintf("%s: %s (%s)", a.Path, fmt.Sprintf(format, args...), condition),
			Path: a.Path, Package: a.Package, Condition: condition,
		}
	}
	switch f.what {
	case "tracker", "sdk", "category", "vendor":
		for _, s := range a.SDKs {
			if f.what == "tracker" && s.Tracker || f.what == "sdk" && s.ID == f.value ||
				f.what == "category" && s.Category == f.value || f.what == "vendor" && s.Vendor == f.value {
				return hit("carries %s", s.Name)
			}
		}
	case "registered":
		for _, e := range a.Endpoints {
			if r := e.RegisteredIn; r != nil && (strings.EqualFold(r.City, f.value) || strings.EqualFold(r.Country, f.value)) {
				return hit("names %s, and %s is registered in %s", e.Host, e.RegistrableDomain, strings.Trim(r.City+", "+r.Country, ", "))
			}
		}
	case "identifier":
		for _, id := range a.Identifiers {
			if id.ID == f.value {
				return hit("asks for %s", id.Name)
			}
		}
	case "host":
		for _, e := range a.Endpoints {
			if e.Host == f.value || strings.HasSuffix(e.Host, "."+f.value) {
				return hit("names %s", e.Host)
			}
		}
	case "permission":
		for _, p := range a.Permissions {
			if p.Name == f.value {
				return hit("declares %s", p.Name)
			}
		}
	}
	return nil
}
